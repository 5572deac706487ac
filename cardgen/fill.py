"""From the runs that a card names to its evidence: fetch, mask, save."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cardgen.config import Config
from cardgen.errors import CardgenError, DocumentError, TrackerError
from cardgen.evidence import PULL
from cardgen.fetch import Failure, fetch_run, find_runs
from cardgen.models import CAPTURED, Card, Evidence, Run
from cardgen.running import Going, load_going, remove_going, settle
from cardgen.store import CARD_NAME, Change, update_evidence
from cardgen.versions import complete_runs

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
    hindrance = find_hindrance(card)
    if hindrance:
        return Filled(card.code, (), failures=(Failure(card.code, hindrance),))
    try:
        refs = find_refs(config, card, runs)
    except CardgenError as error:
        return Filled(card.code, (), failures=(Failure(card.code, error),))
    going = tuple(one for one in load_going(config) if one.code == card.code)
    missing = find_missing(card, runs)
    if not (refs or going or missing or _list_captured(card.evidence)):
        return Filled(card.code, ())
    fetched = fetch_runs(config, refs, _list_captured(card.evidence))
    failures = (*missing, *(result for result in fetched if isinstance(result, Failure)))
    try:
        change = update_evidence(
            config, card, lambda old: merge(card.code, fetched, old, going), dry_run=dry_run
        )
    except CardgenError as error:
        return Filled(card.code, refs, failures=(*failures, Failure(card.code, error)))
    if not dry_run:
        remove_going(config, (one.ref for one in going if one.gone and not one.is_done))
    return Filled(card.code, refs, change, failures)


def find_hindrance(card: Card) -> CardgenError | None:
    """Why a card is not filled: its runs cannot be read from it, or its evidence is elsewhere, in
    two branches or with git-lfs. Captured runs that are lost cannot be read again."""
    for one in card.problems:
        unread = one.rule in ("front-matter", "unreadable") and one.path.endswith(CARD_NAME)
        if unread or one.rule == "merge-conflict" or one.hint == PULL:
            place = f"{one.path}:{one.line}" if one.line else one.path
            return DocumentError(f"{place}: {one.message}", one.hint)
    return None


def find_refs(config: Config, card: Card, runs: Sequence[str] = ()) -> tuple[str, ...]:
    """The refs to read: those the card names and ``runs``; where it names none, what lies in its
    folder; and where nothing does, what the evidence was filled from. Besides, whatever its
    captured runs contain; they themselves are in no tracker."""
    named = tuple(ref for ref in card.front.runs if not is_captured(ref))
    chosen = (*named, *(ref for ref in runs if not is_captured(ref)))
    if not named:
        chosen += find_runs(config, card.folder)
    recorded = card.evidence.runs if card.evidence else ()
    contained = [ref for run in recorded if run.captured for ref in run.contains]
    if not chosen:
        chosen = tuple(run.quoted or run.ref for run in recorded if not run.captured)
    full = {run.quoted: run.ref for run in recorded if run.quoted}
    known = {full.get(ref.strip(), ref.strip()) for ref in chosen}
    added = [ref for ref in contained if ref not in known]
    return tuple(dict.fromkeys(ref.strip() for ref in (*chosen, *added)))


def is_captured(ref: str) -> bool:
    """Whether a ref is that of a run that 'cardgen run' recorded."""
    return ref.strip().startswith(f"{CAPTURED}:")


def find_missing(card: Card, runs: Sequence[str]) -> tuple[Failure, ...]:
    """The captured runs that are named and not in the evidence: nothing can bring them back."""
    known = _list_captured(card.evidence)
    refs = dict.fromkeys(ref.strip() for ref in (*card.front.runs, *runs) if is_captured(ref))
    return tuple(
        Failure(ref, TrackerError("It is not in the evidence.", "Restore evidence.json from git."))
        for ref in refs
        if not any(run.is_named(ref) for run in known)
    )


def _list_captured(evidence: Evidence | None) -> tuple[Run, ...]:
    return tuple(run for run in evidence.runs if run.captured) if evidence else ()


def fetch_runs(
    config: Config, refs: Iterable[str], captured: Iterable[Run] = ()
) -> tuple[Run | Failure, ...]:
    """Read runs, and what git knows of the versions of their data."""
    return complete(config, [fetch_run(config, ref) for ref in refs], captured)


def complete(
    config: Config, fetched: Sequence[Run | Failure], captured: Iterable[Run] = ()
) -> tuple[Run | Failure, ...]:
    """The runs with the versions of their data, as their commits tell them.

    A run whose tracker does not say whether the checkout was clean has it from the captured run
    that contains it.
    """
    runs = [result for result in fetched if isinstance(result, Run)]
    clean = {
        (ref, run.source.commit)
        for run in captured
        if run.source and run.source.dirty is False
        for ref in run.contains
    }
    patches = {
        run.ref: ""
        for run in runs
        if run.source and run.source.dirty is None and (run.ref, run.source.commit) in clean
    }
    completed = iter(complete_runs(config.root, runs, patches))
    return tuple(next(completed) if isinstance(result, Run) else result for result in fetched)


def merge(
    code: str,
    fetched: Sequence[Run | Failure],
    old: Evidence | None,
    going: Iterable[Going] = (),
) -> Evidence | None:
    """New evidence: what was fetched, the old entries of what could not be, and what was captured.

    None, which leaves the file as it is, where nothing could be fetched and nothing was captured.
    """
    known = settle(old.runs if old else (), going)
    captured = [run for run in known if run.captured]
    if not any(isinstance(result, Run) for result in fetched):
        return Evidence(code=code, runs=known) if captured else None
    runs = [*captured]
    for result in fetched:
        if isinstance(result, Run):
            runs.append(result)
        else:
            runs += [run for run in known if run.is_named(result.ref)]
    # A run that has ended meanwhile may contain others, which this fill knows nothing of.
    contained = {ref for run in captured for ref in run.contains}
    unique = {run.ref: run for run in known if run.ref in contained}
    # The card's own refs come first, and a run keeps the ref by which the card names it.
    unique |= {run.ref: run for run in reversed(runs)}
    refs = [result.ref for result in fetched]
    return Evidence(code=code, runs=arrange(unique.values(), refs))


def arrange(runs: Iterable[Run], refs: Iterable[str]) -> tuple[Run, ...]:
    """Captured runs by their time, then the others in the order of the refs that name them."""
    places = {ref: place for place, ref in enumerate(dict.fromkeys(refs))}

    def key(run: Run) -> tuple[int, int, str]:
        if run.captured:
            return 0, 0, run.ref
        return 1, min(places.get(name, len(places)) for name in (run.ref, run.quoted)), ""

    return tuple(sorted(runs, key=key))


def report_filled(filled: Sequence[Filled], *, dry_run: bool = False) -> tuple[str, ...]:
    """A line a card: what changed, or why nothing did."""
    return tuple(line for card in filled for line in _report(card, dry_run))


def _report(card: Filled, dry_run: bool) -> list[str]:
    if not card.refs and card.change is None:
        return [] if card.failures else [f"none  {card.code}: it names no run, its folder has none"]
    if card.change is None or not card.change.changed:
        return [] if card.failures else [f"same  {card.code}"]
    verb = "would fill" if dry_run else "filled"
    lines = [f"{verb}  {card.code}: {', '.join(card.refs) or 'captured runs'}"]
    return lines + (_format_diff(card.change) if dry_run else [])


def _format_diff(change: Change) -> list[str]:
    diff = difflib.unified_diff(
        change.before.splitlines(), change.after.splitlines(), "before", "after", n=1, lineterm=""
    )
    return [f"  {line}" for line in list(diff)[2:]]
