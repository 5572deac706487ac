"""The small files that stand in git for large ones: git-lfs pointers, DVC's and MLEM's files.

Pure: bytes as a commit holds them in, versions out. What is not of such a form gives nothing, and
nothing is raised.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cardgen.safeyaml import UnsafeYaml, parse_yaml

MAX_YAML = 512 * 1024
"""Bytes of a ``dvc.lock`` that are read; a stage takes some hundred."""

MAX_POINTER = 1024
"""Bytes of a git-lfs pointer, by its specification."""

_POINTER = re.compile(
    rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v1\n"
    rb"(?:ext-\d-\S+ sha256:[0-9a-f]{64}\n)*"
    rb"oid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>\d{1,18})\n?\Z"
)
_DIGEST = re.compile(r"[0-9a-f]{8,128}(?:\.dir)?")


@dataclass(frozen=True)
class Version:
    """What a commit says of a path.

    ``digest`` is ``algorithm:hex`` (DVC's ends with ``.dir`` for a folder), ``size`` in bytes,
    ``files`` the number of files of a folder; ``version`` the revision of the repository that the
    data was imported from; ``source`` the path of the file that says so.
    """

    path: str
    digest: str
    source: str
    size: int | None = None
    files: int | None = None
    version: str = ""


def parse_pointer(content: bytes, path: str) -> Version | None:
    """Read a git-lfs pointer; None for any other content."""
    found = _POINTER.match(content.replace(b"\r\n", b"\n"))
    if not found:
        return None
    return Version(path, f"sha256:{found['oid'].decode()}", path, int(found["size"]))


def parse_dvc(content: bytes, source: str) -> tuple[Version, ...]:
    """The outputs of a ``.dvc`` file, paths relative to the folder that ``source`` is relative to.

    Data that was imported from another repository has its locked revision as version.
    """
    stage = _parse_mapping(content)
    folder = _join(posixpath.dirname(source), _text(stage.get("wdir")) or ".")
    revisions = [_text(_get(dep, "repo", "rev_lock")) for dep in _items(stage.get("deps"))]
    version = revisions[0] if len(revisions) == 1 else ""
    return tuple(_read_entries(stage.get("outs"), folder, source, version))


def parse_lock(
    content: bytes, source: str, folders: Mapping[str, str | None]
) -> tuple[tuple[Version, ...], tuple[Version, ...]]:
    """The outputs and the dependencies of all stages of a ``dvc.lock``.

    ``folders`` are the working directories of stages that have one (``find_folders``), None
    for one that is not known: nothing is read of that stage.
    """
    lock = _parse_mapping(content)
    stages = lock.get("stages") if "schema" in lock else lock
    outs: list[Version] = []
    deps: list[Version] = []
    for name, stage in (stages if isinstance(stages, Mapping) else {}).items():
        inner = folders.get(str(name).partition("@")[0], ".")
        if isinstance(stage, Mapping) and inner is not None:
            folder = _join(posixpath.dirname(source), inner)
            outs += _read_entries(stage.get("outs"), folder, source)
            deps += _read_entries(stage.get("deps"), folder, source)
    return tuple(outs), tuple(deps)


def find_folders(content: bytes) -> dict[str, str | None]:
    """The working directories of a ``dvc.yaml``'s stages; None for one that is a template."""
    if b"wdir" not in content:
        return {}
    stages = _parse_mapping(content).get("stages")
    found: dict[str, str | None] = {}
    for name, stage in (stages if isinstance(stages, Mapping) else {}).items():
        folder = _text(_get(stage, "wdir")) or _text(_get(stage, "do", "wdir"))
        if folder:
            found[str(name)] = None if "${" in folder else folder
    return found


def parse_mlem(content: bytes, path: str, source: str) -> Version | None:
    """The one artifact of a ``.mlem`` file; None where it has none or several."""
    artifacts = _parse_mapping(content).get("artifacts")
    entries = list(artifacts.values()) if isinstance(artifacts, Mapping) else []
    if len(entries) != 1:
        return None
    digest = _text(_get(entries[0], "hash"))
    if not _DIGEST.fullmatch(digest):
        return None
    return Version(path, f"md5:{digest}", source, _count(_get(entries[0], "size")))


def _read_entries(
    entries: object, folder: str, source: str, version: str = ""
) -> Iterator[Version]:
    for entry in _items(entries):
        path, digest = _join(folder, _text(entry.get("path"))), _text(entry.get("md5"))
        if path != "." and _DIGEST.fullmatch(digest):
            size, files = _count(entry.get("size")), _count(entry.get("nfiles"))
            yield Version(path, f"md5:{digest}", source, size, files, version)


def _parse_mapping(content: bytes) -> Mapping[str, Any]:
    try:
        value = parse_yaml(content.decode("utf-8-sig"), max_bytes=MAX_YAML)
    except (UnsafeYaml, UnicodeDecodeError):
        return {}
    return value if isinstance(value, Mapping) else {}


def _join(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def _get(value: object, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _items(value: object) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, Mapping)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
