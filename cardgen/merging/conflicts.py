"""The conflicts under ``experiments/``: those that a merge left in git's index, and marks that lie
in files, committed or not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cardgen.config import Config
from cardgen.documents import find_conflict
from cardgen.errors import StoreError
from cardgen.files import read_text
from cardgen.git import read_git
from cardgen.store import CARD_NAME, EVIDENCE_NAME, MAX_EVIDENCE_BYTES, README_NAME

FILES = (CARD_NAME, EVIDENCE_NAME, README_NAME)
BASE, OURS, THEIRS = 1, 2, 3


@dataclass(frozen=True)
class Conflict:
    """A file in conflict: ``text`` is what lies there (None: nothing that can be read).

    ``stages`` are the versions of git's index by number: 1 the common one, 2 ours, 3 theirs; empty
    where no merge is in progress and the marks simply lie there.
    """

    path: Path
    text: str | None
    stages: dict[int, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.path.parent.name

    @property
    def one_sided(self) -> bool:
        """Whether one side deleted what the other changed."""
        return bool(self.stages) and not {OURS, THEIRS} <= set(self.stages)


def find_conflicts(config: Config, codes: Collection[str] = ()) -> tuple[Conflict, ...]:
    """All conflicts of these cards, or of all cards and their list, by path."""
    found = {one.path: one for one in _list_unmerged(config)}
    for path in _list_files(config, codes):
        if path not in found and find_conflict(text := _read(path) or ""):
            found[path] = Conflict(path, text)
    chosen = (one for one in found.values() if not codes or one.code in codes)
    return tuple(sorted(chosen, key=lambda one: one.path))


def _list_files(config: Config, codes: Collection[str]) -> Iterator[Path]:
    folders = [config.experiments / code for code in codes]
    if not codes and config.experiments.is_dir():
        yield config.experiments / README_NAME
        folders = [path for path in config.experiments.iterdir() if path.is_dir()]
    yield from (folder / name for folder in folders for name in FILES)


def _read(path: Path) -> str | None:
    try:
        return read_text(path, MAX_EVIDENCE_BYTES)
    except StoreError:
        return None


def _list_unmerged(config: Config) -> Iterator[Conflict]:
    printed = read_git(config.root, "ls-files", "-u", "-z", "--", config.settings.experiments)
    stages: dict[Path, dict[int, str]] = {}
    for entry in (printed or b"").split(b"\0"):
        head, _, name = entry.partition(b"\t")
        if not name:
            continue
        mode, oid, stage = head.decode("ascii").split()
        path = config.root / name.decode("utf-8", "surrogateescape")
        stages.setdefault(path, {})[int(stage)] = _read_blob(config, oid) if mode[0] == "1" else ""
    for path, found in stages.items():
        yield Conflict(path, _read(path), found)


def _read_blob(config: Config, oid: str) -> str:
    data = read_git(config.root, "cat-file", "blob", oid) or b""
    return data.decode("utf-8", "replace") if len(data) <= MAX_EVIDENCE_BYTES else ""
