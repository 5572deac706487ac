"""The summary at the head of a card's page: what it achieved, with what and how long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from cardgen.facts import Fact, Facts, Spread
from cardgen.measures import format_number
from cardgen.models import Run
from cardgen.site.baseline import Comparison, compare_with_baseline
from cardgen.site.context import RenderContext
from cardgen.site.lines import split_metric
from cardgen.site.numbers import format_column, format_duration, format_short
from cardgen.site.shown import Shower, Shown
from cardgen.site.spreads import describe_spread, say_count, say_spread

_WORDS = {"eval": "val valid validation eval evaluation dev", "test": "test testing",
          "train": "train training"}  # fmt: skip
_SPLITS = {word: split for split, words in _WORDS.items() for word in words.split()}


@dataclass(frozen=True)
class Tile:
    """One entry of the summary: a label, a value and a line below it."""

    label: str
    shown: Shown
    below: str = ""
    kind: str = ""


class SummaryMaker:
    """Makes the tiles at the head of one card's page."""

    def __init__(self, facts: Facts, context: RenderContext, shower: Shower) -> None:
        self.facts = facts
        self.context = context
        self.labels = context.labels
        self.shower = shower

    def summary(self) -> list[Tile]:
        """The primary metric, the baseline, the model, the data and how long it took."""
        tiles = [
            self._primary(), self._baseline(), self._model(), self._data(), self._duration(),
        ]  # fmt: skip
        return [tile for tile in tiles if tile]

    def _primary(self) -> Tile | None:
        fact = self.facts.primary
        if fact is None:
            return None
        spread = self.facts.headline
        below = [self._say_split(), self._say_runs(spread, fact) if spread else self._place()]
        below.append(self._say_test())
        if self.facts.metric_assumed:
            below.append(self.labels["metric_assumed"])
        shown = self.shower.show(fact, format_short(fact.value))
        if spread:
            leading = self.facts.leading.counted if self.facts.leading else ()
            refs = ", ".join(member.ref for member in leading)
            shown = Shown(say_spread(spread), refs, describe_spread(spread, self.shower))
        return Tile(self.facts.metric, shown, " · ".join(part for part in below if part), "primary")

    def _say_split(self) -> str:
        """Which part of the data the metric is of, as far as its name says."""
        split = _SPLITS.get(split_metric(self.facts.metric)[1])
        return self.labels[f"split_{split}"] if split else ""

    def _say_test(self) -> str:
        """The same metric on the test data, beside one by which the checkpoint was chosen."""
        facts = self.facts
        base, split = split_metric(facts.metric)
        if _SPLITS.get(split) != "eval":
            return ""
        known = facts.best.metrics if facts.best else {}
        for name, fact in {**facts.finals, **known}.items():
            other, word = split_metric(name)
            if other == base and _SPLITS.get(word) == "test":
                spread = facts.leading.best.get(name) if facts.leading else None
                value = say_spread(spread) if spread and spread.n > 1 else format_short(fact.value)
                return f"{name}: {value}"
        return ""

    def _say_runs(self, spread: Spread, fact: Fact[float]) -> str:
        """What a mean is over, and which single run is best."""
        labels = self.labels
        step = fact.origin.step
        at = "" if step is None else f", {labels['axis_step']} {format_number(step)}"
        name = self.shower.names.get(fact.origin.ref, fact.origin.ref)
        return " · ".join(
            part
            for part in (
                labels["mean_of_seeds"].format(spread.n),
                say_count(spread, self.shower),
                labels["best_run_is"].format(format_short(fact.value), f"{name}{at}"),
            )
            if part
        )

    def _place(self) -> str:
        """Which checkpoint the primary value is of, and of how many."""
        best = self.facts.best
        if best is None:
            return self._place_last()
        rated = [row for row in self.facts.rows if self.facts.metric in row.metrics]
        said = [self.labels["only_checkpoint" if len(rated) == 1 else "best_checkpoint"]]
        said[0] = said[0].format(len(rated))
        if best.step is not None:
            said.append(f"{self.labels['axis_step']} {format_number(best.step)}")
        if best.epoch is not None:
            said.append(f"{self.labels['axis_epoch']} {format_column([best.epoch])[0]}")
        if self.facts.groups:
            said.append(self.shower.names.get(best.origin.ref, best.origin.ref))
        return ", ".join(said)

    def _place_last(self) -> str:
        """A last value, and of which run where there are several."""
        fact = self.facts.primary
        name = self.shower.names.get(fact.origin.ref) if fact and self.facts.groups else ""
        return f"{self.labels['last_value']}, {name}" if name else self.labels["last_value"]

    def _baseline(self) -> Tile | None:
        found = compare_with_baseline(self.facts, self.context)
        if found is None:
            return None
        origin = found.fact.origin
        shown = Shown(
            text=found.text,
            origin=found.code if found.spread else str(origin),
            title=describe_spread(found.spread, self.shower)
            if found.spread
            else self.shower.origin(origin),
            url=self.context.link(found.code),
        )
        below = f"{found.code}: {say_beside(found, self.labels)}"
        verdict = self.labels[f"baseline_{verdict_of(found)}"]
        return Tile(self.labels["versus"].format(found.code), shown, f"{verdict} · {below}",
                    verdict_of(found))  # fmt: skip

    def _model(self) -> Tile | None:
        fact = self.facts.model
        name = fact.value.name or fact.value.path or fact.value.kind if fact else ""
        if fact is None or not name:
            return None
        shown = self.shower.show(fact, name, self.shower.places.link_model(fact.value))
        below = fact.value.version or fact.value.kind
        return Tile(self.labels["model"], shown, below if below != name else "")

    def _data(self) -> Tile | None:
        named = [fact for fact in self.facts.data if fact.value.name]
        if not named:
            return None
        first = named[0]
        shown = self.shower.show(
            first, first.value.name, self.shower.places.link_dataset(first.value)
        )
        names = dict.fromkeys(fact.value.name for fact in named[1:])
        more = self.labels["and_more"].format(len(names)) if len(names) > 1 else "".join(names)
        return Tile(self.labels["data"], shown, more or first.value.version)

    def _duration(self) -> Tile | None:
        contained = {ref for run in self.facts.runs for ref in run.contains}
        known = {run.ref: run for run in self.facts.runs}
        spans = [
            (run.finished - run.started, run.ref)
            for run in self.facts.runs
            if run.started and run.finished and run.finished >= run.started
            if run.ref not in contained and not _is_within(run, known.get(run.parent))
        ]
        if not spans:
            return None
        total = sum((span for span, _ in spans), dt.timedelta())
        text = format_duration(total, units(self.labels))
        below = self.labels["in_runs"].format(len(spans)) if len(spans) > 1 else ""
        refs = ", ".join(ref for _, ref in spans)
        return Tile(self.labels["duration"], Shown(text, refs, refs), below)


def _is_within(run: Run, parent: Run | None) -> bool:
    """Whether a nested run went on in its parent's time, which then counts for both."""
    if parent is None or parent is run or not (parent.started and parent.finished):
        return False
    if not (run.started and run.finished):
        return False
    return parent.started <= run.started and run.finished <= parent.finished


def say_beside(found: Comparison, labels: Mapping[str, str]) -> str:
    """The baseline's own value, a mean with the number of its runs."""
    if found.spread is None:
        return format_short(found.value)
    return f"{say_spread(found.spread)} ({labels['in_runs'].format(found.spread.n)})"


def say_headline(facts: Facts) -> str:
    """The primary metric in few digits, the mean over seeds where there is one; empty for none."""
    if facts.primary is None:
        return ""
    return say_spread(facts.headline) if facts.headline else format_short(facts.primary.value)


def units(labels: Mapping[str, str]) -> list[str]:
    """The short words for days, hours, minutes and seconds."""
    return [labels[f"unit_{unit}"] for unit in ("day", "hour", "minute", "second")]


def verdict_of(found: Comparison) -> str:
    """better, worse or equal."""
    return {True: "better", False: "worse", None: "equal"}[found.better]
