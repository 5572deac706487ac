"""What a command left: tracker runs that it started, and files in the experiment's folder."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cardgen.capture.files import is_written, list_files
from cardgen.config import Config
from cardgen.errors import CardgenError
from cardgen.fetch import find_remote_runs, find_runs
from cardgen.models import Run, RunRef

USUAL: Mapping[str, Collection[str]] = {
    "mlflow.db": ("mlflow",),
    "mlruns": ("mlflow",),
    "wandb": ("wandb",),
    ".neptune": ("neptune",),
    ".aim": ("aim",),
    ".trackio": ("trackio",),
    "trackio": ("trackio",),
    "dvclive": ("dvc",),
    "runs": ("tensorboard",),
    "lightning_logs": ("tensorboard",),
    "tb_logs": ("tensorboard",),
}
"""Where trackers keep runs if nobody says otherwise, at the root or where a command runs."""

MAX_KNOWN = 50
"""Runs known before, of one tracker, that are looked at for having gone on: the newest."""

SERVER_SECONDS = 10.0
"""How long a server may take to list its runs."""

CLOCK = 1.0
"""Seconds by which a tracker's clock may be behind."""

MARK = "cardgen.run"
"""The tag by which a tracker's run says which captured run started it."""

_LINK = "MLFLOW_TRACKING_URI"
_VARIABLES = {_LINK: "mlflow", "WANDB_DIR": "wandb", "TRACKIO_DIR": "trackio", "AIM_REPO": "aim"}
_SCHEME = re.compile(r"^(?:sqlite(?:\+\w+)?:///|file:(?://(?=/))?)")


@dataclass(frozen=True)
class Before:
    """What was there when the command began. Servers that could not be asked are not in it."""

    refs: frozenset[str]
    remote: Mapping[str, frozenset[str]]
    files: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Stay:
    """A command's stay in the project: where, since when, and the captured run's ref.

    ``started`` is in seconds since 1970; ``beside`` says that captured runs of other cards went
    on at the same time.
    """

    config: Config
    folder: Path
    cwd: Path
    words: Sequence[str]
    ref: str
    started: float
    beside: bool = False


@dataclass(frozen=True)
class Candidate:
    """A run that the command may have started or gone on with.

    It is ``new`` in a local store or on a server (``remote``), was ``touched`` on the disk, or was
    ``known`` before and must say itself when it ended.
    """

    ref: str
    how: Literal["new", "remote", "touched", "known"]


def look_before(stay: Stay) -> Before:
    """Note the runs of the usual stores and the files of the experiment's folder."""
    refs = frozenset((*find_stored(stay), *_find(stay, stay.folder)))
    answers = {name: _ask(stay.config, name) for name in _find_servers(stay.config)}
    remote = {name: found for name, found in answers.items() if found is not None}
    return Before(refs, remote, list_files(stay.folder))


# Runs ----------------------------------------------------------------------------------------


def find_stored(stay: Stay) -> tuple[str, ...]:
    """The refs of the runs in the usual stores and in those that the project names."""
    found: dict[str, None] = {}
    for path, trackers in _find_places(stay):
        found.update(dict.fromkeys(_find(stay, path, trackers)))
    return tuple(found)


def _find(stay: Stay, path: Path, trackers: Collection[str] = ()) -> tuple[str, ...]:
    """The runs in a place; a store that cannot be read holds none that could be recorded."""
    try:
        return find_runs(stay.config, path, trackers) if path.exists() else ()
    except Exception:  # whatever a strange file does to an adapter, the command is recorded
        return ()


def _find_places(stay: Stay) -> Iterator[tuple[Path, Collection[str]]]:
    config = stay.config
    for base in dict.fromkeys((config.root, stay.cwd)):
        yield from ((base / name, trackers) for name, trackers in USUAL.items())
    for tracker, text in _find_settings(config):
        path = Path(_SCHEME.sub("", text)).expanduser()
        if text and "://" not in str(path):
            yield config.root / path, (tracker,)


def _find_settings(config: Config) -> Iterator[tuple[str, str]]:
    """What the settings and the environment say of a tracker, and may be a store of its."""
    for tracker, options in config.settings.trackers.items():
        for value in options.values():
            listed = value if isinstance(value, list) else [value]
            yield from ((tracker, text) for text in listed if isinstance(text, str))
    yield from ((tracker, os.environ.get(name, "")) for name, tracker in _VARIABLES.items())


