"""Entries of DVC files as values: paths as ``dvc.yaml`` lists them, digests as locks have them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from cardgen.trackers.dvc.stages import ADDRESS, Artifact, Entry, Stage
from cardgen.trackers.dvc.trees import join

_REPORTS = ("metrics", "plots")
_NOTES = ("desc", "type", "labels", "cache", "x", "y")


def make_commands(value: Any) -> tuple[str, ...]:
    lines = value if isinstance(value, list) else [value]
    return tuple(line for line in lines if isinstance(line, str) and line.strip())


def make_entries(folder: str, value: Any) -> Iterator[Entry]:
    """Paths as ``dvc.yaml`` lists them, each alone or with its notes."""
    for item in as_list(value):
        if isinstance(item, str):
            yield Entry(_place(folder, item))
        for path, notes in as_mapping(item).items():
            first = notes[0] if isinstance(notes, list) and notes else notes
            yield Entry(_place(folder, str(path)), notes=as_mapping(first))


def make_plots(folder: str, value: Any) -> Iterator[Entry]:
    """Plots outside of stages: a list or a mapping; an entry may name its files under ``y``."""
    items = [{key: notes} for key, notes in value.items()] if isinstance(value, Mapping) else value
    for entry in make_entries(folder, items):
        sources = entry.notes.get("y")
        if isinstance(sources, Mapping):
            for path, columns in sources.items():
                x = entry.notes.get("x")
                x = x.get(path) if isinstance(x, Mapping) else x
                yield Entry(_place(folder, str(path)), notes={**entry.notes, "x": x, "y": columns})
        else:
            yield entry


def make_params(folder: str, value: Any) -> dict[str, tuple[str, ...] | None]:
    found: dict[str, tuple[str, ...] | None] = {}
    default = join(folder, "params.yaml")
    for item in as_list(value):
        if isinstance(item, str):
            found[default] = (*(found.get(default) or ()), item)
        for path, keys in as_mapping(item).items():
            names = tuple(str(key) for key in as_list(keys))
            found[join(folder, str(path))] = names or None
    return found


def make_artifacts(folder: str, value: Any) -> Iterator[Artifact]:
    for name, item in as_mapping(value).items():
        entry = as_mapping(item)
        if isinstance(entry.get("path"), str):
            yield Artifact(
                name=str(name),
                path=join(folder, entry["path"]),
                kind=as_text(entry.get("type")),
                desc=as_text(entry.get("desc")),
                labels=tuple(str(label) for label in as_list(entry.get("labels"))),
                meta=as_mapping(entry.get("meta")),
            )


def read_entries(folder: str, value: Any, origin: Entry | None = None) -> Iterator[Entry]:
    for item in map(as_mapping, as_list(value)):
        path = item.get("path")
        if isinstance(path, str) and path and "params" not in item:
            yield Entry(
                path=_place(folder, path),
                digest=_find_digest(item),
                size=_count(item.get("size")),
                url=origin.url if origin else "",
                version=origin.version if origin else "",
                notes={key: item[key] for key in _NOTES if key in item},
            )


def _find_digest(item: Mapping[str, Any]) -> str:
    kind = as_text(item.get("hash"))
    clouds = [as_mapping(cloud) for cloud in as_mapping(item.get("cloud")).values()]
    for place in (item, *clouds):
        for name in (kind, "md5", "etag", "checksum", "sha256", "version_id"):
            if name and isinstance(place.get(name), str):
                return f"{name}:{place[name]}"
    return ""


def make_single(stage: Mapping[str, Any], path: str) -> Stage:
    """A ``.dvc`` file: data that was added or imported; before DVC 1 also a stage."""
    folder = join(posixpath.dirname(path), as_text(stage.get("wdir")) or ".")
    commands = make_commands(stage.get("cmd"))
    deps = tuple(read_entries(folder, stage.get("deps")))
    items = [as_mapping(item) for item in as_list(stage.get("outs"))]
    origin = None if commands else _find_origin(stage.get("deps"))
    groups: dict[str, list[Entry]] = {"outs": [], "metrics": [], "plots": []}
    for item in items:
        kind = next((k for k in _REPORTS if item.get(k.removesuffix("s"))), "outs")
        groups[kind] += read_entries(folder, [item], origin)
    name = posixpath.basename(path).removesuffix(".dvc")
    return Stage(
        name=join(posixpath.dirname(path), name),
        folder=folder,
        commands=commands,
        deps=deps if commands else (),
        outs=tuple(groups["outs"]),
        metrics=tuple(groups["metrics"]),
        plots=tuple(groups["plots"]),
        recorded={
            join(folder, str(item.get("path"))): as_mapping(item.get("params"))
            for item in map(as_mapping, as_list(stage.get("deps")))
            if isinstance(item.get("params"), Mapping)
        },
        desc=as_text(stage.get("desc")),
        locked=True,
        runs=bool(commands),
    )


def _find_origin(deps: Any) -> Entry | None:
    """Where data was imported from: an address, or a path in another repository."""
    items = [as_mapping(item) for item in as_list(deps)]
    if len(items) != 1:
        return None
    repo = as_mapping(items[0].get("repo"))
    url = as_text(repo.get("url")) or as_text(items[0].get("path"))
    return Entry("", url=url, version=as_text(repo.get("rev_lock")))


def _place(folder: str, path: str) -> str:
    """A path below a folder; an address and an absolute path stay as they are."""
    return path if ADDRESS.match(path) or path.startswith("/") else join(folder, path)


def join_texts(folder: str, values: Any) -> Iterator[str]:
    return (join(folder, value) for value in values if isinstance(value, str))


def as_mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
