"""A stranger's text as a part of a card: Markdown that opens no heading, fence or HTML."""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT = 4000
"""Characters of a description that become a goal."""

_BLOCK = re.compile(r"^(\s*)(#|=|-{1,}\s*$|```|~~~|</?|\.\.\.\s*$)")
_MARKUP = re.compile(r"<(?=[!/?A-Za-z])")
_BLANK_LINES = re.compile(r"\n{3,}")


def quote_text(text: str) -> str:
    """The text with what would change the card's parts made harmless; lists, links and emphasis
    stay. Empty where nothing is said."""
    lines = [_quote_line(line) for line in _clean(text).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else " " for c in text)
    for separator in "\x85\u2028\u2029":
        kept = kept.replace(separator, " ")
    cut = kept.strip()
    return f"{cut[:MAX_TEXT].rstrip()} …" if len(cut) > MAX_TEXT else cut


def _quote_line(line: str) -> str:
    line = _MARKUP.sub("&lt;", line.rstrip())
    return _BLOCK.sub(r"\1\\\2", line)
