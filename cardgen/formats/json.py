"""For programs: all that is known of each problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cardgen.formats._places import Scope
from cardgen.models import Problem
from cardgen.output import format_json


def format_problems(problems: Sequence[Problem], scope: Scope) -> str:
    """``{"problems": [{path, line, rule, severity, message, hint, about, fix}]}``."""
    return dump({"problems": [asdict(problem) for problem in problems]})


def dump(value: Any) -> str:
    """Values as JSON in which a CI runner finds no command."""
    return format_json(value).replace("##[", "#\\u0023[")
