"""``card.md`` as text and as values: front matter, sections, and the lines they stand on."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cardgen.evidence import LFS, PULL
from cardgen.faults import find_faults
from cardgen.languages import find_section
from cardgen.models import Card, FrontMatter, Problem, Section
from cardgen.plainyaml import read_plain
from cardgen.safeyaml import Marks, UnsafeYaml, read_yaml

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_ATX = re.compile(r"(#{1,2})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r"(?:=+|-+)[ \t]*$")
_ATTRIBUTES = re.compile(r"\s*\{[^{}]*\}\s*$")
_SUGGESTION = re.compile(r'\s*<!-- suggested by ("(?:[^"\\\n]|\\.){1,2000}")')
_CONFLICT = re.compile(
    r"^<{7} .*\n(?:(?!<{7} |={7}\r?$).*\n)*={7}\r?\n(?:(?!>{7} |<{7} ).*\n)*>{7} ", re.MULTILINE
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


IN_CONFLICT = "Two branches changed this, and git left both versions in it."


def find_conflict(text: str) -> int:
    """The line, counted from 1, of the first mark that a merge left; 0 where there is none."""
    if "<<<<<<< " not in text:
        return 0
    match = _CONFLICT.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else 0


def mend_conflict(code: str) -> str:
    return f"Run: cardgen resolve {code}"


@dataclass(frozen=True)
class Halves:
    """A card's text cut in two: ``front`` begins at character ``start`` and line ``line``."""

    front: str
    start: int
    line: int
    body: str
    body_line: int
    closed: bool


def split_document(text: str) -> Halves | None:
    """Cut a card at its ``---`` lines; None where it does not begin with one."""
    lines = text.split("\n")
    if lines[0].lstrip("\ufeff").rstrip() != "---":
        return None
    start = len(lines[0]) + 1
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in ("---", "..."):
            front = "\n".join(lines[1:number]) + ("\n" if number > 1 else "")
            body = "\n".join(lines[number + 1 :])
            return Halves(front, start, 2, body, number + 2, closed=True)
    return Halves("\n".join(lines[1:]), start, 2, "", len(lines) + 1, closed=False)


def parse_card(text: str, path: Path, code: str, label: str) -> Card:
    """Read a card; what is wrong with it is in ``Card.problems``, and the rest still loads.

    ``code`` is the folder's name, ``label`` the path that problems show.
    """
    if at := find_conflict(text):
        problem = Problem(label, at, "merge-conflict", "error", IN_CONFLICT, mend_conflict(code))
        return Card(code, path, _bare(code), problems=(problem,))
    if text.startswith(LFS):
        problem = Problem(label, 0, "unreadable", "error", "It is a pointer of git-lfs.", PULL)
        return Card(code, path, _bare(code), problems=(problem,))
    halves = split_document(text)
    if halves is None or not halves.closed:
        problem = Problem(
            label,
            1,
            "front-matter",
            "error",
            "The card has no front matter between two lines of '---'."
            if halves is None
            else "The front matter is not closed by a line of '---'.",
            f"Begin the file with '---', 'code: {code}', '---'.",
        )
        sections = tuple(parse_sections(text, 1)) if halves is None else ()
        return Card(code, path, _bare(code), sections, problems=(problem,))
    sections = tuple(parse_sections(halves.body, halves.body_line))
    plain = read_plain(halves.front)
    if plain is not None:
        lines = {place: halves.line + line - 1 for place, line in plain.lines.items()}
        front, problems = parse_front_matter(plain.values, code, label, lines)
        return Card(code, path, front, sections, lines, problems=problems)
    try:
        parsed = read_yaml(halves.front)
    except UnsafeYaml as error:
        problem = Problem(
            label,
            halves.line + error.line - 1,
            "front-matter",
            "error",
            error.message,
            error.hint,
        )
        return Card(code, path, _bare(code), sections, problems=(problem,))
    lines = _find_lines(halves, parsed.marks)
    front, problems = parse_front_matter(parsed.values, code, label, lines)
    return Card(code, path, front, sections, lines, problems=problems)


def _find_lines(halves: Halves, marks: Marks) -> dict[str, int]:
    return {".".join(path): halves.line + key.line - 1 for path, (key, _) in marks.items()}


def parse_front_matter(
    raw: object, code: str, label: str, lines: Mapping[str, int]
) -> tuple[FrontMatter, tuple[Problem, ...]]:
    """Validate front matter; keys that break the schema become problems and are left out."""
    if not isinstance(raw, Mapping):
        message = "The front matter is no list of 'key: value' lines."
        problem = Problem(label, 2, "front-matter", "error", message, f"Write 'code: {code}'.")
        return _bare(code), (problem,)
    values = {
        key: value if key == "date" else _plain(value)
        for key, value in ((str(k), v) for k, v in raw.items())
        if not key.startswith("x-") and (value is not None or key not in FrontMatter.model_fields)
    }
    try:
        return FrontMatter.model_validate(values), ()
    except ValidationError as error:
        details = error.errors(include_url=False)
    broken = {str(detail["loc"][0]) for detail in details}
    kept = {key: value for key, value in values.items() if key not in broken}
    # The folder's name stands in for a broken code, though it need not be a valid one itself.
    front = FrontMatter.model_validate({"code": "unknown", **kept})
    front = front.model_copy(update={"code": kept.get("code", code)})
    return front, tuple(find_faults(details, label, lines, code))


