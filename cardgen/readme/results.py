"""What a card achieved, as the tables of its README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cardgen.config import Settings
from cardgen.differences.against import Against, compare_with
from cardgen.facts import Fact, Facts, Group, Row, Spread
from cardgen.groups import rank_groups, say_value
from cardgen.markdown import make_table, quote_span, quote_text
from cardgen.measures import format_spread, normalise
from cardgen.readme.words import MISSING, Origins, Words, say_step

MAX_ROWS = 60
MAX_COLUMNS = 8
_MAX_COMPARED = 12
_MAX_DIFFERING = 4


class Results:
    """Makes the parts of one card's results; ``base`` is its baseline's facts, None for none."""

    def __init__(
        self, facts: Facts, base: Facts | None, settings: Settings, words: Words, origins: Origins
    ) -> None:
        self.facts, self.base, self.words, self.origins = facts, base, words, origins
        self._against = compare_with(facts, base, settings)[:_MAX_COMPARED]

    def headline(self) -> Iterator[str]:
        """The key result, with its sign against the baseline, and where it is from."""
        facts, words = self.facts, self.words
        own = self._against[0] if self._against else None
        if facts.primary is None or own is None or own.metric != facts.metric:
            return
        said = f"**{quote_text(facts.metric)}: {quote_text(words.number(own.text))}**"
        notes = [words[f"direction_{facts.direction}"], *self._say_origin(facts.primary)]
        if facts.metric_assumed:
            notes.append(words["metric_assumed"])
        yield f"{said} ({'; '.join(notes)})"
        if (code := facts.card.front.baseline) and own.difference is not None:
            name = words["versus"].format(link_card(code))
            yield f"**{self._say_difference(own)}** {name}: {self._say_verdict(own)}"

    def _say_origin(self, primary: Fact[float]) -> Iterator[str]:
        spread = self.facts.headline
        if spread and spread.mean is not None:
            yield self.words["mean_of_seeds"].format(spread.n)
            single = self.words.metric(primary.value)
            where = self.origins.say(primary.origin)
            yield self.words["best_run_is"].format(single, where)
            return
        if self.facts.best is None:
            yield self.words["last_value"]
        elif len(self.facts.rows) > 1:
            yield self.words["best_checkpoint"].format(len(self.facts.rows))
        yield self.origins.say(primary.origin)

    def _say_difference(self, one: Against) -> str:
        if one.difference is None:
            return MISSING
        if one.better is None:
            return "±0"
        sign = "+" if one.difference > 0 else "−"
        return f"{sign}{self.words.number(f'{abs(one.difference):.4g}')}"

    def _say_verdict(self, one: Against) -> str:
        if one.difference is None:
            return MISSING
        kind = {True: "better", False: "worse", None: "equal"}[one.better]
        return self.words[f"baseline_{kind}"]

    def against(self) -> str:
        """All metrics that the baseline has, too; empty where it is the headline's alone."""
        both = [one for one in self._against if one.base is not None]
        if self.base is None or len(both) < 2:
            return ""
        code, words = self.base.code, self.words
        rows = [
            (
                quote_text(one.metric),
                quote_text(words.number(one.text)),
                quote_text(words.number(one.base_text)),
                self._say_difference(one),
                self._say_verdict(one),
            )
            for one in both
        ]
        headers = (words["against_metric"], quote_text(self.facts.code), link_card(code),
                   words["against_difference"], "")  # fmt: skip
        return make_table(headers, rows, (1, 2, 3))

    def checkpoints(self) -> Iterator[str]:
        """The table of checkpoints, the best one marked; of many, the first ones and the best."""
        facts = self.facts
        rows = bound_rows(facts.rows, facts.best, MAX_ROWS)
        if not rows:
            return
        names = list_metrics(facts)
        yield make_table(*self._make_rows(rows, names[:MAX_COLUMNS]))
        if len(facts.rows) > len(rows):
            yield self.words["steps_cut"].format(len(facts.rows) - len(rows))
        if len(names) > MAX_COLUMNS:
            rest = ", ".join(quote_text(name) for name in names[MAX_COLUMNS : 5 * MAX_COLUMNS])
            yield self.words["more_metrics"].format(rest)

    def _make_rows(
        self, rows: Sequence[Row], names: Sequence[str]
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]], range]:
        words = self.words
        columns: list[tuple[str, list[str]]] = [
            ("", [f"**{words['best']}**" if row is self.facts.best else "" for row in rows])
        ]
        if any(row.step is not None for row in rows):
            steps = ["" if row.step is None else say_step(row.step) for row in rows]
            columns.append((words["axis_step"], steps))
        if any(row.epoch is not None for row in rows):
            epochs = ["" if row.epoch is None else words.metric(row.epoch) for row in rows]
            columns.append((words["axis_epoch"], epochs))
        for name in names:
            facts = [row.metrics.get(name) for row in rows]
            cells = words.column([fact.value if fact else None for fact in facts])
            if name == self.facts.metric:
                marked = zip(cells, rows, strict=True)
                cells = [f"**{cell}**" if row is self.facts.best else cell for cell, row in marked]
            columns.append((quote_text(name), cells))
        numbers = range(1, len(columns))
        if len({row.origin.ref for row in rows}) > 1:
            columns.append((words["run"], [self._name_run(row) for row in rows]))
        return tuple(name for name, _ in columns), list(zip(*(c for _, c in columns))), numbers  # noqa: B905

    def _name_run(self, row: Row) -> str:
        number = self.origins.numbers.get(row.origin.ref)
        return str(number) if number else "card.md"

    def groups(self) -> Iterator[str]:
        """Means over seeds, and single runs, the best first."""
        facts, words = self.facts, self.words
        if not facts.groups:
            return
        groups = rank_groups(facts.groups, facts.metric, facts.direction)
        found = dict.fromkeys(n for g in groups for m in g.members for n in m.metrics)
        names = _put_first(found, facts.metric)[:MAX_COLUMNS]
        differing = list(dict.fromkeys(n for g in groups for n in (*g.params, *g.inputs)))
        differing = differing[:_MAX_DIFFERING]
        rows = [row for group in groups for row in self._group_rows(group, names, differing)]
        headers = (words["run"], words["environment_seed"], *map(quote_text, differing),
                   words["axis_step"], *map(quote_text, names))  # fmt: skip
        first = 3 + len(differing)
        yield make_table(headers, rows[:MAX_ROWS], range(first - 1, first + len(names)))
        if len(rows) > MAX_ROWS:
            yield words["rows_cut"].format(MAX_ROWS, len(rows))
        if any(group.averaged for group in groups):
            yield words["spread_rule"]

    def _group_rows(
        self, group: Group, names: Sequence[str], differing: Sequence[str]
    ) -> Iterator[tuple[str, ...]]:
        said: Mapping[str, object] = {**group.params, **group.inputs}
        cells = tuple(quote_text(say_value(said[n])) if n in said else "" for n in differing)
        if group.averaged:
            seeds = self.words["mean_of"].format(len(group.counted))
            means = (f"**{self._say_spread(group.best.get(name))}**" for name in names)
            yield f"**{seeds}**", "", *cells, "", *means
        for member in group.members:
            step = member.best.step if member.best else None
            name = self.origins.run(member.ref)
            values = (member.metrics.get(metric) for metric in names)
            yield (
                f"{name} ({self._say_left_out(member.left_out)})" if member.left_out else name,
                quote_text(member.seed),
                *cells,
                "" if step is None else say_step(step),
                *(MISSING if fact is None else self.words.metric(fact.value) for fact in values),
            )

    def _say_left_out(self, why: str) -> str:
        key = "left_repeat" if why == "repeat" else f"status_{why}"
        return self.words.labels.get(key, why)

    def _say_spread(self, spread: Spread | None) -> str:
        if spread is None or spread.mean is None:
            return MISSING
        of = "" if spread.n == spread.of else f" ({self.words['n_of'].format(spread.n, spread.of)})"
        return f"{self.words.number(format_spread(spread.mean, spread.std))}{of}"

    def last_values(self) -> str:
        """Last values of what no checkpoint has."""
        shown = {name for row in self.facts.rows for name in row.metrics}
        left = {name: fact for name, fact in self.facts.finals.items() if name not in shown}
        if not left or self.facts.groups:
            return ""
        names = _put_first(left, self.facts.metric)[:MAX_ROWS]
        rows = [
            (quote_text(n), self.words.metric(left[n].value), self.origins.say(left[n].origin))
            for n in names
        ]
        headers = (self.words["last_value"], self.words["value"], self.words["part_sources"])
        return make_table(headers, rows, (1,))


def list_metrics(facts: Facts) -> list[str]:
    """The metrics of checkpoints, the declared one first."""
    return _put_first(dict.fromkeys(n for row in facts.rows for n in row.metrics), facts.metric)


def _put_first(names: Mapping[str, object], metric: str) -> list[str]:
    wanted = normalise(metric)
    return sorted(names, key=lambda name: normalise(name) != wanted)


def bound_rows(rows: Sequence[Row], best: Row | None, limit: int) -> list[Row]:
    """As many rows, evenly chosen, the first, the last and the best among them."""
    if len(rows) <= limit:
        return list(rows)
    last = len(rows) - 1
    places = {round(at * last / (limit - 2)) for at in range(limit - 1)}
    return [row for at, row in enumerate(rows) if at in places or row is best]


def link_card(code: str) -> str:
    """A link to another card's folder."""
    return f"[{quote_text(code)}](../{code}/)" if is_plain(code) else quote_span(code)


def is_plain(code: str) -> bool:
    return all(c.isascii() and (c.isalnum() or c in "._-") for c in code) and code not in ("", "..")
