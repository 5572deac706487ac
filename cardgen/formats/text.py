"""For people: a paragraph a file, a line and an indented hint a problem, and how many there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from cardgen.formats._places import Scope
from cardgen.formats._words import count_problems, show
from cardgen.models import Problem
from cardgen.output import colour

_COLOURS = {"error": "red", "warning": "yellow", "advice": "blue"}
_HEAD = re.compile(r"^(?P<place>\S.*?: )(?P<severity>error|warning|advice)(?= [\w-]+: )", re.M)


def format_problems(problems: Sequence[Problem], scope: Scope) -> str:
    """Problems as a person reads them."""
    paragraphs = [
        "\n".join(line for problem in group for line in format_lines(problem))
        for _, group in groupby(problems, key=lambda problem: problem.path)
    ]
    return "\n\n".join([*paragraphs, count_problems(problems)])


def format_lines(problem: Problem) -> list[str]:
    """One problem as a line and, where there is one, its hint."""
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    lines = [show(f"{place}: {problem.severity} {problem.rule}: {problem.message}")]
    return [*lines, show(f"    {problem.hint}")] if problem.hint else lines


def paint_problems(text: str) -> str:
    """The text format with the severities in colour, for a terminal."""
    return _HEAD.sub(
        lambda match: match["place"] + colour(match["severity"], _COLOURS[match["severity"]]), text
    )