def find_candidates(stay: Stay, before: Before) -> tuple[Candidate, ...]:
    """The runs that may belong to the command, each once: those of its own folder first."""
    inside = _find(stay, stay.folder)
    after = tuple(dict.fromkeys((*inside, *find_stored(stay), *_find_named(stay))))
    paths = frozenset(ref for ref in after if _is_path(stay, ref))
    stored = [ref for ref in after if ref not in paths]
    newest = frozenset(_find_newest(ref for ref in stored if ref in before.refs))
    found = [Candidate(ref, "touched") for ref in after if ref in paths and _is_touched(stay, ref)]
    found += [Candidate(ref, "new") for ref in stored if ref not in before.refs]
    found += [Candidate(ref, "known") for ref in stored if ref in newest]
    for name, known in before.remote.items():
        answer = _ask(stay.config, name) or frozenset()
        found += [Candidate(ref, "remote") for ref in sorted(answer - known)]
    return tuple(found)


def _find_newest(refs: Iterable[str]) -> Iterator[str]:
    """The last refs of each tracker: adapters list the oldest first."""
    by_tracker: dict[str, list[str]] = {}
    for ref in refs:
        by_tracker.setdefault(RunRef.parse(ref).tracker, []).append(ref)
    for listed in by_tracker.values():
        yield from listed[-MAX_KNOWN:]


def _find_named(stay: Stay) -> Iterator[str]:
    """Runs in folders that the command line names and that were written to since."""
    root = stay.config.root.resolve()
    for word in dict.fromkeys(word.rpartition("=")[2] for word in stay.words):
        try:
            path = Path(stay.cwd, word).resolve()
            there = bool(word) and path.is_dir() and path.is_relative_to(root)
        except (OSError, ValueError, RuntimeError):
            continue
        if there and path not in (root, *root.parents) and not stay.folder.is_relative_to(path):
            refs = _find(stay, path) if is_written(path, stay.started) else ()
            yield from (ref for ref in refs if _is_path(stay, ref) and _is_touched(stay, ref))


def _path_of(stay: Stay, ref: str) -> Path:
    return stay.config.root / RunRef.parse(ref).locator


def _is_path(stay: Stay, ref: str) -> bool:
    """Whether a run is a file or folder of its own."""
    try:
        return "#" not in ref and _path_of(stay, ref).exists()
    except (OSError, ValueError):
        return False


def _is_touched(stay: Stay, ref: str) -> bool:
    return is_written(_path_of(stay, ref), stay.started)


def belongs(run: Run, stay: Stay, how: str) -> bool | None:
    """Whether the captured run started this one; None where that cannot be told.

    What says itself who started it is believed. Any other run must have been active since, on a
    server also of this machine; and nothing tells whose it is where others ran at the same time.
    """
    mark = run.tags.get(MARK)
    if mark and how != "known":
        return mark == stay.ref
    if how == "new":
        active = not run.started or run.started.timestamp() >= stay.started - CLOCK
    elif how == "remote":
        active = run.environment is not None and run.environment.host == platform.node()
    else:
        active = how == "touched" or _has_gone_on(run, stay)
    return None if active and stay.beside and not _is_inside(run, stay) else active


def _has_gone_on(run: Run, stay: Stay) -> bool:
    """Whether a run says that it was active after the command began."""
    return any(time and time.timestamp() >= stay.started for time in (run.started, run.finished))


def _is_inside(run: Run, stay: Stay) -> bool:
    """Whether a run lies in the experiment's own folder."""
    folder = stay.config.label(stay.folder)
    place = RunRef.parse(run.ref).locator.partition("#")[0]
    return f"{place}/".startswith(f"{folder}/")


# Servers -------------------------------------------------------------------------------------


def _find_servers(config: Config) -> tuple[str, ...]:
    """The trackers whose server the environment or the project names."""
    named = os.environ.get(_LINK) or config.settings.trackers.get("mlflow", {}).get("uri")
    return ("mlflow",) if str(named).startswith(("http:", "https:")) else ()


def _ask(config: Config, name: str) -> frozenset[str] | None:
    """The runs that a server holds; None where it does not answer in time."""
    answers: list[frozenset[str]] = []

    def ask() -> None:
        with contextlib.suppress(CardgenError):
            answers.append(frozenset(find_remote_runs(config, name)))

    # A thread that nobody waits for: a server that hangs must not hold cardgen at its end.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SERVER_SECONDS)
    return answers[0] if answers else None
