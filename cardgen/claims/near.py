"""What stands around a number: the card it is said of, a bound, a variant of the metric."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cardgen.claims.lexicon import Mention, is_small_word, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Sentence, list_words

_BY = ("by", "o", "на", "de")
_NEAR_CODE = load_glue("near_code")
_BEFORE_CODE = load_glue("before_code")


def find_code(sentence: Sentence, number: Number) -> str:
    """The card that a number is said of, where one is named right beside it."""
    listed = _find_listed(sentence, number)
    if listed:
        return listed
    for one in sentence.of("code", "baseline"):
        name = one.name or "baseline"
        if one.end <= number.start:
            between = sentence.between(one.end, number.start)
            if (
                len(between) > 40
                or re.search(r"[\d,;()，；。]", between)
                or _is_compared(sentence, one)
            ):
                continue
            skip = {
                word
                for m in sentence.of("metric", "key", "split", "about")
                if one.end <= m.start and m.end <= number.start
                for word in list_words(sentence.between(m.start, m.end))
            }
            cjk = re.search(r"[\u3400-\u9fff]", between)
            if (
                cjk
                and re.fullmatch(r"[`\s]*[的为是仅有达到约只\w]{0,8}[\s]*", between)
                and not re.search(r"高|低|提|降|升|超|优", between)
            ):
                return name
            if (
                not cjk
                and between.strip(" `*_")
                and all(w in _NEAR_CODE or w in skip for w in list_words(between))
            ):
                return name
        elif one.start >= number.end:
            between = sentence.between(number.end, one.start)
            if len(between) > 24 or re.search(r"[\d,;:()，；。]", between):
                continue
            words = list_words(between.replace("%", " "))
            if words and all(word in _BEFORE_CODE for word in words):
                return name
    return ""


def _find_listed(sentence: Sentence, number: Number) -> str:
    """The card before a colon, whose numbers follow: 'qa-3: EM 0.51, F1 0.58'."""
    before = [one for one in sentence.of("code", "baseline") if one.end <= number.start]
    if not before:
        return ""
    last = before[-1]
    if _is_compared(sentence, last):
        return ""  # 'it beats the baseline: 0.128 vs. 0.147'
    between = sentence.between(last.end, number.start)
    return (
        (last.name or "baseline")
        if re.match(r"[`)*_\s]{0,4}[:：]", between)
        and not re.search(r"[;；。]", between)
        and between.lstrip("`)*_ ").count(")") <= between.count("(")
        else ""
    )


def _is_compared(sentence: Sentence, mention: Mention) -> bool:
    """Whether 'than', 'over' or the like stands before a card's name."""
    return any(
        0 <= mention.start - one.end <= 12
        and len(list_words(sentence.between(one.end, mention.start))) <= 2
        for one in sentence.of("than", "better", "worse", "above", "below")
        if one.end <= mention.start
    )


def _is_least_of_all(sentence: Sentence, bound: Mention) -> bool:
    """Whether the Russian word for 'at least' means the smallest: 'минимум 0,1, максимум 0,9'."""
    return sentence.between(bound.start, bound.end) == "минимум" and "максимум" in sentence.said


_THAN_BEHIND = re.compile(r"^,\s(?:чем|niż)(?=\s)")


def find_bound(sentence: Sentence, number: Number) -> str:
    """``above`` or ``below`` where a number is said to be a limit that was kept, else empty."""
    kind = {">": "above", "<": "below"}.get(number.mark, "")
    for one in sentence.of("above", "below"):
        if _is_least_of_all(sentence, one):
            continue
        between = sentence.between(one.end, number.start) if one.end <= number.start else "x" * 99
        if between[:1] == ",":
            between = _THAN_BEHIND.sub("", between)
        if len(between) <= 14 and not re.search(r"[\d,;:()`]", between):
            words = list_words(between)
            if words and words[-1] in _BY:
                continue  # 'below by 0.27' is by how much
            cjk = re.search(r"[\u3400-\u9fff]", between)
            negated = [m for m in sentence.of("not") if one.end <= m.start <= number.start]
            small = len(words) <= 1 and (bool(negated) or all(map(is_small_word, words)))
            if small and not cjk and not sentence.has("code", one.end, number.start):
                kind = one.kind
        behind = sentence.between(number.end, one.start) if one.start >= number.end else "x" * 99
        if (
            re.fullmatch(r"[\u3400-\u9fff]{2}", sentence.between(one.start, one.end))
            and re.fullmatch(r"\s*[A-Za-z%]{0,4}\s*", behind)
            and sentence.between(one.start, one.end) in ("以上", "以下")
        ):
            kind = one.kind
    if not kind:
        return ""
    start, _ = sentence.clause(number.start)
    denied = any(one.start >= start - 20 and one.end <= number.start for one in sentence.of("not"))
    if denied and not any(
        one.start <= n.start < one.end
        for n in sentence.of("not")
        for one in sentence.of("above", "below")
    ):
        return "below" if kind == "above" else "above"
    return kind


