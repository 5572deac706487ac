"""Cards that name each other in a circle: each its own baseline, or its own successor."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

SHOWN = 8
"""Cards of a circle that are named; of a longer one the first and the last."""


def find_circles(names: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The circle that each card is in, from itself to itself, by code; most are in none.

    ``names`` are the cards that each card names. A card that names itself alone is in none.
    """
    known = {
        code: [name for name in named if name in names and name != code]
        for code, named in names.items()
        if any(named)
    }
    found: dict[str, tuple[str, ...]] = {}
    for knot in _find_knots(known):
        for circle in _find_in_knot(knot, known):
            for place, code in enumerate(circle):
                found.setdefault(code, _show(circle, place))
    return found


def _show(circle: Sequence[str], place: int) -> tuple[str, ...]:
    """The circle from one of its cards on, shortened where it is long."""
    count = len(circle)
    if count <= SHOWN:
        return (*circle[place:], *circle[:place], circle[place])
    ahead = [circle[(place + step) % count] for step in range(SHOWN - 2)]
    return (*ahead, f"… ({count} cards)", circle[place - 1], circle[place])


def _find_in_knot(knot: Sequence[str], names: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Circles that together hold every card of a knot."""
    inside, covered = set(knot), set[str]()
    for code in knot:
        if code not in covered:
            circle = _find_shortest(code, names, inside)
            covered.update(circle)
            yield circle


def _find_shortest(start: str, names: Mapping[str, Sequence[str]], inside: set[str]) -> list[str]:
    """The shortest way from a card back to itself."""
    before: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        code = waiting.popleft()
        for other in names[code]:
            if other == start:
                return _trace(code, start, before)
            if other in inside and other not in before:
                before[other] = code
                waiting.append(other)
    return [start]


def _trace(code: str, start: str, before: Mapping[str, str]) -> list[str]:
    way = [code]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]


def _find_knots(names: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Groups of cards each of which leads to every other."""
    search = _Search(names)
    for code in names:
        yield from search.start(code)


class _Search:
    """Tarjan's algorithm, without recursion: a chain may be of any length."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names
        self._number: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._open: dict[str, None] = {}

    def start(self, code: str) -> Iterator[list[str]]:
        """The knots that a card leads to and that were not found before."""
        work = [] if code in self._number else [self._enter(code)]
        while work:
            code, others = work[-1]
            other = next(others, None)
            if other is None:
                work.pop()
                if work:
                    self._lower(work[-1][0], self._lowest[code])
                yield from self._leave(code)
            elif other not in self._number:
                work.append(self._enter(other))
            elif other in self._open:
                self._lower(code, self._number[other])

    def _enter(self, code: str) -> tuple[str, Iterator[str]]:
        self._number[code] = self._lowest[code] = len(self._number)
        self._open[code] = None
        return code, iter(self._names.get(code, ()))

    def _lower(self, code: str, number: int) -> None:
        self._lowest[code] = min(self._lowest[code], number)

    def _leave(self, code: str) -> Iterator[list[str]]:
        """The knot that is whole now that its first card is left."""
        if self._lowest[code] < self._number[code]:
            return
        knot = list[str]()
        while not knot or knot[-1] != code:
            knot.append(self._open.popitem()[0])
        if len(knot) > 1:
            yield sorted(knot)  # whichever card of it was found first
