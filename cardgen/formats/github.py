"""For GitHub Actions: workflow commands, which it shows as annotations on the very lines.

GitHub shows the first ten annotations of a kind that a step makes, so the rest are plain lines of
the log, and all of them stand in the job's summary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cardgen.formats._places import Scope
from cardgen.formats._words import count_problems, count_severities, join, show
from cardgen.formats.text import format_lines
from cardgen.markdown import make_table, quote_span, quote_text
from cardgen.models import Problem, Severity

SHOWN = 10
"""Annotations of one kind that GitHub shows of a step."""

MAX_SUMMARY_BYTES = 1024 * 1024 - 1024
"""GitHub refuses a summary of more than 1 MiB; other steps have theirs apart."""

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "notice"}
_ORDER = tuple(_COMMANDS)


def format_problems(problems: Sequence[Problem], scope: Scope) -> str:
    """Commands first, then lines for those that GitHub would not show, then how many there are."""
    ordered = order_problems(problems, scope)
    counted: Counter[str] = Counter()
    commands, rest = [], []
    for problem in ordered:
        counted[problem.severity] += 1
        if counted[problem.severity] <= SHOWN:
            commands.append(_format_command(problem, scope))
        else:
            rest.append(problem)
    lines = [line for problem in rest for line in format_lines(problem)]
    if rest:
        lines.append(f"Not shown as annotations: {count_severities(rest)}.")
    return "\n".join([*commands, *lines, count_problems(problems)])


def order_problems(problems: Sequence[Problem], scope: Scope) -> list[Problem]:
    """Those of changed cards first, then by severity; otherwise as they are."""
    return sorted(problems, key=lambda one: (not scope.is_changed(one), _ORDER.index(one.severity)))


def _format_command(problem: Problem, scope: Scope) -> str:
    properties = {
        "file": scope.locate(problem),
        "line": str(max(problem.line, 1)),
        "title": f"{problem.rule} ({problem.severity})",
    }
    written = ",".join(f"{name}={_encode_property(text)}" for name, text in properties.items())
    return f"::{_COMMANDS[problem.severity]} {written}::{_encode(join(problem))}"


def _encode(text: str) -> str:
    """Data of a command, as the runner decodes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _encode_property(text: str) -> str:
    return _encode(show(text)).replace(":", "%3A").replace(",", "%2C")


def format_summary(problems: Sequence[Problem], scope: Scope) -> str:
    """All problems as Markdown for the job's summary, as many as it takes."""
    head = f"### cardgen check\n\n{count_problems(problems)}\n"
    ordered = order_problems(problems, scope)
    count = len(ordered)
    while count:
        left = len(ordered) - count
        more = f"\nand {left} more, in the log of the step.\n" if left else ""
        text = f"{head}\n{_format_table(ordered[:count], scope)}\n{more}"
        if len(text.encode("utf-8", "replace")) <= MAX_SUMMARY_BYTES:
            return text
        count //= 2
    return head


def _format_table(problems: Sequence[Problem], scope: Scope) -> str:
    rows = [
        (
            quote_span(f"{scope.locate(problem)}:{problem.line or 1}"),
            problem.severity,
            quote_span(problem.rule),
            quote_text(f"{problem.message} {problem.hint}".strip()),
        )
        for problem in problems
    ]
    return make_table(("where", "severity", "rule", "what"), rows)
