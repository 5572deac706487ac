"""How many sentences a text has, in the languages that cards are written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCED = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
_MATHS = re.compile(r"\$\$.*?\$\$|(?<![\w$])\$[^\s$](?:[^$\n]{0,300}[^\s$])?\$(?![\w$])", re.DOTALL)
_CODE = re.compile(r"(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\]]{0,300}\]\([^)\s]{0,2000}(?:\s[^)]{0,300})?\)")
_LINK = re.compile(r"\[(?P<text>[^\]]{0,300})\]\([^)\s]{0,2000}(?:\s[^)]{0,300})?\)")
_ADDRESS = re.compile(r"<[^<>\s]+[:@][^<>\s]+>|\bhttps?://[^\s)>]*[^\s)>.,;:!?。！？]")
_WORD = "Word"  # what stands in the place of code, formulas and addresses
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_MARKUP = (
    (("<!--",), _COMMENT, ""),
    (("```", "~~~"), _FENCED, ""),
    (("$",), _MATHS, _WORD),
    (("`",), _CODE, _WORD),
    (("![",), _IMAGE, ""),
    (("](",), _LINK, r"\g<text>"),
    (("<", "http"), _ADDRESS, _WORD),
    (("<",), _TAG, ""),
)
"""In this order: what must be in a text, what is then replaced, and by what."""

_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)、])\s+(?=\S)")
_APART = re.compile(r"\s*(?:#{1,6}\s|\||:?-{3,}|={3,}|!!!|\?\?\?)")
_QUOTE = re.compile(r"\s*(?:>\s?)+")

# A mark, the quotes and brackets that close behind it, and what follows.
_CLOSERS = r"[\"'’”»›)\]」』）】*_~]*"
_END = re.compile(
    rf"(?P<mark>[.!?…]+){_CLOSERS}(?=\s|$)"
    rf"|(?P<wide>[。！？｡]+){_CLOSERS}"
    rf"|(?P<tight>(?<=[\u3400-\u9fff])[.!?]){_CLOSERS}(?=[\u3400-\u9fff])"
)
_WORD_BEFORE = re.compile(r"[^\s(\[„“«\"'’/]+$")
_WORD_AFTER = re.compile(r"[\s\"'“”„«‹(\[*_~–—-]*([^\s]*)")

# Short forms behind which a sentence goes on, whatever follows.
_WITHIN = """
e.g i.e vs cf approx fig figs eq eqs sec sect ch vol pp resp incl excl dr mr mrs ms prof st viz
np tj tzn tzw m.in ang godz mgr inż por zob rys tab wg pkt
p.ex c.-à-d c.à.d éq mme mlle
т.е т.н т.к напр см рис табл стр гл ср акад проф тыс млн млрд
"""
# Short forms that may be a sentence's last word, too: then a capital follows.
_LAST = """
etc al no nos p min max avg std ca inc ltd ok env ex pol
itd itp proc r nr s str tys mln mld sek min ust
т.д т.п др г гг им руб
"""
_ALWAYS_SHORT = frozenset(_WITHIN.split())
_SOMETIMES_SHORT = frozenset(_LAST.split())

MAX_CHARACTERS = 10_000
"""What is counted of a text: far more than any conclusions need."""


def count_sentences(text: str) -> int:
    """The sentences of a Markdown text; an item of a list is at least one of them.

    Code blocks, tables, headings and formulas are none; a line that leads to a list with a colon
    belongs to it.
    """
    blocks = [*_find_blocks(_without_markup(text[:MAX_CHARACTERS])), ("", False)]
    count = 0
    for (block, _), (_, listed) in pairwise(blocks):
        leads = listed and block.rstrip().endswith((":", "："))
        count += _count_in_block(block, leads=leads)
    return count


def _without_markup(text: str) -> str:
    text = text.replace("\r\n", "\n")
    for signs, pattern, instead in _MARKUP:  # most texts have hardly any of it
        if any(sign in text for sign in signs):
            text = pattern.sub(instead, text)
    return text


def _find_blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Paragraphs and list items, each on one line, and whether it is an item."""
    held: list[str] = []
    item = False
    for raw in [*text.split("\n"), ""]:
        line = _QUOTE.sub("", raw)
        mark = _ITEM.match(line)
        apart = not line.strip() or _APART.match(line) is not None
        if (apart or mark) and held:
            yield " ".join(held), item
            held = []
        if apart:
            continue
        if not held:
            item = mark is not None
        held.append(line[mark.end() :] if mark else line.strip())


def _count_in_block(block: str, *, leads: bool) -> int:
    count = start = 0
    for match in _END.finditer(block):
        said = block[start : match.start()].strip()
        # A number alone counts what follows.
        if _has_word(said) and not said.isdecimal() and _ends(block, match):
            count += 1
            start = match.end()
    return count + (not leads and _has_word(block[start:]))


def _has_word(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _ends(block: str, match: re.Match[str]) -> bool:
    """Whether a mark ends a sentence: no short form, no initial, no number of a list or year."""
    if match["mark"] is None:
        return True
    after = _WORD_AFTER.match(block, match.end())
    follower = after[1].rstrip(".,;:!?…)]\"'”»") if after else ""
    if not follower:
        return True
    goes_on = follower.isalpha() and follower.islower()
    if match["mark"] != ".":
        return not goes_on
    before = _WORD_BEFORE.search(block[max(0, match.start() - 40) : match.start()])
    return _ends_at_dot(before[0] if before else "", follower, goes_on)


def _ends_at_dot(word: str, follower: str, goes_on: bool) -> bool:
    short = word.casefold()
    if short in _ALWAYS_SHORT or (len(word) == 1 and word.isalpha() and word.isupper()):
        return False
    if short in _SOMETIMES_SHORT:
        return follower[0].isupper()
    # Lazy writers begin sentences small; only behind something short is that a short form.
    return not (goes_on and (len(word) <= 3 or "." in word))
