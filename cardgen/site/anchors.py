"""Anchors of headings: readable, and none twice on a page."""

from __future__ import annotations

import re
import unicodedata


def make_slug(text: str) -> str:
    """Letters and digits of any script joined by ``-``; empty where there are none.

    Never begins with an underscore: such names are the theme's own.
    """
    text = unicodedata.normalize("NFC", text).casefold()
    return re.sub(r"[^\w]+", "-", text).strip("-_")[:80]


def make_anchor(text: str, taken: set[str]) -> str:
    """An anchor that is not in ``taken``, and is from now on."""
    base = make_slug(text) or "section"
    anchor, number = base, 1
    while anchor in taken:
        number += 1
        anchor = f"{base}-{number}"
    taken.add(anchor)
    return anchor
