"""Clean HTML, changed in its text only: what stands between tags, and where that is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[a-z][a-z0-9]*)(?P<rest>(?:[^<>\"]|\"[^\"]*\")*)>")
_CODE = frozenset(("code", "pre", "kbd", "samp", "var"))


class Within(NamedTuple):
    """What a piece of text stands in: a link, code, a formula."""

    link: bool
    code: bool
    maths: bool


def _keep(tag: str) -> str:
    return tag


def edit_text(
    html: str, text: Callable[[str, Within], str], tag: Callable[[str], str] = _keep
) -> str:
    """HTML as nh3 writes it, with each text made anew by ``text`` and each tag by ``tag``."""
    pieces: list[str] = []
    done = link = code = 0
    maths = False
    for found in _TAG.finditer(html):
        if found.start() > done:
            pieces.append(text(html[done : found.start()], Within(link > 0, code > 0, maths)))
        done = found.end()
        step = -1 if found["close"] else 1
        link += step * (found["name"] == "a")
        code += step * (found["name"] in _CODE)
        maths = 'class="arithmatex"' in found["rest"]
        pieces.append(tag(found[0]))
    if done < len(html):
        pieces.append(text(html[done:], Within(link > 0, code > 0, maths)))
    return "".join(pieces)
