"""The lines of the list of all cards; those of cards that did not change are remembered.

They are kept in ``.cardgen/readme.json``, which may be thrown away at any time.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from cardgen.errors import StoreError
from cardgen.files import make_work, read_text
from cardgen.markdown import quote_span
from cardgen.readme.listing import Line, make_line
from cardgen.readme.sources import Sources, is_readable
from cardgen.readme.words import load_words
from cardgen.store import save_cache

_NAME = "readme.json"
_MOST = 64 * 1024 * 1024

Kept = dict[str, list[str]]
"""By code: the digest of the line, the baseline, and the cells."""


def load_lines(sources: Sources) -> list[Line]:
    """A line of each card, in the order of codes."""
    path = sources.config.work / _NAME
    known = _read(path)
    kept: Kept = {}
    for code in sources.codes:
        kept[code] = _recall(sources, code, known) or _make(sources, code)
    if kept != known:
        with contextlib.suppress(OSError, StoreError):
            make_work(sources.config.work)
            save_cache(path, json.dumps(kept, ensure_ascii=False))
    return [Line(code, tuple(entry[2:])) for code, entry in kept.items()]


def _read(path: Path) -> Kept:
    try:
        found = json.loads(read_text(path, _MOST)) if path.is_file() else {}
    except (StoreError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _recall(sources: Sources, code: str, known: Kept) -> list[str]:
    """What is kept of a card, where it holds; empty where it does not."""
    entry = known.get(code)
    if not isinstance(entry, list) or len(entry) != 10 or not all(type(e) is str for e in entry):
        return []
    return entry if entry[0] == sources.digest_line(code, entry[1]) else []


def _make(sources: Sources, code: str) -> list[str]:
    facts = sources.find_facts(code)
    if facts is None or not is_readable(facts.card):
        label = load_words(sources.config.settings.lang)["status_broken"]
        return [sources.digest_line(code, ""), "", quote_span(code), "", label, *[""] * 5]
    baseline = facts.card.front.baseline
    base = sources.find_facts(baseline) if baseline and baseline != code else None
    line = make_line(facts, base, sources.config.settings)
    return [sources.digest_line(code, baseline), baseline, *line.cells]
