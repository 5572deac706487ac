"""How a run is named and where trackers look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cardgen.errors import UsageError
from cardgen.models.types import TRACKER_PATTERN

Presence = Literal["there", "deleted", "hidden"]
"""Whether a tracker or registry still has something: ``deleted`` is there until it is cleared
away, ``hidden`` is what it does not let one see."""


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
