"""The values that the parts of cardgen hand to each other: frozen and validated.

Two files make a card. ``FrontMatter`` and ``Section`` are what a person wrote in ``card.md``;
``Evidence`` and its ``Run`` are what a tracker recorded, kept in ``evidence.json``. The JSON
Schemas under ``schema/`` are generated from these classes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from cardgen.errors import UsageError

Status = Literal["planned", "running", "finished", "failed", "aborted", "superseded"]
Direction = Literal["max", "min"]
Severity = Literal["error", "warning", "advice", "off"]
CommandKind = Literal["train", "predict", "other"]
Axis = Literal["step", "order"]

CODE_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$"
TRACKER_PATTERN = re.compile(r"[a-z][a-z0-9_]*")


def _reject_number(value: object) -> object:
    """A commit such as ``12e4567`` is a number to YAML: report it instead of keeping infinity."""
    if isinstance(value, (int, float)):
        raise ValueError("is read as a number; put it in quotes")
    return value


def _as_utc(value: dt.datetime) -> dt.datetime:
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _as_tuple(value: object) -> object:
    """One value where several may stand is a list of one."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)


def _as_named(value: object) -> object:
    """``model: org/name`` is short for ``model: {name: org/name}``."""
    return {"name": value} if isinstance(value, str) else value


def _as_named_tuple(value: object) -> object:
    items = _as_tuple(value)
    return tuple(_as_named(item) for item in items) if isinstance(items, (list, tuple)) else items


def _as_rows(value: object) -> object:
    """Results are rows; one mapping is one row."""
    return (value,) if isinstance(value, Mapping) else value


UtcTime = Annotated[dt.datetime, AfterValidator(_as_utc)]
QuotedText = Annotated[str, BeforeValidator(_reject_number, json_schema_input_type=str)]
Code = Annotated[
    str,
    BeforeValidator(
        _reject_number, json_schema_input_type=Annotated[str, Field(pattern=CODE_PATTERN)]
    ),
    StringConstraints(pattern=CODE_PATTERN),
]


class Frozen(BaseModel):
    """Base of every value: cannot be changed, knows no unknown key."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="strings", protected_namespaces=()
    )


# What a tracker recorded ---------------------------------------------------------------------


class Command(Frozen):
    """One command line, exactly as it was started."""

    line: str
    kind: CommandKind = "train"


class Source(Frozen):
    """Where the code lives that was run."""

    repository: str = ""
    branch: str = ""
    commit: QuotedText = ""
    dirty: StrictBool | None = None
    entrypoint: str = ""


class Model(Frozen):
    """A model that was started from or that resulted.

    ``name`` is a Hugging Face id, a registry name or a path; ``version`` a revision, registry
    version or tag; ``kind`` the architecture or flavour.
    """

    name: str = ""
    version: QuotedText = ""
    kind: str = ""
    url: str = ""
    path: str = ""
    digest: QuotedText = ""


class Dataset(Frozen):
    """Data that a run saw; ``context`` is what for (training, eval, test)."""

    name: str = ""
    version: QuotedText = ""
    digest: QuotedText = ""
    context: str = ""
    url: str = ""
    path: str = ""


class Environment(Frozen):
    """What the run ran on; ``packages`` maps a distribution to its version."""

    python: QuotedText = ""
    os: str = ""
    host: str = ""
    accelerator: str = ""
    seed: int | None = None
    packages: dict[str, str] = {}


class Checkpoint(Frozen):
    """One row of the results table: a step with its evaluation metrics."""

    step: int | float | None = None
    epoch: float | None = None
    path: str = ""
    metrics: dict[str, float] = {}


class Curve(Frozen):
    """A metric over time: ``steps`` and ``values`` have the same length.

    ``axis`` is ``order`` where the tracker gave every point the same step: then ``steps`` counts
    the points in the order in which they were logged.
    """

    metric: str
    axis: Axis = "step"
    steps: tuple[int | float, ...] = ()
    values: tuple[float, ...] = ()


class Metric(Frozen):
    """The last value of a metric, and the step it was logged at (none: logged without one)."""

    value: float
    step: int | float | None = None


class RunFile(Frozen):
    """A file that a run left; ``size`` in bytes."""

    path: str
    size: int | None = None
    digest: str = ""


ParamValue = bool | int | float | str | None | list[Any] | dict[str, Any]


class Run(Frozen):
    """One execution as its tracker recorded it. What was not recorded is empty.

    ``ref`` is ``tracker:locator`` in full, ``quoted`` the same as the card writes it where that
    is shorter; ``parent`` is the ref of the run it is nested in; times are UTC;
    ``tags`` maps a tag to its value (empty for a plain label); ``metrics`` holds last values;
    ``unavailable`` names the fields that this tracker's format cannot hold (``commands``,
    ``source.commit`` …), in contrast to those that were merely left empty.
    """

    ref: str
    quoted: str = ""
    tracker: str
    name: str = ""
    experiment: str = ""
    author: str = ""
    url: str = ""
    parent: str = ""
    status: Status | None = None
    started: UtcTime | None = None
    finished: UtcTime | None = None
    description: str = ""
    tags: dict[str, str] = {}
    commands: tuple[Command, ...] = ()
    source: Source | None = None
    params: dict[str, ParamValue] = {}
    metrics: dict[str, Metric] = {}
    checkpoints: tuple[Checkpoint, ...] = ()
    curves: tuple[Curve, ...] = ()
    model: Model | None = None
    data: tuple[Dataset, ...] = ()
    output: tuple[Model, ...] = ()
    environment: Environment | None = None
    files: tuple[RunFile, ...] = ()
    unavailable: tuple[str, ...] = ()

    def is_named(self, ref: str) -> bool:
        """Whether a card's run ref means this run."""
        return bool(ref.strip()) and ref.strip() in (self.ref, self.quoted)


