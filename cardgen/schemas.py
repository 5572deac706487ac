"""The JSON Schemas of a card's front matter, of evidence and of the settings, from the models."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from cardgen.config import Settings
from cardgen.models import Evidence, FrontMatter

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def make_schemas() -> dict[str, str]:
    """The text of each file of ``schema/`` by its name: the same models give the same bytes."""
    return {
        "card.schema.json": _format(FrontMatter, "Front matter of card.md", written=True),
        "config.schema.json": _format(Settings, "cardgen.yaml", written=True),
        "evidence.schema.json": _format(Evidence, "evidence.json", written=False),
    }


def _format(model: type[BaseModel], title: str, *, written: bool) -> str:
    schema: dict[str, Any] = {"$schema": _DIALECT, **model.model_json_schema(by_alias=True)}
    schema["title"] = title
    if written:
        _allow_empty(schema)
    if model is FrontMatter:
        schema["patternProperties"] = {"^x-": {}}
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _allow_empty(schema: dict[str, Any]) -> None:
    """A person may leave a key without a value; only required ones need one."""
    for name, value in schema["properties"].items():
        if name not in schema.get("required", ()):
            described = {k: value.pop(k) for k in ("description", "default") if k in value}
            options = value.pop("anyOf", None) or [dict(value)]
            null = {"type": "null"}
            schema["properties"][name] = {
                **described,
                "anyOf": [*options, *([] if null in options else [null])],
            }
