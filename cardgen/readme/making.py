"""READMEs of cards and of their list: made, written where a byte changed, and found stale."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cardgen.config import Config
from cardgen.errors import StoreError
from cardgen.files import read_text
from cardgen.livevalues import list_quoted
from cardgen.models import Card, Problem
from cardgen.readme.card import render_card
from cardgen.readme.lines import load_lines
from cardgen.readme.listing import render_list
from cardgen.readme.mark import (
    OF_CARD,
    OF_LIST,
    digest,
    format_page,
    is_marked,
    parse_page,
)
from cardgen.readme.results import is_plain
from cardgen.readme.sources import Sources, is_readable
from cardgen.rules import load_rules, run_hint
from cardgen.store import README_NAME, save_readme

RULE = "readme-stale"
_MOST = 4 * 1024 * 1024

State = Literal["made", "same", "own", "unread"]


@dataclass(frozen=True)
class Readme:
    """What became of one README.

    ``made``: a byte differs from what was there. ``same``: none does. ``own``: a person wrote it.
    ``unread``: its card cannot be read; what was there stays.
    """

    path: Path
    state: State


def make_readmes(
    config: Config, codes: Iterable[str], *, write: bool = True, with_list: bool = True
) -> Iterator[Readme]:
    """Make the READMEs of these cards and of the list of all; ``write`` False only looks."""
    sources = Sources(config)
    for code in codes:
        yield _make_card(sources, code, write)
    if with_list:
        yield _make_list(sources, write)


def refresh(config: Config, codes: Collection[str]) -> tuple[Readme, ...]:
    """The same for cards that changed, and for those whose READMEs show something of them."""
    sources = Sources(config)
    shown = {code: _find_shown(config, code) for code in sources.codes}
    touched = [c for c in sources.codes if c in codes or not shown[c].isdisjoint(codes)]
    return tuple(make_readmes(config, touched))


def _find_shown(config: Config, code: str) -> frozenset[str]:
    """The other cards that a README shows something of, as its mark says."""
    text = _read(config.experiments / code / README_NAME)
    mark = parse_page(text)[0] if text else None
    return frozenset(mark.codes if mark else ())


def _read(path: Path) -> str | None:
    """None where there is none; the empty text for what is no text."""
    if not path.exists() and not path.is_symlink():
        return None
    try:
        return read_text(path, _MOST)
    except StoreError:
        return ""


def _make_card(sources: Sources, code: str, write: bool) -> Readme:
    path = sources.config.experiments / code / README_NAME
    old = _read(path)
    if old is not None and not is_marked(old):
        return Readme(path, "own")
    if old and _is_fresh(sources, code, old):
        return Readme(path, "same")
    card = sources.load(code)
    facts = sources.find_facts(code)
    if facts is None or not is_readable(card):
        return Readme(path, "unread")
    page = render_card(facts, sources.find_facts, sources.config.settings, sources.look(code))
    others = list_others(card)
    text = format_page(OF_CARD, sources.digest_card(code, others), others, page)
    return _finish(sources.config, path, old, text, write)


def list_others(card: Card) -> tuple[str, ...]:
    """The codes of the cards that a card's README shows something of."""
    found = dict.fromkeys((card.front.baseline, *list_quoted(card)))
    return tuple(code for code in found if code and code != card.code and is_plain(code))


def _is_fresh(sources: Sources, code: str, text: str) -> bool:
    """Whether a README was made from what is there now, and nobody changed it since."""
    mark, page = parse_page(text)
    if mark is None or mark.page != digest(page):
        return False
    return mark.source == sources.digest_card(code, mark.codes)


def _make_list(sources: Sources, write: bool) -> Readme:
    path = sources.config.experiments / README_NAME
    old = _read(path)
    if old is not None and not is_marked(old):
        return Readme(path, "own")
    source = sources.digest_list()
    mark, page = parse_page(old or "")
    if mark is not None and mark.page == digest(page) and mark.source == source:
        return Readme(path, "same")
    page = render_list(load_lines(sources), sources.config.settings)
    return _finish(sources.config, path, old, format_page(OF_LIST, source, (), page), write)


def _finish(config: Config, path: Path, old: str | None, text: str, write: bool) -> Readme:
    same = old is not None and old.replace("\r\n", "\n") == text
    if write and not same:
        save_readme(config, path, text, is_marked)
    elif not write and old is not None:
        same = parse_page(old)[1] == parse_page(text)[1]  # what it says, however it is marked
    return Readme(path, "same" if same else "made")


def find_stale(config: Config, codes: Collection[str] | None = None) -> tuple[Problem, ...]:
    """READMEs that are not what cards say now; ``codes`` None is all cards, and their list.

    Looks at READMEs that cardgen made and, where the settings ask for them, for missing ones.
    """
    severity = config.settings.checks.get(RULE, load_rules()[RULE].severity)
    sources = Sources(config)
    chosen = sources.codes if codes is None else [c for c in sources.codes if c in codes]
    if severity == "off":
        return ()
    found = [_make_card(sources, c, False) for c in chosen if _is_wanted(config, c)]
    if codes is None and _is_wanted(config, ""):
        found.append(_make_list(sources, False))
    stale = (one.path for one in found if one.state == "made")
    return tuple(_as_problem(config, path) for path in stale)


def _is_wanted(config: Config, code: str) -> bool:
    return config.settings.readme or (config.experiments / code / README_NAME).is_file()


def _as_problem(config: Config, path: Path) -> Problem:
    severity = config.settings.checks.get(RULE, load_rules()[RULE].severity)
    of = path.parent.name if path.parent != config.experiments else ""
    what = "card.md and evidence.json say" if of else "the cards say"
    message = f"It is not what {what} now." if path.exists() else "It is not there yet."
    hint = run_hint("readme", *([of] if of else []))
    return Problem(config.label(path), 1 if path.exists() else 0, RULE, severity, message, hint)
