"""Which of a card's runs have results of their own, and the runs around each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cardgen.groups.identity import Candidate
from cardgen.models import Run


def find_candidates(runs: Sequence[Run]) -> list[Candidate]:
    """The runs that have results of their own, each with the runs around it.

    What was captured around a tracker's run is that run, and a parent without metrics holds only
    what its children share.
    """
    known = {run.ref: run for run in runs}
    captured = {ref: run for run in runs for ref in run.contains if ref != run.ref}
    parents = {run.parent for run in runs if run.parent != run.ref}
    found = []
    for run in known.values():
        if has_results(run):
            line = _find_line(run, known)
            around = tuple(_list_around(line, captured))
            above = "" if line[-1].parent in known else line[-1].parent
            found.append(Candidate(run, around, above, run.ref in parents))
    return found


def has_results(run: Run) -> bool:
    """Whether a run recorded any number of its own."""
    if run.captured and run.contains:
        return False
    return bool(run.metrics or run.checkpoints or run.curves)


def _find_line(run: Run, known: Mapping[str, Run]) -> list[Run]:
    """A run and its parents upward, as far as they are known; each once."""
    line = {run.ref: run}
    while run.parent in known and run.parent not in line:
        run = known[run.parent]
        line[run.ref] = run
    return list(line.values())


def _list_around(line: Sequence[Run], captured: Mapping[str, Run]) -> Iterable[Run]:
    for run in line:
        if run is not line[0]:
            yield run
        if run.ref in captured:
            yield captured[run.ref]
