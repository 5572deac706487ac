"""Which parts of a Markdown text are code or comments: the text itself says nothing there."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

_FENCE = re.compile(r"[ >]{0,40}(?:[-*+] {1,3}|\d{1,3}[.)] {1,3})?(`{3,}|~{3,})(.*)$")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TICKS = re.compile(r"`+")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)]|\[\^|!!!|\?\?\?|===|:)(?:\s|[^\s]*\]:|\S)")
_PARAGRAPH_END = re.compile(r"\n[ \t]*(?=\n)")
_SIGN = re.compile(r"[^\n]")


def blank_quoted(text: str) -> str:
    """The same text, as long, with spaces where it has code blocks, code spans or comments."""
    if "`" in text or "~~~" in text or "    " in text or "\t" in text:
        text = _blank_blocks(text)
    if "<!--" in text:
        text = _COMMENT.sub(lambda match: _blank(match[0]), text)
    return _blank_spans(text) if "`" in text else text


def _blank(text: str) -> str:
    return _SIGN.sub(" ", text)


def _blank_blocks(text: str) -> str:
    """Without fenced and indented code; a fence in a comment is none."""
    kept: list[str] = []
    fence, commented, indented, listed, empty = "", False, False, False, True
    for line in text.split("\n"):
        was = fence
        if not commented:
            fence = _follow_fence(line, fence)
        inside = bool(was or fence)
        deep = line.startswith(("    ", "\t"))
        indented = deep and not listed and (empty or indented)
        empty = not line.strip()
        if not inside and not empty and not deep:
            listed = _ITEM.match(line) is not None
        if not inside and not indented:
            commented = _follow_comment(line, commented)
        kept.append(_blank(line) if inside or (indented and not commented) else line)
    return "\n".join(kept)


def _follow_fence(line: str, fence: str) -> str:
    """The fence that is open after a line, empty for none."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    mark, rest = match[1], match[2]
    if not fence:
        return "" if mark[0] == "`" and "`" in rest else mark
    closes = mark[0] == fence[0] and len(mark) >= len(fence) and not rest.strip()
    return "" if closes else fence


def _follow_comment(line: str, commented: bool) -> bool:
    opened, closed = line.rfind("<!--"), line.rfind("-->")
    return commented if opened == closed == -1 else opened > closed


def _blank_spans(text: str) -> str:
    """Without code spans: what stands between two runs of as many backticks in a paragraph."""
    pieces, done = [], 0
    for start, end in _find_spans(text):
        pieces += [text[done:start], _blank(text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _find_spans(text: str) -> Iterator[tuple[int, int]]:
    ends = [match.start() for match in _PARAGRAPH_END.finditer(text)]
    runs = [(match.start(), match.end()) for match in _TICKS.finditer(text)]
    places: dict[int, list[int]] = {}
    for start, end in runs:
        places.setdefault(end - start, []).append(start)
    done = 0
    for run, end in runs:
        # An escaped backtick opens nothing; those behind it are a run of their own.
        start = run + _is_escaped(text, run)
        same = places.get(end - start, [])
        at = bisect_right(same, end - 1)
        if start < max(done, start == end and end + 1) or at == len(same):
            continue
        limit = bisect_right(ends, start)
        if limit < len(ends) and ends[limit] < same[at]:
            continue
        done = same[at] + end - start
        yield start, done


def _is_escaped(text: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    before = at
    while before and text[before - 1] == "\\" and at - before < 100:
        before -= 1
    return (at - before) % 2 == 1
