"""Codes of experiments: what may be one, and which is free."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from cardgen.errors import UsageError
from cardgen.models import CODE_PATTERN

_TAKEN = (
    (
        re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.I),
        "is a name that Windows keeps for itself",
    ),
    (
        re.compile(r"(?:index|params|table|texts)\.(?:json|html)", re.I),
        "is the name of a file that the site has beside its cards",
    ),
)
_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>\d+)")


def fold(code: str) -> str:
    """A code as the least careful file system tells codes apart."""
    return unicodedata.normalize("NFC", code).casefold()


def find_fault(code: str) -> str:
    """Why a code cannot be a folder, of cards or of the site, on any system; empty where it can."""
    for pattern, reason in _TAKEN:
        if pattern.fullmatch(code):
            return reason
    if re.fullmatch(CODE_PATTERN, code):
        return ""
    if len(code) > 64:
        return "is longer than 64 characters"
    if code.endswith("."):
        return "ends in a dot, which Windows drops"
    if not code[:1].isascii() or not code[:1].isalnum():
        return "does not begin with a letter from a to z or a digit"
    return "holds other characters than letters from a to z, digits, '.', '_' and '-'"


def refuse_code(
    code: str, known: Iterable[str], used: Collection[str], *, reuse: bool = False
) -> None:
    """Raise UsageError with the reason where a new card cannot have this code.

    ``known`` are the codes there are, ``used`` those of git's history.
    """
    fault = find_fault(code)
    if fault:
        raise UsageError(
            f"'{code}' {fault}.",
            "Use at most 64 letters from a to z, digits, '.', '_' and '-', "
            "beginning with a letter or digit.",
        )
    for other in known:
        if fold(other) == fold(code):
            same = "exists already" if other == code else f"differs from '{other}' only in case"
            raise UsageError(f"'{code}' {same}.", "Choose another code.")
    past = sorted(other for other in used if fold(other) == fold(code))
    if past and not reuse:
        raise UsageError(
            f"'{past[0]}' was a card once: git's history holds it.",
            "Choose another code, or repeat with --reuse.",
        )


def next_code(prefix: str, taken: Iterable[str]) -> str:
    """``qa-`` with the number after the highest that was ever taken, as wide as its neighbours."""
    highest, width = 0, 1
    for code in taken:
        match = _NUMBERED.fullmatch(code)
        if match and fold(match["prefix"]) == fold(prefix):
            highest = max(highest, int(match["number"]))
            if match["number"].startswith("0"):
                width = max(width, len(match["number"]))
    return f"{prefix}{highest + 1:0{width}d}"
