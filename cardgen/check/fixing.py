"""What is mechanical, done: the assignments that problems carry, made in the front matter.

One value's or one key's bytes change; prose is never touched, and where an edit would make
another problem, or touch another line, the card stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cardgen.config import Config
from cardgen.edits import Assignment, edit_front_matter, parse_assignment, rename_key
from cardgen.errors import CardgenError
from cardgen.models import Problem
from cardgen.store import CARD_NAME, edit_card

_RENAMING = re.compile(r"(?P<old>[\w.-]+) -> (?P<new>[\w.-]+)")


@dataclass(frozen=True)
class Fixed:
    """What became of one fix: the problem, what was written, or why it was not."""

    problem: Problem
    change: str
    error: CardgenError | None = None


def fix_problems(config: Config, problems: Iterable[Problem]) -> tuple[Fixed, ...]:
    """Make the edits of all problems that carry one, one after another."""
    return tuple(fixed for problem in problems for fixed in _fix(config, problem))


def _fix(config: Config, problem: Problem) -> Iterator[Fixed]:
    path = config.root / problem.path
    if path.name != CARD_NAME:
        return
    for change in problem.fix:
        try:
            if edit_card(config, path, partial(_edit, change, path, problem.path)):
                yield Fixed(problem, change)
        except CardgenError as error:
            yield Fixed(problem, change, error)


def _edit(change: str, path: Path, label: str, text: str) -> str:
    renaming = _RENAMING.fullmatch(change)
    if renaming:
        return rename_key(text, renaming["old"], renaming["new"], path, label)
    key, equals, value = change.partition("=")
    if key == "code" and equals:  # 'cardgen set' refuses it: there it would part card and folder
        assignment = Assignment("code", "=", value)
    else:
        assignment = parse_assignment(change)
    return edit_front_matter(text, (assignment,), path, label)
