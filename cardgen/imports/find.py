"""Which runs lie at a location, and which of them no card names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cardgen.config import Config
from cardgen.errors import CardgenError, TrackerError, UsageError
from cardgen.fetch import (
    Failure,
    Found,
    fetch_run,
    find_remote_runs,
    find_runs,
    outline_runs,
    search_runs,
)
from cardgen.imports.cache import Cache
from cardgen.imports.select import Condition, is_met, is_outlined
from cardgen.models import TRACKER_PATTERN, Card, Run

WORKERS = 8
NO_CACHE = Cache()

_TRACKER = re.compile(rf"(?P<name>{TRACKER_PATTERN.pattern}):(?P<rest>.*)", re.S)


@dataclass(frozen=True)
class Listing:
    """What lies at a location: the refs of all runs, those of ``remote`` on a server.

    ``errors`` are what kept a server or a tracker's files from being searched where runs were found
    all the same.
    """

    refs: tuple[str, ...]
    remote: frozenset[str] = frozenset()
    errors: tuple[CardgenError, ...] = ()


def find_listing(config: Config, location: str, here: Path) -> Listing:
    """The runs at a path (relative to ``here``), or at ``TRACKER:`` or ``TRACKER:LOCATION``.

    Raises UsageError for what is neither, and TrackerError where it cannot be read.
    """
    path = _find_path(here / location)
    if path:
        return _find_local(config, path)
    tracker = _TRACKER.fullmatch(location.strip())
    if tracker is None:
        raise UsageError(
            f"There is no '{location}'.",
            "Name a folder or file of the project, or a tracker's server as TRACKER:LOCATION.",
        )
    return _find_of_tracker(config, tracker["name"], tracker["rest"].strip(), here)


def _find_of_tracker(config: Config, name: str, rest: str, here: Path) -> Listing:
    path = _find_path(here / rest) or _find_path(config.root / rest) if rest else None
    if path:
        return _find_local(config, path, (name,))
    errors: list[CardgenError] = []
    remote: tuple[str, ...] = ()
    try:
        remote = find_remote_runs(config, name, rest)
    except TrackerError as error:
        errors.append(error)
    local = Found(()) if rest else search_runs(config, config.root, (name,))
    errors += (failure.error for failure in local.failures)
    # A configured store that lies in the project is found both ways.
    refs = tuple(dict.fromkeys((*local.refs, *remote)))
    if errors and not refs:
        raise errors[0]
    return Listing(refs, frozenset(remote) - frozenset(local.refs), tuple(errors))


def _find_local(config: Config, path: Path, trackers: Sequence[str] = ()) -> Listing:
    """The runs below a path; what one tracker cannot read hinders no other."""
    found = search_runs(config, path, trackers)
    if found.failures and not found.refs:
        raise found.failures[0].error
    return Listing(found.refs, errors=tuple(failure.error for failure in found.failures))


def _find_path(path: Path) -> Path | None:
    try:
        return path if path.exists() else None
    except (OSError, ValueError):
        return None


def find_known(config: Config, cards: Sequence[Card], listed: Sequence[str] = ()) -> frozenset[str]:
    """The refs of all runs that belong to a card: named, recorded, or in its folder.

    A run that a card names by another ref than ``listed`` has, such as the beginning of its id, and
    that its evidence does not hold, is read to learn which it is.
    """
    known: set[str] = set()
    for card in cards:
        known.update(ref.strip() for ref in card.front.runs)
        for run in card.evidence.runs if card.evidence else ():
            known.update((run.ref, run.quoted, *run.contains))
        if not card.front.runs and card.evidence is None and _holds_more(card):
            known.update(find_runs(config, card.folder))
    unclear = _find_unclear(cards, listed)
    known.update(run.ref for run in fetch_all(config, unclear) if isinstance(run, Run))
    return frozenset(known - {""})


def _find_unclear(cards: Iterable[Card], listed: Sequence[str]) -> list[str]:
    refs, trackers = frozenset(listed), {ref.partition(":")[0] for ref in listed}
    return [
        ref.strip()
        for card in cards
        for ref in card.front.runs
        if ref.strip() not in refs
        and ref.strip().partition(":")[0] in trackers
        and not any(run.is_named(ref) for run in (card.evidence.runs if card.evidence else ()))
    ]


def _holds_more(card: Card) -> bool:
    """Whether a card's folder holds anything that could be a run."""
    return any(entry.name != card.path.name for entry in card.folder.iterdir())


def find_passed(
    config: Config, refs: Sequence[str], conditions: Sequence[Condition]
) -> dict[str, Run]:
    """The outlines of runs that need not be read: they are known not to meet all conditions."""
    if not any(map(is_outlined, conditions)):
        return {}
    outlines = outline_runs(config, refs)
    return {
        ref: run
        for ref, run in outlines.items()
        if not all(is_met(one, run, config.settings) for one in conditions if is_outlined(one))
    }


def fetch_all(
    config: Config,
    refs: Sequence[str],
    cache: Cache = NO_CACHE,
    on_done: Callable[[], None] = lambda: None,
) -> tuple[Run | Failure, ...]:
    """Read runs side by side, in their order; those that the cache has are not read again."""

    def fetch(ref: str) -> Run | Failure:
        result = cache.load(ref) or fetch_run(config, ref)
        if isinstance(result, Run):
            cache.save(ref, result)
        on_done()
        return result

    with ThreadPoolExecutor(max_workers=min(WORKERS, len(refs) or 1)) as pool:
        return tuple(pool.map(fetch, refs))


def find_unique(
    fetched: Iterable[Run | Failure], known: frozenset[str]
) -> tuple[tuple[Run, ...], tuple[Failure, ...]]:
    """The runs that no card has, each once and oldest first, and what could not be read."""
    runs: dict[str, Run] = {}
    failures: list[Failure] = []
    for result in fetched:
        if isinstance(result, Failure):
            failures.append(result)
        elif result.ref not in known:
            runs.setdefault(result.ref, result)
    return tuple(sorted(runs.values(), key=_age)), tuple(failures)


def _age(run: Run) -> tuple[bool, float, str]:
    return run.started is None, run.started.timestamp() if run.started else 0.0, run.ref
