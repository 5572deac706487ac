"""Problems as text: for people, and for programs. A module a format; its name is the format's.

Each has ``format_problems(problems, scope) -> str`` and registers by being there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from cardgen.errors import UsageError
from cardgen.formats._places import Scope
from cardgen.formats._words import count_problems
from cardgen.formats.text import paint_problems
from cardgen.models import Problem

__all__ = ["Scope", "count_problems", "find_formats", "format_problems", "paint_problems"]

Format = Callable[[Sequence[Problem], Scope], str]


@cache
def find_formats() -> Mapping[str, Format]:
    """All formats by name, sorted; modules that begin with ``_`` are shared by several."""
    names = sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))
    return {name: import_module(f"{__name__}.{name}").format_problems for name in names}


def format_problems(
    problems: Sequence[Problem], kind: str = "text", scope: Scope | None = None
) -> str:
    """Problems in one of the formats, without a newline at the end.

    Raises UsageError for another. ``scope`` says what was checked, and where it lies.
    """
    formats = find_formats()
    if kind not in formats:
        raise UsageError(f"'{kind}' is no format.", f"Choose one of {', '.join(formats)}.")
    return formats[kind](problems, scope or Scope())
