"""What checking one card gave, and what that depends on besides the card's own files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cardgen.check.asking import Asked, unpack
from cardgen.models import Problem
from cardgen.surroundings import Questions

MAX_BYTES = 256 * 1024
"""A result that is larger is not remembered."""


@dataclass(frozen=True)
class Result:
    """One card's problems, in the order in which they were found.

    ``questions`` is what the card names around it, ``said`` what was known of that. ``facts`` are
    the other cards whose facts were asked for, each with a digest of its files; ``packed`` is what
    was asked about codes (``asking``), and ``codes`` the digest of those that there were.
    """

    code: str
    problems: tuple[Problem, ...]
    questions: Questions
    said: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    packed: str = ""
    codes: str = ""

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All questions about other cards."""
        facts = (Asked("facts", code, digest) for code, digest in self.facts)
        return (*facts, *unpack(self.packed))


def dump_result(result: Result) -> str:
    """A result as text; empty where it is too large to be remembered."""
    problems = [tuple(vars(problem).values()) for problem in result.problems]
    questions = {name: value for name, value in vars(result.questions).items() if value}
    about = (result.said, result.facts, result.packed, result.codes)
    text = json.dumps([result.code, problems, questions, *about])
    return text if len(text) <= MAX_BYTES else ""


def read_result(text: str) -> Result | None:
    """The result of a text; None where it is none."""
    try:
        code, problems, questions, said, facts, packed, codes = json.loads(text)
        return Result(
            code,
            tuple([Problem(*(*values, tuple(fix))) for *values, fix in problems]),
            Questions(**{name: _freeze(value) for name, value in questions.items()}),
            said,
            tuple([(subject, digest) for subject, digest in facts]),
            packed,
            codes,
        )
    except (ValueError, TypeError, IndexError, AttributeError):
        return None


def _freeze(value: Any) -> Any:
    return tuple(map(_freeze, value)) if isinstance(value, list) else value
