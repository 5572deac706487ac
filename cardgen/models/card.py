"""A card as loaded, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cardgen.models.recorded import Evidence
from cardgen.models.types import Severity
from cardgen.models.written import FrontMatter


@dataclass(frozen=True)
class Section:
    """A part of a card under a heading; ``key`` is goal, conclusions, problems, or empty.

    ``line`` is the heading's line in the file, counted from 1; ``body`` the Markdown below it,
    ``start`` the line that the body begins on (0: not known).
    ``suggested`` is the ref of the run whose description it is, until a person confirms it.
    """

    key: str
    title: str
    line: int
    body: str
    suggested: str = ""
    start: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Problem:
    """Something wrong in a user's file: a value that is collected, never raised.

    ``path`` is relative to the project's root with forward slashes; ``line`` counts from 1, and
    0 means the whole file. ``about`` is what it is about, such as a number: a card's ``accepted``
    names it by that. ``fix`` are assignments, as ``cardgen set`` takes them, that solve it.
    """

    path: str
    line: int
    rule: str
    severity: Severity
    message: str
    hint: str = ""
    about: str = ""
    fix: tuple[str, ...] = ()


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
