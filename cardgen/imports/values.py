"""What a run is selected and shown by: its parameters and the one value of each metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from cardgen.config import Settings
from cardgen.measures import flatten, guess_direction, normalise
from cardgen.models import Run

FIELDS = ("name", "experiment", "status", "group", "tracker", "author", "parent", "ref")
TIMES = ("started", "finished")


def find_param(run: Run, name: str) -> tuple[bool, Any]:
    """Whether a run has a parameter, and its value; ``optim.lr`` and ``optim/lr`` are one name."""
    params = flatten(run.params)
    if name in params:
        return True, params[name]
    wanted = normalise(name)
    return next(((True, params[key]) for key in params if normalise(key) == wanted), (False, None))


def find_metric(run: Run, name: str, settings: Settings) -> float | None:
    """A metric's best value among the checkpoints, or its last one where none has it."""
    wanted = normalise(name)
    rows = [
        value
        for row in run.checkpoints
        for key, value in row.metrics.items()
        if key == name or normalise(key) == wanted
    ]
    fit = [value for value in rows if not math.isnan(value)]
    if fit:
        return max(fit) if guess_direction(name, settings) == "max" else min(fit)
    last = {normalise(key): metric.value for key, metric in run.metrics.items()}
    return rows[-1] if rows else last.get(wanted)


def list_metrics(runs: Iterable[Run]) -> list[str]:
    """The names of all metrics, sorted."""
    names = {name for run in runs for name in run.metrics}
    return sorted(names | {n for run in runs for row in run.checkpoints for n in row.metrics})


def list_keys(runs: Sequence[Run]) -> list[str]:
    """Everything that the runs can be selected by."""
    tags = sorted({f"tag.{name}" for run in runs for name in run.tags})
    params = sorted({f"param.{name}" for run in runs for name in flatten(run.params)})
    return [*FIELDS, *TIMES, "tag", *tags, *params, *list_metrics(runs)]
