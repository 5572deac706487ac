"""What a person wrote: the YAML head of ``card.md``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, StrictBool

from cardgen.models.recorded import Dataset, Model, ParamValue
from cardgen.models.types import (
    Code,
    Direction,
    Frozen,
    QuotedText,
    Status,
    as_data_tuple,
    as_named,
    as_named_tuple,
    as_rows,
    as_tuple,
    short,
)


class WrittenSource(Frozen):
    """Where the code lives, written by hand."""

    repository: str = ""
    branch: str = ""
    commit: QuotedText = ""
    dirty: StrictBool | None = None


class Accepted(Frozen):
    """A finding of a rule that a person looked at and lets stand, with the reason.

    ``about`` is what the finding is about, such as the number; empty: all findings of the rule.
    """

    rule: str
    about: QuotedText = ""
    reason: str = Field(min_length=1)


ResultRow = dict[str, int | float | str | None]
NamedModel = Annotated[Model, short(as_named, str | Model)]
Models = Annotated[tuple[Model, ...], short(as_named_tuple, str | Model | tuple[str | Model, ...])]
Datasets = Annotated[
    tuple[Dataset, ...], short(as_data_tuple, str | Dataset | tuple[str | Dataset, ...])
]
Texts = Annotated[tuple[QuotedText, ...], short(as_tuple, str | tuple[str, ...])]
Acceptances = Annotated[tuple[Accepted, ...], short(as_rows, Accepted | tuple[Accepted, ...])]
Results = Annotated[tuple[ResultRow, ...], short(as_rows, ResultRow | tuple[ResultRow, ...])]


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
    accepted: Acceptances = Field(
        default=(), description="Findings of checks that stand, each with its reason."
    )
