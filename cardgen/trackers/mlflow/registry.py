"""The registered models of a file store: ``models/<name>/version-<n>`` beside the experiments."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cardgen.safeyaml import UnsafeYaml
from cardgen.trackers.mlflow.artifacts import scan
from cardgen.trackers.mlflow.meta import (
    META,
    Meta,
    UnreadableFile,
    as_text,
    parse_meta,
    read_bytes,
)
from cardgen.trackers.mlflow.raw import RawVersion

_VERSION = "version-"
_MAX_META = 256 * 1024
_DELETED = "Deleted_Internal"


def find_versions(models: Path, run_id: str, uris: Collection[str]) -> tuple[RawVersion, ...]:
    """The registered versions that were made from a run, or from its logged models' URIs."""
    wanted = [run_id.encode(), *(uri.encode() for uri in uris)]
    found = []
    for model in scan(models):
        if not model.is_dir(follow_symlinks=False):
            continue
        for version in scan(model.path):
            if version.name.startswith(_VERSION) and version.is_dir(follow_symlinks=False):
                meta = _read_if_any(version.path, wanted)
                if meta and _is_of(meta, run_id, uris):
                    found.append(_make_version(meta, Path(model.path), version.name))
    return tuple(found)


def has_version(models: Path, name: str, version: str, alias: str) -> bool:
    """Whether a registered model has that version; else that alias or stage, ``latest`` is any."""
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        return False
    model = models / name
    metas = [
        parse_meta_file(folder.path)
        for folder in scan(model)
        if folder.name.startswith(_VERSION) and folder.is_dir(follow_symlinks=False)
    ]
    known = [meta for meta in metas if as_text(meta.get("current_stage")) != _DELETED and meta]
    if version:
        return version in {as_text(meta.get("version")) for meta in known}
    names = {as_text(meta.get("current_stage")).casefold() for meta in known}
    names |= {entry.name for entry in scan(model / "aliases")}
    return bool(known) and (alias in ("", "latest", *names) or alias.casefold() in names)


def parse_meta_file(folder: str) -> Meta:
    """A version's ``meta.yaml``; empty where it cannot be read."""
    try:
        content = read_bytes(f"{folder}/{META}", _MAX_META)
        return parse_meta(content.decode("utf-8-sig", "replace"))
    except (UnreadableFile, UnsafeYaml):
        return {}


def _read_if_any(path: str, wanted: Collection[bytes]) -> Meta:
    """The ``meta.yaml`` where it holds one of these at all: most versions are of other runs."""
    try:
        content = read_bytes(f"{path}/{META}", _MAX_META)
        if not any(text in content for text in wanted):
            return {}
        return parse_meta(content.decode("utf-8-sig", "replace"))
    except (UnreadableFile, UnsafeYaml):
        return {}


def _is_of(meta: Meta, run_id: str, uris: Collection[str]) -> bool:
    if as_text(meta.get("current_stage")) == _DELETED:
        return False
    model_id = as_text(meta.get("model_id"))
    made_from = (as_text(meta.get("source")), f"models:/{model_id}")
    return as_text(meta.get("run_id")) == run_id or any(uri in uris for uri in made_from)


def _make_version(meta: Meta, model: Path, folder: str) -> RawVersion:
    number = as_text(meta.get("version")) or folder.removeprefix(_VERSION)
    return RawVersion(
        name=as_text(meta.get("name")) or model.name,
        version=number,
        stage=as_text(meta.get("current_stage")),
        aliases=_find_aliases(meta, model, number),
        source=as_text(meta.get("source")),
        location=as_text(meta.get("storage_location")),
        model_id=as_text(meta.get("model_id")),
    )


def _find_aliases(meta: Meta, model: Path, number: str) -> tuple[str, ...]:
    """Files ``aliases/<alias>`` hold a version's number; only MLflow 2.3 listed them in it."""
    folder = model / "aliases"
    if not folder.is_dir():
        listed = meta.get("aliases")
        return tuple(map(str, listed)) if isinstance(listed, list) else ()
    return tuple(
        entry.name
        for entry in scan(folder)
        if entry.is_file(follow_symlinks=False) and _read_number(entry.path) == number
    )


def _read_number(path: str) -> str:
    try:
        return read_bytes(path, 100).decode("ascii", "replace").strip()
    except UnreadableFile:
        return ""
