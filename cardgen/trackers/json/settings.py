"""The adapter's part of cardgen.yaml: which folders are runs, and which files say what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cardgen.errors import TrackerError

_STEMS = "params config args hparams hyperparameters hyperparams arguments options opt cfg"
PARAMS = (
    *(f"{stem}.{end}" for stem in _STEMS.split() for end in ("json", "yaml", "yml", "toml")),
    ".hydra/config.yaml",
    "training_args.json",
    "run_config.json",
)
_SINGLE = (
    "metrics results result eval evaluation scores score eval_results test_results test_metrics "
    "eval_metrics val_metrics train_metrics final_metrics history"
)
_LOGS = "metrics results history log logs training_log train_log training summary progress scores"
METRICS = (
    *(f"{stem}.json" for stem in (*_SINGLE.split(), "log", "training_log", "train_log")),
    *(f"{stem}.{end}" for stem in ("metrics", "results") for end in ("yaml", "yml", "toml")),
    *(f"{stem}.{end}" for stem in _LOGS.split() for end in ("csv", "tsv", "jsonl", "ndjson")),
    "training.log",
    "*.log.json",
    "vis_data/scalars.json",
    "results_*.json",
)
STEPS = (
    "step", "global_step", "trainer/global_step", "iteration", "iterations", "iter",
    "training_iteration", "num_updates", "time/total_timesteps", "total_timesteps", "timesteps",
    "epoch", "epochs",
)  # fmt: skip
FIELDS = (
    "name", "description", "author", "status", "started", "finished", "command", "predict",
    "commit", "branch", "repository", "host", "seed", "model", "data", "output",
)  # fmt: skip

_HINT = "Correct 'trackers: json:' in cardgen.yaml; the guide's page on files of your own has all."


@dataclass(frozen=True)
class Settings:
    """What to look for, as patterns relative to a run's folder.

    ``runs`` are patterns of folders or files relative to the project's root, empty for any folder
    that holds metrics; ``chosen`` says that the patterns of metrics are the person's; ``fields``
    maps a field to ``FILE:KEY.KEY``.
    """

    runs: tuple[str, ...] = ()
    params: tuple[str, ...] = PARAMS
    metrics: tuple[str, ...] = METRICS
    step: tuple[str, ...] = STEPS
    fields: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    chosen: bool = False


def parse_settings(options: Mapping[str, Any]) -> Settings:
    """Read the settings; raises TrackerError with the one that is wrong."""
    known = ("runs", "params", "metrics", "step", "fields")
    for name in options:
        if name not in known:
            raise TrackerError(f"cardgen.yaml: 'trackers.json.{name}' is no setting.", _HINT)
    return Settings(
        runs=_parse_patterns(options, "runs", ()),
        params=_parse_patterns(options, "params", PARAMS),
        metrics=_parse_patterns(options, "metrics", METRICS),
        step=_parse_list(options, "step", STEPS),
        fields=_parse_fields(options.get("fields")),
        chosen=options.get("metrics") is not None,
    )


def _parse_list(options: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = options.get(name)
    if value is None:
        return default
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item.strip() for item in values):
        raise TrackerError(f"cardgen.yaml: 'trackers.json.{name}' is no list of texts.", _HINT)
    return tuple(item.strip() for item in values)


def _parse_patterns(
    options: Mapping[str, Any], name: str, default: tuple[str, ...]
) -> tuple[str, ...]:
    patterns = _parse_list(options, name, default)
    for pattern in patterns:
        if not _is_inside(pattern):
            message = (
                f"cardgen.yaml: '{pattern}' in 'trackers.json.{name}' leads out of its folder."
            )
            raise TrackerError(message, "Write patterns relative to it, without '..'.")
    return tuple(pattern.rstrip("/").removeprefix("./") or "." for pattern in patterns)


def _parse_fields(value: object) -> dict[str, tuple[str, str]]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TrackerError("cardgen.yaml: 'trackers.json.fields' is no mapping.", _HINT)
    fields = {}
    for name, place in value.items():
        if name not in FIELDS:
            message = f"cardgen.yaml: 'trackers.json.fields.{name}' is no field."
            raise TrackerError(message, f"Known are: {', '.join(FIELDS)}.")
        file, colon, key = place.partition(":") if isinstance(place, str) else ("", "", "")
        if not (colon and file.strip() and key.strip() and _is_inside(file.strip())):
            message = f"cardgen.yaml: 'trackers.json.fields.{name}' is not FILE:KEY."
            raise TrackerError(message, "Write it as, for example, run.json:git.commit.")
        fields[str(name)] = (file.strip(), key.strip())
    return fields


def _is_inside(pattern: str) -> bool:
    parts = pattern.replace("\\", "/").split("/")
    return not (pattern.startswith(("/", "~")) or ".." in parts or "\0" in pattern)
