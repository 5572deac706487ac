"""Which metric, split, step and card a number is said of: by what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cardgen.claims.lexicon import Mention, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Sentence, list_words
from cardgen.claims.units import is_linked

_AND = load_glue("and")
_VARIED = load_glue("varied")
_CJK_AND = re.compile(r"[\s,/&、和及与或*_`]*")
_GLUE = load_glue("glue")
_AFTER_GLUE = load_glue("after_glue")
_POST_CJK = re.compile(r"[\s%的个百分点(*_`]*")
_PRE_CJK = re.compile(r"[^，。；;、,]{0,14}")
_SPACE_ONLY = re.compile(r"[\s%()\[\]:=≈~*_`\"'«»„”“’<>±+−–-]*")
_MOST_GLUE = 7
_PARTED = re.compile(r"[;；。]")


def group(sentence: Sentence, found: list[Mention]) -> list[list[Mention]]:
    """Mentions that only 'and' or a comma parts: what is said of one is said of all."""
    groups: list[list[Mention]] = []
    for one in found:
        if groups and one.start <= groups[-1][-1].end + 12:
            between = sentence.between(groups[-1][-1].end, one.start)
            words = [w for w in list_words(between) if w not in _VARIED]
            if one.start < groups[-1][-1].end or (
                not re.search(r"[\d.;:()]", between)
                and set(words) <= _AND
                and _CJK_AND.fullmatch(re.sub(r"[^\W_\u3400-\u9fff]", "", between))
            ):
                groups[-1].append(one)
                continue
        groups.append([one])
    return groups


def is_before(sentence: Sentence, end: int, number: Number, extra: Iterable[str] = ()) -> bool:
    """Whether what ends at a place stands right before a number, with nothing but glue between."""
    between = _blank_places(sentence, end, number.start)
    if end > number.start or re.search(r"[\d,;/+和及与]", between):
        return False
    if re.search(r"[\u3400-\u9fff]", between):
        return _PRE_CJK.fullmatch(between) is not None
    words = list_words(between)
    if len(words) > _MOST_GLUE:
        return False
    known = _GLUE | set(extra) | _covered(sentence, end, number.start)
    return all(word in known for word in words)


def _blank_places(sentence: Sentence, start: int, end: int) -> str:
    """What stands between two places, without the steps that are named there."""
    between = sentence.between(start, end)
    for one in sentence.positions:
        if start <= one.start and one.end <= end and one.exact:
            a, b = one.start - start, one.end - start
            between = between[:a] + " " * (b - a) + between[b:]
    return between


def _covered(sentence: Sentence, start: int, end: int) -> set[str]:
    """The words between two places that say how something changed, where, or about how much."""
    kinds = (
        "better",
        "worse",
        "higher",
        "lower",
        "change",
        "about",
        "split",
        "mean",
        "above",
        "below",
        "step",
        "epoch",
        "best",
        "last",
        "points",
        "percent",
    )
    return {
        word
        for one in sentence.of(*kinds)
        if start <= one.start and one.end <= end
        for word in list_words(sentence.between(one.start, one.end))
    }


# '4,2 p.p. mAP': no sentence ends there.
_POINTS = re.compile(r"^\s?(?:p\.\s?p\.|п\.\s?п\.|pkt\.? proc\.|pkt\.|proc\.)")


def _without_dots(match: re.Match[str]) -> str:
    return match[0].replace(".", " ")


def is_after(sentence: Sentence, number: Number, start: int) -> bool:
    """Whether what starts at a place stands right after a number."""
    if start < number.end:
        return False
    between = sentence.between(number.end, start)
    if "." in between:
        between = _POINTS.sub(_without_dots, between)
    if len(between) > 30 or re.search(r"[\d,;:，。；、]|[.!?]\s", between):
        return False
    if re.search(r"[\u3400-\u9fff]", between):
        return _POST_CJK.fullmatch(between) is not None
    covered = {
        word
        for one in sentence.of("points", "percent", "split", "mean")
        if number.end <= one.start and one.end <= start
        for word in list_words(sentence.between(one.start, one.end))
    }
    words = list_words(between)
    return len(words) <= 4 and all(word in _AFTER_GLUE or word in covered for word in words)


def bind_all(
    sentence: Sentence, numbers: Sequence[Number], groups: list[list[Mention]]
) -> list[tuple[list[Mention], bool]]:
    """For each number the mentions it is said of, and whether they stand right beside it."""
    strict, closed = [], set[int]()
    for number in numbers:
        members = _bind_strictly(sentence, number, groups, closed)
        if members and members[0].start >= number.end:
            closed.add(id(members))  # '61.2 F1 (58.3 before)': nothing more is right beside it
        strict.append(members)
    _share_linked(sentence, numbers, strict)
    # What was said before a number of its own is not said of those still further before.
    taken = {
        id(members): number.start
        for number, members in zip(numbers, strict, strict=True)
        if members and members[-1].end <= number.start
    }
    found = []
    for number, members in zip(numbers, strict, strict=True):
        if members:
            found.append((members, True))
            continue
        free = [g for g in groups if taken.get(id(g), -1) < number.start]
        free = [g for g in free if not _PARTED.search(sentence.between(number.end, g[0].start))]
        found.append((_bind_loosely(sentence, number, free), False))
    return found


def _share_linked(
    sentence: Sentence, numbers: Sequence[Number], strict: list[list[Mention]]
) -> None:
    """'from 7.9 to 5.6 ms': what is said right behind the second is said of the first as well."""
    for at in range(len(numbers) - 2, -1, -1):
        first, second = numbers[at], numbers[at + 1]
        if strict[at] or not strict[at + 1] or strict[at + 1][0].start < second.end:
            continue
        if is_linked(sentence.between(first.end, second.start)) and not first.tail:
            strict[at] = strict[at + 1]


def bind_parts(
    sentence: Sentence, numbers: Sequence[Number], groups: list[list[Mention]]
) -> list[tuple[list[Mention], bool]]:
    """For each number the words of metrics' keys that it is said of: beside it, or the only one."""
    if not groups:
        return [([], False)] * len(numbers)
    found: list[tuple[list[Mention], bool]] = []
    for number in numbers:
        beside = next((g for g in reversed(groups) if _is_beside(sentence, g, number)), [])
        only = groups[0] if len(groups) == 1 and groups[0][-1].end <= number.start else []
        found.append((beside or only, bool(beside)))
    return found


