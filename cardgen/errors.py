"""Failures that end a command: one sentence each, closing with what to do next."""

from __future__ import annotations


class CardgenError(Exception):
    """Something could not be done.

    The message is one clear sentence (what, and where); ``hint`` is the next step and may be
    empty where the message already names it. The command line prints both and exits with 2.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(CardgenError):
    """The command was called with something that cannot be meant."""


class ConfigError(CardgenError):
    """``cardgen.yaml`` is missing or says something that cannot be used."""


class DocumentError(CardgenError):
    """A text is no card, or an edit of it would change more than was asked."""


class StoreError(CardgenError):
    """A file of the project could not be read or written."""


class TrackerError(CardgenError):
    """A run could not be read; the evidence there was stays as it is."""


class GoneError(TrackerError):
    """The place that a ref names could be asked, and does not hold what it names."""


class SiteError(CardgenError):
    """The site could not be built or served."""
