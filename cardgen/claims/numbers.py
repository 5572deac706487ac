"""Numbers as people write them in five languages: where they stand and what they may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

_NUMBER = re.compile(
    r"(?P<digits>\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:[,.]\d{3}){2,}(?!\d)"
    r"|[1-9]\d{0,2}(?:[ \u00a0\u2009\u202f'’]\d{3})+(?![\d])(?:[.,]\d+)?"
    r"|\d+(?:[.,]\d+)?|(?<![\d])[.,]\d+)"
    r"(?P<power>[eE][-+−]?\d{1,3}(?![\w])|\s?[×x·*]\s?10\s?(?:\^|\*\*)?\s?\{?[-+−⁻]?[\d⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}\}?)?"
)
_HUNDREDTHS = re.compile(
    r"百分之(?:(?P<digits>\d+(?:\.\d+)?)|(?P<words>[零〇一二两三四五六七八九十百点]{1,9}))"
)
_GROUPS = re.compile(r"[ \u00a0\u2009\u202f'’]")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
_SPACE = " \t\u00a0\u2009\u202f"
_CJK = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|ème|eme|[-‑](?:я|й|м|го|е|ой|ая|ю))(?!\w)")
_LONGEST = 24
_MONEY = "$€£¥₽"
_SIGNS = {"+": "+", "-": "-", "−": "-", "–": "-", "±": "±", "±-": "±"}
_MOST = 600
"""Numbers that are read of a text: far more than any conclusions hold."""


@dataclass(frozen=True)
class Number:
    """A number in a text: ``readings`` are the values it may mean, each with its decimals.

    ``1,234`` may be either. ``start`` is the place of its sign, if it has one; ``tail`` the letters
    that stick to it; ``after`` what sticks before it makes it a part of a name. ``fraction`` says
    that it is written with decimals, ``percent`` that a sign of percent follows, ``end`` is behind
    that. ``mark`` is one of ``<>~`` before it.
    """

    start: int
    end: int
    text: str
    readings: tuple[tuple[float, int], ...]
    sign: str = ""
    percent: bool = False
    tail: str = ""
    mark: str = ""
    named: bool = False
    money: bool = False
    power: bool = False
    grouped: bool = False
    chinese: bool = False

    @property
    def value(self) -> float:
        return self.readings[0][0]

    @property
    def fraction(self) -> bool:
        return any(decimals > 0 for _, decimals in self.readings) or self.power


def find_numbers(text: str, tongues: tuple[str, ...] = ()) -> list[Number]:
    """All numbers in a text without quoted parts, in their order, up to a generous limit.

    ``tongues`` are the languages it may be in: where a point marks decimals, 1,234 is a thousand.
    """
    points = bool(tongues) and not set(tongues) - {"en", "zh"}
    found = list(_find_hundredths(text)) if "百分之" in text else []
    taken = [(one.start, one.end) for one in found]
    for match in _NUMBER.finditer(text):
        if any(start <= match.start() < end for start, end in taken):
            continue
        if len(match[0]) <= _LONGEST:
            found.append(_read(text, match, points))
        if len(found) >= _MOST:
            break
    return list(_name_chained(sorted(found, key=lambda one: one.start), text))


def _name_chained(found: list[Number], text: str) -> Iterator[Number]:
    """Numbers as they are, but those of 'mAP50-95' and 'ROUGE-1/2/L' all parts of the name."""
    last: Number | None = None
    for one in found:
        near = last is not None and last.named and one.start - last.end <= 1
        chained = near and last is not None and _is_chained(last, one, text)
        last = replace(one, named=True, sign="") if chained else one
        yield last


def _is_chained(last: Number, one: Number, text: str) -> bool:
    link = text[last.end : one.start] or text[one.start]
    if one.fraction or one.percent or len(one.text) > 4:
        return False
    return (link == "/" and len(one.text) <= 2) or link in ("-", "–", "‑", "_")


def _find_hundredths(text: str) -> Iterator[Number]:
    for match in islice(_HUNDREDTHS.finditer(text), _MOST):
        written = match["digits"] or _read_words(match["words"])
        decimals = len(written.partition(".")[2])
        yield Number(
            match.start(), match.end(), match[0], ((float(written), decimals),),
            percent=True, chinese=True,
        )  # fmt: skip


def _read_words(words: str) -> str:
    """Chinese digits below a thousand: 五十五点一 is 55.1."""
    digits = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
    whole, _, rest = words.partition("点")
    total = current = 0
    for c in whole:
        if c in "十百":
            total += (current or 1) * (10 if c == "十" else 100)
            current = 0
        else:
            current = digits.get(c, 0)
    tail = "".join(str(digits.get(c, 0)) for c in rest)
    return f"{total + current}.{tail}" if tail else str(total + current)


def _read(text: str, match: re.Match[str], points: bool) -> Number:
    start, end = match.span()
    digits, power = match["digits"], match["power"]
    readings = tuple(_read_value(digits, power))
    if len(readings) > 1 and points:
        readings = readings[1:] if "," in digits else readings[:1]
    before = start
    sign = ""
    if start and text[start - 1] in _SIGNS and _may_be_sign(text, start - 1):
        sign, before = _SIGNS[text[start - 1]], start - 1
    elif text[max(0, start - 2) : start] == "± ":
        sign, before = "±", start - 2
    head = text[before - 1] if before else ""
    mark = _read_mark(text, before)
    stop, percent = _read_percent(text, end)
    tail = "" if percent else _read_tail(text, end)
    return Number(
        before,
        stop,
        text[start:end],
        readings,
        sign,
        percent,
        tail,
        mark,
        named=_is_part(text, before, end, head),
        money=(bool(head) and head in _MONEY)
        or text[stop : stop + 2].strip(_SPACE)[:1] in tuple(_MONEY),
        power=bool(power),
        grouped=len(readings) > 1 or bool(_GROUPS.search(digits)),
    )


def _may_be_sign(text: str, at: int) -> bool:
    """Whether a dash before a number is its sign: nothing but space or a bracket stands before."""
    if text[at] == "±":
        return True
    before = text[at - 1] if at else " "
    return before in " \t\n\u00a0\u202f([=:≈~*_,;/|→>\"'" or _CJK.match(before) is not None


def _read_value(digits: str, power: str | None) -> Iterator[tuple[float, int]]:
    plain = _GROUPS.sub("", digits)
    raised = _read_power(power) if power else 0
    commas, dots = plain.count(","), plain.count(".")
    if commas + dots > 1:
        last = max(plain.rfind(","), plain.rfind("."))
        alone = plain.count(plain[last]) == 1
        whole = re.sub(r"[.,]", "", plain[:last] if alone else plain)
        rest = plain[last + 1 :] if alone else ""
        yield _make_value(whole, rest, raised)
        return
    whole, mark, rest = plain.partition("," if commas else ".")
    yield _make_value(whole, rest, raised)
    if mark and len(rest) == 3 and whole.lstrip("0") and len(whole) <= 3 and not power:
        yield _make_value(whole + rest, "", 0)


def _make_value(whole: str, rest: str, raised: int) -> tuple[float, int]:
    return float(f"{whole or '0'}.{rest or '0'}e{raised}"), len(rest) - raised


def _read_power(power: str) -> int:
    text = power.translate(_RAISED).replace("**", "^").strip()
    if text[0] in "eE":
        return max(-99, min(99, int(text[1:])))
    tail = text.partition("10")[2].strip(" ^{}")
    return max(-99, min(99, int(tail or "1")))


def _read_mark(text: str, start: int) -> str:
    at = start - 1
    while at >= 0 and text[at] in _SPACE:
        at -= 1
    sign = text[at] if at >= 0 else ""
    return "~" if sign in "~≈" and sign else sign if sign in "<>" and sign else ""


def _read_percent(text: str, end: int) -> tuple[int, bool]:
    at = end
    while at < len(text) and text[at] in _SPACE and at - end < 2:
        at += 1
    return (at + 1, True) if at < len(text) and text[at] == "%" else (end, False)


_TAIL = re.compile(r"[^\W\d_\u3400-\u9fff]{1,12}")


def _read_tail(text: str, end: int) -> str:
    match = _TAIL.match(text, end)
    return match[0] if match else ""


def _is_part(text: str, start: int, end: int, head: str) -> bool:
    """Whether a number is a part of a name, a version, a path or an ordinal."""
    if head and ((head.isalpha() and not _CJK.match(head)) or head in "_#@^&§№"):
        return True
    if (
        head in "-./‑"
        and head
        and start > 1
        and (text[start - 2].isalpha() and not _CJK.match(text[start - 2]))
    ):
        return head != "." or (
            text[start - 2].isalpha() and start > 2 and not text[start - 3].isspace()
        )
    follow = text[end : end + 1]
    if follow == "_" or (follow in "./" and text[end + 1 : end + 2].isalpha() and follow == "."):
        return True
    return _ORDINAL.match(text, end) is not None
