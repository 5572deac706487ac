"""What of a text says nothing about results: blanked, with every other character in its place."""

from __future__ import annotations

import re

from cardgen.livevalues import PATTERN as LIVE
from cardgen.livevalues import blank_quoted

_NAME = re.compile(r"(?<!`)`([\w./@:+-]{1,80})`(?!`)")
NAME = "\u25a0"
"""What stands in the place of each character of a name in code."""

_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,500}>")
_TARGET = re.compile(r"(?<=\])\([^()\n]{0,2000}\)|(?<=\])\[[^\[\]\n]{0,200}\]")
_ADDRESS = re.compile(
    r"<[^<>\s]{1,500}[:@][^<>\s]{1,500}>|(?<![a-z0-9+])[a-z][a-z0-9+]{1,8}://[^\s)>\]]{1,2000}"
    r"|\b(?:doi|arxiv):\s?[^\s)>\]]{1,100}",
    re.IGNORECASE,
)
_MAIL = re.compile(
    r"<[^<>\s]{1,500}@[^<>\s]{1,500}>|(?<![\w.+-])[\w.+-]{1,64}@[a-z-]{1,64}\.[\w.-]{2,64}",
    re.IGNORECASE,
)
_PATH = re.compile(
    r"(?<![\w/.])(?:~?/|\.{1,2}/)[\w./@%+=-]{1,300}"
    r"|(?<![\w/.-])[\w.-]{0,80}/[\w./-]{0,200}\.[A-Za-z]\w{0,5}(?![\w/])"
)
_DATE = re.compile(
    r"(?<![\d.,])(?:(?:19|20)\d\d[-/.年]\s?(?:1[0-2]|0?[1-9])(?:[-/.月]\s?\d{1,2}日?)?(?:T[\d:.]+Z?)?"
    r"|(?:3[01]|[12]\d|0?[1-9])[./-](?:1[0-2]|0?[1-9])[./-](?:(?:19|20)\d\d|\d\d)"
    r"|\d{1,2}:\d\d(?::\d\d)?|\d{4}\.\d{4,5}(?:v\d)?)(?![\d%]|[.,]\d)"
)
_MARKER = re.compile(
    r"^[ \t>]*(?:#{1,6}[ \t]+(?:\d+(?:\.\d+)*[.)]?(?=[ \t]))?|\d{1,4}[.)](?=[ \t])"
    r"|[-*+](?=[ \t])|>)",
    re.MULTILINE,
)
_NOTE = re.compile(r"\[\^[^\]\n]{1,40}\]:?")
_REFERENCE = re.compile(r"\[\d{1,3}(?:[,–-] ?\d{1,3}){0,20}\]")
BULLET = "\u2022"
"""What stands in the place of a list item's or heading's marker: there a sentence begins."""

CITED = "\u25a1"
"""What stands in the place of a reference such as [12]."""

_STRUCK = re.compile(r"~~[^~\n]{1,500}~~")
_VERSION = re.compile(r"(?<![A-Za-z0-9_.,])\d+(?:\.\d+){2,}(?![A-Za-z0-9_])")
_DURATION = re.compile(r"\d{1,3}\s?(?:小时|时)\s?\d{1,2}\s?分钟?(?:\s?\d{1,2}\s?秒)?")
# Money, and no formula: no other dollar sign closes it.
_PRICE = re.compile(r"\$(?=\d)(?![^$\n]{0,200}[^\s$]\$)")
_WIDE = {ord("０") + n: str(n) for n in range(10)} | {
    ord("％"): "%", ord("．"): ".", ord("＋"): "+", ord("－"): "-", ord("～"): "~",
    ord("（"): "(", ord("）"): ")", ord("："): ":", ord("＝"): "=", ord("＜"): "<", ord("＞"): ">",
    ord("﹪"): "%", ord("；"): ";", ord("／"): "/", ord("\u2011"): "-", ord("\\"): " ",
    ord("≧"): ">", ord("≥"): ">", ord("≤"): "<", ord("\r"): " ", ord("$"): " ",
    ord("≃"): "≈", ord("∼"): "~",
}  # fmt: skip


# Each with a sign without which it is nowhere; of addresses those with an at are apart.
_QUIET = (
    (LIVE, "[["), (_TARGET, "]"), (_ADDRESS, ":"), (_MAIL, "@"), (_TAG, "<"), (_STRUCK, "~~"),
    (_PATH, "/"), (_NOTE, "[^"),
)  # fmt: skip
_UNSAID = ((LIVE, "[["), (_ADDRESS, ":"), (_MAIL, "@"), (_TAG, "<"), (_STRUCK, "~~"))


def _blank(match: re.Match[str]) -> str:
    text = match[0]
    return " " * len(text) if "\n" not in text else re.sub(r"[^\n]", " ", text)


def _mark(match: re.Match[str]) -> str:
    text = match[0]
    return " " * len(text) if text.strip() == ">" else " " * (len(text) - 1) + BULLET


def silence(text: str) -> tuple[str, str]:
    """A text with all that is no prose blanked, and one in which names in code still stand.

    Both are as long as the text, line by line. Wide digits and signs are plain in both; a
    dollar sign before a number is kept, since that is money and no formula.
    """
    blanked = blank_quoted(text)
    said, shown = list(blanked), list(blanked)
    for match in _NAME.finditer(text) if "`" in text else ():
        said[match.start() : match.end()] = NAME * len(match[0])
        shown[match.start(1) : match.end(1)] = match[1]
    quiet = _PRICE.sub("€", "".join(said)) if "$" in text else "".join(said)
    quiet = quiet.translate(_WIDE)
    if "[" in quiet:
        quiet = _REFERENCE.sub(lambda match: CITED * len(match[0]), quiet)
    for pattern, sign in _QUIET:
        if sign in text:
            quiet = pattern.sub(_blank, quiet)
    quiet = _MARKER.sub(_mark, quiet)
    for pattern in (_DATE, _VERSION, _DURATION):
        quiet = pattern.sub(_blank, quiet)
    words = "".join(shown).translate(_WIDE)
    for pattern, sign in _UNSAID:
        if sign in text:
            words = pattern.sub(_blank, words)
    words = _MARKER.sub(_blank, words)
    return quiet, words
