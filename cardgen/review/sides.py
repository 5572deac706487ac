"""The two sides of a review: cards at a commit, or in the working tree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from hashlib import sha1
from pathlib import Path

from cardgen.config import Config
from cardgen.facts import Facts
from cardgen.git import run_git
from cardgen.models import Card
from cardgen.resolve import resolve
from cardgen.review.bulk import read_texts
from cardgen.revisions import Repository, Snapshot
from cardgen.store import CARD_NAME, find_cards, load_card

_MAX_HASHED = 64 * 1024 * 1024


class Side:
    """A project as it stands at a commit; cards are read once, when they are asked for."""

    def __init__(self, repository: Repository, snapshot: Snapshot) -> None:
        self._repository = repository
        self._snapshot = snapshot
        self._cards: dict[str, Card | None] = {}
        self._facts: dict[str, Facts | None] = {}

    @property
    def name(self) -> str:
        return self._snapshot.name

    @property
    def commit(self) -> str:
        return self._snapshot.commit

    @property
    def config(self) -> Config:
        return self._snapshot.config

    @property
    def folders(self) -> Mapping[str, str]:
        """The code of each experiment's folder, and an id that names its whole content."""
        return self._snapshot.folders

    def list_files(self, code: str) -> Mapping[str, str]:
        """What lies directly in a card's folder, by name, each with an id of its content."""
        found = self._repository.list_files(self._snapshot, code)
        return {name: entry.id for name, entry in found.items()}

    def read_text(self, code: str) -> str:
        """The text of a card's file, empty where there is none or it cannot be read."""
        content = self._repository.read_file(self._snapshot, code, CARD_NAME)
        return (content or b"").decode("utf-8", "replace")

    def read_texts(self) -> dict[str, str]:
        """The texts of all cards by code; in a working tree those of its HEAD."""
        folder = self._snapshot.config.settings.experiments
        return read_texts(self.config.root, self._snapshot.commit, folder)

    def find_card(self, code: str) -> Card | None:
        if code not in self._cards:
            self._cards[code] = self._load(code) if code in self.folders else None
        return self._cards[code]

    def _load(self, code: str) -> Card | None:
        return self._repository.load_card(self._snapshot, code)

    def find_facts(self, code: str) -> Facts | None:
        """The facts of a card, None where there is none."""
        if code not in self._facts:
            card = self.find_card(code)
            label = self.config.label(card.path) if card else ""
            self._facts[code] = resolve(card, self.config.settings, label) if card else None
        return self._facts[code]


class WorkingTree(Side):
    """The project as it lies on the disk: what git says is as in HEAD is read from there."""

    def __init__(self, repository: Repository, head: Snapshot, config: Config) -> None:
        super().__init__(repository, head)
        self._now = config
        same = head.config.settings.experiments == config.settings.experiments
        self._head = dict(head.folders) if same else {}
        self._dirty = find_dirty(config)

    @property
    def name(self) -> str:
        return "the working tree"

    @property
    def config(self) -> Config:
        return self._now

    @cached_property
    def folders(self) -> Mapping[str, str]:
        codes = [path.parent.name for path in find_cards(self._now)]
        return {code: self._head[code] if self._is_clean(code) else "changed" for code in codes}

    def _is_clean(self, code: str) -> bool:
        return code in self._head and code not in self._dirty

    def list_files(self, code: str) -> Mapping[str, str]:
        if self._is_clean(code):
            return super().list_files(code)
        folder = self._now.experiments / code
        if not folder.is_dir():
            return {}
        known = super().list_files(code) if code in self._head else {}
        return {
            path.name: known.get(path.name, "folder") if path.is_dir() else hash_file(path)
            for path in sorted(folder.iterdir())
            if path.name != ".cardgen"
        }

    def read_text(self, code: str) -> str:
        if self._is_clean(code):
            return super().read_text(code)
        try:
            path = self._now.experiments / code / CARD_NAME
            return "" if path.is_symlink() else path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _load(self, code: str) -> Card | None:
        if self._is_clean(code):
            return super()._load(code)
        return load_card(self._now, self._now.experiments / code / CARD_NAME)


def find_dirty(config: Config) -> frozenset[str]:
    """Codes of folders in which something is not as in HEAD."""
    folder = config.settings.experiments
    printed = run_git(
        config.root, "status", "--porcelain", "-z", "-uall", "--no-renames", "--", folder
    )
    prefix = (run_git(config.root, "rev-parse", "--show-prefix") or "").strip()
    start = f"{prefix}{folder}/"
    paths = (entry[3:] for entry in (printed or "").split("\0") if entry)
    return frozenset(p.removeprefix(start).split("/")[0] for p in paths if p.startswith(start))


def hash_file(path: Path) -> str:
    """The id that git gives a file's content, empty for what is no readable file of some size."""
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_HASHED:
            return ""
        content = path.read_bytes()
    except OSError:
        return ""
    return sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()
