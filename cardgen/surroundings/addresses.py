"""What a card's text names beside it: figures and files, with the lines they are named on.

A scan and no conversion: it follows brackets, and knows code, comments and the two kinds of HTML
that lead somewhere. Its time grows with the text alone.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from cardgen.models import Section

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"))
"""Suffixes of pictures that the site shows."""

_FENCE = re.compile(r"[ >]{0,12}(`{3,}|~{3,})([^`]*)$")
# What goes on below in indented lines: lists, quotes, admonitions, tabs, footnotes, definitions.
_CONTAINER = re.compile(r" {0,3}(?:[-*+:>]\s|\d{1,9}[.)]\s|!!!|\?\?\?|===|\[\^)")
_TICKS = re.compile(r"`+")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DEFINED = re.compile(r" {0,3}\[(?!\^)[^\[\]\n]{1,200}\]: {0,4}(?:<([^<>\n]+)>|(\S+))")
_HTML = re.compile(
    r"<(img|a)\s[^<>]*?\b(?:src|href)\s{0,4}=\s{0,4}(?:\"([^\"<>]*)\"|'([^'<>]*)')", re.IGNORECASE
)
_TITLE = re.compile(r"\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\))\s*$")
_HINTS = ("](", "]:", "<img", "<a ", "<IMG", "<A ")


@dataclass(frozen=True)
class Named:
    """A file that a text names: ``path`` is relative to the card's folder, without ``#…``."""

    path: str
    line: int
    picture: bool


def find_named(section: Section) -> Iterator[Named]:
    """The files that a section shows or leads to, in its order; addresses of the web are none."""
    body = section.body
    if ("]" not in body and "<" not in body) or not any(hint in body for hint in _HINTS):
        return
    for number, line in enumerate(_blank_code(section.body).split("\n")):
        for address, picture in _find_addresses(line):
            path = parse_path(address)
            if path:
                at = section.start + number if section.start else section.line
                yield Named(path, at, picture)


def parse_path(address: str) -> str:
    """The path of an address that leads to a file beside the card; empty for any other."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return ""
    path = unquote(parts.path)
    if parts.scheme or parts.netloc or parts.query or not path or path.startswith("/"):
        return ""
    if len(path) > 1024 or any(ord(character) < 32 or character == "\\" for character in path):
        return ""
    return posixpath.normpath(path)


def _blank_code(text: str) -> str:
    """The text without comments and code, each line in its place."""
    text = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    lines, fence = list[str](), ""
    above, before, indented = "", "", False
    for line in text.split("\n"):
        deep = line.startswith(("    ", "\t"))
        indented = deep and (indented or not before.strip()) and not _CONTAINER.match(above)
        above = above if deep or not line.strip() else line
        before = line
        found = _FENCE.match(line.rstrip("\r"))
        if indented and not fence:
            lines.append("")
        elif fence:
            lines.append("")
            closes = found and found[1].startswith(fence) and not found[2].strip()
            fence = "" if closes else fence
        elif found:
            lines.append("")
            fence = found[1]
        else:
            lines.append(_drop_spans(line) if "`" in line else line)
    return "\n".join(lines)


def _drop_spans(line: str) -> str:
    """A line without its code: what stands between two runs of as many backticks."""
    runs = list(_TICKS.finditer(line))
    later: dict[int, list[int]] = {}
    for number in reversed(range(len(runs))):
        later.setdefault(len(runs[number][0]), []).append(number)
    kept, place, number = "", 0, 0
    while number < len(runs):
        same = later[len(runs[number][0])]
        while same and same[-1] <= number:
            same.pop()
        if same:
            kept += line[place : runs[number].start()]
            number = same[-1]
            place = runs[number].end()
        number += 1
    return kept + line[place:]


def _find_addresses(line: str) -> Iterator[tuple[str, bool]]:
    """Each address of a line, and whether it is that of a picture."""
    defined = _DEFINED.match(line)
    if defined:
        address = defined[1] or defined[2]
        yield address, posixpath.splitext(address)[1].lower() in PICTURES
        return
    for found in _HTML.finditer(line) if "<" in line else ():
        yield found[2] or found[3] or "", found[1].lower() == "img"
    if "](" in line:
        yield from _find_bracketed(line)


def _find_bracketed(line: str) -> Iterator[tuple[str, bool]]:
    """``[text](address)`` and ``![text](address)``, also one within the other."""
    opened: list[bool] = []
    place = 0
    while place < len(line):
        character = line[place]
        if character == "\\":
            place += 1
        elif character == "[":
            opened.append(place > 0 and line[place - 1] == "!")
        elif character == "]" and opened:
            picture = opened.pop()
            end = _find_close(line, place + 1) if line.startswith("(", place + 1) else 0
            if end:
                yield _strip_title(line[place + 2 : end]), picture
                place = end
        place += 1


def _find_close(line: str, start: int, limit: int = 2048) -> int:
    """Where the parenthesis that opens at ``start`` is closed; 0 where it is not."""
    depth, pointed = 1, line.startswith("<", start + 1)
    for place in range(start + 1, min(len(line), start + limit)):
        character = line[place]
        if pointed:
            pointed = character != ">"
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if not depth:
                return place
    return 0


def _strip_title(text: str) -> str:
    text = text.strip()
    if text.startswith("<") and ">" in text:
        return text[1 : text.index(">")]
    return _TITLE.sub("", text) if text[-1:] in "\"')" else text
