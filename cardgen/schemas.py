"""The JSON Schemas of a card's front matter, of evidence and of the settings, from the models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel

from cardgen.config import Settings
from cardgen.languages import find_languages
from cardgen.models import Evidence, FrontMatter
from cardgen.review.models import Review
from cardgen.rules import load_rules

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

# How evidence writes what JSON has no numbers for.
_NUMBERS: Schema = {
    "number": {
        "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
        "description": "A number; NaN and infinities are strings.",
    },
    "integer": {
        "anyOf": [{"type": "integer"}, {"pattern": "^-?[0-9]+$", "type": "string"}],
        "description": "A whole number; one that a double cannot hold is a string.",
    },
}


def make_schemas() -> dict[str, str]:
    """The text of each file of ``schema/`` by its name: the same models give the same bytes."""
    return {
        "card.schema.json": _format(FrontMatter, "Front matter of card.md", _adapt_card),
        "config.schema.json": _format(Settings, "cardgen.yaml", _adapt_config),
        "evidence.schema.json": _format(Evidence, "evidence.json", _adapt_evidence),
        "review.schema.json": _format(Review, "cardgen review --format json", _leave),
    }


def _format(model: type[BaseModel], title: str, adapt: Callable[[Schema], None]) -> str:
    schema: Schema = {"$schema": _DIALECT, **model.model_json_schema(by_alias=True)}
    for part in _find_schemas(schema):
        # Pydantic makes a title of every name; descriptions are in reStructuredText.
        part.pop("title", None)
        if "description" in part:
            part["description"] = " ".join(part["description"].replace("``", "`").split())
    schema["title"] = title
    adapt(schema)
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _find_schemas(schema: Schema) -> Iterator[Schema]:
    """A schema and all within it; what is named by a user (a property) is no schema itself."""
    yield schema
    for key in ("properties", "$defs", "patternProperties"):
        for inner in schema.get(key, {}).values():
            yield from _find_schemas(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _find_schemas(schema[key])
    for inner in schema.get("anyOf", ()):
        yield from _find_schemas(inner)


def _leave(schema: Schema) -> None:
    """As pydantic makes it."""


def _adapt_card(schema: Schema) -> None:
    _allow_empty(schema)
    schema["patternProperties"] = {"^x-": {"description": "A field of your own."}}


def _adapt_config(schema: Schema) -> None:
    properties = schema["properties"]
    properties["lang"] |= {"enum": list(find_languages())}
    severity = properties["checks"]["additionalProperties"]
    properties["checks"] |= {
        "additionalProperties": False,
        "properties": {
            rule.name: {**severity, "default": rule.severity, "description": rule.description}
            for rule in load_rules().values()
        },
    }
    _allow_empty(schema)


def _adapt_evidence(schema: Schema) -> None:
    for part in _find_schemas(schema):
        kind = part.get("type")
        if kind in _NUMBERS:
            del part["type"]
            part["$ref"] = f"#/$defs/{kind}"
    schema["$defs"] |= _NUMBERS


def _allow_empty(schema: Schema) -> None:
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
