"""Which card came of which: families of cards, cut into pieces that a page can hold.

A card's parent is its baseline, else the first card that it supersedes, as far as that card is
there. Nothing here recurses, since a chain of baselines may be as long as the collection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cardgen.site.index import Entry

DEPTH = 12
"""Levels that are drawn inside each other; what is below them goes on elsewhere."""

NODES = 300
"""Cards of a piece."""

Spot = tuple[str, int]
"""A card and the number of its first child that a piece shows."""


@dataclass(frozen=True)
class Forest:
    """``children`` of each card that has any, in order; ``looped`` cards were cut off a circle.

    ``tops`` are the roots; ``sizes`` say how many cards are in a card's family below it, itself
    included.
    """

    roots: tuple[str, ...]
    tops: frozenset[str]
    children: Mapping[str, tuple[str, ...]]
    looped: frozenset[str]
    sizes: Mapping[str, int]


@dataclass
class Piece:
    """A part of a family, from one card downward.

    ``shown`` are the children of each card within the piece; ``rest`` says how many cards go on
    below a card, and in which piece.
    """

    spot: Spot
    shown: dict[str, list[str]] = field(default_factory=dict)
    rest: dict[str, tuple[int, Spot]] = field(default_factory=dict)
    count: int = 1


def grow(entries: Sequence[Entry]) -> Forest:
    """The forest of all cards, brothers in the order of ``entries``."""
    known = {entry.code for entry in entries}
    parents = {entry.code: find_parent(entry, known) for entry in entries}
    looped = _cut_circles(parents)
    children: dict[str, list[str]] = {}
    for entry in entries:
        parent = parents[entry.code]
        if parent:
            children.setdefault(parent, []).append(entry.code)
    roots = tuple(entry.code for entry in entries if not parents[entry.code])
    made = {code: tuple(found) for code, found in children.items()}
    return Forest(roots, frozenset(roots), made, looped, _measure(roots, made))


def find_parent(entry: Entry, known: Iterable[str]) -> str:
    """Empty where it has none."""
    for code in (entry.baseline, *entry.supersedes):
        if code in known and code != entry.code:
            return code
    return ""


def _cut_circles(parents: dict[str, str]) -> frozenset[str]:
    """Take its parent from the first card of each circle."""
    done: set[str] = set()
    looped: set[str] = set()
    order = {code: number for number, code in enumerate(parents)}
    for start in parents:
        path: dict[str, None] = {}
        code = start
        while code and code not in done and code not in path:
            path[code] = None
            code = parents[code]
        if code in path:
            circle = list(path)[list(path).index(code) :]
            first = min(circle, key=lambda one: order[one])
            parents[first] = ""
            looped.add(first)
        done.update(path)
    return frozenset(looped)


def _measure(roots: Iterable[str], children: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many cards each card's family has, itself included."""
    order: list[str] = []
    waiting = list(roots)
    while waiting:
        code = waiting.pop()
        order.append(code)
        waiting.extend(children.get(code, ()))
    sizes: dict[str, int] = {}
    for code in reversed(order):
        sizes[code] = 1 + sum(sizes[child] for child in children.get(code, ()))
    return sizes


def cut_family(root: str, forest: Forest, depth: int = DEPTH, nodes: int = NODES) -> list[Piece]:
    """A family in pieces of at most ``depth`` levels and ``nodes`` cards, in their order."""
    pieces = []
    spots = deque([(root, 0)])
    while spots:
        piece = _cut_piece(spots.popleft(), forest, depth, nodes)
        spots.extend(spot for _, spot in piece.rest.values())
        pieces.append(piece)
    return pieces


def _cut_piece(spot: Spot, forest: Forest, depth: int, nodes: int) -> Piece:
    """Level by level, so that what is nearest to the top is together."""
    piece = Piece(spot)
    waiting = deque([(*spot, 1)])
    while waiting:
        code, start, level = waiting.popleft()
        children = forest.children.get(code, ())
        room = nodes - piece.count if level < depth else 0
        held = children[start : start + max(0, room)]
        if held:
            piece.shown[code] = list(held)
            piece.count += len(held)
            waiting.extend((child, 0, level + 1) for child in held)
        left = children[start + len(held) :]
        if left:
            count = sum(forest.sizes[child] for child in left)
            piece.rest[code] = count, (code, start + len(held))
    return piece
