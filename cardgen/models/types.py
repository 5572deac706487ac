"""The types of single values, and how shorthands and unsafe forms of them are read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from cardgen.references import parse_reference

Status = Literal["planned", "running", "finished", "failed", "aborted", "superseded"]
Direction = Literal["max", "min"]
Severity = Literal["error", "warning", "advice", "off"]
CommandKind = Literal["train", "predict", "other"]
Axis = Literal["step", "order"]

CODE_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$"
TRACKER_PATTERN = re.compile(r"[a-z][a-z0-9_]*")


def _reject_number(value: object) -> object:
    """A commit such as ``12e4567`` is a number to YAML: report it instead of keeping infinity."""
    if isinstance(value, (int, float)):
        raise ValueError("is read as a number; put it in quotes")
    return value


def _as_utc(value: dt.datetime) -> dt.datetime:
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def as_tuple(value: object) -> object:
    """One value where several may stand is a list of one."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)


def as_named(value: object) -> object:
    """``model: org/name@rev`` is short for ``model: {name: org/name, version: rev}``."""
    return _spell_out(value, ("name", "version", "aliases", "path", "url"))


def as_data(value: object) -> object:
    """The same for data, where what a registry calls a version stands in that one's place."""
    return _spell_out(value, ("name", "version", "path", "url"))


def _spell_out(value: object, fields: tuple[str, ...]) -> object:
    """A text, or the bare name of a mapping, as the fields that the reference stands for."""
    text = value.get("name") if isinstance(value, Mapping) else value
    if not isinstance(text, str):
        return value
    given = dict(value) if isinstance(value, Mapping) else {"name": text}
    reference = parse_reference(text)
    if reference.kind == "name" or given.keys() & set(fields[1:]):
        return given
    found = {name: getattr(reference, name) for name in fields}
    found["path"] = reference.path if reference.kind == "dvc" else ""
    if reference.aliases and "aliases" not in fields:
        if reference.kind == "gto":
            return given
        found["version"] = reference.version or reference.aliases[0]
    return given | {name: found[name] for name in fields if found[name]}


def as_named_tuple(value: object) -> object:
    items = as_tuple(value)
    return tuple(as_named(item) for item in items) if isinstance(items, (list, tuple)) else items


def as_data_tuple(value: object) -> object:
    items = as_tuple(value)
    return tuple(as_data(item) for item in items) if isinstance(items, (list, tuple)) else items


def as_rows(value: object) -> object:
    """Results are rows; one mapping is one row."""
    return (value,) if isinstance(value, Mapping) else value


UtcTime = Annotated[dt.datetime, AfterValidator(_as_utc)]
QuotedText = Annotated[str, BeforeValidator(_reject_number, json_schema_input_type=str)]
Code = Annotated[
    str,
    BeforeValidator(
        _reject_number, json_schema_input_type=Annotated[str, Field(pattern=CODE_PATTERN)]
    ),
    StringConstraints(pattern=CODE_PATTERN),
]


class Frozen(BaseModel):
    """Base of every value: cannot be changed, knows no unknown key."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="strings", protected_namespaces=()
    )


def short(function: Callable[[object], object], accepted: Any) -> BeforeValidator:
    """A validator of shorthands, which the JSON Schema accepts as well."""
    return BeforeValidator(function, json_schema_input_type=accepted)
