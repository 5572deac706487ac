"""What an interrupted import leaves for the next one, under ``.cardgen/imports/``.

The journal names the cards that an import is about to make. The cache holds finished runs that
were read from a server, so that none is asked for twice. Both may be thrown away at any time, and
go when an import ends well.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cardgen.config import Config
from cardgen.errors import CardgenError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.files import locked, make_work
from cardgen.models import Evidence, Run

MAX_AGE = 24 * 3600
"""Seconds for which a cached run stands for the server's."""

_ENDED = ("finished", "failed", "aborted")
_JOURNAL = "journal.json"


@contextlib.contextmanager
def importing(config: Config) -> Iterator[None]:
    """One import at a time in a project; raises StoreError while another one goes on."""
    with locked(_find_folder(config) / "import.lock"):
        yield


def _find_folder(config: Config) -> Path:
    return make_work(config.work) / "imports"


@dataclass(frozen=True)
class Cache:
    """Runs of servers by their refs; ``folder`` is None where nothing is kept."""

    folder: Path | None = None
    refs: frozenset[str] = frozenset()

    def load(self, ref: str) -> Run | None:
        """The run as it was read lately; None where it was not."""
        path = self._find(ref)
        if path is None or not _is_fresh(path):
            return None
        try:
            (run,) = parse_evidence(path.read_bytes()).runs
        except (OSError, ValueError, CardgenError):
            return None
        return run if run.is_named(ref) else None

    def save(self, ref: str, run: Run) -> None:
        """Keep a run that has ended; a full disk keeps none."""
        path = self._find(ref)
        if path and run.status in _ENDED and not _is_fresh(path):
            text = format_evidence(Evidence(code="run", runs=(run,)))
            with contextlib.suppress(OSError):
                _replace(path, text.encode("utf-8"))

    def _find(self, ref: str) -> Path | None:
        if self.folder is None or ref not in self.refs:
            return None
        return self.folder / f"{hashlib.sha256(ref.encode('utf-8', 'replace')).hexdigest()}.json"


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime <= MAX_AGE
    except OSError:
        return False


def make_cache(config: Config, refs: frozenset[str]) -> Cache:
    """The cache of an import that reads ``refs`` from a server."""
    folder = _find_folder(config)
    folder.mkdir(parents=True, exist_ok=True)
    return Cache(folder, refs)


def load_journal(config: Config) -> frozenset[str]:
    """The codes of the cards that an import which did not end was about to make."""
    try:
        codes = json.loads((config.work / "imports" / _JOURNAL).read_bytes())
    except (OSError, ValueError):
        return frozenset()
    return frozenset(map(str, codes)) if isinstance(codes, list) else frozenset()


def save_journal(config: Config, codes: Iterable[str]) -> None:
    """Name the cards that are made next, before any of them is."""
    folder = _find_folder(config)
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / _JOURNAL, json.dumps(sorted(codes)).encode("utf-8"))


def clear(config: Config) -> None:
    """Remove journal and cache; the lock stays."""
    folder = _find_folder(config)
    for path in (*folder.glob("*.json"), *folder.glob("*.tmp")):
        path.unlink(missing_ok=True)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
