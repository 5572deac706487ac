"""For CI servers: JUnit's XML. A test is a card; it fails where the check does."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from cardgen.formats._places import Scope
from cardgen.formats._words import count_problems, show
from cardgen.formats.text import format_lines
from cardgen.models import Problem

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INDENT = "    "


def format_problems(problems: Sequence[Problem], scope: Scope) -> str:
    """A suite with a case for each checked card, and for each other file that has problems."""
    by_file: dict[str, list[Problem]] = {label: [] for label in scope.cards}
    homes = {str(PurePosixPath(label).parent): label for label in scope.cards}
    for problem in problems:
        home = homes.get(str(PurePosixPath(problem.path).parent), problem.path)
        by_file.setdefault(home, []).append(problem)
    failures = sum(bool(_find_failing(held, scope)) for held in by_file.values())
    cases = [_format_case(label, held, scope) for label, held in by_file.items()]
    totals = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="0"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="cardgen" {totals}>',
            f'  <testsuite name="cardgen check" {totals}>',
            *cases,
            "  </testsuite>",
            "</testsuites>",
        ]
    )


def _find_failing(problems: Sequence[Problem], scope: Scope) -> list[Problem]:
    worst = ("error", "warning") if scope.strict else ("error",)
    return [problem for problem in problems if problem.severity in worst]


def _format_case(label: str, problems: Sequence[Problem], scope: Scope) -> str:
    path = PurePosixPath(label)
    name, group = (path.parent.name or path.name), str(path.parent.parent)
    head = (
        f'{_INDENT}<testcase name="{_quote(name)}" classname="{_quote(group)}" '
        f'file="{_quote(scope.prefix + label)}"'
    )
    failing = _find_failing(problems, scope)
    other = [problem for problem in problems if problem not in failing]
    inner = []
    if failing:
        kinds = " ".join(dict.fromkeys(problem.rule for problem in failing))
        inner.append(
            f'<failure type="{_quote(kinds)}" message="{_quote(count_problems(failing))}">'
            f"{_quote(_list(failing))}</failure>"
        )
    if other:
        inner.append(f"<system-out>{_quote(_list(other))}</system-out>")
    if not inner:
        return f"{head}/>"
    lines = "".join(f"\n{_INDENT}  {part}" for part in inner)
    return f"{head}>{lines}\n{_INDENT}</testcase>"


def _list(problems: Sequence[Problem]) -> str:
    return "\n".join(line for problem in problems for line in format_lines(problem))


def _quote(text: str) -> str:
    """Text of an element or attribute: line ends stay, what XML cannot hold is shown."""
    shown = "\n".join(show(line) for line in text.split("\n"))
    safe = _FORBIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", shown)
    return html.escape(safe)
