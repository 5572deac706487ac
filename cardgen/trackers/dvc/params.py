"""Params: which files hold them, what the last run had, and one name for each."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from cardgen.models import ParamValue
from cardgen.trackers.dvc.documents import MAX_YAML, flatten, parse_file
from cardgen.trackers.dvc.files import Files
from cardgen.trackers.dvc.stages import Pipeline
from cardgen.trackers.dvc.trees import is_inside

DEFAULT = "params.yaml"

Values = Mapping[str, Any]


def load_params(files: Files, pipeline: Pipeline, live: Iterable[str]) -> dict[str, Values]:
    """The params of a project as DVC shows them: file -> dotted name -> value.

    ``params.yaml`` and files declared outside of stages are shown whole, others as far as a stage
    depends on them. Values that the lock recorded stand for those that the files have now: they
    are what was run. ``live`` are files of DVCLive.
    """
    found: dict[str, Values] = {}
    for path, names in _find_declared(files, pipeline, live).items():
        values = load_values(files, path)
        if values is not None:
            found[path] = _select(flatten(values), names)
    for stage in pipeline.stages:
        for path, recorded in stage.recorded.items():
            found[path] = _replace(found.get(path, {}), recorded)
    for path, used in pipeline.used.items():
        found.setdefault(path, flatten(used))
    return {path: values for path, values in found.items() if values}


def load_values(files: Files, path: str) -> Mapping[str, Any] | None:
    """A params file's values; None where there is none. Raises UnreadableFile."""
    data = files.load(path, MAX_YAML)
    values = parse_file(data, path) if data is not None else None
    return values if isinstance(values, Mapping) else None


def _find_declared(
    files: Files, pipeline: Pipeline, live: Iterable[str]
) -> dict[str, tuple[str, ...] | None]:
    declared: dict[str, tuple[str, ...] | None] = {DEFAULT: None}
    whole = [*pipeline.params, *live]
    for path in whole:
        inner = files.find_files(path, 100)
        declared.update(dict.fromkeys(inner or [path]))
    for stage in pipeline.stages:
        for path, names in stage.params.items():
            known = declared.get(path, ())
            declared[path] = None if known is None or names is None else (*known, *names)
    return {path: names for path, names in declared.items() if is_inside(path)}


def _select(values: Values, names: tuple[str, ...] | None) -> dict[str, Any]:
    if names is None:
        return dict(values)
    return {name: v for name, v in values.items() if any(_is_in(name, k) for k in names)}


def _is_in(name: str, key: str) -> bool:
    """Whether a dotted name is that of a key or below it; a key may hold ``*``."""
    if name == key or name.startswith(f"{key}."):
        return True
    return "*" in key and (fnmatch.fnmatchcase(name, key) or fnmatch.fnmatchcase(name, f"{key}.*"))


def _replace(values: Values, recorded: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in values.items()
        if not any(_is_in(name, str(key)) for key in recorded)
    }
    return {**kept, **flatten(recorded)}


def differs(files: Files, recorded: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether files hold other values now than those that were recorded of them."""
    for path, values in recorded.items():
        now = load_values(files, path) if is_inside(path) else None
        if now is not None:
            flat = _select(flatten(now), tuple(map(str, values)))
            if repr(sorted(flat.items())) != repr(sorted(flatten(values).items())):
                return True
    return False


def name_params(found: Mapping[str, Values]) -> dict[str, ParamValue]:
    """One level of names; where files disagree, each value's name begins with its file."""
    by_name: dict[str, dict[str, Any]] = {}
    for path, values in found.items():
        for name, value in values.items():
            by_name.setdefault(name, {})[path] = value
    named: dict[str, ParamValue] = {}
    for name, values in by_name.items():
        if len({repr(value) for value in values.values()}) == 1:
            named[name] = next(iter(values.values()))
        else:
            named |= {f"{path}:{name}": value for path, value in values.items()}
    return named
