"""What a comment is, on every host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Comment:
    """A comment that stands already: its id at the host, and its text."""

    id: int
    body: str
