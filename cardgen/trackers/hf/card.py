"""A model card (``README.md``) as the Trainer, TRL, PEFT and sentence-transformers write it.

Only what such a program put there is read: the front matter, the sentence that names base model
and data, the lists of hyperparameters and of framework versions, and a description that a person
filled in. A README of another kind says nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cardgen.models import Dataset, ParamValue
from cardgen.safeyaml import UnsafeYaml, parse_yaml
from cardgen.trackers.hf.state import parse_number

MAX_FRONT = 256 * 1024
"""Bytes of front matter that are read; that of sentence-transformers quotes its data."""

_FRONT = re.compile(r"\A\s*---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$", re.MULTILINE)
_ITEM = re.compile(r"^\s{0,3}[-*]\s+`?([A-Za-z][\w .+/-]{0,80}?)`?:\s+(.*?)\s*$", re.MULTILINE)
_VERSION = re.compile(
    r"^\s{0,3}[-*]\s+([A-Za-z][\w .-]{0,60}?):?\s+v?(\d[\w.+!-]{0,60})\s*$", re.MULTILINE
)
_MADE = re.compile(
    r"generated automatically according to the information the Trainer|generated_from_trainer"
    r"|generated_from_keras|library_name:\s*(?:peft|transformers|sentence-transformers|setfit)"
)
_SENTENCE = re.compile(
    r"^This model (?:is a fine-tuned version of \[([^\]\n]{0,200})\]\([^)\n]{0,300}\)"
    r"|was trained from scratch)(?: on (?:the (.{1,200}?) datasets?|an unknown dataset))?\.",
    re.MULTILINE,
)
# What a template asks for, and the facts that sentence-transformers and PEFT list themselves.
_GENERATED = re.compile(r"more information needed|^\s*[-*]\s+\*\*[^*]+:\*\*", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(?:\d{1,40}(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_NOBODY = frozenset({"", "none", "unknown", "null", "an unknown", "license"})
_PACKAGES = {"pytorch": "torch", "flax": "flax"}
_WORDS = {"None": None, "True": True, "False": False}
_LABELS = ("language", "license", "licence", "pipeline_tag", "library_name")


@dataclass(frozen=True)
class ModelCard:
    """What a card says of its run; ``metrics`` by the names it gives them."""

    name: str = ""
    base: str = ""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    data: tuple[Dataset, ...] = ()
    params: dict[str, ParamValue] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    python: str = ""


def is_model_card(text: str) -> bool:
    """Whether a program for training wrote this README."""
    return _MADE.search(text) is not None


def parse_model_card(text: str) -> ModelCard:
    """Read a model card; a README of another kind gives an empty one."""
    if not is_model_card(text):
        return ModelCard()
    front, body = _split(text)
    sections = dict(_sections(body))
    base, data = _parse_sentence(body)
    index = _results(front)
    versions = _parse_versions(sections.get("framework versions", ""))
    return ModelCard(
        name=_model_name(front),
        base=_text(_first(front.get("base_model"))) or base,
        description=_parse_description(sections.get("model description", "")),
        tags=_parse_tags(front),
        data=_parse_data(front, index, data),
        params=_parse_params(sections),
        metrics=_parse_metrics(index),
        packages={name: v for name, v in versions.items() if name != "python"},
        python=versions.get("python", ""),
    )


def _split(text: str) -> tuple[dict[str, Any], str]:
    found = _FRONT.match(text)
    if not found:
        return {}, _COMMENT.sub("", text)
    try:
        front = parse_yaml(found[1], max_bytes=MAX_FRONT)
    except UnsafeYaml:
        front = {}
    body = _COMMENT.sub("", text[found.end() :])
    return (front if isinstance(front, dict) else {}), body


def _sections(body: str) -> Iterator[tuple[str, str]]:
    """Each heading in lower case, with the text up to the next heading."""
    found = list(_HEADING.finditer(body))
    for index, heading in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(body)
        yield heading[2].lower(), body[heading.end() : end]


def _parse_sentence(body: str) -> tuple[str, tuple[str, ...]]:
    found = _SENTENCE.search(body)
    if not found:
        return "", ()
    base = (found[1] or "").strip()
    named = re.split(r",? and the |, the ", found[2] or "")
    data = tuple(name.strip() for name in named if name.strip().lower() not in _NOBODY)
    return ("" if base.lower() in _NOBODY else base), data


def _parse_description(section: str) -> str:
    lines = [line for line in section.strip().splitlines() if not _GENERATED.search(line)]
    return "\n".join(lines).strip()


def _parse_tags(front: Mapping[str, Any]) -> dict[str, str]:
    tags = {_text(tag): "" for tag in _listed(front.get("tags")) if _text(tag)}
    for label in _LABELS:
        values = [_text(value) for value in _listed(front.get(label))]
        named = [value for value in values if value.lower() not in _NOBODY]
        if named:
            tags[label] = ", ".join(named)
    return tags


def _parse_params(sections: Mapping[str, str]) -> dict[str, ParamValue]:
    """The lists below every heading that ends in "hyperparameters"; the first word counts."""
    params: dict[str, ParamValue] = {}
    for heading, section in sections.items():
        if heading.endswith("hyperparameters"):
            for name, value in _ITEM.findall(section):
                params.setdefault(name, parse_param(value))
    return params


def parse_param(value: str) -> ParamValue:
    """A value as a list of hyperparameters shows it: a number, True, None, else a text."""
    if value in _WORDS:
        return _WORDS[value]
    if re.fullmatch(r"[-+]?\d{1,18}", value):
        return int(value)
    return float(value) if _NUMBER.fullmatch(value) else value


def _parse_versions(section: str) -> dict[str, str]:
    versions = {}
    for name, version in _VERSION.findall(section):
        package = re.sub(r"[\s_]+", "-", name.strip().lower())
        versions[_PACKAGES.get(package, package)] = version
    return versions


def _model_name(front: Mapping[str, Any]) -> str:
    index = _first(front.get("model-index"))
    name = index.get("name") if isinstance(index, dict) else front.get("model_name")
    return _text(name)


def _results(front: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results of the front matter's ``model-index``."""
    models = [item for item in _listed(front.get("model-index")) if isinstance(item, dict)]
    return [r for m in models for r in _listed(m.get("results")) if isinstance(r, dict)]


