"""The templates of a ``dvc.yaml``: ``${…}``, its variables, and stages made by foreach and matrix.

A template is replaced by the value that it names, never evaluated. One that names nothing stays
as it is written.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cardgen.trackers.dvc.documents import MAX_YAML, parse_file
from cardgen.trackers.dvc.files import Files
from cardgen.trackers.dvc.trees import join

MAX_STAGES = 2000
"""Stages of one ``dvc.yaml``, those of foreach and matrix counted one by one."""

_TEMPLATE = re.compile(r"(?<!\\)\$\{(.*?)\}")
_MISSING = object()


@dataclass(frozen=True)
class Context:
    """The variables of a ``dvc.yaml``, and from which files they come.

    ``used`` collects those of files that some template names: file -> name -> value.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    used: dict[str, dict[str, Any]] = field(default_factory=dict)

    def select(self, expression: str) -> Any:
        """The value of ``a.b[0]``; raises KeyError where there is none."""
        keys = [part for part in re.split(r"[.\[\]]+", expression.strip()) if part]
        value = _get(self.values, keys)
        if value is _MISSING or not keys:
            raise KeyError(expression)
        for path, values in self.files:
            if _get(values, keys) == value:
                self.used.setdefault(path, {})[".".join(keys)] = value
        return value

    def resolve(self, value: Any) -> Any:
        """A value with all templates in it replaced."""
        if isinstance(value, str):
            return self._resolve_text(value)
        if isinstance(value, Mapping):
            return {self.resolve(key): self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        return value

    def _resolve_text(self, text: str) -> Any:
        found = _TEMPLATE.fullmatch(text)
        try:
            if found and found[1].count("${") == 0:
                return self.select(found[1])
            return _TEMPLATE.sub(lambda m: _format(self.select(m[1])), text).replace("\\${", "${")
        except KeyError:
            return text

    def extend(self, values: Mapping[str, Any]) -> Context:
        """The same context with further values, which belong to no file."""
        files = tuple(
            (path, {k: v for k, v in layer.items() if k not in values})
            for path, layer in self.files
        )
        return replace(self, values={**self.values, **values}, files=files)


def load_context(files: Files, folder: str, entries: Any, base: Context | None = None) -> Context:
    """The variables of a ``vars:`` section in a folder; ``params.yaml`` is always among them."""
    context = base or _add_file(files, folder, "params.yaml", Context())
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, str):
            context = _add_file(files, folder, entry, context)
        elif isinstance(entry, Mapping):
            context = replace(context, values=_merge(context.values, entry))
    return context


def _add_file(files: Files, folder: str, entry: str, context: Context) -> Context:
    name, _, keys = entry.partition(":")
    path = join(folder, name)
    if any(path == known for known, _ in context.files):
        return context
    data = files.load(path, MAX_YAML)
    values = parse_file(data, path) if data is not None else None
    if not isinstance(values, Mapping):
        return context
    if keys:
        values = {key: values[key] for key in keys.split(",") if key in values}
    layers = (*context.files, (path, values))
    return replace(context, values=_merge(context.values, values), files=layers)


def _merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for key, value in second.items():
        known = merged.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(known, value) if both else value  # type: ignore[arg-type]
    return merged


def expand_stages(
    stages: Mapping[str, Any], context: Context
) -> Iterator[tuple[str, Mapping[str, Any], Context]]:
    """Each stage's full name (``train@a``), its definition as written, and its variables."""
    made = (item for name, value in stages.items() for item in _expand(str(name), value, context))
    yield from itertools.islice(made, MAX_STAGES)


def _expand(
    name: str, definition: Any, context: Context
) -> Iterator[tuple[str, Mapping[str, Any], Context]]:
    if not isinstance(definition, Mapping):
        return
    if "foreach" in definition and isinstance(definition.get("do"), Mapping):
        for key, values in _list_items(context.resolve(definition["foreach"])):
            yield f"{name}@{key}", definition["do"], context.extend(values)
    elif isinstance(definition.get("matrix"), Mapping):
        rest = {key: value for key, value in definition.items() if key != "matrix"}
        for key, item in _list_combinations(context.resolve(definition["matrix"])):
            yield f"{name}@{key}", rest, context.extend({"key": key, "item": item})
    else:
        yield name, definition, context


def _list_items(items: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """What foreach goes through: the part of the stage's name, and the variables it gets."""
    if isinstance(items, Mapping):
        for key, value in items.items():
            yield _format(key), {"key": _format(key), "item": value}
    elif isinstance(items, list):
        nested = any(isinstance(item, (Mapping, list)) for item in items)
        for index, item in enumerate(items):
            yield str(index) if nested else _format(item), {"item": item}


def _list_combinations(matrix: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    axes = [list(enumerate(v)) for v in matrix.values() if isinstance(v, list)]
    if len(axes) < len(matrix):
        return
    for chosen in itertools.product(*axes):
        named = list(zip(matrix, chosen, strict=True))
        parts = (
            f"{name}{index}" if isinstance(value, (Mapping, list)) else _format(value)
            for name, (index, value) in named
        )
        yield "-".join(parts), {name: value for name, (_, value) in named}


def _format(value: Any) -> str:
    """A value in the middle of a text, as DVC writes it; raises KeyError for a nested one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Mapping, list)):
        raise KeyError("nested")
    return str(value)


def _get(values: Any, keys: list[str]) -> Any:
    for key in keys:
        if isinstance(values, Mapping) and key in values:
            values = values[key]
        elif isinstance(values, list) and key.isdecimal() and int(key) < len(values):
            values = values[int(key)]
        else:
            return _MISSING
    return values
