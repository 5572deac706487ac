"""For GitLab: a Code Quality report, which merge requests show beside the lines."""

from __future__ import annotations

from collections.abc import Sequence

from cardgen.formats._places import Scope, number_fingerprints
from cardgen.formats._words import join
from cardgen.models import Problem
from cardgen.output import format_json

_SEVERITIES = {"error": "major", "warning": "minor", "advice": "info"}
_BLOCKERS = ("evidence", "front-matter", "unreadable")
"""Rules of files that could not be read at all."""


def format_problems(problems: Sequence[Problem], scope: Scope) -> str:
    """A list of ``{description, check_name, fingerprint, severity, location}``."""
    return format_json(
        [
            {
                "description": join(problem),
                "check_name": problem.rule,
                "fingerprint": fingerprint,
                "severity": _grade(problem),
                "location": {
                    "path": scope.locate(problem),
                    "lines": {"begin": max(problem.line, 1)},
                },
            }
            for problem, fingerprint in number_fingerprints(problems, scope)
        ]
    )


def _grade(problem: Problem) -> str:
    blocks = problem.severity == "error" and problem.rule in _BLOCKERS
    return "blocker" if blocks else _SEVERITIES[problem.severity]
