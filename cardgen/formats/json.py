"""For programs: all that is known of each problem."""

from __future__ import annotations

from collections.abc import Sequence

from cardgen.formats._places import Scope
from cardgen.models import Problem
from cardgen.output import format_json


def format_problems(problems: Sequence[Problem], scope: Scope) -> str:
    """``{"problems": [{path, line, rule, severity, message, hint, about, fix}]}``."""
    return format_json({"problems": [vars(problem) for problem in problems]})
