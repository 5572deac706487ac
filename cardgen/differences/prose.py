"""Differences of what a person wrote: the sentences that went and those that came."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterator, Sequence

from cardgen.differences.values import Change
from cardgen.documents import strip_comments
from cardgen.facts import Facts

_WIDTH = 76
_MOST = 400
"""Sentences a side that are compared; a longer text is said to be rewritten."""

_MOST_TEXT = 64 * 1024
_SENTENCE = re.compile(r"(?<=[.!?。！？…])\s+")
_BLOCK = re.compile(r"^\s*(?:[-*+|>]\s|\||>|#{1,6}\s|\d{1,4}[.)]\s|```|~~~|\$\$)")


def compare_sections(old: Facts | None, new: Facts | None) -> Iterator[Change]:
    """Goal, conclusions, problems and further sections, as the sentences that differ."""
    before, after = _read_sections(old), _read_sections(new)
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name, ""), after.get(name, "")
        if " ".join(was.split()) != " ".join(now.split()):
            yield Change("text", name, _say(was), _say(now), lines=diff_text(was, now))


def _say(text: str) -> str:
    count = len(text.split())
    return f"{count} word{'' if count == 1 else 's'}" if text else ""


def _read_sections(facts: Facts | None) -> dict[str, str]:
    """The text by the section's key, or title where it has none."""
    found: dict[str, str] = {}
    for section in facts.card.sections if facts else ():
        text = strip_comments(section.body).strip()
        if text:
            name = section.key or section.title or "text"
            found[name] = f"{found[name]}\n\n{text}" if name in found else text
    return found


def diff_text(old: str, new: str) -> tuple[str, ...]:
    """Lines that begin with ``-`` or ``+``, of at most 76 characters more; unchanged ones not."""
    before, after = _split(old), _split(new)
    if max(len(before), len(after)) > _MOST or max(len(old), len(new)) > _MOST_TEXT:
        return (f"- {len(before)} sentences", f"+ {len(after)} sentences")
    lines: list[str] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, low, high, start, end in matcher.get_opcodes():
        if kind != "equal":
            lines += [line for text in before[low:high] for line in _wrap("-", text)]
            lines += [line for text in after[start:end] for line in _wrap("+", text)]
    return tuple(lines)


def _split(text: str) -> Sequence[str]:
    """Sentences, however their lines are broken; items, quotes and rows of tables one by one."""
    parts: list[str] = []
    held: list[str] = []
    for line in [*text.splitlines(), ""]:
        if not line.strip() or _BLOCK.match(line):
            parts += _split_sentences(held)
            held = []
        if line.strip():
            held.append(line)
    return parts


def _split_sentences(lines: Sequence[str]) -> list[str]:
    joined = " ".join(" ".join(lines).split())
    return [part for part in _SENTENCE.split(joined) if part]


def _wrap(sign: str, text: str) -> list[str]:
    return [f"{sign} {line}" for line in textwrap.wrap(text, _WIDTH)]