def _bare(code: str) -> FrontMatter:
    """Front matter that says nothing; the folder's name need not be a valid code."""
    return FrontMatter.model_construct(code=code)


def _plain(value: Any) -> Any:
    """Dates as text and keys as text: what JSON, too, could say."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else value


# Sections ------------------------------------------------------------------------------------


def parse_sections(body: str, first_line: int) -> Iterator[Section]:
    """The parts of a card's text by its headings of level 1 and 2, code blocks left alone.

    What stands before the first heading is a section without a title, given where it says
    anything.
    """
    title, start, below, held = "", first_line, first_line, list[str]()
    for number, line, heading in _find_headings(body.split("\n")):
        if heading is None:
            below = below if held else first_line + number
            held.append(line)
            continue
        if title or has_text("\n".join(held)):
            yield _make_section(title, start, below, held)
        title, start, held = heading, first_line + number, []
    if title or has_text("\n".join(held)):
        yield _make_section(title, start, below, held)


def _make_section(title: str, line: int, below: int, held: list[str]) -> Section:
    text = "\n".join(held)
    body = text.lstrip("\r\n")
    below += text.count("\n", 0, len(text) - len(body))
    body = body.rstrip("\r\n")
    return Section(find_section(title), title, line, body, parse_suggestion(body), below)


def format_suggestion(ref: str, hint: str) -> str:
    """The line above a text that a run's description supplied and no person has confirmed."""
    quoted = json.dumps(ref, ensure_ascii=False).replace(">", "\\u003e").replace("<", "\\u003c")
    return f"<!-- suggested by {quoted}: {hint} -->"


def parse_suggestion(body: str) -> str:
    """The ref in the first line of a section where that is ``format_suggestion``'s, else empty."""
    match = _SUGGESTION.match(body)
    try:
        ref = json.loads(match[1]) if match else ""
    except ValueError:
        return ""
    return str(ref).strip()


def _find_headings(lines: list[str]) -> Iterator[tuple[int, str, str | None]]:
    """Each line with its number and, where it is a heading, its title."""
    fence = ""
    commented = underlined = False
    for number, raw in enumerate(lines):
        line = raw.rstrip("\r")
        if underlined:
            underlined = False
            continue
        below = lines[number + 1].rstrip("\r") if number + 1 < len(lines) else ""
        if not (fence or commented or below.startswith(("=", "-"))) and _is_plain(line):
            yield number, line, None
            continue
        fence, was_fence = (fence, False) if commented else _follow_fence(line, fence)
        inside = bool(fence) or was_fence or commented
        commented = _follow_comment(line, commented) if not fence else commented
        heading = None if inside else _read_heading(line, below, lines[number - 1 : number])
        underlined = heading is not None and not _ATX.match(line)
        yield number, line, heading


def _is_plain(line: str) -> bool:
    """Whether nothing can begin in a line, as in most lines of prose."""
    return "#" not in line and "```" not in line and "~~~" not in line and "<!--" not in line


def _follow_fence(line: str, fence: str) -> tuple[str, bool]:
    """The code fence that is open after a line, and whether the line is a fence itself."""
    match = _FENCE.match(line)
    if match is None:
        return fence, False
    mark, rest = match[1], match[2]
    if not fence:
        return ("", False) if mark[0] == "`" and "`" in rest else (mark, True)
    closes = mark[0] == fence[0] and len(mark) >= len(fence) and not rest.strip()
    return ("", True) if closes else (fence, False)


def _follow_comment(line: str, commented: bool) -> bool:
    opened, closed = line.rfind("<!--"), line.rfind("-->")
    return commented if opened == closed == -1 else opened > closed


def _read_heading(line: str, below: str, above: list[str]) -> str | None:
    line = _COMMENT.sub("", line)
    match = _ATX.match(line)
    if match:
        return _ATTRIBUTES.sub("", match[2]).strip()
    lone = not above or not above[0].strip()
    if lone and line.strip() and _SETEXT.match(below) and not line.startswith((" ", "-", ">", "|")):
        return _ATTRIBUTES.sub("", line).strip()
    return None


def strip_comments(text: str) -> str:
    """Text without HTML comments, which hold a template's hints."""
    return _COMMENT.sub("", text) if "<!--" in text else text


def has_text(text: str) -> bool:
    """Whether a section says anything besides comments."""
    return bool(strip_comments(text).strip())
