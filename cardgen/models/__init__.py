"""The values that the parts of cardgen hand to each other: frozen and validated.

Two files make a card. ``FrontMatter`` and ``Section`` are what a person wrote in ``card.md``;
``Evidence`` and its ``Run`` are what a tracker recorded, kept in ``evidence.json``. The JSON
Schemas under ``schema/`` are generated from these classes.
"""

from __future__ import annotations

from cardgen.models.card import Card, Problem, Section
from cardgen.models.recorded import (
    CAPTURED,
    Checkpoint,
    Command,
    Curve,
    Dataset,
    Environment,
    Evidence,
    Metric,
    Model,
    ParamValue,
    Run,
    RunFile,
    Source,
)
from cardgen.models.refs import Presence, RunRef, TrackerConfig
from cardgen.models.types import (
    CODE_PATTERN,
    TRACKER_PATTERN,
    Axis,
    Code,
    CommandKind,
    Direction,
    Frozen,
    QuotedText,
    Severity,
    Status,
    UtcTime,
)
from cardgen.models.written import Accepted, FrontMatter, WrittenSource

__all__ = [
    "CAPTURED",
    "CODE_PATTERN",
    "TRACKER_PATTERN",
    "Accepted",
    "Axis",
    "Card",
    "Checkpoint",
    "Code",
    "Command",
    "CommandKind",
    "Curve",
    "Dataset",
    "Direction",
    "Environment",
    "Evidence",
    "FrontMatter",
    "Frozen",
    "Metric",
    "Model",
    "ParamValue",
    "Presence",
    "Problem",
    "QuotedText",
    "Run",
    "RunFile",
    "RunRef",
    "Section",
    "Severity",
    "Source",
    "Status",
    "TrackerConfig",
    "UtcTime",
    "WrittenSource",
]
