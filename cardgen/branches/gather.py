"""The cards of many branches and tags, each version once, with all places where it lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cardgen.branches.refs import Ref
from cardgen.config import Config
from cardgen.git import run_git
from cardgen.models import Card
from cardgen.revisions import Repository, Snapshot
from cardgen.store import CARD_NAME, natural_key


@dataclass(frozen=True)
class Version:
    """A card's folder with one content: its tree, and the branches and tags that hold it.

    ``snapshot`` is of the first of them. A version without a tree is what lies on disk.
    """

    code: str
    tree: str
    refs: tuple[Ref, ...]
    snapshot: Snapshot | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(ref.name for ref in self.refs)

    @property
    def commit(self) -> str:
        return self.snapshot.commit if self.snapshot else ""


@dataclass(frozen=True)
class Gathered:
    """Every version of every card by its code, in the order of codes; the first ref's is first."""

    versions: Mapping[str, tuple[Version, ...]] = field(default_factory=dict)


def gather(repository: Repository, refs: Iterable[Ref]) -> Gathered:
    """Look at the cards of branches and tags; none is read, and nothing is checked out."""
    found: dict[str, dict[str, Version]] = {}
    held: dict[str, dict[str, list[Ref]]] = {}
    for ref in refs:
        snapshot = repository.find_snapshot(ref.commit)
        for code, tree in snapshot.folders.items():
            known = found.setdefault(code, {})
            if tree not in known:
                known[tree] = Version(code, tree, (), snapshot)
            held.setdefault(code, {}).setdefault(tree, []).append(ref)
    versions = {c: _list_versions(repository, known, held[c]) for c, known in found.items()}
    codes = sorted(versions, key=lambda code: (natural_key(code), code))
    return Gathered({code: versions[code] for code in codes if versions[code]})


def _list_versions(
    repository: Repository, found: Mapping[str, Version], held: Mapping[str, list[Ref]]
) -> tuple[Version, ...]:
    """The versions that have a card: a folder may hold nothing but a training's output."""
    return tuple(
        Version(version.code, tree, tuple(held[tree]), version.snapshot)
        for tree, version in found.items()
        if version.snapshot and CARD_NAME in repository.list_files(version.snapshot, version.code)
    )


def load_version(repository: Repository, version: Version) -> Card | None:
    """The card of a version as it stands there."""
    return repository.load_card(version.snapshot, version.code) if version.snapshot else None


def find_uncommitted(config: Config) -> frozenset[str]:
    """The codes whose folders differ from the last commit."""
    experiments = config.settings.experiments
    prefix = (run_git(config.root, "rev-parse", "--show-prefix") or "").strip()
    printed = run_git(
        config.root, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames",
        "--", experiments,
    )  # fmt: skip
    start = f"{prefix}{experiments}/"
    paths = (word[3:] for word in (printed or "").split("\0"))
    inner = (path.removeprefix(start) for path in paths if path.startswith(start))
    return frozenset(path.partition("/")[0] for path in inner if "/" in path)
