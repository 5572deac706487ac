"""What Zensical prints, read: a report of each fault, drawn for a terminal, becomes a sentence."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_REPORT = re.compile(
    r"^(?P<kind>Warning|Error): (?P<what>.+)\n"
    r"\s*╭─+\[ (?P<place>.+?) \]\n"
    r"(?P<drawing>(?:.*[│].*\n)*)",
    re.MULTILINE,
)
_TEXT = re.compile(r"^\s*\d+ │ ?(.*)$", re.MULTILINE)
_MARK = re.compile(r"^\s*│ ?( *)([─┬]+)", re.MULTILINE)
_OTHER = re.compile(r"^(?:WARNING|ERROR)\s+-\s+(.+)$", re.MULTILINE)


def parse_notes(said: str) -> list[str]:
    """One sentence a warning: ``page.md:3:9: page does not exist: 'nowhere.md'``."""
    said = _COLOUR.sub("", said)
    found = [
        f"{report['place']}: {report['what']}{_quote(report['drawing'])}"
        for report in _REPORT.finditer(said)
    ]
    return [*found, *_OTHER.findall(said)]


def _quote(drawing: str) -> str:
    text, mark = _TEXT.search(drawing), _MARK.search(drawing)
    if text is None or mark is None:
        return ""
    quoted = text[1][len(mark[1]) : len(mark[1]) + len(mark[2])]
    return f": '{quoted}'" if quoted else ""


class Capture:
    """Sends what the process prints, Rust's share of it too, into a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self.before = os.dup(1), os.dup(2)
        target = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(target, 1)
        os.dup2(target, 2)
        os.close(target)

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, before in zip((1, 2), self.before, strict=True):
            os.dup2(before, number)
            os.close(before)
