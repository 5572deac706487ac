"""A card of two branches made one: front matter value by value, text section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cardgen.documents import Halves, parse_sections, split_document
from cardgen.edits import Assignment, edit_front_matter
from cardgen.errors import CardgenError
from cardgen.merging.marks import Names, Sides, mark_both, merge_lines
from cardgen.safeyaml import UnsafeYaml, parse_yaml, read_yaml

_LISTS = ("runs", "tags", "authors", "supersedes", "accepted", "data", "output", "results",
          "train", "predict")  # fmt: skip


_NONE = object()

Merge = Callable[[str, Sides], tuple[str, bool]]
"""Merges one piece that both changed: the text, and whether no marks are left in it."""


@dataclass(frozen=True)
class Chunk:
    """A piece of a card that is merged as a whole: a key with its value, or a section."""

    key: str
    text: str


@dataclass(frozen=True)
class MergedCard:
    """``open`` names the keys and sections that a person must decide, marked in the text."""

    text: str
    open: tuple[str, ...] = ()


def merge_card(sides: Sides) -> MergedCard:
    """Merge a card; a card that cannot be read as one is merged line by line."""
    halves = [split_document(text) for text in (sides.base, sides.ours, sides.theirs)]
    fronts = [split_front(one) for one in halves]
    whole = tuple(one for one in halves if one is not None)
    if fronts[1] is None or fronts[2] is None or halves[1] is None:
        text, clean = merge_lines(sides)
        return MergedCard(text, () if clean else ("the file",))
    names = sides.names
    front, open_keys = merge_chunks(fronts[0] or [], fronts[1], fronts[2], names, _merge_value)
    bodies = [split_body(one.body) if one else [] for one in halves]
    body, open_sections = merge_chunks(bodies[0], bodies[1], bodies[2], names, _merge_section)
    head, foot = _cut(sides.ours, halves[1])
    text = head + front + foot + body
    if len(whole) == 3 and sides.ours.endswith("\n") and not text.endswith("\n"):
        text += "\n"
    return MergedCard(text, (*open_keys, *open_sections))


def _cut(text: str, halves: Halves) -> tuple[str, str]:
    """The line above the front matter and that below it."""
    end = halves.start + len(halves.front)
    return text[: halves.start], text[end : len(text) - len(halves.body)]


def split_front(halves: Halves | None) -> list[Chunk] | None:
    """Front matter by its keys, comments with the key below them; None where it is broken."""
    if halves is None or not halves.closed:
        return None
    try:
        marks = read_yaml(halves.front).marks
    except UnsafeYaml:
        return None
    lines = halves.front.splitlines(keepends=True)
    starts = sorted((key.line - 1, path[0]) for path, (key, _) in marks.items() if len(path) == 1)
    starts = [(_skip_comments(lines, at), key) for at, key in starts]
    if not starts:
        return [Chunk("", halves.front)] if halves.front.strip() else []
    chunks = [Chunk("", "".join(lines[: starts[0][0]]))] if starts[0][0] else []
    ends = [*(at for at, _ in starts[1:]), len(lines)]
    return chunks + [
        Chunk(key, "".join(lines[at:end])) for (at, key), end in zip(starts, ends, strict=True)
    ]


def _skip_comments(lines: Sequence[str], at: int) -> int:
    """The first of the comment lines right above a line."""
    while at > 1 and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def split_body(body: str) -> list[Chunk]:
    """A card's text by its headings; sections of one title are told apart by their order."""
    lines = body.splitlines(keepends=True)
    found = [s for s in parse_sections(body.replace("\r\n", "\n"), 0) if s.title]
    starts = [(section.line, section.key or section.title.casefold()) for section in found]
    chunks = [Chunk("", "".join(lines[: starts[0][0] if starts else len(lines)]))]
    ends = [*(at for at, _ in starts[1:]), len(lines)]
    seen: dict[str, int] = {}
    for (at, key), end in zip(starts, ends, strict=True):
        seen[key] = seen.get(key, 0) + 1
        name = key if seen[key] == 1 else f"{key} ({seen[key]})"
        chunks.append(Chunk(name, "".join(lines[at:end])))
    return chunks


