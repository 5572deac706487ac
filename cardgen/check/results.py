"""What checking one card gave, and what that depends on besides the card's own files."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from cardgen.models import Problem
from cardgen.surroundings import Questions

MAX_BYTES = 256 * 1024
"""A result that is larger is not remembered."""


class Asked(NamedTuple):
    """A question that rules asked of the project, and its answer as a short text."""

    kind: str
    subject: str
    answer: str = ""


@dataclass(frozen=True)
class Result:
    """One card's problems, in the order in which they were found.

    ``questions`` is what the card names around it, ``said`` what was known of that. ``asked`` are
    the questions about other cards.
    """

    code: str
    problems: tuple[Problem, ...]
    questions: Questions
    said: str = ""
    asked: tuple[Asked, ...] = ()


def dump_result(result: Result) -> str:
    """A result as text; empty where it is too large to be remembered."""
    problems = [
        [getattr(problem, field.name) for field in fields(Problem)] for problem in result.problems
    ]
    questions = {
        field.name: value
        for field in fields(Questions)
        if (value := getattr(result.questions, field.name))
    }
    text = json.dumps([result.code, problems, questions, result.said, result.asked])
    return text if len(text) <= MAX_BYTES else ""


def read_result(text: str) -> Result | None:
    """The result of a text; None where it is none."""
    try:
        code, problems, questions, said, asked = json.loads(text)
        return Result(
            code,
            tuple(Problem(*_freeze(values)) for values in problems),
            Questions(**{name: _freeze(value) for name, value in questions.items()}),
            said,
            tuple(Asked(*values) for values in asked),
        )
    except (ValueError, TypeError, IndexError, AttributeError):
        return None


def _freeze(value: Any) -> Any:
    return tuple(map(_freeze, value)) if isinstance(value, list) else value
