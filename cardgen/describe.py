"""One card as text for a terminal and as JSON for a program, each value with its origin."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import Any

from cardgen.documents import has_text, strip_comments
from cardgen.evidence import make_exact
from cardgen.facts import Fact, Facts, Origin, Row
from cardgen.groups.text import describe_groups, groups_as_json
from cardgen.measures import format_number, format_spread
from cardgen.models import Frozen
from cardgen.output import format_json

MAX_ROWS = 40
MAX_TEXT = 300


def describe(facts: Facts) -> str:
    """A card in the terminal; what is behind ``←`` is where a value comes from."""
    return "\n".join(_Text(facts).lines()).rstrip()


class _Text:
    """One card's lines; runs are numbered once and quoted by their numbers."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.numbers = {run.ref: n for n, run in enumerate(facts.runs, 1)}

    def origin(self, origin: Origin) -> str:
        if origin.written:
            return f"card.md:{origin.line}" if origin.line else "card.md"
        step = "" if origin.step is None else f" step {format_number(origin.step)}"
        return f"[{self.numbers.get(origin.ref, origin.ref)}]{step}"

    def value(self, fact: Fact[Any]) -> str:
        return f"{_show(fact.value)}  ← {self.origin(fact.origin)}"

    def lines(self) -> Iterator[str]:
        facts = self.facts
        yield f"{facts.code}  {facts.card.front.title}".rstrip()
        yield from self.head()
        for section in facts.card.sections:
            if has_text(section.body):
                yield from _heading(section.title or "Text")
                if section.suggested:
                    yield f"(suggested by {section.suggested}; nobody has confirmed it)"
                yield strip_comments(section.body).strip()
        yield from self.results()
        yield from self.table("Parameters", facts.params.items())
        yield from self.commands("Training", facts.train)
        yield from self.commands("Prediction", facts.predict)
        for conflict in facts.conflicts:
            yield ""
            yield f"! {conflict.key}: written {self.value(conflict.written)}"
            yield f"  {'':{len(conflict.key)}}  recorded {self.value(conflict.recorded)}"

    def head(self) -> Iterator[str]:
        facts = self.facts
        if facts.runs:
            yield ""
        yield from (f"[{number}] {ref}" for ref, number in self.numbers.items())
        entries: list[tuple[str, Fact[Any]]] = []
        for name in ("status", "date", "model", "source"):
            fact = getattr(facts, name)
            entries += [(name, fact)] if fact else []
        for name in ("authors", "tags", "data", "output"):
            entries += [(name, fact) for fact in getattr(facts, name)]
        entries += [("environment", fact) for fact in facts.environments]
        width = max((len(name) for name, _ in entries), default=0)
        yield ""
        for name, fact in entries:
            yield f"{name:{width}}  {self.value(fact)}"
            yield from (f"{'':{width}}  {self.value(other)}" for other in fact.others)

    def results(self) -> Iterator[str]:
        facts = self.facts
        if facts.metric and facts.primary:
            how = "lowest" if facts.direction == "min" else "highest"
            assumed = ", assumed: no metric is declared" if facts.metric_assumed else ""
            yield ""
            yield from self.headline()
            yield f"Best {facts.metric} ({how}{assumed}): {self.value(facts.primary)}"
        if facts.groups:
            yield from describe_groups(facts, self.numbers)
        if facts.rows:
            yield from ("", self.rows())
        shown = {name for row in facts.rows for name in row.metrics}
        yield from self.table(
            "Last values", [(n, f) for n, f in facts.finals.items() if n not in shown]
        )

    def headline(self) -> Iterator[str]:
        spread = self.facts.headline
        if spread and spread.mean is not None:
            of = "" if spread.n == spread.of else f" of {spread.of}"
            said = format_spread(spread.mean, spread.std)
            yield f"Mean {self.facts.metric} ± standard deviation: {said} ({spread.n}{of} seeds)"
            yield "of each run's best checkpoint; the best single one:"

    def rows(self) -> str:
        import tabulate  # noqa: PLC0415  # heavy, and not every card has rows

        facts = self.facts
        names = list(dict.fromkeys(name for row in facts.rows for name in row.metrics))
        shown = facts.rows[-MAX_ROWS:]
        rows = [("*" if row is facts.best else "", *self.row(row, names)) for row in shown]
        headers = ("", "step", "epoch", *names, "from")
        table = tabulate.tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
        cut = len(facts.rows) - len(shown)
        return f"({cut} earlier rows)\n{table}" if cut else table

    def row(self, row: Row, names: list[str]) -> tuple[str, ...]:
        return (
            "" if row.step is None else format_number(row.step),
            "" if row.epoch is None else format_number(row.epoch),
            *(f"{row.metrics[n].value:.6g}" if n in row.metrics else "" for n in names),
            self.origin(row.origin).partition(" ")[0],
        )

    def table(self, title: str, entries: Iterable[tuple[str, Fact[Any]]]) -> Iterator[str]:
        rows = list(entries)
        if not rows:
            return
        yield from _heading(title)
        width = min(max(len(name) for name, _ in rows), 40)
        for name, fact in rows:
            others = "".join(f", {self.value(other)}" for other in fact.others)
            yield f"{name:{width}}  {self.value(fact)}{others}"

    def commands(self, title: str, commands: tuple[Fact[str], ...]) -> Iterator[str]:
        if commands:
            yield from _heading(title)
        for fact in commands:
            yield f"$ {fact.value}"
            yield f"  ← {self.origin(fact.origin)}"


