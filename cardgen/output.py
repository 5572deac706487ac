"""What is printed: data cannot control the terminal or a CI runner, which reads each line of a log.

Colour and bars are for terminals only.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_BAR = 30
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Joiners make letters of some scripts and emoji; alone they only hide.
_JOINERS = "\u200c\u200d"
_UNCOMMON = re.compile(r"[^ -~]")
_UNCOMMON_IN_LINES = re.compile(r"[^ -~\n]")
_UNSAFE = re.compile(r"[^ -~\n\t]")
# What the runners of GitHub, GitLab and Azure obey: '::name' at the start of a line, '##[name]',
# '##vso[name]' and the like anywhere.
_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.M)
_MARK = re.compile(r"##(?=\w*\[)")
_COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "bold": 1, "dim": 2}


def escape(text: str) -> str:
    """Data on one line: control, bidirectional and invisible characters are visible escapes."""
    return text if text.isascii() and text.isprintable() else _UNCOMMON.sub(_show, text)


def _show(match: re.Match[str]) -> str:
    c = match[0]
    if c in _NAMED:
        return _NAMED[c]
    if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return c
    code = ord(c)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def disarm(text: str) -> str:
    """Lines in which the runner of a CI job finds no command: a backslash parts its signs."""
    if "::" not in text and "##" not in text:
        return text
    return _MARK.sub(r"##\\", _COMMAND.sub(r"\1\\:", text))


def format_json(value: Any) -> str:
    """Values as indented JSON that shows what ``escape`` shows, in JSON's own escapes.

    A program reads what was written, and the runner of a CI job no command.

    Raises ValueError for NaN and infinities: say what they are in words.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    return _MARK.sub(r"#\\u0023", _UNCOMMON_IN_LINES.sub(_show_in_json, text))


def _show_in_json(match: re.Match[str]) -> str:
    c = match[0]
    return c if _show(match) == c else json.dumps(c)[1:-1]


def is_colourful(stream: TextIO) -> bool:
    """Whether colour is wanted: a terminal, and NO_COLOR is unset."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def colour(text: str, name: str) -> str:
    """Text in a terminal's colour, or bold or dim; for ``paint`` alone, since data is escaped."""
    return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m"


def say(text: str, paint: Callable[[str], str] | None = None) -> None:
    """Print what was asked for; ``paint`` adds colours to the safe text where they are wanted."""
    _print(text, sys.stdout, paint)


def say_whole(text: str) -> None:
    """Print what is made safe already: Markdown, where signs of no width do their work, and
    commands to a CI runner that are meant."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def complain(text: str, paint: Callable[[str], str] | None = None) -> None:
    """Print what went wrong, or what to do."""
    _print(text, sys.stderr, paint)


def _print(text: str, stream: TextIO, paint: Callable[[str], str] | None) -> None:
    encoding = stream.encoding or "utf-8"
    safe = disarm(_UNSAFE.sub(_show, text))
    safe = safe.encode(encoding, "backslashreplace").decode(encoding)
    stream.write((paint(safe) if paint and is_colourful(stream) else safe) + "\n")
    stream.flush()


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[], None]]:
    """A bar on stderr, on a terminal only; what is yielded counts one more as done."""
    if not sys.stderr.isatty() or total < 2:
        yield lambda: None
        return
    lock, done, name = threading.Lock(), 0, escape(label)

    def step() -> None:
        nonlocal done
        with lock:
            done += 1
            filled = min(_BAR, _BAR * done // total)
            sys.stderr.write(f"\r{name} [{'#' * filled:{_BAR}}] {done}/{total}")
            sys.stderr.flush()

    try:
        yield step
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
