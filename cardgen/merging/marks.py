"""Texts in which git left both versions: taken apart, and merged line by line."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cardgen.git import merge_files

OURS, BASE, BETWEEN, THEIRS = "<<<<<<< ", "||||||| ", "=======", ">>>>>>> "
_FINGERPRINT = re.compile(r"^(<{7} |={7}\r?$|>{7} )", re.MULTILINE)


@dataclass(frozen=True)
class Names:
    """What the two sides are called behind their marks."""

    ours: str = "ours"
    theirs: str = "theirs"


@dataclass(frozen=True)
class Sides:
    """The versions of a text; ``base`` is what they have in common where no better is known."""

    base: str
    ours: str
    theirs: str
    names: Names = Names()


def split_marks(text: str) -> Sides | None:
    """The versions that marks hold apart; None where there are none, or they are not whole."""
    parts: dict[str, list[str]] = {"base": [], "ours": [], "theirs": []}
    inside, found = "", Names()
    seen = False
    for line in text.splitlines(keepends=True):
        mark = _read_mark(line, inside)
        if mark is None:
            for name in (inside,) if inside else tuple(parts):
                parts[name].append(line)
            continue
        seen = True
        found = _name(found, mark, line)
        inside = {"<": "ours", "|": "base", "=": "theirs", ">": ""}[mark]
    if inside or not seen:
        return None
    return Sides("".join(parts["base"]), "".join(parts["ours"]), "".join(parts["theirs"]), found)


def _read_mark(line: str, inside: str) -> str | None:
    """The mark that a line is, where one may stand there."""
    if line.startswith(OURS) and not inside:
        return "<"
    if line.startswith(BASE) and inside == "ours":
        return "|"
    if line.rstrip("\r\n") == BETWEEN and inside in ("ours", "base"):
        return "="
    return ">" if line.startswith(THEIRS) and inside == "theirs" else None


def _name(names: Names, mark: str, line: str) -> Names:
    said = line[8:].strip()
    if mark == "<":
        return Names(said, names.theirs)
    return Names(names.ours, said) if mark == ">" else names


def merge_lines(sides: Sides) -> tuple[str, bool]:
    """The versions merged line by line, as git does; whether no marks were needed."""
    if sides.theirs in (sides.ours, sides.base):
        return sides.ours, True
    if sides.base == sides.ours:
        return sides.theirs, True
    with tempfile.TemporaryDirectory(prefix="cardgen-") as name:
        paths = []
        for part in ("ours", "base", "theirs"):
            paths.append(Path(name, part))
            text: str = getattr(sides, part)
            paths[-1].write_bytes(text.encode("utf-8", "surrogateescape"))
        merged = merge_files(paths, (sides.names.ours, "base", sides.names.theirs))
    if merged is None:
        return mark_both(sides), False
    text = merged.decode("utf-8", "surrogateescape")
    return text, _FINGERPRINT.search(text) is None


def mark_both(sides: Sides) -> str:
    """Both versions, one behind the other, between marks."""
    ours, theirs = (text if not text or text.endswith("\n") else f"{text}\n"
                    for text in (sides.ours, sides.theirs))  # fmt: skip
    names = sides.names
    return f"{OURS}{names.ours}\n{ours}{BETWEEN}\n{theirs}{THEIRS}{names.theirs}\n"
