"""What a tracker recorded: the content of ``evidence.json``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, StrictBool

from cardgen.models.types import Axis, CommandKind, Frozen, QuotedText, Status, UtcTime

CAPTURED = "run"
"""What stands for the tracker in the refs of runs that 'cardgen run' recorded."""


class Command(Frozen):
    """One command line, exactly as it was started."""

    line: str
    kind: CommandKind = "train"


class Source(Frozen):
    """Where the code lives that was run.

    ``patch`` is the file beside the evidence that holds the uncommitted changes.
    """

    repository: str = ""
    branch: str = ""
    commit: QuotedText = ""
    dirty: StrictBool | None = None
    entrypoint: str = ""
    patch: str = ""


class Model(Frozen):
    """A model that was started from or that resulted.

    ``name`` is a Hugging Face id, a registry name or a path; ``version`` a revision, registry
    version or tag; ``kind`` the architecture or flavour; ``aliases`` what a registry calls that
    version besides (``prod``, ``champion``).
    """

    name: str = ""
    version: QuotedText = ""
    kind: str = ""
    url: str = ""
    path: str = ""
    digest: QuotedText = ""
    aliases: tuple[str, ...] = ()


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
    is shorter; ``parent`` is the ref of the run it is nested in, ``group`` the sweep or group
    that it belongs to, ``contains`` the refs of tracker runs that were started inside it; times
    are UTC; ``exit_status`` is the process's own, negative for a signal;
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
    group: str = ""
    contains: tuple[str, ...] = ()
    status: Status | None = None
    exit_status: int | None = None
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

    @property
    def captured(self) -> bool:
        """Whether 'cardgen run' recorded it: no tracker has it, so it cannot be read again."""
        return self.tracker == CAPTURED

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
