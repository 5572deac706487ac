"""Markdown tables in prose: their cells, each with its heading and its row's label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_RULE = re.compile(
    r"[ \t>]*\|?[ \t]*:?-{1,100}:?[ \t]*(?:\|[ \t]*:?-{1,100}:?[ \t]*){0,100}\|?[ \t]*"
)


@dataclass(frozen=True)
class Cell:
    """A cell by its place in the text; ``heading`` is that of its column, ``label`` its row's."""

    start: int
    end: int
    heading: str
    label: str
    row: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    start: int
    end: int
    cells: tuple[Cell, ...]


def find_tables(quiet: str, words: str) -> Iterator[Table]:
    """The tables of a text; headings and labels as ``words`` shows them."""
    if "|" not in quiet:
        return
    lines, at = [], 0
    for line in quiet.split("\n"):
        lines.append((at, line))
        at += len(line) + 1
    number = 1
    while number < len(lines):
        (start, head), (_, rule) = lines[number - 1], lines[number]
        if "|" not in head or "-" not in rule or "|" not in rule or not _RULE.fullmatch(rule):
            number += 1
            continue
        stop = number + 1
        while stop < len(lines) and "|" in lines[stop][1]:
            stop += 1
        end = lines[stop - 1][0] + len(lines[stop - 1][1])
        headings = [words[a:b].strip() for a, b in _cut_row(start, head)]
        cells = [
            cell for row in lines[number + 1 : stop] for cell in _read_row(row, headings, words)
        ]
        yield Table(start, end, tuple(cells))
        number = stop + 1


def _read_row(row: tuple[int, str], headings: list[str], words: str) -> Iterator[Cell]:
    spans = _cut_row(*row)
    if not spans:
        return
    label = words[spans[0][0] : spans[0][1]].strip()
    said = tuple(
        (heading, words[a:b].strip()) for heading, (a, b) in zip(headings, spans, strict=False)
    )
    for heading, (start, end) in list(zip(headings, spans, strict=False))[1:]:
        yield Cell(start, end, heading, label, said)


def _cut_row(start: int, line: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for piece in line.split("|"):
        spans.append((start + at, start + at + len(piece)))
        at += len(piece) + 1
    if spans and not line.partition("|")[0].strip(" >\t"):
        spans = spans[1:]
    if spans and line.rstrip().endswith("|"):
        spans = spans[:-1]
    return spans