_VERSIONED = re.compile(r"(?<![\w.-])(?=[\w-]*[A-Z])[A-Za-z][\w-]{1,30}[ \u00a0]$", re.ASCII)


def is_versioned(sentence: Sentence, number: Number) -> bool:
    """Whether a number may be the version of what is named before it: 'SQuAD 2.0'."""
    if not re.fullmatch(r"\d{1,2}\.\d", number.text) or number.sign or number.percent:
        return False
    before = sentence.text[max(sentence.start - 1, number.start - 34, 0) : number.start]
    return _VERSIONED.search(before) is not None


def is_rough(sentence: Sentence, number: Number) -> bool:
    return any(
        0 <= number.start - one.end <= 3 or 0 <= one.start - number.end <= 2
        for one in sentence.of("about")
    )


_VARIANTS = re.compile(
    r"macro|micro|weighted|makro|mikro|ważon|макро|микро|взвеш|宏|微|加权|top[- ]?\d"
)
_FOLDED = {
    "makro": "macro",
    "mikro": "micro",
    "ważon": "weighted",
    "макро": "macro",
    "микро": "micro",
    "взвеш": "weighted",
    "宏": "macro",
    "微": "micro",
    "加权": "weighted",
}
_THEN = re.compile(r"[,;:，；、。/]|\b(?:and|or|i|oraz|et|ou|и|a|à|of)\b|[和与及]|\d[.,]?\d*")
_NUMBERED = frozenset(
    ("rouge", "recall", "precision", "ndcg", "bleu", "hits", "accuracy", "map", "mrr", "ap", "pass")
)
_SUFFIX = re.compile(
    r"(?:[-@]\s?|\sat\s(?=(?:[135]|10|20|50|100)(?!\d|[.,]\d|\s?(?:%|pp|epo|step|per)))"
    r"|(?<=[a-zA-Z])\s(?=[1-9lL]/))(?P<first>\d{1,4}|[lL](?:sum)?)(?![a-zA-Z]|[.,]\d|%)"
    r"(?P<more>(?:\s?/\s?(?:\d{1,2}|[lL](?:sum)?)(?![a-zA-Z\d]|[.,]\d|%)){0,9})"
)
_AREA = re.compile(r"@?\s?\[?0?\.?(?P<low>50?|75)(?P<high>[:–-]0?\.?95)?\]?(?![\d%])")


def find_suffixes(text: str, one: Mention) -> list[tuple[str, int]]:
    """``1``, ``2`` and ``l`` of ROUGE-1/2/L, each with where it ends; ``5095`` of mAP50-95."""
    if one.kind not in ("metric", "key") or (one.kind == "metric" and one.name not in _NUMBERED):
        return []
    digits = re.search(r"(?<=[A-Za-z])\d{1,2}$", text[one.start : one.end])
    if one.name in ("map", "ap"):
        area = _AREA.match(text, one.end - len(digits[0]) if digits else one.end)
        if area and not re.match(r"\s", area[0]):
            return [(area["low"].ljust(2, "0") + ("95" if area["high"] else ""), area.end())]
    suffix = _SUFFIX.match(text, one.end)
    if suffix is None or (one.kind == "key" and not suffix["more"]):
        return [(digits[0], one.end)] if digits and one.kind == "metric" else []
    found = [(suffix["first"].lower(), suffix.end("first"))]
    more = re.finditer(r"\d{1,2}|[lL](?:sum)?", suffix["more"])
    return found + [(one[0].lower(), suffix.start("more") + one.end()) for one in more]


_RANKS = ("1", "3", "5", "10", "20", "50", "100", "1000")


def is_rank(sentence: Sentence, number: Number) -> bool:
    """Whether a number says how many are looked at: 'hit rate at 10'."""
    if number.text not in _RANKS or number.percent or number.tail:
        return False
    near = [one for one in sentence.of("metric", "key") if 0 < number.start - one.end <= 5]
    return any((number.text, number.end) in find_suffixes(sentence.text, one) for one in near)


def find_variants(sentence: Sentence, found: Iterable[Mention]) -> frozenset[str]:
    """``macro``, ``2`` of ROUGE-2, ``10`` of recall@10 … where a metric is named with one."""
    variants: set[str] = set()
    for one in found:
        before = sentence.text[max(sentence.start, one.start - 9) : one.start]
        behind = sentence.text[one.end : min(sentence.end, one.end + 9)]
        around = _THEN.split(before)[-1] + sentence.text[one.start : one.end]
        around = (around + " " + _THEN.split(behind, maxsplit=1)[0]).lower()
        variants.update(
            _FOLDED.get(m[0], m[0].replace("-", "").replace(" ", ""))
            for m in _VARIANTS.finditer(around)
        )
        variants.update(name for name, _ in find_suffixes(sentence.text, one)[:1])
    return frozenset(variants)
