"""Which cards a site shows, and where they live: the folder's own, or those of branches and tags.

Cards of branches are read from git's objects and lie as plain files in ``.cardgen/refs/`` while
the site is built; nothing is checked out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cardgen.branches import (
    HERE,
    Double,
    Gathered,
    Ref,
    Version,
    choose_refs,
    find_doubles,
    find_uncommitted,
    gather,
    list_refs,
    warn_doubles,
)
from cardgen.branches.keep import keep_versions
from cardgen.config import Config
from cardgen.errors import UsageError
from cardgen.output import escape
from cardgen.revisions import Repository, open_repository
from cardgen.site.history import Change, find_head, find_history, find_history_of
from cardgen.store import find_cards, natural_key


@dataclass(frozen=True)
class Lives:
    """Where a card lives.

    ``refs`` hold the version that is shown, ``others`` hold further work on it, and on ``apart``
    its code stands for another experiment.
    """

    refs: tuple[Ref, ...] = ()
    others: tuple[Ref, ...] = ()
    apart: tuple[Ref, ...] = ()

    @property
    def branch(self) -> str:
        """The branch on which the shown version can be edited; empty where only tags hold it."""
        return next((ref.branch for ref in self.refs if ref.branch), "")


@dataclass(frozen=True)
class Collection:
    """The cards of a site by code.

    ``folders`` are those of cards that are not read from the project's own; None of these is shown
    unless ``here``. ``lives`` is empty where only the folder itself is shown.
    """

    folders: Mapping[str, Path] = field(default_factory=dict)
    here: bool = True
    lives: Mapping[str, Lives] = field(default_factory=dict)
    history: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def gather_cards(config: Config) -> Collection:
    """The cards that ``site.refs`` and ``site.tags`` choose; without either the folder's own.

    What lies in the folder wins where it is among them, then the first pattern. Raises UsageError
    where there is no repository, or where the patterns choose nothing.
    """
    chosen = config.settings.site
    if not (chosen.tags or set(chosen.refs) - {HERE}):
        return Collection()
    patterns = chosen.refs or (HERE,)
    here = HERE in patterns
    with open_repository(config) as repository:
        known = list_refs(config.root)
        found = choose_refs(known, patterns, tags=chosen.tags)
        if not (here or found.refs):
            raise UsageError(
                f"No branch or tag matches {', '.join(patterns)}.",
                "See 'git branch --all'; a clone gets branches by 'git fetch'.",
            )
        refs = dict.fromkeys([*_find_current(config, known), *found.refs] if here else found.refs)
        gathered = gather(repository, refs)
        return _collect(config, repository, gathered, found.unmatched, here=here)


def _find_current(config: Config, refs: Sequence[Ref]) -> list[Ref]:
    """The branch that is checked out, else the commit."""
    head = find_head(config.root)
    return [ref for ref in refs[:1] if ref.commit == head and ref.kind in ("branch", "head")]


def _collect(
    config: Config,
    repository: Repository,
    gathered: Gathered,
    unmatched: Sequence[str],
    *,
    here: bool,
) -> Collection:
    own = {path.parent.name for path in find_cards(config)} if here else set()
    changed = find_uncommitted(config) if here else frozenset()
    verdict = find_doubles(config, repository, gathered.versions)
    elsewhere = {c: known[0] for c, known in gathered.versions.items() if c not in own}
    folders = keep_versions(config, repository, elsewhere.values())
    lives = {
        code: _find_lives(known, verdict.doubles.get(code), shown=code not in changed)
        for code, known in gathered.versions.items()
    }
    warnings = [f"No branch or tag matches '{pattern}'." for pattern in unmatched]
    warnings += warn_doubles(verdict, config.settings.experiments)
    return Collection(
        folders, here, lives, _find_past(config, elsewhere), tuple(map(escape, warnings))
    )


def _find_lives(versions: Sequence[Version], double: Double | None, *, shown: bool) -> Lives:
    """Where the first version lives, which is the one that is shown unless it was edited here."""
    first, *rest = versions
    apart = {name for side in (double.sides[1:] if double else ()) for name in side}
    later = [ref for version in rest for ref in version.refs]
    others = [*(() if shown else first.refs), *(ref for ref in later if ref.name not in apart)]
    return Lives(
        first.refs if shown else (),
        tuple(others),
        tuple(ref for ref in later if ref.name in apart),
    )


def _find_past(config: Config, versions: Mapping[str, Version]) -> dict[str, tuple[Change, ...]]:
    """The changes of cards that are not the folder's own: each as its own branch tells them."""
    groups: dict[str, list[str]] = {}
    for code, version in versions.items():
        groups.setdefault(version.commit, []).append(code)
    past: dict[str, tuple[Change, ...]] = {}
    for commits in _bundle(groups, find_head(config.root)):
        at_head = commits == [find_head(config.root)]
        found = find_history(config) if at_head else find_history_of(config, commits)
        codes = [code for commit in commits for code in groups[commit]]
        past |= {code: found[code] for code in codes if code in found}
    return past


def _bundle(groups: Mapping[str, Sequence[str]], head: str) -> Iterator[list[str]]:
    """The checked-out commit alone, that of most cards alone, and all others together."""
    first = max(groups, key=lambda commit: len(groups[commit]), default="")
    alone = [commit for commit in dict.fromkeys((head, first)) if commit in groups]
    yield from ([commit] for commit in alone)
    rest = [commit for commit in groups if commit not in alone]
    if rest:
        yield rest


def order_codes(codes: set[str]) -> dict[str, None]:
    """Codes as a person orders them."""
    return dict.fromkeys(sorted(codes, key=lambda code: (natural_key(code), code)))


def with_here(config: Config) -> Config:
    """Settings by which the folder's own cards are shown, also where only branches are built."""
    site = config.settings.site
    if HERE in site.refs or not site.refs:
        return config
    chosen = site.model_copy(update={"refs": (HERE, *site.refs)})
    return config.model_copy(
        update={"settings": config.settings.model_copy(update={"site": chosen})}
    )
