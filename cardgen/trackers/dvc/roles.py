"""What a stage is for, and what its files are: told by names, since DVC does not say."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence

from cardgen.models import CommandKind
from cardgen.trackers.dvc.stages import Entry, Stage

_TRAIN = re.compile(
    r"(?:^|[^a-z])(?:pre_?|re_?)?(?:train|fit(?![a-z])|fine[_-]?tun)", re.IGNORECASE
)
_PREDICT = re.compile(r"(?:^|[^a-z])(?:predict|infer)", re.IGNORECASE)
# What makes the data that a training takes is no training.
_PREPARE = re.compile(r"split|prep|download|fetch|tokeni[sz]e|data", re.IGNORECASE)
_SCRIPT = re.compile(r"\.(?:py|sh|R|r|jl|ipynb|m)$")
_CODE = re.compile(
    r"\.(?:py|pyi|sh|bash|R|r|Rmd|jl|ipynb|m|c|cc|cpp|cu|h|hpp|java|scala|go|rs|js|ts|sql|mk)$"
    r"|(?:^|/)(?:Dockerfile|Makefile|CMakeLists\.txt|poetry\.lock|uv\.lock|requirements\S*\.txt)$"
)
_DATA = re.compile(
    r"\.(?:csv|tsv|jsonl|ndjson|parquet|arrow|feather|avro|orc|npy|npz|h5|hdf5|mat|tfrecords?|zip"
    r"|gz|tgz|tar|bz2|xz|zst|7z|pkl|pickle|db|sqlite|xml|xlsx?|wav|mp3|png|jpe?g|vec)$"
    r"|(?:^|/)(?:data|datasets?|corpus|corpora|raw|inputs?)(?:/|$)",
    re.IGNORECASE,
)
_MODEL_FILE = re.compile(
    r"\.(?:pt|pth|ckpt|h5|hdf5|keras|onnx|safetensors|gguf|pkl|pickle|joblib|bin|pb|tflite|mar"
    r"|cbm|xgb|lgb|ubj|mlmodel|torchscript|mlem)$",
    re.IGNORECASE,
)
_MODEL_NAME = re.compile(r"(?:^|[/_.-])(?:models?|weights|checkpoints?|ckpts?)(?:$|[/_.-])", re.I)


def find_roles(stages: Sequence[Stage]) -> dict[str, CommandKind]:
    """What each stage that ran is for: its name says it, else the script that it starts.

    A pipeline of one stage trains, unless it says that it predicts.
    """
    ran = [stage for stage in stages if stage.runs]
    roles = {stage.name: _find_role(stage) for stage in ran}
    if len(ran) == 1 and roles[ran[0].name] == "other":
        roles[ran[0].name] = "train"
    return roles


def _find_role(stage: Stage) -> CommandKind:
    name = posixpath.basename(stage.name).partition("@")[0]
    scripts = [posixpath.basename(word) for line in stage.commands for word in find_scripts(line)]
    for text in (name, *scripts):
        if _PREDICT.search(text):
            return "predict"
        if _TRAIN.search(text) and not _PREPARE.search(text):
            return "train"
    return "other"


def find_scripts(line: str) -> list[str]:
    """The words of a command line that are scripts or, after ``-m``, modules."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    pairs = zip(["", *words], words, strict=False)
    return [word for before, word in pairs if _SCRIPT.search(word) or before == "-m"]


def is_data(entry: Entry, made: bool) -> bool:
    """Whether a dependency is data; ``made`` where DVC keeps it, and it is not merely in git."""
    if _CODE.search(entry.path) or is_model(entry):
        return False
    return entry.is_remote or made or _DATA.search(entry.path) is not None


def is_model(entry: Entry) -> bool:
    """Whether an output is a model, or a dependency one that was started from."""
    kind = entry.notes.get("type")
    if isinstance(kind, str) and kind:
        return kind == "model"
    if _DATA.search(posixpath.dirname(entry.path)):
        return False
    name = posixpath.basename(entry.path)
    if _MODEL_FILE.search(name) or _CODE.search(name):
        return _MODEL_FILE.search(name) is not None
    return not posixpath.splitext(name)[1] and _MODEL_NAME.search(entry.path) is not None


def find_seed(params: Mapping[str, object]) -> int | None:
    """The seed, where the params name one alone."""
    found = {
        value
        for name, value in params.items()
        if re.search(r"(?:^|[._:])(?:random_)?(?:seed|state)$", name)
        and isinstance(value, int)
        and not isinstance(value, bool)
    }
    return next(iter(found)) if len(found) == 1 else None
