"""Evidence of two branches made one: run by run, by their refs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cardgen.errors import StoreError
from cardgen.evidence import parse_evidence
from cardgen.fill import arrange
from cardgen.models import Evidence, Run


@dataclass(frozen=True)
class MergedEvidence:
    """The runs of both; ``differing`` are the refs of those that both changed in their own way,
    of which this holds the first side's."""

    evidence: Evidence
    differing: tuple[str, ...] = ()


def read_evidence(text: str) -> Evidence | None:
    """None for what is no evidence, and for no text."""
    try:
        return parse_evidence(text) if text.strip() else None
    except StoreError:
        return None


def merge_evidence(
    base: Evidence | None, ours: Evidence, theirs: Evidence, refs: Iterable[str] = ()
) -> MergedEvidence:
    """Runs that one side changed, added or took out are so; ``refs`` is the card's order.

    Of a captured run that goes on on one side and has ended on the other, the end counts.
    """
    old, first, second = (_by_ref(one) for one in (base, ours, theirs))
    kept: list[Run] = []
    differing: list[str] = []
    for ref in dict.fromkeys((*first, *second)):
        run, agreed = _merge_run(old.get(ref), first.get(ref), second.get(ref))
        if run is not None:
            kept.append(run)
        if not agreed:
            differing.append(ref)
    order = (*refs, *(run.quoted or run.ref for run in kept))
    return MergedEvidence(Evidence(code=ours.code, runs=arrange(kept, order)), tuple(differing))


def _by_ref(evidence: Evidence | None) -> dict[str, Run]:
    return {run.ref: run for run in evidence.runs} if evidence else {}


def _merge_run(old: Run | None, ours: Run | None, theirs: Run | None) -> tuple[Run | None, bool]:
    before, first, second = (run and run.model_dump_json() for run in (old, ours, theirs))
    if second in (first, before):  # as text, since no NaN is equal to another
        return ours, True
    if first == before:
        return theirs, True
    if ours is None or theirs is None:
        return ours or theirs, True  # one side filled it anew, the other took it out: it stays
    if ours.captured and (ours.status == "running") != (theirs.status == "running"):
        return (theirs if ours.status == "running" else ours), True
    return ours, False
