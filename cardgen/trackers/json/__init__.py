"""Files of one's own: a folder with parameters and metrics in JSON, YAML, CSV, TSV or TOML.

A locator is the run's folder, relative to the project's root: ``json:outputs/run7``; one file that
holds a whole run can be named too. File names and columns that cardgen.yaml does not say are those
that home-made scripts, Hydra, sacred, Lightning, Keras, fastai, timm, Ultralytics and the
lm-evaluation-harness use.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers._folder import start_folder
from cardgen.trackers.json.files import find_place
from cardgen.trackers.json.find import find_folders
from cardgen.trackers.json.run import make_run
from cardgen.trackers.json.settings import parse_settings

GENERIC = 2


def fetch_run(locator: str, config: TrackerConfig) -> Run:
    """Read the folder or file that the locator names; raises TrackerError where it is no run."""
    settings = parse_settings(config.options)
    folder, file = find_place(locator, config.root)
    try:
        return make_run(folder, file, settings)
    except (ValidationError, RecursionError, OverflowError):
        raise TrackerError(
            f"'{locator}' holds values that no run can have.",
            "Correct its parameters and metrics, or name other files in cardgen.yaml.",
        ) from None


def find_runs(location: Path, config: TrackerConfig) -> tuple[str, ...]:
    """The refs of all runs in or below a folder, sorted by path.

    Raises TrackerError for a location outside the root, and for settings that cannot be.
    """
    settings = parse_settings(config.options)
    start = start_folder(location, config.root)
    return tuple(f"json:{name}" for name in find_folders(start, settings))
