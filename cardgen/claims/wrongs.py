"""What the modules beside this one find wrong besides numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """A sentence that the evidence contradicts."""

    message: str
    line: int
    about: str
