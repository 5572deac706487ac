"""Which cards differ: by the ids of their folders, with renames and what BASE has already."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cardgen.config import Config
from cardgen.git import run_git
from cardgen.review.models import Kind
from cardgen.review.ranges import Range
from cardgen.review.sides import Side
from cardgen.store import CARD_NAME, EVIDENCE_NAME, README_NAME

ALIKE = 0.6
"""Share of equal text from which a card is another one renamed."""

_MOST_PAIRS = 10_000
_MOST_COMMITS = 300
_SAYS_NOTHING = re.compile(r"\s*(?:#|---|code:|<!--|.{0,3}$)")


@dataclass(frozen=True)
class Pair:
    """A card that differs: ``old`` is its code on ``side``, ``new`` the one at HEAD.

    Either is empty for none. ``notes`` say how the two came about.
    """

    kind: Kind
    old: str
    new: str
    side: Side
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """The cards that differ, and how many are in BASE just as they are at HEAD."""

    pairs: tuple[Pair, ...]
    landed: int = 0


def select_cards(found: Range, config: Config) -> Selection:
    """The cards that HEAD changed since it left BASE and that BASE does not have so already."""
    old, new, target = found.old.folders, found.new.folders, found.target.folders
    codes = [code for code in dict.fromkeys((*old, *new)) if old.get(code) != new.get(code)]
    landed = [code for code in codes if new.get(code) == target.get(code)]
    codes = [code for code in codes if code not in set(landed)]
    codes = [code for code in codes if _differs(found.old, found.new, code)]
    codes = [c for c in codes if _has_card(found.old, c) or _has_card(found.new, c)]
    pairs = [_make_pair(found, config, code) for code in codes]
    return Selection(tuple(_join_renamed(found, pairs)), len(landed))


def _differs(old: Side, new: Side, code: str) -> bool:
    """Whether a folder differs in more than the README that is made of its card."""
    if not (code in old.folders and code in new.folders):
        return True
    was, now = dict(old.list_files(code)), dict(new.list_files(code))
    was.pop(README_NAME, None)
    now.pop(README_NAME, None)
    return was != now


def _has_card(side: Side, code: str) -> bool:
    return code in side.folders and CARD_NAME in side.list_files(code)


def _make_pair(found: Range, config: Config, code: str) -> Pair:
    """A card with the version that it is compared with.

    Where BASE took an earlier state of the branch, squashed, and the branch went on since, that
    state is what a reviewer has seen already.
    """
    old, new, target = (
        side.folders.get(code, "") if _has_card(side, code) else ""
        for side in (found.old, found.new, found.target)
    )
    side, notes = found.old, list[str]()
    if target and target != old:
        if target in set(_list_versions(found, config, code)):
            side, old = found.target, target
            notes.append(f"{found.target.name} has an earlier state of this branch already.")
        elif not old:
            notes.append(f"{found.target.name} has another card of this code since.")
        else:
            notes.append(f"{found.target.name} has changed this card since, too.")
    elif old and not target and new and found.target is not found.old:
        notes.append(f"{found.target.name} has removed this card since.")
    kind: Kind = "new" if not old else "removed" if not new else "changed"
    return Pair(kind, code if old else "", code if new else "", side, tuple(notes))


def _list_versions(found: Range, config: Config, code: str) -> Iterator[str]:
    """The ids that a folder had in the commits of the branch."""
    path = f"{config.settings.experiments}/{code}"
    printed = run_git(
        config.root,
        "log",
        f"--max-count={_MOST_COMMITS}",
        "--format=%H",
        f"{found.old.commit}..{found.new.commit}",
        "--",
        path,
    )
    for commit in (printed or "").split():
        yield (
            run_git(config.root, "rev-parse", "-q", "--verify", f"{commit}:./{path}") or ""
        ).strip()


# Renames -------------------------------------------------------------------------------------


def _join_renamed(found: Range, pairs: list[Pair]) -> Iterator[Pair]:
    removed = [pair for pair in pairs if pair.kind == "removed"]
    added = {pair.new: pair for pair in pairs if pair.kind == "new"}
    renamed: dict[str, Pair] = {}
    for old, new in _match(found, [pair.old for pair in removed], list(added)):
        notes = added[new].notes
        renamed[new] = renamed[old] = Pair("renamed", old, new, found.old, notes)
    for pair in pairs:
        joined = renamed.get(pair.new or pair.old)
        if joined is None:
            yield pair
        elif pair.kind == "new":
            yield joined


def _match(found: Range, removed: list[str], added: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of codes: the same files first, then the most alike."""
    if not removed or not added or len(removed) * len(added) > _MOST_PAIRS:
        return
    before = {code: _Look.of(found.old, code) for code in removed}
    after = {code: _Look.of(found.new, code) for code in added}
    scored = [
        (before[old].compare(after[new]), -i, old, new)
        for i, (old, new) in enumerate((old, new) for old in removed for new in added)
    ]
    taken: set[str] = set()
    for score, _, old, new in sorted(scored, reverse=True):
        if score >= ALIKE and not {f"-{old}", f"+{new}"} & taken:
            taken |= {f"-{old}", f"+{new}"}
            yield old, new


@dataclass(frozen=True)
class _Look:
    """What of a card is compared: the ids of its files, its runs, its lines."""

    card: str
    evidence: str
    runs: frozenset[str]
    lines: Counter[str]

    @classmethod
    def of(cls, side: Side, code: str) -> _Look:
        files, facts = side.list_files(code), side.find_facts(code)
        runs = [run.ref for run in facts.runs] if facts else []
        named = facts.card.front.runs if facts else ()
        lines = Counter(_list_lines(side.read_text(code)))
        return cls(
            files.get(CARD_NAME, ""),
            files.get(EVIDENCE_NAME, ""),
            frozenset(map(str, (*runs, *named))),
            lines,
        )

    def compare(self, other: _Look) -> float:
        """From 0 to 1: a card with the same file or the same runs is the same one."""
        if self.card == other.card or (self.evidence and self.evidence == other.evidence):
            return 2.0
        shared = len(self.runs & other.runs)
        same_runs = shared / max(len(self.runs | other.runs), 1)
        both = _weigh(self.lines & other.lines)
        whole = max(_weigh(self.lines), _weigh(other.lines), 1)
        return max(both / whole, 1.0 if same_runs >= 0.5 else 0.0)


def _list_lines(text: str) -> Iterable[str]:
    """The lines that say something of their own."""
    return (line.strip() for line in text.splitlines() if not _SAYS_NOTHING.match(line))


def _weigh(lines: Counter[str]) -> int:
    return sum(len(line) * count for line, count in lines.items())