def _is_beside(sentence: Sentence, members: list[Mention], number: Number) -> bool:
    start, end = members[0].start, members[-1].end
    if start >= number.end:
        return is_after(sentence, number, start)
    words = {
        word
        for one in sentence.of("metric", "key", "percent")
        if end <= one.start and one.end <= number.start
        for word in list_words(sentence.between(one.start, one.end))
    }
    return end <= number.start and is_before(sentence, end, number, words)


def _bind_strictly(
    sentence: Sentence, number: Number, groups: list[list[Mention]], closed: set[int]
) -> list[Mention]:
    for members in reversed(groups):
        if id(members) in closed:
            continue
        if members[-1].end <= number.start and is_before(sentence, members[-1].end, number):
            return members
    for members in groups:
        start, end = members[0].start, members[-1].end
        if start < number.end or not is_after(sentence, number, start):
            continue
        # '55.1 % (F1 61.2 %)': what a bracket opens with is said of the number inside.
        opened = "(" in sentence.between(number.end, start)
        if not (opened and re.match(r"[^)\d]{0,24}\d", sentence.between(end, end + 25))):
            return members
    return []


def _bind_loosely(sentence: Sentence, number: Number, groups: list[list[Mention]]) -> list[Mention]:
    if len(groups) < 2:
        return groups[0] if groups and not _is_aside(sentence, number, groups[0]) else []
    inner = [g for g in groups if not _is_apart(sentence, g[-1].end, number.start)]
    if not inner or _is_apart_in_brackets(sentence, number, groups):
        return [one for members in groups for one in members]
    before = [g for g in inner if g[-1].end <= number.start]
    after = [g for g in inner if g[0].start >= number.end]
    if not before or not after:
        return [*before[-1:], *after[:1], []][0]
    start, end = sentence.clause(number.start)
    near_before = start <= before[-1][0].start
    near_after = after[0][0].start < end
    if near_before != near_after:
        return before[-1] if near_before else after[0]
    first = min(one.start for one in sentence.numbers)
    return before[-1] if inner[0][0].start < first else [*before[-1], *after[0]]


_OPENED = re.compile(r"[^\d();:]{0,24}\(\s*")


def _is_aside(sentence: Sentence, number: Number, members: list[Mention]) -> bool:
    """'Right in 84 % (F1: 91 %), the other in 81 %': the only metric was said of what is inside."""
    if not _is_apart(sentence, members[-1].end, number.start):
        return False
    return any(
        _OPENED.fullmatch(sentence.between(one.end, members[0].start))
        for one in sentence.numbers
        if one.end <= members[0].start
    )


def _is_apart(sentence: Sentence, end: int, start: int) -> bool:
    """Whether a bracket closes between a metric and a number behind it."""
    between = sentence.between(end, start) if end <= start else ""
    return between.count(")") > between.count("(")


def _is_apart_in_brackets(sentence: Sentence, number: Number, groups: list[list[Mention]]) -> bool:
    """Whether a number is one of several in brackets that name no metric, or follows such ones."""
    opened = sentence.text.rfind("(", sentence.start, number.start)
    closed = sentence.text.find(")", number.end, sentence.end)
    if opened < 0 or closed < 0 or ")" in sentence.between(opened, number.start):
        return False
    if any(opened < members[0].start < closed for members in groups):
        return False
    several = sum(opened < one.start < closed for one in sentence.numbers) > 1
    behind = any(0 <= opened - one.end <= 2 for one in sentence.numbers)
    return several or (behind and ")" in sentence.between(groups[0][0].start, opened))
