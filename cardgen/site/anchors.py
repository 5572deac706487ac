"""Anchors of headings: readable, and none twice on a page."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b


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


@lru_cache(4096)
def make_folder(text: str) -> str:
    """A name's folder in an address (``plt5-base``): ASCII, and never the same for two names.

    Where anything of the name was lost, a digest of it tells it from others.
    """
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:60]
    if slug == text:
        return slug
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()
    return f"{slug}-{digest}".strip("-")
