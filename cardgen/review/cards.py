"""One card of a review: its two versions, its metrics, its problems, as a bounded value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cardgen.differences import compare_cards, compare_inputs, compare_params
from cardgen.differences.against import Against, compare_with
from cardgen.differences.results import find_result
from cardgen.differences.values import Change as Difference
from cardgen.documents import has_text
from cardgen.facts import Facts
from cardgen.models import Problem
from cardgen.review.alike import Finder
from cardgen.review.models import (
    MAX_CHANGES,
    MAX_FEW,
    MAX_LINES,
    MAX_MEASURES,
    MAX_PROBLEMS,
    NAME,
    Change,
    Found,
    Measure,
    ReviewedCard,
    clip,
)
from cardgen.review.problems import Checker, problem_key
from cardgen.review.select import Pair
from cardgen.review.sides import Side
from cardgen.store import CARD_NAME, EVIDENCE_NAME, README_NAME

_NOT_LISTED = (CARD_NAME, EVIDENCE_NAME, README_NAME)
"""What is compared by what it says, or is made of it."""


class Reviewer:
    """Reviews single cards of HEAD."""

    def __init__(self, new: Side, now: Checker, before: Checker, alike: Finder) -> None:
        self._new = new
        self._now = now
        self._before = before
        self._alike = alike

    def review(self, pair: Pair) -> ReviewedCard:
        """A card that differs, with all that a reviewer needs to know of it."""
        old = pair.side.find_facts(pair.old) if pair.old else None
        new = self._new.find_facts(pair.new) if pair.new else None
        facts = new or old
        if facts is None:
            raise AssertionError(pair)
        changes = tuple(self._list_changes(pair, old, new))
        versus = tuple(self._list_versus(new)) if new and pair.kind == "new" else ()
        problems = list_problems(
            self._before.find_problems(pair.old) if pair.old else (),
            self._now.find_problems(pair.new) if pair.new else (),
        )
        return ReviewedCard(
            code=clip(facts.code, NAME),
            kind=pair.kind,
            before=clip(pair.old, NAME) if pair.kind == "renamed" else "",
            title=clip(facts.card.front.title),
            status=facts.status.value if facts.status else "",
            path=clip(facts.card.path.relative_to(self._new.config.root).as_posix()),
            baseline=clip(facts.card.front.baseline, NAME),
            notes=tuple(map(clip, pair.notes))[:MAX_FEW],
            measures=self._measure(old, new),
            changes=tuple(map(bound_change, changes[:MAX_CHANGES])),
            more_changes=max(len(changes) - MAX_CHANGES, 0),
            versus=tuple(map(bound_change, versus[:MAX_CHANGES])),
            more_versus=max(len(versus) - MAX_CHANGES, 0),
            missing=tuple(find_missing(new)) if new else (),
            similar=self._alike.find(new) if new and pair.kind == "new" else (),
            problems=problems[:MAX_PROBLEMS],
            more_problems=max(len(problems) - MAX_PROBLEMS, 0),
        )

    def _list_changes(
        self, pair: Pair, old: Facts | None, new: Facts | None
    ) -> Iterator[Difference]:
        settings = self._new.config.settings
        found = compare_cards(old, new, settings).changes if new else ()
        for change in found:
            if old is not None or _is_told_of_new(change):
                yield change
        if old and new:
            files = pair.side.list_files(pair.old), self._new.list_files(pair.new)
            yield from compare_files(*files)
        elif new:
            yield from compare_files({}, self._new.list_files(pair.new))

    def _list_versus(self, new: Facts) -> Iterator[Difference]:
        """What a new card does otherwise than its baseline; what was not run did nothing yet."""
        base = self._new.find_facts(new.card.front.baseline) if new.card.front.baseline else None
        if base is None or base.code == new.code:
            return
        inputs = [one for one in compare_inputs(base, new) if not one.name.startswith(_OWN)]
        params = compare_params(base, new) if new.params else ()
        yield from (one for one in inputs if one.new or new.runs)
        yield from params

    def _measure(self, old: Facts | None, new: Facts | None) -> tuple[Measure, ...]:
        if new is None:  # what is lost
            old, new = None, old
        if new is None:
            return ()
        base = self._new.find_facts(new.card.front.baseline) if new.card.front.baseline else None
        settings = self._new.config.settings
        was = {one.metric: one.text for one in compare_with(old, None, settings)} if old else {}
        found = compare_with(new, base, settings)[:MAX_MEASURES]
        return tuple(bound_measure(one, was.get(one.metric, "")) for one in found)


_OWN = ("train", "predict", "output", "source.commit", "source.patch", "source.dirty")
"""What differs between any two experiments."""


def _is_told_of_new(change: Difference) -> bool:
    """Of a new card its metrics, params and title are told elsewhere."""
    if change.topic in ("results", "params"):
        return False
    return change.name not in ("title", "status", "baseline")


def compare_files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    """Files and folders that lie in a card's folder besides the card itself."""
    for name in sorted({*old, *new}.difference(_NOT_LISTED)):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        what = "added" if was is None else "removed" if now is None else "changed"
        why = ""
        if was is not None and name.endswith((".patch", ".diff")):
            why = f"The patch of a run was {what}."
        yield Difference("files", name, "" if was is None else what, what, attention=why)


def find_missing(facts: Facts) -> Iterator[str]:
    """What a card of its status should say and does not."""
    if not has_text(facts.card.section("goal")):
        yield "goal"
    if facts.status is None:
        yield "status"
    if facts.status is None or facts.status.value not in ("finished", "superseded"):
        return
    if not has_text(facts.card.section("conclusions")):
        yield "conclusions"
    if find_result(facts) is None:
        yield "results"
    if not facts.data:
        yield "data"
    elif not any(fact.value.version or fact.value.digest for fact in facts.data):
        yield "data version"
    if facts.source is None or not facts.source.value.commit:
        yield "commit"
    if not facts.train:
        yield "training command"


def list_problems(before: Sequence[Problem], now: Sequence[Problem]) -> tuple[Found, ...]:
    """Problems of a card as it is now, the new ones and the worst first."""
    known = {problem_key(problem) for problem in before}
    found = [
        Found(
            path=clip(one.path),
            line=min(one.line, 1_000_000_000),
            rule=clip(one.rule, NAME),
            severity=one.severity,
            message=clip(one.message),
            hint=clip(one.hint),
            new=problem_key(one) not in known,
        )
        for one in now
    ]
    worst = ("error", "warning", "advice", "off")
    return tuple(sorted(found, key=lambda one: (not one.new, worst.index(one.severity))))


def bound_change(change: Difference) -> Change:
    """A difference within the bounds of a review."""
    lines = change.lines
    if len(lines) > MAX_LINES:
        lines = (*lines[: MAX_LINES - 1], f"… and {len(lines) - MAX_LINES + 1} more lines")
    return Change(
        topic=change.topic,
        name=clip(change.name, NAME),
        old=clip(change.old),
        new=clip(change.new),
        note=clip(change.note),
        difference=change.difference,
        better=change.better,
        lines=tuple(map(clip, lines)),
        attention=clip(change.attention),
    )


def bound_measure(one: Against, was: str) -> Measure:
    """A metric within the bounds of a review."""
    return Measure(
        metric=clip(one.metric, NAME),
        text=clip(one.text, NAME),
        was=clip(was, NAME) if was != one.text else "",
        base=clip(one.base_text, NAME),
        difference=one.difference,
        better=one.better,
    )
