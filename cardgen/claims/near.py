"""What stands around a number: the card it is said of, a bound, a variant of the metric."""

from __future__ import annotations

import re

from cardgen.claims.lexicon import Mention, load_glue
from cardgen.claims.numbers import Number
from cardgen.claims.sentences import Sentence, list_words

_NEAR_CODE = load_glue("near_code")
_BEFORE_CODE = load_glue("before_code")


def find_code(sentence: Sentence, number: Number) -> str:
    """The card that a number is said of, where one is named right beside it."""
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


def _is_compared(sentence: Sentence, mention: Mention) -> bool:
    """Whether 'than', 'over' or the like stands before a card's name."""
    return any(
        0 <= mention.start - one.end <= 12
        and len(list_words(sentence.between(one.end, mention.start))) <= 2
        for one in sentence.of("than", "better", "worse", "above", "below")
        if one.end <= mention.start
    )


def find_bound(sentence: Sentence, number: Number) -> str:
    """``above`` or ``below`` where a number is said to be a limit that was kept, else empty."""
    kind = {">": "above", "<": "below"}.get(number.mark, "")
    for one in sentence.of("above", "below"):
        between = sentence.between(one.end, number.start) if one.end <= number.start else "x" * 99
        if len(between) <= 14 and not re.search(r"[\d,;:()`]", between):
            words = list_words(between)
            cjk = re.search(r"[\u3400-\u9fff]", between)
            if len(words) <= 1 and not cjk and not sentence.has("code", one.end, number.start):
                kind = one.kind
        behind = sentence.between(number.end, one.start) if one.start >= number.end else "x" * 99
        if (
            re.fullmatch(r"[\u3400-\u9fff]{2}", sentence.between(one.start, one.end))
            and not behind.strip()
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
_SUFFIX = re.compile(r"[-@ ]{1,2}(\d{1,4}|[lLpPrR](?:sum)?)(?![\w.,]*[\d%])")


def find_variants(sentence: Sentence, found: list[Mention]) -> frozenset[str]:
    """``macro``, ``2`` of ROUGE-2, ``10`` of recall@10 … where a metric is named with one."""
    variants: set[str] = set()
    for one in found:
        around = sentence.between(
            max(sentence.start, one.start - 9), min(sentence.end, one.end + 9)
        ).lower()
        variants.update(
            _FOLDED.get(m[0], m[0].replace("-", "").replace(" ", ""))
            for m in _VARIANTS.finditer(around)
        )
        if one.kind == "metric" and one.name in (
            "rouge",
            "recall",
            "precision",
            "ndcg",
            "bleu",
            "hits",
            "accuracy",
            "map",
            "mrr",
        ):
            suffix = _SUFFIX.match(sentence.text, one.end)
            if suffix and sentence.text[one.end] in "-@":
                variants.add(suffix[1].lower())
    return frozenset(variants)
