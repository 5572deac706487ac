"""One MLflow run as it is recorded, whichever store it was read from: text as text, times in ms."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cardgen.errors import GoneError
from cardgen.models import RunFile
from cardgen.trackers._series import Point

Scalar = str | int | float | None

_LARGEST = 1.7976931348623157e308  # what MLflow's SQL stores hold for infinity

RUN_ID = re.compile(r"[0-9A-Za-z][\w\-]{0,255}", re.ASCII)
"""What MLflow lets be a run's id; its own are 32 hexadecimal digits."""

URL = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.\-]+://")
"""How an address begins that is no file of this or another machine."""


class NoSuchRun(GoneError):
    """The store can be read and holds no run of that id."""

    def __init__(self, store: object, run_id: str) -> None:
        super().__init__(f"{store} holds no run '{run_id}'.", "Check the id.")


@dataclass(frozen=True)
class RawDataset:
    """A data set that was logged as input; ``source`` is JSON whose form ``source_type`` tells."""

    name: str = ""
    digest: str = ""
    source_type: str = ""
    source: str = ""
    context: str = ""


@dataclass(frozen=True)
class RawModel:
    """A logged model; ``uri`` is what MLflow loads it by, ``location`` where its files are.

    ``folder`` is where they lie here, if they do; ``model_id`` is empty before MLflow 3.
    """

    uri: str
    model_id: str = ""
    kind: str = ""
    location: str = ""
    step: int = 0
    folder: Path | None = None


@dataclass(frozen=True)
class RawVersion:
    """A version of a registered model; ``source`` names the logged model it was made from."""

    name: str
    version: str
    stage: str = ""
    aliases: tuple[str, ...] = ()
    source: str = ""
    location: str = ""
    model_id: str = ""


@dataclass(frozen=True)
class RawRun:
    """What a store holds of a run.

    ``status`` is a word or protobuf's number. ``used`` are logged models that went in, ``made``
    those that came out. ``artifacts`` is the folder of the run's artifacts, if it lies here, and
    ``area`` the folder that nothing may lead out of. ``unreadable`` names, as ``metrics.loss``,
    what is there and could not be read; ``remote`` is true where no file of the run can be seen.
    """

    run_id: str
    experiment_id: str = ""
    experiment: str = ""
    name: str = ""
    user: str = ""
    status: Scalar = None
    started: Scalar = None
    finished: Scalar = None
    source_type: Scalar = None
    source_name: str = ""
    source_version: str = ""
    entry_point: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    datasets: tuple[RawDataset, ...] = ()
    used: tuple[RawModel, ...] = ()
    made: tuple[RawModel, ...] = ()
    versions: tuple[RawVersion, ...] = ()
    artifacts: Path | None = None
    files: tuple[RunFile, ...] = ()
    area: Path | None = None
    unreadable: tuple[str, ...] = ()
    remote: bool = False


def clean(text: str) -> str:
    """The text without half characters, which no UTF-8 file can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def load_json(text: str) -> object:
    """The value of a JSON text; none where it is no JSON."""
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def as_metric(value: object) -> float | None:
    """A metric's value from an SQL store, infinities restored; none where it is no number."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return math.copysign(math.inf, number) if abs(number) >= _LARGEST else number