def _heading(title: str) -> tuple[str, str, str]:
    return "", title, "-" * len(title)


def _show(value: Any) -> str:
    if isinstance(value, Frozen):
        return ", ".join(f"{k} {_show(v)}" for k, v in _said(value).items() if k != "packages")
    if isinstance(value, float):
        return format_number(value)
    text = str(value)
    if not isinstance(value, (str, dt.date)):
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


def _said(value: Frozen) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_defaults=True)


def describe_json(facts: Facts) -> str:
    """A card for programs: each value beside its origin; NaN and infinities are strings."""
    return format_json(make_exact(describe_values(facts)))


def describe_values(facts: Facts) -> dict[str, Any]:
    """The same as values; NaN, infinities and long numbers are as they are."""
    card = facts.card
    return {
        "code": facts.code,
        "title": facts.title,
        "sections": [
            {
                "key": s.key,
                "title": s.title,
                "text": strip_comments(s.body).strip(),
                "suggested_by": s.suggested or None,
            }
            for s in card.sections
        ],
        **{n: _fact(getattr(facts, n)) for n in ("status", "date", "model", "source", "primary")},
        **{
            name: [_fact(fact) for fact in getattr(facts, name)]
            for name in ("authors", "tags", "train", "predict", "data", "output", "environments")
        },
        "params": {name: _fact(fact) for name, fact in facts.params.items()},
        "metric": facts.metric,
        "metric_assumed": facts.metric_assumed,
        "direction": facts.direction,
        "results": [_row(row, row is facts.best) for row in facts.rows],
        "metrics": {name: _fact(fact) for name, fact in facts.finals.items()},
        "runs": [run.ref for run in facts.runs],
        **groups_as_json(facts),
        "conflicts": [
            {"key": c.key, "written": _fact(c.written), "recorded": _fact(c.recorded)}
            for c in facts.conflicts
        ],
    }


def _fact(fact: Fact[Any] | None) -> dict[str, Any] | None:
    if fact is None:
        return None
    value = _said(fact.value) if isinstance(fact.value, Frozen) else fact.value
    value = value.isoformat() if isinstance(value, dt.date) else value
    others = [_fact(other) for other in fact.others]
    shown = {"value": value, "origin": str(fact.origin)}
    return {**shown, "others": others} if others else shown


def _row(row: Row, best: bool) -> dict[str, Any]:
    origin = str(row.origin)  # that of nearly all of its values, too, and there are many
    metrics = {
        name: {"value": fact.value, "origin": origin}
        if fact.origin is row.origin and not fact.others
        else _fact(fact)
        for name, fact in row.metrics.items()
    }
    return {
        "step": row.step,
        "epoch": row.epoch,
        "best": best,
        "origin": origin,
        "metrics": metrics,
    }
