"""Which language a card's text is in: search keeps word stems by it. Pure, and never a guess.

The script decides where it can (Han, kana, Cyrillic). Between languages of Latin script small words
do that every text is full of, then the language that a card's own headings belong to; where
neither speaks clearly, the text is in the site's language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from cardgen.languages import find_languages, find_tongues

_READ = 20_000  # characters of a text that are looked at
_ENOUGH = 4  # small words that make a sentence or two
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`|https?://\S+")
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LETTER = re.compile(r"[^\W\d_]")
# Words of one of these languages only, that no text of it does without.
_SMALL = {
    "en": "the of and is are was were be with for that this it from by an than not has have which",
    "pl": "się nie jest są był była było oraz dla przez jako który która które tylko przy niż czy "
    "ale aby żeby już po od ze tym tego może",
    "fr": "le les des est une un dans pour que qui pas sur avec plus sont par aux cette ces mais "
    "ne du au et",
}
_KNOWN = {word: code for code, words in _SMALL.items() for word in words.split()}


def find_tongue(titles: Iterable[str], text: str, site: str) -> str:
    """The code of a card's language, of its section titles and its text; else the site's."""
    plain = text[:_READ]
    if "```" in plain or "~~~" in plain:
        plain = _FENCE.sub(" ", plain)
    plain = _CODE.sub(" ", plain)
    found = _read_script(plain) or _count_words(plain) or _ask_headings(titles, site)
    return found if found in find_languages() else site


def _read_script(text: str) -> str:
    if text.isascii():
        return ""
    letters = len(_LETTER.findall(text))
    han, cyrillic = len(_HAN.findall(text)), len(_CYRILLIC.findall(text))
    if han * 5 > letters:  # a sign says what takes several letters elsewhere
        return "zh"
    return "ru" if cyrillic * 2 > letters else ""


def _count_words(text: str) -> str:
    words = (_KNOWN.get(word) for word in _WORD.findall(text.lower()))
    counts = Counter(code for code in words if code).most_common(2)
    if not counts or counts[0][1] < _ENOUGH:
        return ""
    second = counts[1][1] if len(counts) > 1 else 0
    return counts[0][0] if counts[0][1] >= 2 * second else ""


def _ask_headings(titles: Iterable[str], site: str) -> str:
    """The one language that knows most of the headings; the site's where it does as well."""
    counts = Counter(code for title in titles for code in find_tongues(title))
    most = counts.most_common(2)
    if not most or counts[site] == most[0][1]:
        return site
    return site if len(most) > 1 and most[1][1] == most[0][1] else most[0][0]
