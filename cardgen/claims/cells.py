"""Claims in tables: a cell says of which metric, step and card by its heading and its row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from cardgen.claims.analysis import Analysis, Part
from cardgen.claims.collecting import Value
from cardgen.claims.concepts import understand
from cardgen.claims.evidence import Measure
from cardgen.claims.kinds import DEVIATION, DIFFERENCE, RATIO, VALUE
from cardgen.claims.lexicon import Mention, find_tongues, fold
from cardgen.claims.mentions import find_mentions
from cardgen.claims.numbers import Number, find_numbers
from cardgen.claims.quiet import silence
from cardgen.claims.reading import Claim
from cardgen.claims.sentences import Position, Sentence
from cardgen.claims.support import Verdict
from cardgen.claims.tables import Cell
from cardgen.measures import as_number

_DIFFERENCE = re.compile(
    r"Δ|δ|delta|diff|vs|change|gain|różnic|zmian|écart|разн|прирост|差|提升", re.IGNORECASE
)
_MOST_CELLS = 2000
_MOST_UNNAMED = 200
_NO_NUMBERS = frozenset(("step", "epoch", "path", "checkpoint", "note"))


@dataclass(frozen=True)
class CellRuling:
    """A number of a table, and what became of it.

    ``there`` is what the evidence has at that very place, where it can be told.
    """

    verdict: Verdict
    line: int
    text: str
    there: tuple[Measure, Value] | None = None


def judge_tables(analysis: Analysis) -> Iterator[CellRuling]:
    """The numbers in Markdown tables of the conclusions that the evidence does not bear out."""
    cells = ((part, cell) for part in analysis.parts for t in part.tables for cell in t.cells)
    unnamed: list[tuple[Part, Cell, Number]] = []
    for part, cell in islice(cells, _MOST_CELLS):
        yield from _judge_cell(analysis, part, cell, unnamed)
    yield from _judge_unnamed(analysis, unnamed)


def _judge_unnamed(
    analysis: Analysis, unnamed: list[tuple[Part, Cell, Number]]
) -> Iterator[CellRuling]:
    """Cells that name no metric, say of models by seeds: results, where most are borne out."""
    found = []
    for part, cell, number in unnamed[:_MOST_UNNAMED]:
        unit = "percent" if number.percent or "%" in cell.heading else ""
        claim = Claim(number, _bare(number.text), (VALUE,), unit)
        found.append((part, cell, analysis.court.judge(claim)))
    wrong = [one for one in found if not one[2].supported]
    if len(found) > 2 and len(wrong) * 3 <= len(found):
        for part, cell, verdict in wrong:
            yield CellRuling(verdict, part.line(cell.start), verdict.claim.text, None)


def _judge_cell(
    analysis: Analysis, part: Part, cell: Cell, unnamed: list[tuple[Part, Cell, Number]]
) -> Iterator[CellRuling]:
    text = part.section.body[cell.start : cell.end]
    numbers = find_numbers(_quiet(part, cell))
    if not numbers or len(numbers) > 3:
        return
    around = f"{cell.heading} \n {cell.label}"
    mentions = find_mentions(around, find_tongues(around), analysis.known)
    kinds = {one.kind for one in mentions}
    metrics = frozenset(one.name for one in mentions if one.kind == "metric")
    keys = frozenset(one.name for one in mentions if one.kind == "key")
    if not (metrics or keys):
        unnamed += [(part, cell, one) for one in _find_plain(numbers, around, kinds)]
    # Without a metric it is a count, a parameter, or anything.
    if not (metrics or keys) or "param" in kinds or ("unit" in kinds and not metrics):
        return
    place = _find_place(cell)
    codes = [one.name or "baseline" for one in mentions if one.kind in ("code", "baseline")]
    codes = codes[:1] or _find_own(analysis, cell)
    for at, number in enumerate(numbers):
        if (
            number.named
            or number.money
            or (number.tail and fold(number.tail) not in ("x", "pp", "pts"))
        ):
            continue
        kind: tuple[str, ...] = (VALUE,)
        if number.sign == "±" or (at == 1 and "(" in text and number.fraction is not False):
            kind = (DEVIATION, VALUE) if number.sign != "±" else (DEVIATION,)
        elif _DIFFERENCE.search(cell.heading) or number.sign == "+":
            kind = (DIFFERENCE, RATIO)
        elif number.sign == "-":
            kind = (VALUE, DIFFERENCE)
        percent = "percent" if number.percent or "%" in cell.heading or "%" in cell.label else ""
        claim = Claim(
            number, _bare(text), kind, percent, metrics, keys,
            frozenset(m.name for m in mentions if m.kind == "variant"),
            frozenset(one.name for one in mentions if one.kind == "split"),
            place, codes[0] if codes else "", True,
        )  # fmt: skip
        verdict = analysis.court.judge(claim)
        if not verdict.supported:
            there = _find_there(analysis, claim)
            yield CellRuling(verdict, part.line(cell.start), claim.text, there)


_SEED = re.compile(r"seed|ziarn|graine|сид|种子", re.IGNORECASE)
_UNMEASURED = frozenset(("param", "unit", "resource", "speed", "diagnostic", "cite", "target"))


def _find_plain(numbers: list[Number], around: str, kinds: set[str]) -> list[Number]:
    """The number of a cell that may be a result, though neither its row nor its column says so."""
    said = kinds - {"param", "unit"} if _SEED.search(around) else kinds
    if len(numbers) != 1 or said & _UNMEASURED:
        return []
    return [
        one
        for one in numbers
        if one.fraction and not (one.named or one.money or one.sign or one.tail)
    ]


def _quiet(part: Part, cell: Cell) -> str:
    return silence(part.section.body[cell.start : cell.end])[0]


def _bare(text: str) -> Sentence:
    return Sentence(text, 0, len(text), (), ())


@lru_cache(256)  # a heading stands above all cells of its column
def _read(text: str) -> tuple[Mention, ...]:
    return tuple(find_mentions(text, find_tongues(text), {}))


def _find_place(cell: Cell) -> Position | None:
    """The step or epoch that a row has in a column of its own, or in its label."""
    for heading, text in cell.row:
        kinds = {one.kind for one in _read(heading)}
        kind = next((kind for kind in ("step", "epoch") if kind in kinds), "")
        numbers = find_numbers(text)
        if kind and len(numbers) == 1 and heading != cell.heading:
            return Position(0, 0, kind, numbers[0].readings[-1][0], True)
    mentions = _read(cell.label)
    kind = next((one.kind for one in mentions if one.kind in ("step", "epoch")), "")
    numbers = [one for one in find_numbers(cell.label) if not one.fraction]
    if kind and len(numbers) == 1:
        return Position(0, 0, kind, numbers[0].value, True)
    return None


def _find_own(analysis: Analysis, cell: Cell) -> list[str]:
    words = f"{cell.heading} {cell.label}"
    code = analysis.facts.code
    return [code] if re.search(rf"(?<![\w.-]){re.escape(code)}(?![\w-])", words) else []


def _find_there(analysis: Analysis, claim: Claim) -> tuple[Measure, Value] | None:
    """What the evidence has for a cell whose metric and place are known."""
    if VALUE not in claim.kinds or claim.kinds[0] != VALUE:
        return None
    measures = list(analysis.court.find_measures(claim))
    if not analysis.court.knows_metric(claim):
        return None
    own = [one for one in measures if one.code == (claim.code or analysis.facts.code)] or measures
    if claim.position is not None:
        index = 3 if claim.position.kind == "epoch" else 2
        for one in own:
            for value in (*one.rows, *one.curves):
                if value[index] == claim.position.value:
                    return one, value
        return None
    if claim.code and own and own[0].rows:
        one = own[0]
        return one, (one.chosen or (one.top,))[0]
    return None


def judge_results(analysis: Analysis) -> Iterator[tuple[CellRuling, str]]:
    """Numbers of hand-written ``results`` that no run bears out, with their front-matter key.

    What a run says otherwise at the same step and by the same name is a conflict of the facts
    already, and is left out.
    """
    facts = analysis.facts
    if analysis.own.written:
        return
    taken = {(one.key, one.written.origin.line) for one in facts.conflicts}
    for at, row in enumerate(facts.card.front.results):
        for key, value in row.items():
            place = f"results.{at}.{key}"
            line = _line(facts.card.lines, place)
            number = as_number(value)
            if key in _NO_NUMBERS or number is None or (f"results.{key}", line) in taken:
                continue
            claim = _read_result(analysis, key, value, row)
            if claim is None:
                continue
            verdict = analysis.court.judge(claim)
            if not verdict.supported:
                yield CellRuling(verdict, line, str(value), _find_there(analysis, claim)), place


def _line(lines: Mapping[str, int], key: str) -> int:
    parts = key.split(".")
    return next(
        (lines[k] for n in range(len(parts), 0, -1) if (k := ".".join(parts[:n])) in lines), 0
    )


def _read_result(analysis: Analysis, key: str, value: Any, row: Mapping[str, Any]) -> Claim | None:
    numbers = find_numbers(str(value))
    if len(numbers) != 1:
        return None
    number = _whole(numbers[0], value)
    mentions = find_mentions(key, ("en",), analysis.known)
    meaning = understand(key)
    metrics = frozenset(one.name for one in mentions if one.kind == "metric") | meaning.concepts
    keys = frozenset(one.name for one in mentions if one.kind == "key")
    splits = frozenset((meaning.split,)) - {"", "eval"}
    place = None
    for kind in ("step", "epoch"):
        at = as_number(row.get(kind))
        if at is not None and place is None:
            place = Position(0, 0, kind, float(at), True)
    return Claim(
        number, _bare(str(value)), (VALUE,), "", metrics, keys, frozenset(), splits, place,
        analysis.facts.code, True,
    )  # fmt: skip


def _whole(number: Number, value: Any) -> Number:
    """A number of YAML, which has a point for its decimals and nothing else."""
    decimals = len(repr(value).casefold().partition("e")[0].partition(".")[2])
    exact = isinstance(value, float) and "e" not in repr(value)
    sign = "-" if float(value) < 0 else ""
    plain = abs(float(value))
    return replace(number, readings=((plain, decimals if exact else 0),), sign=sign, percent=False)
