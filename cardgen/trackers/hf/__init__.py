"""Hugging Face Trainer: an output folder, read without transformers or torch.

A locator is the folder, relative to the project's root: ``hf:experiments/qa-1``. What the Trainer,
TRL, PEFT, SetFit and sentence-transformers leave there is read; weights and pickles
(``training_args.bin``, ``optimizer.pt``) are never opened. Metrics keep the names that they have
there (``eval_f1``). A checkpoint's own folder can be named too, where a folder holds those of
several trainings.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers._folder import find_names, start_folder
from cardgen.trackers.hf.files import find_folder
from cardgen.trackers.hf.find import find_outputs
from cardgen.trackers.hf.hub import find_registered
from cardgen.trackers.hf.record import load_record
from cardgen.trackers.hf.run import make_run

__all__ = ["fetch_run", "find_registered", "find_runs"]


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the output folder that the locator names; raises TrackerError where it is none."""
    folder = find_folder(locator, config.root)
    record = load_record(folder)
    try:
        return make_run(record)
    except (ValidationError, RecursionError, OverflowError):
        raise TrackerError(
            f"The output folder '{folder.name}' holds values that no run can have.",
            "Restore its trainer_state.json from where it was written.",
        ) from None


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all outputs in or below a folder, sorted by path; checkpoints are no runs.

    Raises TrackerError for a location outside the root.
    """
    start = start_folder(location, config.root)
    if not find_names(start):
        return ()
    return tuple(f"hf:{name}" for name in find_outputs(start))
