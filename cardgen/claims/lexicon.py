"""The words by which claims are read: one JSON file a language in ``words/``.

Each maps a category (``better``, ``percent``, ``modal`` …) to its words and phrases; ``metric`` and
``split`` map a name to them. A ``*`` at a word's end stands for any ending. Case and Latin accents
mean nothing. Chinese words are found anywhere, since nothing parts them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

# Of these categories English words stand in texts of any language.
_SHARED = frozenset(
    [
        "metric",
        "split",
        "param",
        "unit",
        "percent",
        "points",
        "step",
        "epoch",
        "baseline",
        "best",
        "not_best",
        "checkpoint",
        "times",
        "std",
        "part",
        "quantity",
    ]
)
_STOPWORDS = "stopwords"
QUANTITIES = frozenset(("ms", "s", "sec", "seconds", "gb", "mb", "fps", "kg", "km", "db", "kwh"))
"""Units with which a metric's key may end."""
WORD = re.compile(r"[^\W_\u3400-\u9fff]+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = ("en", "pl", "fr")


class Mention(NamedTuple):
    """A word or phrase of a category; ``name`` is the metric or split meant, else empty."""

    start: int
    end: int
    kind: str
    name: str


class Phrase(NamedTuple):
    words: tuple[str, ...]
    kind: str
    name: str


Index = Mapping[str, tuple[Phrase, ...]]


def fold(text: str) -> str:
    """Text without case and Latin accents, each character in its place."""
    lowered = text.lower() if len(text.lower()) == len(text) else _lower(text)
    return lowered if lowered.isascii() else lowered.translate(_plain_letters())


def _lower(text: str) -> str:
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


@cache
def _plain_letters() -> dict[int, str]:
    letters = [chr(code) for code in range(0xC0, 0x250)]
    plain = {ord(c): unicodedata.normalize("NFD", c)[0] for c in letters if c.isalpha()}
    return plain | {ord("ł"): "l", ord("ё"): "е", ord("ø"): "o"}


@cache
def _load() -> dict[str, list[Phrase]]:
    """By language the phrases of all categories."""
    return {code: list(_read(held)) for code, held in _load_files().items()}


@cache
def _load_files() -> dict[str, Any]:
    found = sorted((files(__package__) / "words").iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8"))
        for file in found
        if file.name.endswith(".json")
    }


def _read(held: Mapping[str, Any]) -> Iterator[Phrase]:
    for kind, words in held.items():
        named = words.items() if isinstance(words, dict) else [("", words)]
        for name, phrases in named if kind != _STOPWORDS else ():
            for phrase in phrases:
                yield Phrase(tuple(fold(phrase).split(" ")), kind, name)


@cache
def find_firsts(kind: str) -> frozenset[str]:
    """The first words of all phrases of a category, in every language; stems are none."""
    held = _load().values()
    return frozenset(one.words[0] for phrases in held for one in phrases if one.kind == kind)


@cache
def _load_stopwords(code: str) -> frozenset[str]:
    return frozenset(map(fold, _load_files()[code][_STOPWORDS]))


@cache
def load_glue(name: str) -> frozenset[str]:
    """The small words that may stand between two things which belong together, folded."""
    held = json.loads((files(__package__) / "glue.json").read_text(encoding="utf-8"))
    return frozenset(fold(word) for words in held[name].values() for word in words.split())


@cache
def _load_small_words() -> frozenset[str]:
    found = frozenset[str]().union(*(_load_stopwords(code) for code in _load_files()))
    return found | load_glue("glue") | load_glue("towards") | load_glue("after_glue")


def is_small_word(word: str) -> bool:
    """Whether a folded word is a preposition, an auxiliary or the like of any language."""
    return word in _load_small_words()


def find_tongues(text: str) -> tuple[str, ...]:
    """The languages a text may be in, by its letters and its commonest words."""
    found = []
    if _CJK.search(text):
        found.append("zh")
    if _CYRILLIC.search(text):
        found.append("ru")
    if found:
        return tuple(found)
    words = WORD.findall(fold(text))
    scores = {code: sum(map(_load_stopwords(code).__contains__, words)) for code in _LATIN}
    top = max(scores.values())
    return tuple(code for code, score in scores.items() if score == top)


@lru_cache(64)
def make_index(tongues: tuple[str, ...]) -> tuple[Index, re.Pattern[str] | None, Index]:
    exact: dict[str, list[Phrase]] = {}
    stems: dict[str, list[Phrase]] = {}
    chinese: dict[str, list[Phrase]] = {}
    for code, phrases in _load().items():
        for phrase in phrases:
            if code in tongues or (code == "en" and phrase.kind in _SHARED):
                _enter(phrase, code, exact, stems, chinese)
    pattern = "|".join(map(re.escape, sorted(chinese, key=len, reverse=True)))
    joined = {
        **{k: tuple(v) for k, v in exact.items()},
        **{f"{k}*": tuple(v) for k, v in stems.items()},
    }
    return (
        joined,
        re.compile(pattern) if pattern else None,
        {k: tuple(v) for k, v in chinese.items()},
    )


def _enter(
    phrase: Phrase,
    code: str,
    exact: dict[str, list[Phrase]],
    stems: dict[str, list[Phrase]],
    chinese: dict[str, list[Phrase]],
) -> None:
    first = phrase.words[0]
    if code == "zh":
        chinese.setdefault(first, []).append(phrase)
    elif first.endswith("*"):
        stems.setdefault(first[:3], []).append(phrase)
    else:
        exact.setdefault(first, []).append(phrase)
