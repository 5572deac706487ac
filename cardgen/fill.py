"""From the runs that a card names to its evidence: fetch, mask, save."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cardgen.config import Config
from cardgen.errors import CardgenError
from cardgen.fetch import Failure, fetch_run, find_runs
from cardgen.models import Card, Evidence, Run
from cardgen.store import Change, update_evidence

WORKERS = 8


@dataclass(frozen=True)
class Filled:
    """What filling one card did; ``change`` is None where no run was found."""

    code: str
    refs: tuple[str, ...]
    change: Change | None = None
    failures: tuple[Failure, ...] = ()


def fill_cards(
    config: Config,
    cards: Sequence[Card],
    *,
    runs: Sequence[str] = (),
    dry_run: bool = False,
    on_done: Callable[[Filled], None] = lambda _: None,
) -> tuple[Filled, ...]:
    """Fill cards side by side, in their order; ``runs`` are refs to read besides the named ones."""

    def fill(card: Card) -> Filled:
        filled = fill_card(config, card, runs=runs, dry_run=dry_run)
        on_done(filled)
        return filled

    with ThreadPoolExecutor(max_workers=min(WORKERS, len(cards) or 1)) as pool:
        return tuple(pool.map(fill, cards))


def fill_card(
    config: Config, card: Card, *, runs: Sequence[str] = (), dry_run: bool = False
) -> Filled:
    """Read a card's runs into its evidence.

    A run that cannot be read keeps the entry it had; nothing is raised for it.
    """
    try:
        refs = find_refs(config, card, runs)
    except CardgenError as error:
        return Filled(card.code, (), failures=(Failure(card.code, error),))
    if not refs:
        return Filled(card.code, ())
    fetched = [fetch_run(config, ref) for ref in refs]
    failures = tuple(result for result in fetched if isinstance(result, Failure))
    try:
        change = update_evidence(
            config, card, lambda old: merge(card.code, fetched, old), dry_run=dry_run
        )
    except CardgenError as error:
        return Filled(card.code, refs, failures=(*failures, Failure(card.code, error)))
    return Filled(card.code, refs, change, failures)


def find_refs(config: Config, card: Card, runs: Sequence[str] = ()) -> tuple[str, ...]:
    """The refs to read: those the card names and ``runs``; where it names none, what lies in its
    folder; and where nothing does, what the evidence was filled from."""
    named = (*card.front.runs, *runs)
    if not card.front.runs:
        named += find_runs(config, card.folder)
    if not named and card.evidence:
        named = tuple(run.quoted or run.ref for run in card.evidence.runs)
    return tuple(dict.fromkeys(ref.strip() for ref in named))


def merge(code: str, fetched: Iterable[Run | Failure], old: Evidence | None) -> Evidence | None:
    """New evidence: what was fetched, and the old entries of what could not be.

    None, which leaves the file as it is, where nothing could be fetched.
    """
    known = old.runs if old else ()
    runs: list[Run] = []
    for result in fetched:
        if isinstance(result, Run):
            runs.append(result)
        else:
            runs += [run for run in known if run.is_named(result.ref)]
    unique = {run.ref: run for run in runs}
    if not any(isinstance(result, Run) for result in fetched):
        return None
    return Evidence(code=code, runs=tuple(unique.values()))


def report_filled(filled: Sequence[Filled], *, dry_run: bool = False) -> tuple[str, ...]:
    """A line a card: what changed, or why nothing did."""
    return tuple(line for card in filled for line in _report(card, dry_run))


def _report(card: Filled, dry_run: bool) -> list[str]:
    if not card.refs:
        return [] if card.failures else [f"none  {card.code}: it names no run, its folder has none"]
    if card.change is None or not card.change.changed:
        return [] if card.failures else [f"same  {card.code}"]
    verb = "would fill" if dry_run else "filled"
    lines = [f"{verb}  {card.code}: {', '.join(card.refs)}"]
    return lines + (_format_diff(card.change) if dry_run else [])


def _format_diff(change: Change) -> list[str]:
    diff = difflib.unified_diff(
        change.before.splitlines(), change.after.splitlines(), "before", "after", n=1, lineterm=""
    )
    return [f"  {line}" for line in list(diff)[2:]]
