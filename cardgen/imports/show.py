"""What an import found and would do, as a table, as lines and as JSON."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from cardgen.config import Config
from cardgen.evidence import make_exact
from cardgen.fetch import Failure
from cardgen.imports.make import Made, Planned, name_run
from cardgen.models import Card, Evidence, FrontMatter, Run
from cardgen.output import escape, format_json
from cardgen.resolve import resolve

_EVALUATION = re.compile(r"(?:eval|val|valid|validation|test|dev)[/_.\-: ]", re.IGNORECASE)
MAX_CELL = 40
"""Characters of a name that the table shows."""

_HEADERS = ("no", "ref", "name", "experiment", "status", "started", "last", "group")


@dataclass(frozen=True)
class Line:
    """One run that was found; ``value`` is the last one of its main metric."""

    ref: str
    name: str
    experiment: str
    status: str
    started: str
    metric: str
    value: float | None
    group: str


def summarise(config: Config, run: Run) -> Line:
    """A run as one line of the list."""
    card = Card(
        "run", config.root, FrontMatter(code="run"), evidence=Evidence(code="run", runs=(run,))
    )
    facts = resolve(card, config.settings)
    metric = facts.metric if facts.primary else _find_metric(run)
    last = run.metrics.get(metric)
    return Line(
        ref=name_run(run),
        name=run.name,
        experiment=run.experiment,
        status=run.status or "",
        started=_format_time(run.started),
        metric=metric if last else "",
        value=last.value if last else None,
        group=run.group,
    )


def _find_metric(run: Run) -> str:
    """A metric that evaluates, where none has a name that tells quality."""
    return next((name for name in run.metrics if _EVALUATION.match(name)), "")


def _format_time(time: dt.datetime | None) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else ""


def format_runs(lines: Sequence[Line]) -> str:
    """The runs as a numbered table for a terminal."""
    import tabulate  # noqa: PLC0415  # heavy, and not needed for JSON

    rows = [_row(number, line) for number, line in enumerate(lines, start=1)]
    return tabulate.tabulate(rows, _HEADERS, tablefmt="simple", disable_numparse=True)


def _row(number: int, line: Line) -> tuple[str, ...]:
    best = "" if line.value is None else f"{line.metric} {line.value:.6g}"
    started = line.started[:16].replace("T", " ")
    cells = (line.name, line.experiment, line.status, started, best, line.group)
    return (str(number), escape(line.ref), *(_cut(cell) for cell in cells))


def _cut(text: str) -> str:
    shown = escape(text)
    return shown if len(shown) <= MAX_CELL else f"{shown[: MAX_CELL - 1]}…"


def format_runs_json(lines: Iterable[Line], on_cards: int, failures: Iterable[Failure] = ()) -> str:
    """The same for programs."""
    runs = [asdict(line) for line in lines]
    return _format_json({"runs": runs, "on_cards": on_cards}, failures)


def format_cards(cards: Iterable[Planned], verb: str) -> list[str]:
    """A line a card: its code and its runs."""
    return [
        f"{verb}  {escape(one.card.code)}: {', '.join(map(escape, one.card.runs))}" for one in cards
    ]


def format_cards_json(
    made: Made, left_out: Iterable[Run], failures: Iterable[Failure], *, dry_run: bool
) -> str:
    """What was made, or would be, for programs."""
    cards = [
        {
            "code": one.card.code,
            "title": one.card.title,
            "tags": list(one.card.tags),
            "runs": list(one.card.runs),
        }
        for one in made.cards
    ]
    parents = [name_run(run) for run in left_out]
    values = {
        "dry_run": dry_run,
        "cards": cards,
        "completed": list(made.completed),
        "left_out": parents,
    }
    return _format_json(values, failures)


def _format_json(values: dict[str, object], failures: Iterable[Failure]) -> str:
    failed = [{"ref": one.ref, "error": str(one.error)} for one in failures]
    return format_json(make_exact(values | {"failures": failed}))


def say_counts(made: Made, left_out: int, on_cards: int, *, dry_run: bool) -> str:
    """How many cards were made of how many runs, and what became of the rest."""
    runs = sum(len(one.runs) for one in made.cards)
    verb = "would be made" if dry_run else "made"
    said = [f"{_count(len(made.cards), 'card')} {verb} with {_count(runs, 'run')}"]
    if made.completed:
        said.append(f"{_count(len(made.completed), 'card')} of an interrupted import completed")
    if left_out:
        said.append(f"{_count(left_out, 'parent')} without metrics left out")
    if on_cards:
        said.append(f"{_count(on_cards, 'run')} on cards already")
    return f"{', '.join(said)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
