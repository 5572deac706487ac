"""Which parameters are a run's seed, and which only say how it is called and where it ran."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from cardgen.measures import as_number, normalise

_LABELS_TEXT = """
run_name run_id run_uuid run_key runname experiment_name experiment_id exp_name exp_id project_name
job_name job_id slurm_job_id trial_id trial_name trial_number sweep_id session_id
output_dir out_dir output_folder output_path outdir save_dir save_path save_folder savedir
log_dir log_path logs_dir logdir logging_dir tensorboard_dir tb_dir results_dir results_path
result_dir result_path work_dir workdir run_dir exp_dir default_root_dir model_save_path export_dir
artifact_uri artifact_path artifact_location cache_dir
hub_model_id hub_token hub_strategy push_to_hub_model_id push_to_hub_token
push_to_hub_organization report_to
run_timestamp created_at started_at finished_at launched_at
hostname host_name nodename node_name username user_name main_process_port master_port master_addr
master_address local_rank node_rank process_index local_process_index
gpu_id device_id device_index cuda_device
log_level
"""
LABELS = frozenset(normalise(name) for name in _LABELS_TEXT.split())
"""Names that label a run or say where it ran and wrote; with those of CONTAINERS before them."""

WHOLE_LABELS = frozenset(("timestamp", "host", "port", "pid", "notes", "description", "comment"))
"""Names that are labels alone, and in other names a part of something that may decide."""

_CONTAINERS_TEXT = """
args arguments base callbacks cfg common config default env environment exp experiment general
hparams hydra hyperparameters log logger logging main options opts params path paths run settings
system train trainer training
"""
CONTAINERS = frozenset(_CONTAINERS_TEXT.split())
"""Names that group parameters and mean nothing beyond."""

SERVICES = frozenset(("wandb", "mlflow", "neptune", "clearml", "comet", "trackio"))
"""Trackers; what is set for them decides no result."""

_SEED = re.compile(r"(?:.*/)?(?:[a-z]{0,12}seed|random/?state|seed/everything|prng/?key)")
_COUNT = re.compile(r"(?:.*/)?(?:n|num|number|count|use|fix|set|no)/?seed")
_DEVICE = re.compile(r"(cuda|gpu|mps|xpu|npu|hpu|cpu)(?::[0-9]+)?")
_ID = re.compile(r"(?=.*[0-9])[0-9A-Za-z]{8,64}")
_IDS = frozenset(
    normalise(name) for name in ("gpu_ids", "device_ids", "cuda_visible_devices", "visible_devices")
)


@lru_cache(4096)
def is_seed(name: str) -> bool:
    """Whether a parameter of that name is a seed where it is a whole number."""
    plain = normalise(name)
    return bool(_SEED.fullmatch(plain)) and not _COUNT.fullmatch(plain)


@lru_cache(4096)
def is_label(name: str) -> bool:
    """Whether a parameter of that name is known to decide no result."""
    parts = normalise(name).strip("/").split("/")
    while parts[:-1] and "/".join(parts) not in LABELS and parts[0] in CONTAINERS:
        del parts[0]
    plain = "/".join(parts)
    return plain in LABELS or plain in WHOLE_LABELS or parts[0] in SERVICES


def read_seed(value: Any) -> int | None:
    """A seed as a number; None for what is none (``None``, true, a word)."""
    number = as_number(value)
    if number is None or not math.isfinite(number):
        return None
    return int(number) if number == int(number) else None


def is_unset(value: Any) -> bool:
    """Whether a seed's value says that there is none."""
    return value is None or str(value).strip().casefold() in ("", "none", "null")


def without_index(name: str, value: Any) -> Any:
    """Which device of several alike was used decides nothing, how many were does."""
    last = normalise(name).strip("/")
    if last.rpartition("/")[2] == "device" and isinstance(value, str):
        found = _DEVICE.fullmatch(value.strip().casefold())
        return found[1] if found else value
    if any(last == ids or last.endswith(f"/{ids}") for ids in _IDS):
        listed = value if isinstance(value, list) else str(value).strip("[]() ").split(",")
        return f"{len(listed)} devices"
    return value


def mask_path(value: Any, run_id: str, seeds: frozenset[int]) -> Any:
    """A path without the run's own id and seed (``out/seed-3``), which then differs no more.

    A seed counts where it is said to be one or is a folder of its own, since ``models/t5-3`` may
    be another model. What is no path stays as it is.
    """
    if not isinstance(value, str) or ("/" not in value and "\\" not in value):
        return value
    if _ID.fullmatch(run_id):
        value = re.sub(rf"(?<![0-9A-Za-z]){run_id}(?![0-9A-Za-z])", "{run}", value)
    for seed in seeds:
        value = _find_seed(seed).sub("{seed}", value)
    return value


@lru_cache(4096)
def _find_seed(seed: int) -> re.Pattern[str]:
    named = rf"(?<![a-z0-9])(?:seed|rs|s|random[-_]?state)[-_=]?{seed}(?![0-9]|[.][0-9])"
    return re.compile(rf"{named}|(?<=[/\\]){seed}(?=[/\\]|$)", re.IGNORECASE)
