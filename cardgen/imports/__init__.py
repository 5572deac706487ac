"""Cards for runs that are there already: found at a location, selected, grouped and made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from cardgen.config import Config
from cardgen.errors import CardgenError
from cardgen.fetch import Failure, outline_runs
from cardgen.imports.cache import Cache, clear, load_journal, make_cache
from cardgen.imports.find import (
    Listing,
    fetch_all,
    find_known,
    find_passed,
    find_unique,
)
from cardgen.imports.group import bundle_runs
from cardgen.imports.make import Made, Planned, Unfinished, make_cards, plan_cards
from cardgen.imports.select import Condition, select_runs
from cardgen.models import Card, Run
from cardgen.store import load_cards

Progress = Callable[[int, str], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True)
class Wanted:
    """Which runs become cards, and how."""

    conditions: tuple[Condition, ...] = ()
    group_by: str = ""
    prefix: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """The runs of a location that no card names, oldest first.

    ``on_cards`` counts those that a card names, ``parents`` are the refs that runs of cards are
    nested in, ``unfinished`` are the cards that an interrupted import left without evidence, with
    what was read of their runs. ``passed`` are the outlines of runs that meet not all conditions.
    """

    runs: tuple[Run, ...]
    failures: tuple[Failure, ...] = ()
    on_cards: int = 0
    parents: frozenset[str] = frozenset()
    unfinished: tuple[Unfinished, ...] = ()
    errors: tuple[CardgenError, ...] = ()
    passed: tuple[Run, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The cards that are to be made, and the parents that are on none.

    ``is_whole`` says that all runs could be read, so that nothing is left for another import.
    """

    cards: tuple[Planned, ...]
    left_out: tuple[Run, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()
    is_whole: bool = True


def outline(config: Config, listing: Listing, progress: Progress) -> Found:
    """The listed runs that no card names, without their checkpoints and curves."""
    known = find_known(config, load_cards(config), listing.refs)
    fresh = [ref for ref in listing.refs if ref.strip() not in known]
    outlines: dict[str, Run | Failure] = {**outline_runs(config, fresh)}
    rest = [ref for ref in fresh if ref not in outlines]
    with progress(len(rest), "read") as step:
        outlines |= zip(rest, fetch_all(config, rest, on_done=step), strict=True)
    runs, failures = find_unique((outlines[ref] for ref in fresh), known)
    short = tuple(run.model_copy(update={"checkpoints": (), "curves": ()}) for run in runs)
    return Found(short, failures, len(listing.refs) - len(fresh), errors=listing.errors)


def find(
    config: Config,
    listing: Listing,
    conditions: Sequence[Condition],
    progress: Progress,
    *,
    resume: bool = False,
) -> Found:
    """Read all listed runs that no card names and that may meet the conditions.

    ``resume`` goes on where an interrupted import stopped: it keeps what it reads of servers, and
    reads the runs of cards that have no evidence yet.
    """
    cards = load_cards(config)
    known = find_known(config, cards, listing.refs)
    fresh = [ref for ref in listing.refs if ref.strip() not in known]
    passed = find_passed(config, fresh, conditions)
    fresh = [ref for ref in fresh if ref not in passed]
    unfinished = _find_unfinished(config, cards) if resume else ()
    again = [ref.strip() for card in unfinished for ref in card.front.runs]
    refs = list(dict.fromkeys((*fresh, *again)))
    cache = make_cache(config, listing.remote) if resume and listing.remote else Cache()
    with progress(len(refs), "read") as step:
        fetched = dict(zip(refs, fetch_all(config, refs, cache, step), strict=True))
    runs, failures = find_unique((fetched[ref] for ref in fresh), known)
    halves, failed = _match(unfinished, fetched)
    return Found(
        runs=runs,
        failures=(*failures, *failed),
        on_cards=len(listing.refs) - len(fresh) - len(passed),
        parents=_find_parents(cards, halves),
        unfinished=halves,
        errors=listing.errors,
        passed=tuple(passed.values()),
    )


def _find_unfinished(config: Config, cards: Sequence[Card]) -> tuple[Card, ...]:
    journal = load_journal(config)
    return tuple(
        card for card in cards if card.code in journal and card.front.runs and not card.evidence
    )


def _match(
    cards: Sequence[Card], fetched: dict[str, Run | Failure]
) -> tuple[tuple[Unfinished, ...], list[Failure]]:
    """Each card with those of its runs that could be read, and what could not."""
    halves: list[Unfinished] = []
    failures: list[Failure] = []
    for card in cards:
        results = [fetched[ref.strip()] for ref in card.front.runs]
        failures += [result for result in results if isinstance(result, Failure)]
        runs = tuple(result for result in results if isinstance(result, Run))
        halves += [Unfinished(card, runs)] if runs else []
    return tuple(halves), failures


def _find_parents(cards: Sequence[Card], unfinished: Sequence[Unfinished]) -> frozenset[str]:
    runs = [run for card in cards if card.evidence for run in card.evidence.runs]
    runs += [run for half in unfinished for run in half.runs]
    return frozenset(run.parent for run in runs if run.parent not in ("", run.ref))


def plan(config: Config, found: Found, wanted: Wanted) -> Plan:
    """The cards for the runs that are wanted; nothing is written.

    Raises UsageError for a condition or a key that fits none of the runs.
    """
    runs = select_runs(found.runs, wanted.conditions, config.settings, found.passed)
    parents = found.parents | {run.parent for run in (*found.runs, *found.passed)}
    bundles = bundle_runs(runs, wanted.group_by, parents)
    cards = plan_cards(config, bundles.bundles, wanted.prefix, wanted.tags)
    return Plan(cards, bundles.left_out, found.unfinished, not found.failures)


def make(config: Config, planned: Plan, progress: Progress) -> Made:
    """Make the cards with their evidence."""
    with progress(len(planned.cards) + len(planned.unfinished), "write") as step:
        made = make_cards(config, planned.cards, planned.unfinished, step)
    if planned.is_whole and not made.failures:
        clear(config)
    return made
