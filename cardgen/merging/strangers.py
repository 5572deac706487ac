"""Two experiments of one code, made on two branches: one of them must be called otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cardgen.config import Config
from cardgen.documents import parse_card
from cardgen.merging.conflicts import BASE, OURS, THEIRS, Conflict
from cardgen.models import FrontMatter
from cardgen.store import CARD_NAME


@dataclass(frozen=True)
class Left:
    """What a person must decide: where, what it is about, and how to go on."""

    path: Path
    line: int
    message: str
    hint: str = ""


def find_strangers(config: Config, by_name: Mapping[str, Conflict]) -> Iterator[Left]:
    """Two cards that were made apart, of the same code: one must be called otherwise."""
    card = by_name.get(CARD_NAME)
    if card is None or BASE in card.stages or not {OURS, THEIRS} <= set(card.stages):
        return
    label = config.label(card.path.parent)
    parsed = [parse_card(card.stages[n], card.path, card.code, label) for n in (OURS, THEIRS)]
    if not is_other(parsed[0].front, parsed[1].front):
        return
    new = f"{config.settings.experiments}/NEW"
    hint = (
        f"Keep theirs under another code: mkdir {new} && git show :3:./{label}/card.md > "
        f"{new}/card.md, likewise evidence.json, with 'code: NEW' in both; then 'git checkout "
        f"--ours {label}' and 'git add {label} {new}'"
    )
    yield Left(card.path, 0, f"Two experiments are called {card.code}.", hint)


def is_other(ours: FrontMatter, theirs: FrontMatter) -> bool:
    """Whether two cards of one code are of different experiments."""
    if ours.runs and theirs.runs:
        return not set(ours.runs) & set(theirs.runs)
    return bool(ours.title and theirs.title) and ours.title != theirs.title
