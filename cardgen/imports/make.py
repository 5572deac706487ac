"""Cards for imported runs: planned first, then made, each with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cardgen.codes import find_fault
from cardgen.config import Config
from cardgen.errors import CardgenError, UsageError
from cardgen.fetch import Failure
from cardgen.fill import complete, merge
from cardgen.imports.cache import load_journal, save_journal
from cardgen.imports.group import Bundle
from cardgen.imports.name import Codes, choose_code, clean_title
from cardgen.models import Card, FrontMatter, Run
from cardgen.project import find_folders, find_used, open_card
from cardgen.scaffold import NewCard
from cardgen.store import CARD_NAME, update_evidence

WORKERS = 8


@dataclass(frozen=True)
class Planned:
    """A card that is to be made, with its runs as they were read."""

    card: NewCard
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Unfinished:
    """A card that an interrupted import left without evidence, with its runs as they were read."""

    card: Card
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Made:
    """What was made, and what could not be."""

    cards: tuple[Planned, ...] = ()
    completed: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


def name_run(run: Run) -> str:
    """The ref by which a card names a run."""
    return run.quoted or run.ref


def plan_cards(
    config: Config, bundles: Iterable[Bundle], prefix: str = "", tags: Sequence[str] = ()
) -> tuple[Planned, ...]:
    """A card a bundle, under codes that are free; raises UsageError for an impossible prefix."""
    if prefix and (fault := find_fault(f"{prefix}1")):
        raise UsageError(f"'{prefix}1' {fault}.", "Choose a prefix such as qa-.")
    used = find_used(config)
    codes = Codes(used, set(find_folders(config)) - _find_left_over(config))
    return tuple(
        _plan_card(
            bundle,
            choose_code(codes, bundle.label, bundle.runs, config.settings.experiments, prefix),
            tags,
        )
        for bundle in bundles
    )


def _find_left_over(config: Config) -> set[str]:
    """Codes of empty folders in which an interrupted import was about to make a card."""
    return {code for code in load_journal(config) if _is_empty(config, code)}


def _is_empty(config: Config, code: str) -> bool:
    folder = config.experiments / code
    if find_fault(code) or not folder.is_dir():
        return False
    half_written = f".{CARD_NAME}."
    return all(entry.name.startswith(half_written) for entry in folder.iterdir())


def _plan_card(bundle: Bundle, code: str, tags: Sequence[str]) -> Planned:
    title = clean_title(bundle.label)
    said = next((run for run in bundle.runs if run.description.strip()), None)
    card = NewCard(
        code=code,
        title="" if title == code else title,
        tags=_join_tags(bundle.runs, tags),
        runs=tuple(name_run(run) for run in bundle.runs),
        goal=said.description if said else "",
        suggested_by=name_run(said) if said else "",
    )
    return Planned(card, bundle.runs)


def _join_tags(runs: Iterable[Run], tags: Iterable[str]) -> tuple[str, ...]:
    """The runs' plain labels and those that were asked for, each once whatever its case."""
    found: dict[str, str] = {}
    plain = (tag for run in runs for tag, value in run.tags.items() if not value)
    for tag in (*plain, *tags):
        if clean := clean_title(tag):
            found.setdefault(clean.casefold(), clean)
    return tuple(found.values())


def make_cards(
    config: Config,
    planned: Sequence[Planned],
    unfinished: Sequence[Unfinished] = (),
    on_done: Callable[[], None] = lambda: None,
) -> Made:
    """Make the planned cards, and give those their evidence that an interrupted import left.

    The codes are noted before the first card is made, so that the next import knows what is to be
    completed. What cannot be made is a failure, and the others are made.
    """
    codes = {one.card.code for one in planned} | {half.card.code for half in unfinished}
    save_journal(config, codes | load_journal(config))
    whole = _complete(config, planned, unfinished)

    def finish(half: Unfinished) -> list[Failure]:
        failed = _save(config, half.card.code, [whole[run.ref] for run in half.runs])
        on_done()
        return failed

    def make(one: Planned) -> list[Failure]:
        failed = _make(config, one.card, [whole[run.ref] for run in one.runs])
        on_done()
        return failed

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:  # most of the time is the disk's
        finished = tuple(pool.map(finish, unfinished))
        done = tuple(pool.map(make, planned))
    return Made(
        tuple(one for one, failed in zip(planned, done, strict=True) if not failed),
        tuple(h.card.code for h, failed in zip(unfinished, finished, strict=True) if not failed),
        tuple(failure for failed in (*finished, *done) for failure in failed),
    )


def _complete(
    config: Config, planned: Iterable[Planned], unfinished: Iterable[Unfinished]
) -> dict[str, Run]:
    """All runs by ref, with what git knows of the versions of their data."""
    runs = [run for one in planned for run in one.runs]
    runs += [run for half in unfinished for run in half.runs]
    return {run.ref: run for run in complete(config, runs) if isinstance(run, Run)}


def _make(config: Config, card: NewCard, runs: Sequence[Run]) -> list[Failure]:
    try:
        open_card(config, card)
    except CardgenError as error:
        return [Failure(card.code, error)]
    return _save(config, card.code, runs)


def _save(config: Config, code: str, runs: Sequence[Run]) -> list[Failure]:
    """Write the evidence of a card whose runs were read already."""
    path = config.experiments / code / CARD_NAME
    card = Card(code, path, FrontMatter.model_construct(code=code))
    try:
        update_evidence(config, card, lambda old: merge(code, runs, old))
    except CardgenError as error:
        return [Failure(code, error)]
    return []
