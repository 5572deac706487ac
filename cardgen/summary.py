"""The table of cards: a line a card, filtered and sorted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from cardgen.evidence import make_exact
from cardgen.facts import Facts
from cardgen.measures import format_number, format_spread
from cardgen.output import format_json
from cardgen.store import natural_key

FORMATS = (
    "simple", "plain", "github", "grid", "simple_grid", "rounded_grid", "pipe", "orgtbl", "jira",
    "presto", "pretty", "psql", "rst", "mediawiki", "moinmoin", "html", "latex", "latex_booktabs",
    "latex_longtable", "textile", "tsv",
)  # fmt: skip
"""The kinds of tabulate that escape what they print, or whose readers run nothing."""

MAX_TAGS = 40
"""Characters of a card's tags that a terminal's table shows."""

SORT_KEYS = ("code", "title", "status", "date", "metric", "value", "model")


@dataclass(frozen=True)
class Line:
    """One card of the list; what is unknown is empty or None.

    ``value`` is the best checkpoint's, or the mean over ``runs`` of ``of`` that differ in their
    seed only, with its ``std``; ``single`` is then the best run's, and ``step`` is of that.
    """

    code: str
    title: str
    status: str
    date: str
    tags: tuple[str, ...]
    model: str
    metric: str
    value: float | None
    step: float | None
    problems: int
    std: float | None = None
    runs: int | None = None
    of: int | None = None
    single: float | None = None
    run: str = ""


def summarise(facts: Facts) -> Line:
    """A card as one line of the list."""
    primary, spread = facts.primary, facts.headline
    single = primary.value if primary else None
    return Line(
        code=facts.code,
        title=facts.card.front.title,
        status=facts.status.value if facts.status else "",
        date=facts.date.value.isoformat() if facts.date else "",
        tags=tuple(fact.value for fact in facts.tags),
        model=facts.model.value.name if facts.model else "",
        metric=facts.metric,
        value=spread.mean if spread else single,
        step=primary.origin.step if primary else None,
        problems=sum(p.severity == "error" for p in facts.card.problems),
        std=spread.std if spread else None,
        runs=spread.n if spread else None,
        of=spread.of if spread else None,
        single=single,
        run=primary.origin.ref if primary else "",
    )


def select_lines(
    lines: Iterable[Line], tags: Sequence[str], statuses: Sequence[str], model: str
) -> list[Line]:
    """The lines with all the tags, one of the statuses, and the word in the model's name."""
    wanted = {tag.casefold() for tag in tags}
    return [
        line
        for line in lines
        if wanted <= {tag.casefold() for tag in line.tags}
        and (not statuses or line.status in statuses)
        and model.casefold() in line.model.casefold()
    ]


def sort_lines(lines: Iterable[Line], key: str) -> list[Line]:
    """By one of SORT_KEYS, a leading minus turning the order; what is unknown comes last."""
    name, reverse = key.removeprefix("-"), key.startswith("-")
    ordered = sorted(lines, key=lambda line: natural_key(line.code))
    known = [line for line in ordered if getattr(line, name) not in (None, "")]
    rest = [line for line in ordered if getattr(line, name) in (None, "")]
    if name == "value":
        known.sort(key=lambda line: line.value or 0.0, reverse=reverse)
    else:
        known.sort(key=lambda line: natural_key(getattr(line, name)), reverse=reverse)
    return known + rest


def format_lines(lines: Sequence[Line], kind: str, places: Sequence[str] = ()) -> str:
    """The list as a table of one of FORMATS; ``places`` say where each line's card lives."""
    import tabulate  # noqa: PLC0415  # heavy, and not needed for JSON

    headers = ["code", "title", "status", "date", "tags", "model", "metric", "best"]
    rows = [_row(line, kind) for line in lines]
    if places:
        headers.append("on")
        rows = [(*row, _escape(place, kind)) for row, place in zip(rows, places, strict=True)]
    return tabulate.tabulate(rows, headers, tablefmt=kind, disable_numparse=True)


def _row(line: Line, kind: str) -> tuple[str, ...]:
    best = _say_best(line)
    tags = ", ".join(line.tags)
    if kind == "simple" and len(tags) > MAX_TAGS:  # for a terminal; the other kinds are for files
        tags = f"{tags[:MAX_TAGS]}…"
    cells = (
        line.code, line.title, line.status, line.date, tags, line.model,
        line.metric, best,
    )  # fmt: skip
    return tuple(_escape(cell, kind) for cell in cells)


def _escape(cell: str, kind: str) -> str:
    return cell.replace("|", "\\|") if kind in _PIPED else cell


def _say_best(line: Line) -> str:
    """The mean over seeds, or the best checkpoint and its step."""
    if line.value is None:
        return ""
    if line.runs is None:
        at = "" if line.step is None else f" @ {format_number(line.step)}"
        return f"{line.value:.6g}{at}"
    of = "" if line.runs == line.of else f" of {line.of}"
    return f"{format_spread(line.value, line.std)} ({line.runs}{of} seeds)"


_PIPED = frozenset(("github", "pipe"))


def format_lines_json(lines: Sequence[Line]) -> str:
    """The list for programs; NaN and infinities are strings."""
    return format_json(make_exact({"cards": [asdict(line) for line in lines]}))
