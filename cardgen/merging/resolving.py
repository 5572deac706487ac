"""Conflicts of cards solved as far as nobody must decide; what is left is said, never lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cardgen.config import Config
from cardgen.documents import find_conflict
from cardgen.evidence import format_evidence
from cardgen.fill import fill_card
from cardgen.git import run_git
from cardgen.merging.card import MergedCard, merge_card, take_side
from cardgen.merging.conflicts import BASE, OURS, THEIRS, Conflict, find_conflicts
from cardgen.merging.evidence import MergedEvidence, merge_evidence, read_evidence
from cardgen.merging.marks import Sides, split_marks
from cardgen.merging.strangers import Left, find_strangers
from cardgen.models import Evidence
from cardgen.readme.making import make_readmes
from cardgen.store import CARD_NAME, EVIDENCE_NAME, README_NAME, load_card, save_merged

Side = Literal["", "ours", "theirs"]


@dataclass(frozen=True)
class Resolved:
    """What became of one file in conflict; nothing in ``left`` means that it is solved.

    ``added`` says that git was told so.
    """

    path: Path
    left: tuple[Left, ...] = ()
    added: bool = False


def resolve_conflicts(
    config: Config, codes: Collection[str] = (), side: Side = ""
) -> tuple[Resolved, ...]:
    """Solve the conflicts of these cards, or of all; ``side`` is taken where both changed a value.

    Writes what could be merged, with marks where a person must decide, and adds to git's index
    what is solved.
    """
    found = find_conflicts(config, codes)
    by_code: dict[str, list[Conflict]] = {}
    for one in found:
        by_code.setdefault(str(one.path.parent), []).append(one)
    of_list = by_code.pop(str(config.experiments), [])
    resolver = _Resolver(config, side)
    done = [one for conflicts in by_code.values() for one in resolver.resolve(conflicts)]
    # The list of all cards can be made once they are solved.
    done += resolver.resolve_list(of_list, done)
    added = [_add(config, one, found) for one in done]
    return tuple(sorted(added, key=lambda one: one.path))


def _add(config: Config, one: Resolved, found: Iterable[Conflict]) -> Resolved:
    unmerged = any(conflict.stages for conflict in found)
    if one.left or not unmerged:
        return one
    label = config.label(one.path)
    return replace(one, added=run_git(config.root, "add", "--", label) is not None)


class _Resolver:
    """Solves the conflicts in one folder: the card, then its evidence, then its README."""

    def __init__(self, config: Config, side: Side) -> None:
        self.config, self.side = config, side

    def resolve(self, conflicts: list[Conflict]) -> Iterator[Resolved]:
        by_name = {one.path.name: one for one in conflicts}
        left = tuple(find_strangers(self.config, by_name)) if not self.side else ()
        card, evidence = by_name.get(CARD_NAME), by_name.get(EVIDENCE_NAME)
        results = []
        if card:
            results.append(Resolved(card.path, left) if left else self.merge_card(card))
        if evidence:
            both = Resolved(evidence.path, _repeat(evidence.path, left))
            results.append(both if left else self.merge_evidence(evidence))
        yield from results
        if README_NAME not in by_name and results and not any(one.left for one in results):
            yield from self._follow(results[0].path.with_name(README_NAME))
        if readme := by_name.get(README_NAME):
            yield self.remake(readme, open_=any(one.left for one in results))
        for one in conflicts:
            if one.path.name not in (CARD_NAME, EVIDENCE_NAME, README_NAME):
                hint = f"Choose one: git checkout --ours (or --theirs) -- {_label(self, one)}"
                yield Resolved(one.path, (Left(one.path, 0, "Both sides changed it.", hint),))

    def resolve_list(self, conflicts: list[Conflict], done: list[Resolved]) -> Iterator[Resolved]:
        """The list of all cards, where it is in conflict or a card of it was."""
        path = self.config.experiments / README_NAME
        if conflicts:
            yield from self.resolve(conflicts)
        elif done and not any(one.left for one in done) and path.is_file():
            made = make_readmes(self.config, ())
            yield from (Resolved(path) for one in made if one.state == "made")

    def merge_card(self, conflict: Conflict) -> Resolved:
        sides = find_sides(conflict)
        if sides is None:
            return Resolved(conflict.path, (self.explain(conflict),))
        merged = merge_card(sides)
        if merged.open and self.side:
            merged = _take(merged, self.side)
        save_merged(self.config, conflict.path, merged.text, conflict.text)
        return Resolved(conflict.path, tuple(self._list_open(conflict, merged)))

    def _list_open(self, conflict: Conflict, merged: MergedCard) -> Iterator[Left]:
        if not merged.open:
            return
        at, lines = 0, merged.text.split("\n")
        hint = "Decide between the marks, then run 'cardgen resolve' again, or take a side: --take"
        for number, line in enumerate(lines, 1):
            if line.startswith("<<<<<<< "):
                name = merged.open[min(at, len(merged.open) - 1)]
                ours, theirs = _read_hunk(lines[number - 1 :])
                message = f"{name}: '{ours}' here, '{theirs}' there."
                yield Left(conflict.path, number, message, hint)
                at += 1

    def merge_evidence(self, conflict: Conflict) -> Resolved:
        found = _find_evidences(conflict)
        if found is None:
            return Resolved(conflict.path, (self.explain(conflict),))
        base, ours, theirs = found
        if self.side == "theirs":
            ours, theirs = theirs, ours
        card = load_card(self.config, conflict.path.parent / CARD_NAME)
        merged = merge_evidence(base, ours, theirs, card.front.runs)
        refilled = self._refill(conflict, merged)
        if not refilled:
            return Resolved(conflict.path)
        hint = f"Take one side's: cardgen resolve {conflict.code} --take ours (or theirs)"
        message = "Both sides filled it, and its tracker cannot be read: {}"
        return Resolved(
            conflict.path,
            tuple(Left(conflict.path, 0, message.format(ref), hint) for ref in refilled),
        )

    def _refill(self, conflict: Conflict, merged: MergedEvidence) -> tuple[str, ...]:
        """Write the evidence, and read anew what differs; the refs that could not be read.

        Where any could not, the file is as it was: nobody's version is lost.
        """
        text = format_evidence(merged.evidence)
        save_merged(self.config, conflict.path, text, conflict.text)
        if not merged.differing or self.side:
            return ()
        card = load_card(self.config, conflict.path.parent / CARD_NAME)
        filled = None if card.broken else fill_card(self.config, card)
        failed = {failure.ref for failure in filled.failures} if filled else set(merged.differing)
        runs = {run.ref: run for run in merged.evidence.runs}
        left = tuple(
            ref
            for ref in merged.differing
            if runs[ref].captured or filled is None or {ref, runs[ref].quoted, card.code} & failed
        )
        if left and conflict.text is not None:
            save_merged(self.config, conflict.path, conflict.text, None)
        return left

    def remake(self, conflict: Conflict, *, open_: bool) -> Resolved:
        """A README made again; it waits for a card that is still in conflict."""
        path = conflict.path
        if open_:
            hint = "It is made again when they are."
            return Resolved(path, (Left(path, 0, "Its card is not solved yet.", hint),))
        of_list = path.parent == self.config.experiments
        if conflict.one_sided and not path.exists():
            return Resolved(path, (self.explain(conflict),))
        codes = () if of_list else (conflict.code,)
        made = make_readmes(self.config, codes, with_list=of_list)
        state = next(one.state for one in made if one.path == path)
        if state in ("made", "same"):
            return Resolved(path)
        why = "Somebody wrote it by hand." if state == "own" else "Its card cannot be read."
        return Resolved(path, (Left(path, 0, why, "Merge it by hand."),))

    def _follow(self, path: Path) -> Iterator[Resolved]:
        """A README that git merged without a conflict, of a card that had one."""
        code = path.parent.name
        for one in make_readmes(self.config, (code,), with_list=False) if path.is_file() else ():
            if one.state == "made":
                yield Resolved(path)

    def explain(self, conflict: Conflict) -> Left:
        """Why a file cannot be merged at all."""
        path = conflict.path
        label = self.config.label(path)
        if conflict.one_sided:
            kept = "we" if OURS in conflict.stages else "they"
            gone = "they" if kept == "we" else "we"
            hint = f"Keep it: git add {label}; or take it out: git rm {label}"
            return Left(path, 0, f"{kept.capitalize()} changed it, {gone} deleted it.", hint)
        if conflict.text is not None and not find_conflict(conflict.text):
            return Left(path, 0, "It has no marks any more.", f"Where it is right: git add {label}")
        hint = f"Choose one: git checkout --ours (or --theirs) -- {label}"
        return Left(path, 0, "The versions cannot be told apart.", hint)


def _label(resolver: _Resolver, conflict: Conflict) -> str:
    return resolver.config.label(conflict.path)


def find_sides(conflict: Conflict) -> Sides | None:
    """The versions of a card: as they lie in the file, where somebody may have edited it."""
    marked = split_marks(conflict.text) if conflict.text else None
    if marked is not None:
        base = conflict.stages.get(BASE, marked.base if not conflict.stages else "")
        return replace(marked, base=base)
    ours, theirs = conflict.stages.get(OURS), conflict.stages.get(THEIRS)
    if ours is None or theirs is None or conflict.text not in (ours, theirs):
        return None
    # A merge driver that could not run left one side's file as it was.
    return Sides(conflict.stages.get(BASE, ""), ours, theirs)


def _find_evidences(conflict: Conflict) -> tuple[Evidence | None, Evidence, Evidence] | None:
    stages = conflict.stages
    texts = [stages.get(number, "") for number in (BASE, OURS, THEIRS)]
    if not stages and (marked := split_marks(conflict.text or "")):
        texts = [marked.base, marked.ours, marked.theirs]
    base, ours, theirs = (read_evidence(text) for text in texts)
    return (base, ours, theirs) if ours is not None and theirs is not None else None


def _take(merged: MergedCard, side: Side) -> MergedCard:
    """The marks gone for one side's version."""
    marked = split_marks(merged.text)
    return merge_card(take_side(marked, side)) if marked else merged


def _read_hunk(lines: list[str]) -> tuple[str, str]:
    """The first words of both versions below a mark."""
    hunk = split_marks("\n".join(lines[: _find_end(lines)]) + "\n")
    both = (hunk.ours, hunk.theirs) if hunk else ("", "")
    ours, theirs = (" ".join(text.split())[:60] or "nothing" for text in both)
    return ours, theirs


def _find_end(lines: list[str]) -> int:
    return next((n for n, line in enumerate(lines, 1) if line.startswith(">>>>>>> ")), len(lines))


def _repeat(path: Path, left: tuple[Left, ...]) -> tuple[Left, ...]:
    return tuple(replace(one, path=path, hint="") for one in left)
