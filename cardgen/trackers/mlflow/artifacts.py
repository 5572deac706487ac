"""Artifacts that lie in the project: where they are, which files, and what a model's folder says.

A recorded address is never opened. It says at most under which folder of the store to look, since
it was written on another machine; nothing is read outside the store's own surroundings.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cardgen.models import RunFile
from cardgen.trackers.mlflow.meta import UnreadableFile, read_bytes
from cardgen.trackers.mlflow.raw import RawModel

MAX_FILES = 1000
"""Files of a run that are listed; the rest is left out, in the order of their paths."""

_NAME = attrgetter("name")
_MAX_DEPTH = 16
_MAX_FOLDERS = 2000
_MAX_TEXT = 256 * 1024
_STORES = ("mlruns", "mlartifacts")
_JUNK = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid (sha256:[0-9a-f]{64})\n"
    rb"size (\d{1,18})\n"
)
_FLAVOR = re.compile(r"^  ([A-Za-z_]\w*):", re.MULTILINE)
_PYTHON = re.compile(r"^(?:python:|\s*- *python==?|    python_version:) *['\"]?(\d[\w.]*)", re.M)
_PINNED = re.compile(
    r"^[ \t]*(?:- *)?['\"]?([A-Za-z0-9][\w.\-]*)(?:\[[^\]\n]*\])? *== *([0-9][^\s;#'\",]*)", re.M
)


@dataclass(frozen=True)
class ModelFolder:
    """What the folder of a logged model says of it: flavour, Python and pinned packages."""

    kind: str = ""
    python: str = ""
    packages: dict[str, str] = field(default_factory=dict)


def find_artifacts(address: str, owner: str, beside: Path, area: Path) -> Path | None:
    """The folder here that a recorded address means, if there is one inside ``area`` (resolved).

    ``owner`` is the id of the run or model, which MLflow makes part of the address; ``beside`` the
    folder that the store lies in. ``/home/x/mlruns/1/abc/artifacts`` and
    ``mlflow-artifacts:/1/abc/artifacts`` are looked for below its ``mlruns`` and ``mlartifacts``.
    """
    for tail in _find_tails(address):
        # Asked for every run, mostly in vain: a Path for each is dear.
        if owner not in tail.split("/") or not os.path.isdir(f"{beside}/{tail}"):  # noqa: PTH112
            continue
        folder = find_inside(beside / tail, area)
        if folder is not None:
            return folder
    return None


def _find_tails(address: str) -> Iterator[str]:
    path = _find_path(address)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        return
    if address.startswith("mlflow-artifacts:"):
        yield from ("/".join((store, *parts)) for store in _STORES[::-1])
    for store in _STORES:
        if store in parts:
            last = len(parts) - parts[::-1].index(store)
            yield from ("/".join((name, *parts[last:])) for name in (store, *_STORES))
    if not path.startswith("/") and ":" not in parts[0]:
        yield "/".join(parts)


def _find_path(address: str) -> str:
    address = address.replace("\\", "/")
    if not address.startswith(("file:", "mlflow-artifacts:")):
        return address if "://" not in address else ""
    try:
        return unquote(urlsplit(address).path)
    except ValueError:
        return ""


def find_inside(folder: Path, area: Path) -> Path | None:
    """The folder itself if it is one and no link on the way leads out of ``area``."""
    try:
        if not folder.is_dir():
            return None
        real = folder.resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return real if real.is_relative_to(area) else None


def find_below(real: Path, name: str, area: Path) -> Path | None:
    """As ``find_inside``, for a name in a folder that no link led to: quick where it is none."""
    folder = real / name
    try:
        own = stat.S_ISDIR(os.lstat(folder).st_mode)
    except OSError:
        return None
    return folder if own else find_inside(folder, area)


def list_files(folder: Path, prefix: str = "") -> tuple[RunFile, ...]:
    """The files below a folder by path, links left out; at most MAX_FILES."""
    found: list[RunFile] = []
    for name, entry in _walk(folder):
        if len(found) == MAX_FILES:
            break
        try:
            found.append(_make_file(prefix + name, entry))
        except OSError:
            continue
    return tuple(found)


def list_artifacts(artifacts: Path | None, models: Iterable[RawModel]) -> tuple[RunFile, ...]:
    """The run's artifacts, and the files of its logged models under ``models/<id>/``."""
    found = list_files(artifacts) if artifacts is not None else ()
    for model in models:
        if model.folder is not None and len(found) < MAX_FILES:
            found += list_files(model.folder, f"models/{model.model_id}/")
    return found


def _walk(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    left = _MAX_FOLDERS
    waiting = [(str(folder), "", 0)]
    while waiting and left:
        path, name, depth = waiting.pop()
        left -= 1
        inner = []
        for entry in scan(path):
            if entry.is_dir(follow_symlinks=False):
                inner.append((entry.path, f"{name}{entry.name}/", depth + 1))
            elif entry.is_file(follow_symlinks=False):
                yield name + entry.name, entry
        waiting += [item for item in reversed(inner) if depth < _MAX_DEPTH]


def scan(path: str | Path) -> list[os.DirEntry[str]]:
    """A folder's entries by name, without what desktops drop; none of a link, nor if unreadable."""
    try:
        if stat.S_ISLNK(os.lstat(path).st_mode):
            return []
        with os.scandir(path) as entries:
            found = [entry for entry in entries if is_wanted(entry.name)]
    except (OSError, ValueError):
        return []
    found.sort(key=_NAME)
    return found


def is_wanted(name: str) -> bool:
    """Whether a file's name is text and none of a desktop's own."""
    return name.isprintable() and name not in _JUNK and name[:2] != "._"


def _make_file(path: str, entry: os.DirEntry[str]) -> RunFile:
    size = entry.stat(follow_symlinks=False).st_size
    if 100 < size < 400:
        with open(entry.path, "rb") as file:  # noqa: PTH123  # a Path for each is dear
            pointer = _POINTER.fullmatch(file.read(400))
        if pointer:
            return RunFile(path=path, size=int(pointer[2]), digest=pointer[1].decode("ascii"))
    return RunFile(path=path, size=size)


def read_model_folder(folder: Path) -> ModelFolder:
    """What MLmodel, python_env.yaml, requirements.txt and conda.yaml say, as far as they do."""
    model = _read_text(folder / "MLmodel")
    conda = _read_text(folder / "conda.yaml")
    wanted = _read_text(folder / "requirements.txt") or conda
    texts = (_read_text(folder / "python_env.yaml"), model, conda)
    pythons = [match[1] for match in map(_PYTHON.search, texts) if match]
    return ModelFolder(
        kind=find_kind(_find_flavors(model)),
        python=pythons[0] if pythons else "",
        packages={match[1]: match[2] for match in _PINNED.finditer(wanted)},
    )


def _find_flavors(model: str) -> list[str]:
    """The keys below ``flavors:`` of an MLmodel file."""
    _, found, rest = ("\n" + model).partition("\nflavors:\n")
    if not found:
        return []
    end = re.search(r"^\S", rest, re.MULTILINE)
    return _FLAVOR.findall(rest[: end.start()] if end else rest)


def find_kind(flavors: list[str]) -> str:
    """The library's flavour; the generic ones only where there is no other."""
    generic = ("python_function", "crate", "mleap", "onnx")
    named = [flavor for flavor in flavors if flavor not in generic]
    return (named or flavors or [""])[0]


def _read_text(path: Path) -> str:
    try:
        return read_bytes(path, _MAX_TEXT).decode("utf-8", "replace").replace("\r\n", "\n")
    except UnreadableFile:
        return ""
