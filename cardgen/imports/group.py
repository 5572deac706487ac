"""Which of the found runs go on one card."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cardgen.errors import UsageError
from cardgen.groups.identity import find_varying
from cardgen.groups.nesting import find_candidates, has_results
from cardgen.imports.values import find_param, list_keys
from cardgen.measures import value_key
from cardgen.models import Run

KEYS = ("experiment", "group", "parent", "name", "seed")
"""What runs are put together by, besides ``tag.NAME`` and ``param.NAME``."""

_TAIL = re.compile(
    r"(?:^|[\s_.:#/(-]+)(?P<word>(?:random[\s_-]?)?seed|run|trial|fold|repeat|rep|rs|s)?"
    r"[\s_=.:#-]*[0-9]+\)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Bundle:
    """Runs of one card, oldest first; ``label`` is what they are called together."""

    label: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Bundles:
    """The cards' runs, and the runs that are on none: parents that only hold others together."""

    bundles: tuple[Bundle, ...]
    left_out: tuple[Run, ...] = ()


def bundle_runs(runs: Sequence[Run], key: str = "", parents: Iterable[str] = ()) -> Bundles:
    """Put runs together by a key, or each on a card of its own where it is empty.

    ``parents`` are the refs of runs that others are nested in which have a card already. Parents
    without results are left out, except where runs are put together with what they are nested
    in. Raises UsageError for a key that none of the runs has.
    """
    refuse_key(key, runs)
    if key == "parent":
        known = {run.ref: run for run in runs}
        return Bundles(_gather(runs, {run.ref: _find_parent(run, known) for run in runs}))
    above = {run.parent for run in runs if run.parent != run.ref} | set(parents)
    left_out = tuple(run for run in runs if run.ref in above and not has_results(run))
    names = {run.ref for run in left_out}
    kept = [run for run in runs if run.ref not in names]
    keys = _find_seed_keys(runs) if key == "seed" else {r.ref: _find_key(r, key) for r in kept}
    bundles = _gather(kept, keys)
    return _add_parents(bundles, left_out) if key else Bundles(bundles, left_out)


def _add_parents(bundles: Sequence[Bundle], left_out: Iterable[Run]) -> Bundles:
    """A parent whose children are all on one card goes there, with what only it recorded."""
    places: dict[str, set[int]] = {}
    for place, bundle in enumerate(bundles):
        for run in bundle.runs:
            places.setdefault(run.parent, set()).add(place)
    added: dict[int, list[Run]] = {}
    rest = []
    for parent in left_out:
        found = places.get(parent.ref, set())
        if len(found) == 1:
            added.setdefault(next(iter(found)), []).append(parent)
        else:
            rest.append(parent)
    whole = tuple(
        Bundle(bundle.label, (*added.get(place, ()), *bundle.runs))
        for place, bundle in enumerate(bundles)
    )
    return Bundles(whole, tuple(rest))


def refuse_form(key: str) -> None:
    """Raise UsageError for what is no key whatever runs there are."""
    kind, _, name = key.partition(".")
    if key and key not in KEYS and not (kind in ("tag", "param") and name):
        raise UsageError(
            f"Runs cannot be grouped by '{key}'.",
            f"Group by {', '.join(KEYS)}, tag.NAME or param.NAME.",
        )


def refuse_key(key: str, runs: Sequence[Run]) -> None:
    """Raise UsageError where none of the runs has this key."""
    if not key or key in KEYS or not runs:
        return
    known = [name for name in list_keys(runs) if name.startswith(("tag.", "param."))]
    kind, _, name = key.partition(".")
    if kind == "tag" and any(name in run.tags for run in runs):
        return
    if kind == "param" and any(find_param(run, name)[0] for run in runs):
        return
    shown = ", ".join((*KEYS, *known[:20]))
    raise UsageError(f"No run that was found has '{key}'.", f"Group by {shown}.")


def find_stem(name: str) -> str:
    """A name without the number or seed at its end: ``qa_mt5-seed3`` is ``qa_mt5``."""
    found = _TAIL.search(name.strip())
    if found is None:
        return name.strip()
    return name.strip()[: found.start()].rstrip() or found["word"] or name.strip()


@dataclass(frozen=True)
class _Key:
    """What runs of one card have in common, and how it is called."""

    value: object
    label: str = ""


def _gather(runs: Iterable[Run], keys: Mapping[str, _Key]) -> tuple[Bundle, ...]:
    gathered: dict[object, list[Run]] = {}
    labels: dict[object, str] = {}
    for run in runs:
        key = keys.get(run.ref, _Key(run.ref))
        gathered.setdefault(key.value, []).append(run)
        labels[key.value] = labels.get(key.value) or key.label
    return tuple(
        Bundle(labels[value] or _find_label(found), tuple(found))
        for value, found in gathered.items()
    )


def _find_label(runs: Sequence[Run]) -> str:
    """What runs without a common label are called: the name of one, what several share."""
    if len(runs) == 1:
        return runs[0].name
    stems = {find_stem(run.name) for run in runs}
    return stems.pop() if len(stems) == 1 else runs[0].name


def _find_key(run: Run, key: str) -> _Key:
    """A run that lacks the key stands alone."""
    kind, _, name = key.partition(".")
    alone = _Key(run.ref)
    if key == "experiment" and run.experiment:
        return _Key(run.experiment, run.experiment)
    if key == "group" and run.group:
        return _Key((run.experiment, run.group), run.group)
    if key == "name" and run.name:
        stem = find_stem(run.name)
        return _Key((run.experiment, stem.casefold()), stem)
    if kind == "tag" and name in run.tags:
        return _Key(run.tags[name], run.tags[name] or name)
    if kind == "param":
        found, value = find_param(run, name)
        return _Key(value_key(value), f"{name} {_say(value)}") if found else alone
    return alone


def _say(value: Any) -> str:
    return " ".join(str(value).split())[:40]


def _find_parent(run: Run, known: Mapping[str, Run]) -> _Key:
    """The outermost run that a run is nested in, itself for one that is in none."""
    seen = {run.ref}
    while run.parent and run.parent not in seen:
        seen.add(run.parent)
        if run.parent not in known:
            return _Key(run.parent)
        run = known[run.parent]
    return _Key(run.ref, run.name)


def _find_seed_keys(runs: Sequence[Run]) -> dict[str, _Key]:
    """Runs that differ in their seed only have one key; those without results each their own."""
    found = find_candidates(runs)
    varying = find_varying([one.params for one in found]) if found else []
    return {one.run.ref: _Key(one.key(varying)) for one in found}
