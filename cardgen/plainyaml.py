"""Front matter in its plainest form, read twenty times as fast as by the YAML library.

Lines of ``key: word``, ``key: [word, word]`` and lists of one word a line, where nothing needs a
rule to be understood; for anything else the answer is None, and ``safeyaml`` reads it. What is read
here, it reads alike: tests compare the two on generated text.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_CHARACTERS = 8 * 1024

Value = str | int | float | dt.date

_KEY = re.compile(r"([a-z]{1,30}):(?: (.*))?")
_ITEM = re.compile(r"( {0,4})- (.*)")
_TEXT = re.compile(r"[^\W\d_](?:[\w./()+,%*=@~^;&-]|:(?=[\w/.])| (?=[\w./(+]))*")
_SHORT = re.compile(r"[^\W\d_](?:[\w./+-]| (?=\w))*")  # in a list on one line
_QUOTED = re.compile(r"\"([^\"\\\W]|[ ./:,(){}\[\]+=#@%&*!?;<>|~^'-])*\"")
_WHOLE = re.compile(r"[1-9][0-9]{0,14}|0", re.ASCII)
_BROKEN = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}", re.ASCII)
_DATE = re.compile(r"([12][0-9]{3})-([0-9]{2})-([0-9]{2})", re.ASCII)
_WORDS = frozenset(("true", "false", "null"))


class _NotPlain(Exception):
    """There is more to the text than is read here."""


@dataclass
class Plain:
    """Values by key, and the line of each key and list item, counted from 1."""

    values: dict[str, Value | list[Value]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read_plain(text: str) -> Plain | None:
    """The values of plain front matter; None where it is anything more."""
    if len(text) > MAX_CHARACTERS or not text.endswith("\n"):
        return None
    try:
        return _Reader().read(text[:-1].split("\n"))
    except (_NotPlain, ValueError):
        return None


class _Reader:
    """Reads one text; ``indent`` is that of the list that is read, -1 outside of any."""

    def __init__(self) -> None:
        self.plain = Plain()
        self.key, self.indent = "", -1

    def read(self, lines: Iterable[str]) -> Plain:
        for number, line in enumerate(lines, 1):
            found = _KEY.fullmatch(line)
            if found:
                self._begin(found[1], number)
                self._add(found[2], number)
            else:
                self._continue(line, number)
        self._end()
        return self.plain

    def _begin(self, key: str, number: int) -> None:
        self._end()
        if key in self.plain.values or key in _WORDS:
            raise _NotPlain
        self.key, self.indent = key, -1
        self.plain.lines[key] = number

    def _end(self) -> None:
        """A key without a value is null."""
        if self.plain.values.get(self.key) == []:
            raise _NotPlain

    def _add(self, given: str | None, number: int) -> None:
        if given is None:
            self.plain.values[self.key] = []
        elif given.startswith("[") and given.endswith("]"):
            self.plain.values[self.key] = []
            for word in given[1:-1].split(", "):
                self._append(_read(word, _SHORT), number)
        else:
            self.plain.values[self.key] = _read(given, _TEXT)

    def _continue(self, line: str, number: int) -> None:
        item = _ITEM.fullmatch(line)
        if item is None or self.indent not in (-1, len(item[1])):
            raise _NotPlain
        if self.indent == -1 and self.plain.values.get(self.key) != []:
            raise _NotPlain
        self.indent = len(item[1])
        self._append(_read(item[2], _TEXT), number)

    def _append(self, value: Value, number: int) -> None:
        held = self.plain.values[self.key]
        if not isinstance(held, list):
            raise _NotPlain
        self.plain.lines[f"{self.key}.{len(held)}"] = number
        held.append(value)


def _read(word: str, text: re.Pattern[str]) -> Value:
    """A value as YAML 1.2 has it; raises where that is not certain."""
    if text.fullmatch(word) and word.casefold() not in _WORDS:
        return word
    if _QUOTED.fullmatch(word):
        return word[1:-1]
    if _WHOLE.fullmatch(word):
        return int(word)
    if _BROKEN.fullmatch(word):
        return float(word)
    found = _DATE.fullmatch(word)
    if found is None:
        raise _NotPlain
    return dt.date(int(found[1]), int(found[2]), int(found[3]))