class Evidence(Frozen):
    """What was recorded for one card; the content of ``evidence.json``."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        ser_json_inf_nan="strings",
        protected_namespaces=(),
        populate_by_name=True,
    )

    version: Literal[1] = Field(default=1, alias="schema")
    code: str
    runs: tuple[Run, ...] = ()


# What a person wrote -------------------------------------------------------------------------


class WrittenSource(Frozen):
    """Where the code lives, written by hand."""

    repository: str = ""
    branch: str = ""
    commit: QuotedText = ""
    dirty: StrictBool | None = None


def _short(function: Callable[[object], object], accepted: Any) -> BeforeValidator:
    """A validator of shorthands, which the JSON Schema accepts as well."""
    return BeforeValidator(function, json_schema_input_type=accepted)


ResultRow = dict[str, int | float | str | None]
NamedModel = Annotated[Model, _short(_as_named, str | Model)]
Models = Annotated[
    tuple[Model, ...], _short(_as_named_tuple, str | Model | tuple[str | Model, ...])
]
Datasets = Annotated[
    tuple[Dataset, ...], _short(_as_named_tuple, str | Dataset | tuple[str | Dataset, ...])
]
Texts = Annotated[tuple[QuotedText, ...], _short(_as_tuple, str | tuple[str, ...])]
Results = Annotated[tuple[ResultRow, ...], _short(_as_rows, ResultRow | tuple[ResultRow, ...])]


class FrontMatter(Frozen):
    """The YAML head of ``card.md``. Only ``code`` is required; evidence supplies the rest."""

    code: Code = Field(description="The experiment's code; also the name of its folder.")
    title: QuotedText = Field(default="", description="What the card is called in lists.")
    status: Status | None = Field(default=None, description="Where the experiment stands.")
    date: dt.date | None = Field(default=None, description="The day it was started, as 2026-11-21.")
    authors: Texts = Field(default=(), description="Who did it.")
    tags: Texts = Field(default=(), description="Words to find the card by.")
    baseline: QuotedText = Field(default="", description="Code of the card it is compared with.")
    supersedes: Texts = Field(default=(), description="Codes of the cards that this one replaces.")
    metric: QuotedText = Field(default="", description="The metric that 'best' means here.")
    direction: Direction | None = Field(
        default=None, description="Whether a higher (max) or lower (min) metric is better."
    )
    runs: Texts = Field(default=(), description="Run refs, as tracker:locator.")
    train: Texts = Field(default=(), description="The exact training command or commands.")
    predict: Texts = Field(default=(), description="The exact prediction command or commands.")
    model: NamedModel | None = Field(default=None, description="The model that was started from.")
    data: Datasets = Field(default=(), description="The data that the experiment saw.")
    params: dict[str, ParamValue] = Field(default={}, description="Parameters by name.")
    results: Results = Field(
        default=(), description="A row a checkpoint: step, epoch, path, and metrics by name."
    )
    source: WrittenSource | None = Field(default=None, description="Repository, branch, commit.")
    output: Models = Field(default=(), description="Where the resulting model is.")


@dataclass(frozen=True)
class Section:
    """A part of a card under a heading; ``key`` is goal, conclusions, problems, or empty.

    ``line`` is the heading's line in the file, counted from 1; ``body`` the Markdown below it.
    """

    key: str
    title: str
    line: int
    body: str


@dataclass(frozen=True)
class Problem:
    """Something wrong in a user's file: a value that is collected, never raised.

    ``path`` is relative to the project's root with forward slashes; ``line`` counts from 1, and
    0 means the whole file.
    """

    path: str
    line: int
    rule: str
    severity: Severity
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Card:
    """A card as loaded: what was written, what was recorded and what was wrong with either.

    ``lines`` maps a dotted path of the front matter (``model.name``, ``runs.0``) to its line. A
    card whose files are broken still loads, with what could be read and the problems found.
    """

    code: str
    path: Path
    front: FrontMatter
    sections: tuple[Section, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    evidence: Evidence | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def broken(self) -> bool:
        """Whether one of its files could not be read as what it should be."""
        return any(problem.severity == "error" for problem in self.problems)

    def section(self, key: str) -> str:
        """The text of all sections of that kind, empty where there is none."""
        return "\n\n".join(s.body.strip() for s in self.sections if s.key == key).strip()


# How a run is named and where trackers look --------------------------------------------------


@dataclass(frozen=True)
class RunRef:
    """A run's name: ``tracker:locator``."""

    tracker: str
    locator: str

    def __str__(self) -> str:
        return f"{self.tracker}:{self.locator}"

    @classmethod
    def parse(cls, text: str) -> RunRef:
        """Read ``tracker:locator``; raises UsageError where it has another form."""
        tracker, colon, locator = text.strip().partition(":")
        if not (colon and locator.strip() and TRACKER_PATTERN.fullmatch(tracker)):
            raise UsageError(
                f"'{text}' is no run ref.",
                "Write it as tracker:locator, for example mlflow:8c1f0d… or hf:experiments/qa-1.",
            )
        return cls(tracker, locator.strip())


@dataclass(frozen=True)
class TrackerConfig:
    """What an adapter may know: the project's root, its part of ``cardgen.yaml``, the variables.

    Local paths in a locator are relative to ``root``. ``environ`` is the process environment,
    handed over so that adapters read it nowhere else.
    """

    root: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
