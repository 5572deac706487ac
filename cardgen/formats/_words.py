"""Words and signs that several formats have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cardgen.models import Problem
from cardgen.output import disarm, escape

_PLURALS = {"error": "errors", "warning": "warnings", "advice": "pieces of advice"}
_SINGULARS = {"error": "error", "warning": "warning", "advice": "piece of advice"}


def count_severities(problems: Sequence[Problem]) -> str:
    """``1 error, 2 warnings``; empty for none."""
    counted = Counter(problem.severity for problem in problems)
    return ", ".join(
        f"{number} {_SINGULARS[severity] if number == 1 else _PLURALS[severity]}"
        for severity in _PLURALS
        if (number := counted[severity])  # type: ignore[index]  # the same three words
    )


def count_problems(problems: Sequence[Problem]) -> str:
    """How many problems there are of each severity, as a sentence."""
    if not problems:
        return "No problems found."
    files = len({problem.path for problem in problems})
    return f"{count_severities(problems)} in {files} file{'' if files == 1 else 's'}."


def show(text: str) -> str:
    """Data on one line that no terminal and no CI runner obeys, wherever the line is printed."""
    return disarm(escape(text))


def join(problem: Problem) -> str:
    """A problem's message and what to do about it, on one line."""
    return show(f"{problem.message} {problem.hint}".strip())
