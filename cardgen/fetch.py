"""Runs out of their trackers: found, read and without their secrets.

Nothing else calls an adapter, so that nothing that a tracker recorded gets past the filter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cardgen.config import Config
from cardgen.errors import CardgenError, TrackerError
from cardgen.masking import mask_run
from cardgen.models import Presence, Run, RunRef
from cardgen.references import Reference
from cardgen.trackers import find_trackers, load_tracker

_REGISTRIES = {"hub": "hf", "mlflow": "mlflow", "wandb": "wandb"}
_REFUSED = (401, 403)


@dataclass(frozen=True)
class Failure:
    """A run that could not be read, and why."""

    ref: str
    error: CardgenError


@dataclass(frozen=True)
class Found:
    """The refs of runs that lie somewhere, and what could not be searched for them."""

    refs: tuple[str, ...]
    failures: tuple[Failure, ...] = ()


def find_runs(config: Config, location: Path, trackers: Collection[str] = ()) -> tuple[str, ...]:
    """The refs that ``search_runs`` finds; raises the first thing that hindered it."""
    found = search_runs(config, location, trackers)
    if found.failures:
        raise found.failures[0].error
    return found.refs


def search_runs(config: Config, location: Path, trackers: Collection[str] = ()) -> Found:
    """All runs that any tracker (or one of ``trackers``) left in a folder, tracker by tracker.

    A run that several adapters recognise is found once: where a Trainer's output holds event
    files, they are its own, and no second run.
    """
    found: dict[str, tuple[str, ...]] = {}
    failures: list[Failure] = []
    taken: set[str] = set()
    names = [name for name in find_trackers() if not trackers or name in trackers]
    for name in sorted(names, key=lambda name: (_rank(name), name)):
        try:
            refs = load_tracker(name).find_runs(location, config.for_tracker(name))
        except CardgenError as error:
            failures.append(Failure(name, error))
            continue
        except Exception as error:  # as for fetch_run
            failures.append(Failure(name, _wonder(error)))
            continue
        found[name] = tuple(ref for ref in refs if not _rank(name) or not _is_taken(ref, taken))
        taken.update(_find_place(ref) for ref in found[name])
    return Found(tuple(ref for name in sorted(found) for ref in found[name]), tuple(failures))


def _wonder(error: Exception) -> TrackerError:
    """What nobody foresaw, as a sentence."""
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    hint = "If the files are in order, report this as a fault of cardgen."
    return TrackerError(f"It cannot be read ({what}).", hint)


def find_remote_runs(config: Config, name: str, location: str = "") -> tuple[str, ...]:
    """The refs of the runs that a tracker's server holds; none where its adapter lists none.

    Raises TrackerError where the server cannot be asked.
    """
    find = getattr(load_tracker(name), "find_remote_runs", None)
    return tuple(find(location, config.for_tracker(name))) if find else ()


def outline_runs(config: Config, refs: Iterable[str]) -> dict[str, Run]:
    """Runs without checkpoints and curves, by ref, as far as their adapters read many at once.

    A run that is missing is to be read by ``fetch_run``.
    """
    locators: dict[str, list[str]] = {}
    for ref in refs:
        name, _, locator = ref.partition(":")
        locators.setdefault(name, []).append(locator)
    found: dict[str, Run] = {}
    for name in sorted(locators.keys() & set(find_trackers())):
        outline = getattr(load_tracker(name), "outline_runs", None)
        runs = outline(locators[name], config.for_tracker(name)) if outline else ()
        found |= {run.ref: mask_run(run, frozenset(config.settings.secrets.allow)) for run in runs}
    return found


def _rank(name: str) -> int:
    return int(getattr(load_tracker(name), "GENERIC", 0))


def _find_place(ref: str) -> str:
    return RunRef.parse(ref).locator.partition("#")[0].rstrip("/")


def _is_taken(ref: str, taken: set[str]) -> bool:
    """Whether a run's place is, or lies in, the place of one that was found before."""
    place = _find_place(ref)
    parts = place.split("/")
    return any("/".join(parts[:count]) in taken for count in range(1, len(parts) + 1))


def look_up_run(config: Config, ref: str) -> Presence | Failure:
    """Whether a run is still in its tracker.

    A Failure with a GoneError: it is not; with any other: it could not be asked.
    """
    name = ref.partition(":")[0]
    return _look_up(config, name, "find_presence", ref.partition(":")[2].strip(), ref)


def look_up_registered(config: Config, reference: Reference) -> Presence | Failure:
    """The same of a model or data set in its registry; ``there`` where no adapter can ask."""
    name = _REGISTRIES.get(reference.kind, "")
    if not name:
        return "there"
    return _look_up(config, name, "find_registered", reference, reference.name)


def _look_up(
    config: Config, name: str, question: str, what: str | Reference, ref: str
) -> Presence | Failure:
    try:
        tracker = load_tracker(name)
        settings = config.for_tracker(name)
        ask = getattr(tracker, question, None)
        if ask is not None:
            return cast("Presence", ask(what, settings))
        tracker.fetch_run(str(what), settings)
    except CardgenError as error:
        # What a server refuses to show may still be there.
        return "hidden" if getattr(error, "status", 0) in _REFUSED else Failure(ref, error)
    except Exception as error:  # as for fetch_run
        return Failure(ref, _wonder(error))
    return "there"


def fetch_run(config: Config, ref: str) -> Run | Failure:
    """Read one run and mask its secrets; a run that cannot be read is a Failure."""
    try:
        parsed = RunRef.parse(ref)
        tracker = load_tracker(parsed.tracker)
        run = tracker.fetch_run(parsed.locator, config.for_tracker(parsed.tracker))
    except CardgenError as error:
        return Failure(ref, error)
    except Exception as error:  # whatever a strange file does to an adapter, the others are filled
        return Failure(ref, _wonder(error))
    if run.ref != ref:
        run = run.model_copy(update={"quoted": ref})
    return mask_run(run, frozenset(config.settings.secrets.allow))
