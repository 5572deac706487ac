"""Differences of what was measured: the metric of the card, further ones, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from cardgen.config import Settings
from cardgen.differences.values import (
    Change,
    find_difference,
    judge,
    same_number,
    show_number,
)
from cardgen.facts import Fact, Facts, Row, Spread
from cardgen.measures import format_number, format_spread, guess_direction, is_quality
from cardgen.models import Direction


def compare_results(old: Facts | None, new: Facts | None, settings: Settings) -> Iterator[Change]:
    """How metrics moved at the best checkpoint and in the end, and which checkpoints there are."""
    if old and new:
        yield from _compare_definition(old, new)
    yield from _compare_headline(old, new)
    yield from _compare_metrics(old, new, settings)
    yield from _compare_rows(old, new)


def _compare_definition(old: Facts, new: Facts) -> Iterator[Change]:
    if old.metric != new.metric and old.metric:
        why = "'Best' is said of another metric now." if new.metric else ""
        yield Change("results", "metric", old.metric, new.metric, attention=why)
    elif old.direction != new.direction:
        why = "The better direction of the metric was turned."
        yield Change("results", "direction", old.direction, new.direction, attention=why)


def _compare_headline(old: Facts | None, new: Facts | None) -> Iterator[Change]:
    was, now = (find_result(facts) if facts else None for facts in (old, new))
    if was and now and (old and new and old.metric == new.metric):
        if was[1] != now[1] or not same_number(was[0], now[0]):
            yield _move(new, was, now)
    elif bool(was) != bool(now):
        name = next((f.metric for f in (new if now else None, old, new) if f and f.metric), "")
        texts = (was[1] if was else "", now[1] if now else "")
        why = "The result is gone." if was and not now and new else ""
        yield Change("results", name, *texts, note="best", headline=True, attention=why)


def _move(facts: Facts, was: tuple[float, str], now: tuple[float, str]) -> Change:
    return Change(
        "results",
        facts.metric,
        was[1],
        now[1],
        "mean over seeds" if facts.headline else "best",
        find_difference(was[0], now[0]),
        judge(was[0], now[0], facts.direction),
        headline=True,
    )


def find_result(facts: Facts) -> tuple[float, str] | None:
    """The value that a card is judged by and its text: the mean over seeds, else the best."""
    spread = facts.headline
    if spread and spread.mean is not None:
        return spread.mean, show_spread(spread)
    if facts.primary is None:
        return None
    return facts.primary.value, show_number(facts.primary.value)


def show_spread(spread: Spread) -> str:
    """A mean with its deviation and the number of seeds."""
    of = "" if spread.n == spread.of else f" of {spread.of}"
    return f"{format_spread(spread.mean or 0.0, spread.std)} ({spread.n}{of} seeds)"


def _compare_metrics(old: Facts | None, new: Facts | None, settings: Settings) -> Iterator[Change]:
    """Further metrics: at the best checkpoint, and last values where they say something else."""
    said: set[tuple[str, str, str]] = set()
    if old and new and (old.best or new.best):
        for change in _compare_values(_at(old.best), _at(new.best), new, settings):
            if change.name != new.metric or old.metric != new.metric:
                yield replace(change, note="at the best checkpoint")
            said.add((change.name, change.old, change.new))
    if old and new:
        for change in _compare_values(old.finals, new.finals, new, settings):
            alone = new.primary is not None and new.best is None and change.name == new.metric
            if (change.name, change.old, change.new) not in said and not alone:
                yield replace(change, note="last value")


def _at(row: Row | None) -> Mapping[str, Fact[float]]:
    return row.metrics if row else {}


def _compare_values(
    before: Mapping[str, Fact[float]],
    after: Mapping[str, Fact[float]],
    new: Facts,
    settings: Settings,
) -> Iterator[Change]:
    names = dict.fromkeys((*before, *after))
    for name in sorted(names, key=lambda name: not is_quality(name)):
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            yield Change("results", name, _show(was), _show(now))
        elif not same_number(was.value, now.value):
            yield _compare_value(name, was.value, now.value, new, settings)


def _show(fact: Fact[float] | None) -> str:
    return show_number(fact.value) if fact else ""


def _compare_value(name: str, was: float, now: float, facts: Facts, settings: Settings) -> Change:
    return Change(
        "results",
        name,
        show_number(was),
        show_number(now),
        difference=find_difference(was, now),
        better=judge(was, now, direct(facts, name, settings)),
    )


def direct(facts: Facts, metric: str, settings: Settings) -> Direction:
    """Whether more or less of a metric is better."""
    return facts.direction if metric == facts.metric else guess_direction(metric, settings)


def _compare_rows(old: Facts | None, new: Facts | None) -> Iterator[Change]:
    before, after = _find_steps(old), _find_steps(new)
    if before and after and (gone := len(before - after)) + (added := len(after - before)):
        parts = [f"{added} added" if added else "", f"{gone} removed" if gone else ""]
        note = ", ".join(part for part in parts if part)
        yield Change("results", "checkpoints", str(len(before)), str(len(after)), note)
    best = (_say_step(facts.best) if facts and facts.best else "" for facts in (old, new))
    was, now = best
    if was and now and was != now:
        yield Change("results", "best checkpoint", was, now)


def _find_steps(facts: Facts | None) -> set[tuple[object, ...]]:
    rows = facts.rows if facts else ()
    return {
        (row.origin.ref, row.step if row.step is not None else row.epoch, row.path)
        if not row.origin.written
        else ("", row.step, row.epoch, row.path)
        for row in rows
    }


def _say_step(row: Row) -> str:
    if row.step is not None:
        return f"step {format_number(row.step)}"
    return f"epoch {format_number(row.epoch)}" if row.epoch is not None else row.path
