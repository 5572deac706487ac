"""One card as text for a terminal and as JSON for a program, each value with its origin."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from cardgen.documents import has_text, strip_comments
from cardgen.facts import Fact, Facts, Row
from cardgen.measures import format_number
from cardgen.models import Frozen

MAX_ROWS = 40


def describe(facts: Facts) -> str:
    """A card in the terminal; what is behind ``←`` is where a value comes from."""
    return "\n".join(_lines(facts)).rstrip()


def _lines(facts: Facts) -> Iterator[str]:
    yield f"{facts.code}  {facts.card.front.title}".rstrip()
    yield ""
    yield from _head(facts)
    for section in facts.card.sections:
        if has_text(section.body):
            title = section.title or "Text"
            yield from ("", title, "-" * len(title), strip_comments(section.body).strip())
    yield from _results(facts)
    yield from _table("Parameters", ((name, fact) for name, fact in facts.params.items()))
    yield from _commands(facts)
    for conflict in facts.conflicts:
        written, recorded = conflict.written, conflict.recorded
        yield ""
        yield (
            f"! {conflict.key}: the card says {_show(written.value)}, "
            f"{recorded.origin} recorded {_show(recorded.value)}"
        )


def _head(facts: Facts) -> Iterator[str]:
    entries: list[tuple[str, Fact[Any]]] = []
    for name in ("status", "date", "model", "source"):
        fact = getattr(facts, name)
        entries += [(name, fact)] if fact else []
    for name in ("authors", "tags", "data", "output"):
        entries += [(name, fact) for fact in getattr(facts, name)]
    entries += [("environment", fact) for fact in facts.environments]
    width = max((len(name) for name, _ in entries), default=0)
    for name, fact in entries:
        yield f"{name:{width}}  {_show(fact.value)}  ← {fact.origin}"
        yield from (f"{'':{width}}  {_show(o.value)}  ← {o.origin}" for o in fact.others)


def _results(facts: Facts) -> Iterator[str]:
    if facts.metric and facts.primary:
        how = "lowest" if facts.direction == "min" else "highest"
        assumed = ", assumed: no metric is declared" if facts.metric_assumed else ""
        yield ""
        yield (
            f"Best {facts.metric} ({how}{assumed}): "
            f"{format_number(facts.primary.value)}  ← {facts.primary.origin}"
        )
    if facts.rows:
        yield ""
        yield _rows_table(facts)
    left = {name: fact for name, fact in facts.finals.items() if not _in_rows(name, facts.rows)}
    yield from _table("Last values", left.items())


def _in_rows(name: str, rows: Iterable[Row]) -> bool:
    return any(name in row.metrics for row in rows)


def _rows_table(facts: Facts) -> str:
    import tabulate  # noqa: PLC0415  # heavy, and not every card has rows

    names = list(dict.fromkeys(name for row in facts.rows for name in row.metrics))
    shown = facts.rows[-MAX_ROWS:]
    rows = [
        (
            "*" if row is facts.best else "",
            "" if row.step is None else format_number(row.step),
            "" if row.epoch is None else format_number(row.epoch),
            *(f"{row.metrics[n].value:.6g}" if n in row.metrics else "" for n in names),
            row.origin.ref or str(row.origin),
        )
        for row in shown
    ]
    headers = ("", "step", "epoch", *names, "from")
    table = tabulate.tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
    cut = len(facts.rows) - len(shown)
    return f"({cut} earlier rows)\n{table}" if cut else table


def _table(title: str, entries: Iterable[tuple[str, Fact[Any]]]) -> Iterator[str]:
    rows = list(entries)
    if not rows:
        return
    yield from ("", title, "-" * len(title))
    width = min(max(len(name) for name, _ in rows), 40)
    for name, fact in rows:
        others = "".join(f", {_show(other.value)} ← {other.origin}" for other in fact.others)
        yield f"{name:{width}}  {_show(fact.value)}  ← {fact.origin}{others}"


def _commands(facts: Facts) -> Iterator[str]:
    for title, commands in (("Training", facts.train), ("Prediction", facts.predict)):
        if commands:
            yield from ("", title, "-" * len(title))
        for fact in commands:
            yield f"$ {fact.value}"
            yield f"  ← {fact.origin}"


def _show(value: Any) -> str:
    if isinstance(value, Frozen):
        return ", ".join(f"{k} {_show(v)}" for k, v in _said(value).items() if k != "packages")
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, (str, dt.date)):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _said(value: Frozen) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_defaults=True)


def describe_json(facts: Facts) -> str:
    """A card for programs: each value beside its origin; NaN and infinities are strings."""
    card = facts.card
    values = {
        "code": facts.code,
        "title": facts.title,
        "sections": [
            {"key": s.key, "title": s.title, "text": strip_comments(s.body).strip()}
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
        "conflicts": [
            {"key": c.key, "written": _fact(c.written), "recorded": _fact(c.recorded)}
            for c in facts.conflicts
        ],
    }
    return json.dumps(_finite(values), ensure_ascii=False, allow_nan=False, indent=2, default=str)


def _fact(fact: Fact[Any] | None) -> dict[str, Any] | None:
    if fact is None:
        return None
    value = _said(fact.value) if isinstance(fact.value, Frozen) else fact.value
    others = [_fact(other) for other in fact.others]
    shown = {"value": value, "origin": str(fact.origin)}
    return {**shown, "others": others} if others else shown


def _row(row: Row, best: bool) -> dict[str, Any]:
    return {
        "step": row.step,
        "epoch": row.epoch,
        "best": best,
        "origin": str(row.origin),
        "metrics": {name: _fact(fact) for name, fact in row.metrics.items()},
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