def _parse_metrics(results: list[dict[str, Any]]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for result in results:
        for metric in _listed(result.get("metrics")):
            if isinstance(metric, dict):
                name = _text(metric.get("type")) or _text(metric.get("name"))
                value = parse_number(metric.get("value"))
                if name and value is not None:
                    metrics.setdefault(name, value)
    return metrics


def _parse_data(
    front: Mapping[str, Any], results: list[dict[str, Any]], named: tuple[str, ...]
) -> tuple[Dataset, ...]:
    """The data by their ids; those of the sentence only where there is no id."""
    data: dict[tuple[str, str], Dataset] = {}
    evaluated = [result.get("dataset") for result in results]
    ids = {_text(d.get("type")) for d in evaluated if isinstance(d, dict)} - {""}
    for item in _listed(front.get("datasets")):
        name = _text(item)
        if name and name not in ids:
            data[name, ""] = Dataset(name=name)
    for entry in evaluated:
        name = _text(entry.get("type")) if isinstance(entry, dict) else ""
        if name:
            trained = name in {_text(item) for item in _listed(front.get("datasets"))}
            context = "" if trained else "eval"
            data[name, context] = Dataset(name=name, context=context)
    if not data:
        return tuple(Dataset(name=name) for name in named)
    return tuple(data.values())


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _first(value: object) -> Any:
    items = _listed(value)
    return items[0] if items else None


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, (str, int, float)) else ""
