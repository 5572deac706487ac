"""The cards of all branches as a list: a line a version, and where each lives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from cardgen.branches.doubles import Double, Verdict, find_doubles
from cardgen.branches.gather import Gathered, Version, find_uncommitted, gather, load_version
from cardgen.branches.refs import list_refs
from cardgen.config import Config
from cardgen.evidence import make_exact
from cardgen.output import format_json
from cardgen.resolve import resolve
from cardgen.revisions import Repository
from cardgen.store import find_cards, load_card
from cardgen.summary import Line, summarise

MAX_PLACES = 4
"""Branches that a line of the terminal's table names before it counts the rest."""

UNCOMMITTED = "(not committed)"


@dataclass(frozen=True)
class Listed:
    """A version of a card as one line; ``on`` are the branches where it lives."""

    line: Line
    on: tuple[str, ...]
    commit: str = ""
    tree: str = ""


@dataclass(frozen=True)
class Listing:
    """The versions, and the codes that mean two things."""

    listed: tuple[Listed, ...]
    verdict: Verdict


def list_everywhere(config: Config, repository: Repository) -> Listing:
    """The cards of all branches, each version once; tags are not looked at.

    A card that lies on disk otherwise than it was committed is a version of its own.
    """
    refs = [ref for ref in list_refs(config.root) if ref.kind != "tag"]
    gathered = gather(repository, refs)
    listed = [*_list_uncommitted(config), *_list_versions(repository, gathered)]
    return Listing(tuple(listed), find_doubles(config, repository, gathered.versions))


def _list_versions(repository: Repository, gathered: Gathered) -> Iterator[Listed]:
    for versions in gathered.versions.values():
        for version in versions:
            line = _summarise(repository, version)
            if line:
                yield Listed(line, version.names, version.commit, version.tree)


def _summarise(repository: Repository, version: Version) -> Line | None:
    card = load_version(repository, version)
    if card is None or version.snapshot is None:
        return None
    return summarise(resolve(card, version.snapshot.config.settings))


def _list_uncommitted(config: Config) -> Iterator[Listed]:
    changed = find_uncommitted(config)
    for path in find_cards(config):
        if path.parent.name in changed:
            card = load_card(config, path)
            yield Listed(summarise(resolve(card, config.settings)), (UNCOMMITTED,))


def say_places(names: Sequence[str]) -> str:
    """``main, exp/a`` as a cell; a long list is counted."""
    rest = len(names) - MAX_PLACES
    return ", ".join(names[:MAX_PLACES]) + (f" and {rest} more" if rest > 0 else "")


def format_json_listing(listing: Sequence[Listed], doubles: Sequence[Double]) -> str:
    """The list for programs."""
    cards = [
        {**asdict(one.line), "on": list(one.on), "commit": one.commit, "tree": one.tree}
        for one in listing
    ]
    sides = [{"code": one.code, "sides": [list(side) for side in one.sides]} for one in doubles]
    return format_json(make_exact({"cards": cards, "doubles": sides}))
