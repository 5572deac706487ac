"""What frameworks leave beside their event files: parameters, checkpoints, the model."""

from __future__ import annotations

import json
import re
from contextlib import suppress

from cardgen.errors import TrackerError
from cardgen.models import Model, ParamValue, RunFile
from cardgen.trackers.tensorboard.files import Folder, Names, find_size, list_names, load_text
from cardgen.trackers.tensorboard.texts import parse_blocks, parse_params

PARAMS = (
    "hparams.yaml",  # Lightning
    "args.yaml",  # Ultralytics
    "opt.yaml",  # YOLOv5 and its kin, with hyp.yaml
    "hyp.yaml",
    "config.yaml",  # Detectron2, LightningCLI
    "params.json",  # Ray Tune
)
HYDRA = (".hydra", "config.yaml")
MAX_FILES = 500

_WEIGHTS = re.compile(
    r"\.(?:ckpt|pt|pth|safetensors|h5|keras|onnx|msgpack)$|^pytorch_model.*\.bin$", re.IGNORECASE
)
_FOLDERS = ("checkpoints", "weights")
_BEST = ("best.pt", "best.pth", "best.ckpt", "model_final.pth")
_KEPT = frozenset((*PARAMS, "results.csv", "metrics.json", "metrics.csv", "progress.csv"))


def load_params(folder: Folder, names: Names) -> dict[str, ParamValue]:
    """The params of the files beside; what the first of them says counts."""
    params: dict[str, ParamValue] = {}
    for name in PARAMS:
        if name in names.files:
            params = _load(folder, name) | params
    if HYDRA[0] in names.folders:
        params = _load(folder.inner(HYDRA[0]), HYDRA[1]) | params
    return params


def _load(folder: Folder, name: str) -> dict[str, ParamValue]:
    with suppress(TrackerError, json.JSONDecodeError):
        text = load_text(folder, name)
        return parse_params(text) if name.endswith(".json") else parse_blocks(text)
    return {}


def find_files(folder: Folder, names: Names, parts: tuple[str, ...]) -> tuple[RunFile, ...]:
    """The run's event files, params and weights, with their sizes, by path below the folder."""
    found = [*names.events, *(n for n in names.files if n in _KEPT or _WEIGHTS.search(n)), *parts]
    found += (f"{top}/{name}" for top in _FOLDERS for name in _find_weights(folder, names, top))
    return tuple(
        RunFile(path=path, size=find_size(folder, path)) for path in sorted(found)[:MAX_FILES]
    )


def find_output(folder: Folder, names: Names) -> tuple[Model, ...]:
    """The best weights where a name says so, the only ones, else the folder of checkpoints."""
    found = [(folder.inner(top), _find_weights(folder, names, top)) for top in _FOLDERS]
    found.append((folder, tuple(name for name in names.files if _WEIGHTS.search(name))))
    for place, weights in found:
        best = [name for name in _BEST if name in weights] or list(weights)
        if len(best) == 1 or best[:1] == [next(iter(_BEST), "")]:
            return (Model(path=place.inner(best[0]).name),)
        if best:
            return (Model(path=place.name),)
    return ()


def _find_weights(folder: Folder, names: Names, top: str) -> tuple[str, ...]:
    if top not in names.folders:
        return ()
    return tuple(n for n in list_names(folder.inner(top)).files if _WEIGHTS.search(n))
