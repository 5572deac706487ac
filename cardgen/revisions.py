"""Cards as they stand at a commit, read from git's objects without a checkout."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cardgen.config import CONFIG_NAME, Config, parse_settings
from cardgen.documents import parse_card
from cardgen.errors import ConfigError, StoreError, UsageError
from cardgen.evidence import parse_evidence
from cardgen.git import Objects, TreeEntry, open_objects, parse_tree, run_git
from cardgen.models import Card, FrontMatter, Problem
from cardgen.store import (
    CARD_NAME,
    EVIDENCE_NAME,
    MAX_CARD_BYTES,
    MAX_EVIDENCE_BYTES,
    natural_key,
)

FETCH = (
    "The clone is shallow: fetch the rest with git fetch --unshallow origin "
    "'+refs/heads/*:refs/remotes/origin/*' (in CI: check out with fetch-depth 0)."
)
"""What to do where a clone lacks commits."""

_FILE_MODES = ("100644", "100755", "100664")
_TREE_MODE = "40000"
_MAX_DEPTH = 16


@dataclass(frozen=True)
class Snapshot:
    """The project at a commit: ``name`` is how it was asked for, ``config`` its settings there.

    ``folders`` maps the code of each experiment's folder to the id of its tree, in the order of
    codes: where two snapshots have the same id, nothing in the folder differs.
    """

    name: str
    commit: str
    config: Config
    folders: Mapping[str, str] = field(default_factory=dict)

    @property
    def short(self) -> str:
        return self.commit[:7]


class Repository:
    """Reads a project's snapshots from the repository that it lies in."""

    def __init__(self, config: Config, objects: Objects, prefix: str) -> None:
        self._config = config
        self._objects = objects
        self._prefix = prefix
        self._configs: dict[str, Config] = {}
        self._codes: dict[str, Mapping[str, str]] = {}

    def find_snapshot(self, name: str) -> Snapshot:
        """The project at a branch, tag or commit; raises UsageError where there is no such one."""
        found = self._objects.find(f"{name}^{{commit}}")
        if found is None or found.kind != "commit":
            raise self._no_commit(name)
        config = self._find_config(found.id)
        folder = f"{found.id}:{self._prefix}{config.settings.experiments}"
        return Snapshot(name, found.id, config, self._list_folders(folder))

    def _list_folders(self, name: str) -> Mapping[str, str]:
        """The folders below one, each with its tree; the same folder on many branches once."""
        found = self._objects.find(name)
        if found is None or found.kind != "tree":
            return {}
        if found.id not in self._codes:
            entries = parse_tree(found.content or b"", len(found.id))
            folders = [name for name, entry in entries.items() if entry.mode == _TREE_MODE]
            codes = [name for name in folders if _is_plain(name) and name[0] != "."]
            codes.sort(key=lambda code: (natural_key(code), code))
            self._codes[found.id] = {code: entries[code].id for code in codes}
        return self._codes[found.id]

    def _no_commit(self, name: str) -> UsageError:
        root = self._config.root
        shallow = (run_git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
        hint = "See 'git branch --all' and 'git tag' for what there is."
        if shallow:
            hint = FETCH
        elif not (run_git(root, "rev-list", "--all", "--max-count=1") or "").strip():
            hint = "There is no commit yet: git add and git commit first."
        return UsageError(f"git knows no commit '{name}'.", hint)

    def _find_config(self, commit: str) -> Config:
        """The settings at a commit; today's where that has none, or broken ones."""
        content = self._objects.read(f"{commit}:{self._prefix}{CONFIG_NAME}", MAX_CARD_BYTES)
        if content is None:
            return self._config
        text = content.decode("utf-8", "replace")
        if text not in self._configs:
            self._configs[text] = self._parse_config(text)
        return self._configs[text]

    def _parse_config(self, text: str) -> Config:
        try:
            return Config(root=self._config.root, settings=parse_settings(text), text=text)
        except ConfigError:
            return self._config  # one broken commit must not hide the cards of the others

    def _read_tree(self, name: str) -> dict[str, TreeEntry]:
        found = self._objects.find(name)
        if found is None or found.kind != "tree" or found.content is None:
            return {}
        return parse_tree(found.content, len(found.id))

    def list_files(self, snapshot: Snapshot, code: str) -> dict[str, TreeEntry]:
        """What lies directly in a card's folder, by name."""
        folder = snapshot.folders.get(code)
        return self._read_tree(folder) if folder else {}

    def read_object(self, name: str, max_bytes: int = MAX_CARD_BYTES) -> bytes | None:
        """The content of an object by its id, or as ``COMMIT:./path`` from the project's root."""
        return self._objects.read(name, max_bytes)

    def walk_files(self, tree: str, max_bytes: int) -> Iterator[tuple[str, bytes]]:
        """All files below a tree by their paths from there: no links, none larger than that."""
        waiting = [("", tree, 0)]
        while waiting:
            folder, name, depth = waiting.pop()
            for entry_name, entry in self._read_tree(name).items():
                path = f"{folder}{entry_name}"
                if not _is_plain(entry_name):
                    continue
                if entry.mode == _TREE_MODE and depth < _MAX_DEPTH:
                    waiting.append((f"{path}/", entry.id, depth + 1))
                elif entry.mode in _FILE_MODES:
                    content = self._objects.read(entry.id, max_bytes)
                    if content is not None:
                        yield path, content

    def read_file(
        self, snapshot: Snapshot, code: str, name: str, max_bytes: int = MAX_CARD_BYTES
    ) -> bytes | None:
        """A file directly in a card's folder; None for none, a link, or one that is larger."""
        entry = self.list_files(snapshot, code).get(name)
        if entry is None or entry.mode not in _FILE_MODES:
            return None
        return self._objects.read(entry.id, max_bytes)

    def load_card(self, snapshot: Snapshot, code: str) -> Card | None:
        """A card and its evidence at that commit, as ``store.load_card`` loads it; None for none.

        ``path`` is where the card would lie in a checkout.
        """
        files = self.list_files(snapshot, code)
        if CARD_NAME not in files:
            return None
        path = snapshot.config.experiments / code / CARD_NAME
        label = snapshot.config.label(path)
        try:
            text = self._read_text(files[CARD_NAME], MAX_CARD_BYTES)
            card = parse_card(text, path, code, label)
        except StoreError as error:
            problem = Problem(label, 0, "unreadable", "error", error.message, error.hint)
            card = Card(code, path, FrontMatter.model_construct(code=code), problems=(problem,))
        return self._with_evidence(snapshot.config, card, files.get(EVIDENCE_NAME))

    def _with_evidence(self, config: Config, card: Card, entry: TreeEntry | None) -> Card:
        if entry is None:
            return card
        try:
            text = self._read_text(entry, MAX_EVIDENCE_BYTES)
            return replace(card, evidence=parse_evidence(text))
        except StoreError as error:
            label = config.label(card.folder / EVIDENCE_NAME)
            problem = Problem(label, 0, "evidence", "error", error.message, error.hint)
            return replace(card, problems=(*card.problems, problem))

    def _read_text(self, entry: TreeEntry, max_bytes: int) -> str:
        if entry.mode not in _FILE_MODES:
            raise StoreError("It is a link or a folder.", "Commit the file itself.")
        content = self._objects.read(entry.id, max_bytes)
        if content is None:
            raise StoreError(f"It is larger than {max_bytes // 1024} KB.", "Make it smaller.")
        try:
            return content.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError:
            raise StoreError("It is no UTF-8.", "Save it as UTF-8.") from None


def _is_plain(name: str) -> bool:
    """Whether a name in a tree is one of a file: git itself writes no others, a stranger may."""
    return name not in ("", ".", "..", ".git") and not set(name) & set("/\\:\0")


@contextlib.contextmanager
def open_repository(config: Config) -> Iterator[Repository]:
    """A reader of the repository that the project lies in; raises UsageError without one."""
    prefix = run_git(config.root, "rev-parse", "--show-prefix")
    if prefix is None:
        raise UsageError(
            f"{Path(config.root)} is in no git repository.", "Run 'git init' and commit first."
        )
    with open_objects(config.root, known=True) as objects:
        if objects is None:
            raise UsageError("git is not installed.", "Install it.")
        yield Repository(config, objects, prefix.strip())
