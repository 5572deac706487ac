"""HOCON as ClearML writes it: its configuration objects and ``clearml.conf``.

Objects, lists, quoted and bare values, comments. What HOCON has besides (substitutions, includes,
appending) is refused: it would mean something else without the files and variables around it.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_TEXT = 256 * 1024
"""Characters that are read."""

MAX_DEPTH = 32

_BLANK = re.compile(r"(?:[ \t\r\n,]|#[^\n]*|//[^\n]*)*")
_SPACE = re.compile(r"[ \t\r]*")
_LONG = re.compile(r'"""(.*?)"""(?!")', re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_BARE_KEY = re.compile(r"[^\s=:{}\[\],\"#$+]+(?:[ \t]+[^\s=:{}\[\],\"#$+]+)*")
_ASSIGN = re.compile(r"[ \t\r\n]*(?:[=:]|(?=\{))")
_BARE = re.compile(r"(?:[^\s,\]}#{\[\"$/]|/(?!/)|(?<=:)/|[ \t](?=[^\s,\]}#/]))+")
_END = re.compile(r"[ \t\r]*(?=[\n,}\]#]|//|$)")
_INT = re.compile(r"-?\d{1,18}")
_FLOAT = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}


def parse_hocon(text: str) -> Any:
    """The value of a HOCON text; raises ValueError where it is none that is read."""
    if len(text) > MAX_TEXT:
        raise ValueError("too long")
    parser = _Parser(text)
    parser.skip()
    inner = parser.peek() not in ("{", "[")
    value = parser.read_members("") if inner else parser.read_value(0)
    parser.skip()
    if parser.place < len(text):
        raise parser.fail("more than one value")
    return value


class _Parser:
    """A text and the place in it that is read next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def skip(self) -> None:
        self._take(_BLANK)

    def fail(self, what: str) -> ValueError:
        return ValueError(f"{what} in line {self.text.count(chr(10), 0, self.place) + 1}")

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.place)
        if found:
            self.place = found.end()
        return found

    def read_value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise self.fail("nested too deeply")
        if self.peek() == "{":
            self.place += 1
            return self.read_members("}", depth + 1)
        if self.peek() == "[":
            self.place += 1
            return self._read_items(depth + 1)
        value = self._read_scalar()
        if not self._take(_END):
            raise self.fail("a value of several parts")
        return value

    def _read_scalar(self) -> Any:
        found = self._take(_LONG)
        if found:
            return found[1]
        found = self._take(_QUOTED)
        if found:
            return json.loads(found[0].replace("\t", "\\t"), strict=False)
        found = self._take(_BARE)
        if not found:
            raise self.fail("no value")
        return _parse_bare(found[0])

    def _read_items(self, depth: int) -> list[Any]:
        items = []
        self.skip()
        while self.peek() != "]":
            items.append(self.read_value(depth))
            self.skip()
        self.place += 1
        return items

    def read_members(self, end: str, depth: int = 0) -> dict[str, Any]:
        """Keys and values up to ``end``, a brace or, empty, the text's end."""
        members: dict[str, Any] = {}
        self.skip()
        while self.peek() != end:
            keys = self._read_key()
            if not self._take(_ASSIGN):
                raise self.fail("a key without a value")
            self._take(_SPACE)
            if self.peek() == "\n":
                self.skip()
            if depth + len(keys) > MAX_DEPTH:
                raise self.fail("nested too deeply")
            _put(members, keys, self.read_value(depth + len(keys) - 1))
            self.skip()
        self.place += len(end)
        return members

    def _read_key(self) -> list[str]:
        found = self._take(_QUOTED)
        if found:
            return [str(json.loads(found[0], strict=False))]
        found = self._take(_BARE_KEY)
        if not found:
            raise self.fail("no key")
        return found[0].split(".")


def _parse_bare(text: str) -> Any:
    text = text.rstrip()
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if len(text) < 64 and _FLOAT.fullmatch(text) else text


def _put(members: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set a value below a path of keys; two objects of one key become one, as HOCON has it."""
    for key in keys[:-1]:
        inner = members.get(key)
        members[key] = inner if isinstance(inner, dict) else {}
        members = members[key]
    old = members.get(keys[-1])
    if isinstance(old, dict) and isinstance(value, dict):
        for key, inner in value.items():
            _put(old, [key], inner)
    else:
        members[keys[-1]] = value
