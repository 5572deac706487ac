"""A task's hyperparameters and configuration objects as the params of a run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cardgen.errors import CardgenError
from cardgen.models import ParamValue
from cardgen.safeyaml import parse_yaml
from cardgen.trackers.clearml.hocon import parse_hocon
from cardgen.trackers.clearml.values import Json, clean, find_dict, find_text

PLAIN = ("Args", "General")
"""Sections that ClearML makes by itself: of the command line, and of what got no name."""

PROPERTIES = "properties"
"""The section of what a person notes beside a task."""

DATASETS = "Datasets"
"""The section in which a task's data sets stand, by alias."""

MAX_TEXT = 4000
"""Characters of a configuration that is kept as text, where it is in no form that is read."""

_EXACT = 2**53
_MAX_DEPTH = 32
_SEEDS = ("seed", "random_seed", "random_state")


def find_sections(task: Json) -> dict[str, dict[str, Json]]:
    """The hyperparameters by section and name: ``{value, type}``."""
    sections = {
        str(section): {str(k): item for k, item in items.items() if isinstance(item, dict)}
        for section, items in find_dict(task, "hyperparams").items()
        if isinstance(items, dict)
    }
    old = find_dict(task, "execution", "parameters")
    if old and not sections:
        for name, value in old.items():
            section, slash, rest = str(name).partition("/")
            place = (section, rest) if slash and rest else (PLAIN[0], str(name))
            sections.setdefault(place[0], {})[place[1]] = {"value": value, "type": "legacy"}
    return sections


def make_params(task: Json) -> tuple[dict[str, ParamValue], tuple[str, ...]]:
    """The params by name, and the names of configurations that could not be kept.

    Those of the sections ``Args`` and ``General`` go by their own name, all others by
    ``section/name``; so do the values in a configuration object.
    """
    params: dict[str, ParamValue] = {}
    for section, items in _in_order(find_sections(task)):
        for name, item in sorted(items.items()):
            _add(params, section, name, parse_param(item.get("value"), find_text(item, "type")))
    lost = []
    for name, item in _in_order(find_dict(task, "configuration")):
        if not _add_configuration(params, name, item):
            lost.append(f"params.{name}")
    return dict(sorted(params.items())), tuple(lost)


def _in_order(sections: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Sections by name, ``Args`` and ``General`` first; without those that are no params."""
    left_out = (PROPERTIES, DATASETS)
    names = [name for name in sections if name not in left_out]
    for name in sorted(names, key=lambda name: (name not in PLAIN, name)):
        yield name, sections[name]


def _add(params: dict[str, ParamValue], section: str, name: str, value: ParamValue) -> None:
    short = name if section in PLAIN else f"{section}/{name}"
    params[f"{section}/{name}" if short in params else short] = value


def parse_param(value: object, kind: str) -> ParamValue:
    """A parameter's value: ClearML keeps it as text, and its type beside that."""
    if not isinstance(value, str):
        return _as_value(value)
    kind = kind.partition("/")[0].strip().lower()
    if kind == "":
        return value or None
    if kind in ("list", "tuple", "dict"):
        return _parse_collection(value)
    if kind == "bool":
        return {"true": True, "false": False, "": False}.get(value.strip().lower(), value)
    if kind in ("int", "float"):
        return _parse_number(value, kind)
    return _guess(value) if kind == "legacy" else value


def _parse_collection(text: str) -> ParamValue:
    try:
        return _as_value(clean(json.loads(text)))
    except (ValueError, RecursionError):
        return text


def _parse_number(text: str, kind: str) -> ParamValue:
    try:
        number = int(text) if kind == "int" else float(text)
    except (ValueError, OverflowError):
        return text
    return _as_value(number)


def _guess(text: str) -> ParamValue:
    """A number or truth value where its own text is exactly this, from before types were kept."""
    if text in ("True", "False"):
        return text == "True"
    if not re.fullmatch(r"-?\d[\d.e+-]{0,30}", text):
        return text
    number = _parse_number(text, "int" if text.lstrip("-").isdecimal() else "float")
    return number if repr(number) == text else text


def _as_value(value: Any, depth: int = 0) -> ParamValue:
    """A value that a param can have; what is too large or too deep for one, as text."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) < _EXACT else _as_text(value)
    if depth < _MAX_DEPTH and isinstance(value, (list, tuple)):
        return [_as_value(item, depth + 1) for item in value]
    if depth < _MAX_DEPTH and isinstance(value, dict):
        return {str(key): _as_value(item, depth + 1) for key, item in value.items()}
    return _as_text(value)


def _as_text(value: object) -> str:
    try:
        return str(value)[:MAX_TEXT]
    except (ValueError, RecursionError):
        return "?"


# Configuration objects -----------------------------------------------------------------------


def _add_configuration(params: dict[str, ParamValue], name: str, item: object) -> bool:
    """Add a configuration's values; false where its text is too long and in no form known."""
    text = item.get("value") if isinstance(item, dict) else item
    if not isinstance(text, str) or not text.strip():
        return True
    values = parse_configuration(text, find_text(item, "type"))
    if isinstance(values, dict):
        for path, value in flatten(values):
            _add(params, name, path, _as_value(value))
        return True
    if len(text) <= MAX_TEXT or not isinstance(values, str):
        params[name] = text if isinstance(values, str) else _as_value(values)
        return True
    return False


def parse_configuration(text: str, kind: str) -> Any:
    """The values of a configuration: JSON, YAML or HOCON; the text itself where it is none."""
    kind = kind.strip().lower()
    readers: list[Callable[[str], Any]] = [json.loads]
    readers += [parse_hocon] if kind == "dictionary" else []
    if kind in ("yaml", "yml") or kind.startswith("omegaconf"):
        readers = [parse_yaml]
    elif kind in ("conf", "hocon"):
        readers = [parse_hocon]
    for read in readers:
        try:
            values = clean(read(text))
        except (ValueError, RecursionError, CardgenError):
            continue
        if isinstance(values, (dict, list)):
            return values
    return text


def flatten(
    values: Mapping[Any, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """Nested values by path, as ``optimizer/lr``; lists stay whole."""
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value and depth < _MAX_DEPTH:
            yield from flatten(value, f"{path}/", depth + 1)
        else:
            yield path, value


def find_seed(params: Mapping[str, ParamValue]) -> int | None:
    """The seed, by the usual names, at the top or else where all sections say the same."""
    for name in _SEEDS:
        value = params.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    inner = {
        value
        for name, value in params.items()
        if name.rpartition("/")[2] in _SEEDS
        if isinstance(value, int) and not isinstance(value, bool)
    }
    return inner.pop() if len(inner) == 1 else None
