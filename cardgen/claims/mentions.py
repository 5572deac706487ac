"""Where the words of the lexicon, and the names that a card uses itself, stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from cardgen.claims.lexicon import WORD, Index, Mention, Phrase, fold, make_index

_GAP = re.compile(r"[ \t\n\u00a0\u202f'’.@/_\-\u2010\u2011*]{0,3}")
_NAMED = ("metric", "split", "part", "quantity")
Own = Mapping[str, tuple[tuple[str, str], ...]]
"""What a card calls its own things: names in folded words, each with its kinds and names."""


def find_mentions(text: str, tongues: tuple[str, ...], own: Own) -> list[Mention]:
    """All words of the categories in a text, by their places.

    ``own`` are names that the card uses itself, folded, in words parted by one space, each with
    its kinds and names: ``{"eval f1": (("key", "eval/f1"),)}``.
    """
    _, pattern, chinese = make_index(tongues)
    folded = fold(text)
    words = [(m.start(), m.end(), m[0]) for m in WORD.finditer(folded)]
    found = list(_find_phrases(folded, words, tongues))
    found += _find_own(folded, words, own)
    if pattern:
        found += _find_chinese(folded, pattern, chinese)
    return sorted(_drop_inner(found))


def _find_phrases(
    text: str, words: list[tuple[int, int, str]], tongues: tuple[str, ...]
) -> Iterator[Mention]:
    for at, (start, stop, word) in enumerate(words):
        single, longer = _find_candidates(word, tongues)
        for kind, name in single:
            yield Mention(start, stop, kind, name)
        for phrase in longer:
            end = _match(text, words, at, phrase.words)
            if end:
                yield Mention(start, end, phrase.kind, phrase.name)


@lru_cache(16384)
def _find_candidates(
    word: str, tongues: tuple[str, ...]
) -> tuple[tuple[tuple[str, str], ...], tuple[Phrase, ...]]:
    """What a word is by itself, and the phrases that it begins."""
    index, _, _ = make_index(tongues)
    found = [
        phrase
        for phrase in (*index.get(word, ()), *index.get(f"{word[:3]}*", ()))
        if phrase.words[0] == word or word.startswith(phrase.words[0].removesuffix("*"))
    ]
    single = tuple((one.kind, one.name) for one in found if len(one.words) == 1)
    return single, tuple(one for one in found if len(one.words) > 1)


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
    own: Own,
) -> Iterator[Mention]:
    if not own:
        return
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
            "diagnostic",
        ):
            cover_start, cover_end, kind_of_cover = one.start, one.end, one.kind
        kept.append(one)
    return kept
