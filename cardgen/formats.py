"""Problems as text: for people, and for programs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import groupby

from cardgen.errors import UsageError
from cardgen.models import Problem
from cardgen.output import colour, escape, format_json

_COLOURS = {"error": "red", "warning": "yellow", "advice": "blue"}
_PLURALS = {"error": "errors", "warning": "warnings", "advice": "pieces of advice"}
_SINGULARS = {"error": "error", "warning": "warning", "advice": "piece of advice"}
_HEAD = re.compile(r"^(?P<place>\S.*?: )(?P<severity>error|warning|advice)(?= [\w-]+: )", re.M)


def format_problems(problems: Sequence[Problem], kind: str = "text") -> str:
    """Problems in one of FORMATS, without a newline at the end; raises UsageError for another."""
    if kind not in FORMATS:
        raise UsageError(f"'{kind}' is no format.", f"Choose one of {', '.join(sorted(FORMATS))}.")
    return FORMATS[kind](problems)


def _format_text(problems: Sequence[Problem]) -> str:
    """A paragraph a file, a line and an indented hint a problem, and how many there are."""
    paragraphs = [
        "\n".join(line for problem in group for line in _format_lines(problem))
        for _, group in groupby(problems, key=lambda problem: problem.path)
    ]
    return "\n\n".join([*paragraphs, count_problems(problems)])


def _format_lines(problem: Problem) -> list[str]:
    place = f"{escape(problem.path)}:{problem.line}" if problem.line else escape(problem.path)
    lines = [f"{place}: {problem.severity} {problem.rule}: {escape(problem.message)}"]
    return [*lines, f"    {escape(problem.hint)}"] if problem.hint else lines


def count_problems(problems: Sequence[Problem]) -> str:
    """How many problems there are of each severity, as a sentence."""
    if not problems:
        return "No problems found."
    counted = Counter(problem.severity for problem in problems)
    parts = [
        f"{number} {_SINGULARS[severity] if number == 1 else _PLURALS[severity]}"
        for severity in _PLURALS
        if (number := counted[severity])  # type: ignore[index]  # the same three words
    ]
    files = len({problem.path for problem in problems})
    return f"{', '.join(parts)} in {files} file{'' if files == 1 else 's'}."


def paint_problems(text: str) -> str:
    """The text format with the severities in colour, for a terminal."""
    return _HEAD.sub(
        lambda match: match["place"] + colour(match["severity"], _COLOURS[match["severity"]]), text
    )


def _format_json(problems: Sequence[Problem]) -> str:
    return format_json({"problems": [asdict(problem) for problem in problems]})


FORMATS: dict[str, Callable[[Sequence[Problem]], str]] = {
    "text": _format_text,
    "json": _format_json,
}
