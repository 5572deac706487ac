"""Markdown as plain text of one line: what lists show of a card's prose.

Nothing is converted: that would cost milliseconds a card. Marks are taken away, words stay.
"""

from __future__ import annotations

import re

from cardgen.documents import strip_comments

_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})[^\n]*$", re.MULTILINE)
_LEAD = re.compile(
    r"^[ \t]{0,12}(?:#{1,6}[ \t]+|>[ \t]?|[-+*][ \t]+|\d{1,9}[.)][ \t]+)", re.MULTILINE
)
_RULE = re.compile(r"^[ \t|:=+*-]{2,200}$", re.MULTILINE)
_LINK = re.compile(
    r"!?\[([^\[\]\n]{0,300})\](?:\([^()\s]{0,500}(?:[ \t]+[^()\n]{0,200})?\)|\[[^\[\]\n]{0,100}\])"
)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>")
_MARK = re.compile(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)|`+|~~|\\(?=[^\w\s])")
_READ = 8
"""How many times the wanted length is read: a section may be 64 KB of text."""


def make_plain(markdown: str, limit: int) -> str:
    """The beginning of a text in at most ``limit`` characters, cut behind a word."""
    text = strip_comments(markdown[: _READ * limit])
    for pattern, instead in (
        (_FENCE, ""), (_RULE, ""), (_LEAD, ""), (_LINK, r"\1"), (_TAG, " "), (_MARK, ""),
    ):  # fmt: skip
        text = pattern.sub(instead, text)
    return cut(" ".join(text.split()), limit)


def cut(text: str, limit: int) -> str:
    """A text in at most ``limit`` characters, cut behind a word where there is one."""
    if len(text) <= limit:
        return text
    short = text[: limit - 1]
    return (short.rpartition(" ")[0] or short).rstrip(" ,;:–-") + "…"
