"""The words by which claims are read: one JSON file a language in ``words/``.

Each maps a category (``better``, ``percent``, ``modal`` …) to its words and phrases; ``metric`` and
``split`` map a name to them. A ``*`` at a word's end stands for any ending. Case and Latin accents
mean nothing. Chinese words are found anywhere, since nothing parts them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
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
    ]
)
_STOPWORDS = "stopwords"
_NAMED = ("metric", "split")
_WORD = re.compile(r"[^\W_\u3400-\u9fff]+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_GAP = re.compile(r"[ \t\n\u00a0\u202f'’./_\-\u2010\u2011*]{0,3}")
_LATIN = ("en", "pl", "fr")


class Mention(NamedTuple):
    """A word or phrase of a category; ``name`` is the metric or split meant, else empty."""

    start: int
    end: int
    kind: str
    name: str


class _Phrase(NamedTuple):
    words: tuple[str, ...]
    kind: str
    name: str


Index = Mapping[str, tuple[_Phrase, ...]]


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
def _load() -> dict[str, list[_Phrase]]:
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


def _read(held: Mapping[str, Any]) -> Iterator[_Phrase]:
    for kind, words in held.items():
        named = words.items() if isinstance(words, dict) else [("", words)]
        for name, phrases in named if kind != _STOPWORDS else ():
            for phrase in phrases:
                yield _Phrase(tuple(fold(phrase).split(" ")), kind, name)


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
    words = [fold(match[0]) for match in _WORD.finditer(text)]
    scores = {code: sum(map(_load_stopwords(code).__contains__, words)) for code in _LATIN}
    top = max(scores.values())
    return tuple(code for code, score in scores.items() if score == top)


@lru_cache(64)
def _make_index(tongues: tuple[str, ...]) -> tuple[Index, re.Pattern[str] | None, Index]:
    exact: dict[str, list[_Phrase]] = {}
    stems: dict[str, list[_Phrase]] = {}
    chinese: dict[str, list[_Phrase]] = {}
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
    phrase: _Phrase,
    code: str,
    exact: dict[str, list[_Phrase]],
    stems: dict[str, list[_Phrase]],
    chinese: dict[str, list[_Phrase]],
) -> None:
    first = phrase.words[0]
    if code == "zh":
        chinese.setdefault(first, []).append(phrase)
    elif first.endswith("*"):
        stems.setdefault(first[:3], []).append(phrase)
    else:
        exact.setdefault(first, []).append(phrase)


def find_mentions(
    text: str, tongues: tuple[str, ...], own: Mapping[str, tuple[tuple[str, str], ...]]
) -> list[Mention]:
    """All words of the categories in a text, by their places.

    ``own`` are names that the card uses itself, folded, in words parted by one space, each with
    its kinds and names: ``{"eval f1": (("key", "eval/f1"),)}``.
    """
    index, pattern, chinese = _make_index(tongues)
    folded = fold(text)
    words = [(m.start(), m.end(), m[0]) for m in _WORD.finditer(folded)]
    found = list(_find_phrases(folded, words, index))
    found += _find_own(folded, words, own)
    if pattern:
        found += _find_chinese(folded, pattern, chinese)
    return sorted(_drop_inner(found))


def _find_phrases(text: str, words: list[tuple[int, int, str]], index: Index) -> Iterator[Mention]:
    for at, (start, _, word) in enumerate(words):
        for phrase in (*index.get(word, ()), *index.get(f"{word[:3]}*", ())):
            end = _match(text, words, at, phrase.words)
            if end:
                yield Mention(start, end, phrase.kind, phrase.name)


def _match(text: str, words: list[tuple[int, int, str]], at: int, phrase: tuple[str, ...]) -> int:
    """Where the phrase ends that begins at a word; 0 where it is not there."""
    if at + len(phrase) > len(words):
        return 0
    for offset, wanted in enumerate(phrase):
        start, _, word = words[at + offset]
        if not (word.startswith(wanted[:-1]) if wanted[-1] == "*" else word == wanted):
            return 0
        if offset and not _GAP.fullmatch(text, words[at + offset - 1][1], start):
            return 0
    return words[at + len(phrase) - 1][1]


_MOST_OWN = 6


def _find_own(
    text: str,
    words: list[tuple[int, int, str]],
    own: Mapping[str, tuple[tuple[str, str], ...]],
) -> Iterator[Mention]:
    firsts = {name.partition(" ")[0] for name in own}
    for at, (start, _, word) in enumerate(words):
        if word not in firsts:
            continue
        name = ""
        for offset in range(min(_MOST_OWN, len(words) - at)):
            if offset and not _GAP.fullmatch(
                text, words[at + offset - 1][1], words[at + offset][0]
            ):
                break
            name = f"{name} {words[at + offset][2]}" if name else word
            for kind, meant in own.get(name, ()):
                yield Mention(start, words[at + offset][1], kind, meant)


def _find_chinese(text: str, pattern: re.Pattern[str], chinese: Index) -> Iterator[Mention]:
    """Of Chinese words the longest at each place, and the shorter ones inside it of other kinds."""
    at = 0
    while match := pattern.search(text, at):
        for phrase in chinese[match[0]]:
            yield Mention(match.start(), match.end(), phrase.kind, phrase.name)
        at = match.end()


def _drop_inner(found: Iterable[Mention]) -> list[Mention]:
    """Without metrics, splits and the like that are a part of a longer word for something else."""
    held = sorted(set(found), key=lambda m: (m.start, -m.end))
    kept: list[Mention] = []
    cover_end, cover_start, kind_of_cover = 0, 0, ""
    for one in held:
        inside = one.end <= cover_end and (one.start, one.end) != (cover_start, cover_end)
        if (
            inside
            and not (kind_of_cover in ("split", "key") and one.kind in (*_NAMED, "key"))
            and one.kind
            in (
                *_NAMED,
                "step",
                "epoch",
                "better",
                "worse",
                "best",
                "unit",
                "param",
                "higher",
                "lower",
                "above",
                "below",
                "modal",
                "target",
                "than",
            )
        ):
            continue
        if one.end > cover_end and one.kind in (
            *_NAMED,
            "param",
            "key",
            "not_best",
            "points",
            "better",
            "worse",
            "speed",
        ):
            cover_start, cover_end, kind_of_cover = one.start, one.end, one.kind
        kept.append(one)
    return kept