def merge_chunks(
    base: Sequence[Chunk],
    ours: Sequence[Chunk],
    theirs: Sequence[Chunk],
    names: Names,
    merge: Merge,
) -> tuple[str, tuple[str, ...]]:
    """Pieces merged by their keys, in our order; what they added stands where it stood there."""
    olds, firsts, seconds = ({c.key: c.text for c in chunks} for chunks in (base, ours, theirs))
    texts: list[str] = []
    left: list[str] = []
    for key in _order([c.key for c in ours], [c.key for c in theirs]):
        old, first, second = olds.get(key), firsts.get(key), seconds.get(key)
        if _same(first, second) or _same(second, old):
            texts.append(first or "")
        elif _same(first, old):
            texts.append(second or "")
        else:
            text, clean = merge(key, Sides(old or "", first or "", second or "", names))
            texts.append(text)
            left += [] if clean else [key or "the beginning"]
    return _join(texts), tuple(left)


def _same(a: str | None, b: str | None) -> bool:
    return a == b or (a is not None and b is not None and a.rstrip() == b.rstrip())


def _join(texts: Iterable[str]) -> str:
    """Pieces below each other; one that was the last may lack its line end."""
    joined = ""
    for text in texts:
        if joined and not joined.endswith("\n") and text:
            joined += "\n"
        if text.startswith("## ") and joined.strip() and not joined.endswith(("\n\n", "\n\r\n")):
            joined += "\n"
        joined += text
    return joined


def _order(ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    order = list(dict.fromkeys(ours))
    above = ""
    for key in dict.fromkeys(theirs):
        if key not in order:
            order.insert(order.index(above) + 1 if above in order else len(order), key)
        above = key
    return order


def _merge_section(key: str, sides: Sides) -> tuple[str, bool]:
    return merge_lines(sides)


def _merge_value(key: str, sides: Sides) -> tuple[str, bool]:
    """One key that both changed: lists and mappings item by item, where the items allow."""
    try:
        values = [_read_value(text, key) for text in (sides.base, sides.ours, sides.theirs)]
    except UnsafeYaml:
        return merge_lines(sides)
    base, ours, theirs = values
    if ours == theirs:
        return sides.ours, True
    assignments = None
    if isinstance(ours, list) and isinstance(theirs, list) and key in _LISTS:
        assignments = _merge_lists(key, base if isinstance(base, list) else [], ours, theirs)
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        assignments = _merge_maps(key, base if isinstance(base, dict) else {}, ours, theirs)
    if assignments is None:
        return mark_both(sides), False
    return _apply(sides, assignments)


def _read_value(text: str, key: str) -> Any:
    parsed = parse_yaml(text) if text.strip() else None
    return parsed.get(key) if isinstance(parsed, dict) else None


def _merge_lists(
    key: str, base: list[Any], ours: list[Any], theirs: list[Any]
) -> list[Assignment] | None:
    """What theirs added and took out; None where both replaced the same item."""
    gone = [item for item in base if item not in theirs]
    both = [item for item in gone if item not in ours]
    added = [item for item in theirs if item not in base and item not in ours]
    own = [item for item in ours if item not in base]
    if both and added and own:
        return None
    out = [Assignment(key, "-=", item) for item in gone if item in ours]
    return out + [Assignment(key, "+=", item) for item in added]


def _merge_maps(
    key: str, base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> list[Assignment] | None:
    """The entries that theirs alone changed; None where both changed one in their own way."""
    found = []
    for name in dict.fromkeys((*ours, *theirs)):
        old, first, second = (one.get(name, _NONE) for one in (base, ours, theirs))
        if second in (first, old):
            continue
        if first != old or second is _NONE or "." in str(name):
            return None
        found.append(Assignment(f"{key}.{name}", "=", second))
    return found


def _apply(sides: Sides, assignments: Sequence[Assignment]) -> tuple[str, bool]:
    """Our text of one key with the assignments made in place; marked where that is refused."""
    head, foot = "---\ncode: x\n", "---\n"
    path = Path("x", "card.md")
    try:
        text = edit_front_matter(head + sides.ours + foot, tuple(assignments), path, "card.md")
    except CardgenError:
        return mark_both(sides), False
    return text.removeprefix(head).removesuffix(foot), True


def take_side(sides: Sides, side: str) -> Sides:
    """The versions as if the other one had left alone whatever both changed."""
    chosen = sides.ours if side == "ours" else sides.theirs
    return replace(sides, ours=chosen, theirs=chosen)
