"""A card of a run that is worth one, such as an experiment that DVC keeps outside the branches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from cardgen.config import Config
from cardgen.errors import UsageError
from cardgen.fetch import Failure, fetch_run
from cardgen.fill import complete, merge
from cardgen.imports.name import clean_title
from cardgen.models import Card, Run, RunRef
from cardgen.project import new_card
from cardgen.scaffold import NewCard
from cardgen.store import load_card, load_cards, update_evidence


@dataclass(frozen=True)
class Promoted:
    """The card that was made, and the run that it was filled from."""

    path: Path
    run: Run


def promote_run(config: Config, card: NewCard, *, reuse: bool = False) -> Promoted:
    """Make a card of its one run: the run is read, then the card is made, then it is filled.

    Raises UsageError where a card names the run already, and TrackerError where it cannot be read;
    then no card is made.
    """
    (ref,) = card.runs
    parsed = str(RunRef.parse(ref))
    cards = load_cards(config)
    _refuse_known(cards, {parsed})
    run = _fetch(config, parsed)
    _refuse_known(cards, {parsed, run.ref, run.quoted} - {""})
    path = new_card(config, _describe(replace(card, runs=(parsed,)), run), reuse=reuse)
    made = load_card(config, path)
    runs = complete(config, [run])
    update_evidence(config, made, lambda old: merge(made.code, runs, old))
    return Promoted(path, run)


def _fetch(config: Config, ref: str) -> Run:
    found = fetch_run(config, ref)
    if isinstance(found, Failure):
        raise found.error
    return found


def _refuse_known(cards: Iterable[Card], refs: set[str]) -> None:
    for card in cards:
        recorded = card.evidence.runs if card.evidence else ()
        known = {one.strip() for one in card.front.runs}
        known |= {name for run in recorded for name in (run.ref, run.quoted) if name}
        same = sorted(known & refs)
        if same:
            raise UsageError(
                f"'{same[0]}' is on the card {card.code} already.",
                f"Read it again: cardgen fill {card.code}",
            )


def _describe(card: NewCard, run: Run) -> NewCard:
    """With what the run says of itself, where the person said nothing; the goal as a suggestion."""
    name = clean_title(run.name)
    title = card.title or ("" if name == card.code else name)
    if card.goal or not run.description.strip():
        return replace(card, title=title)
    return replace(card, title=title, goal=run.description, suggested_by=card.runs[0])
