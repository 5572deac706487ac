"""Where problems lie, as the services that show them count places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

from cardgen.models import Problem

_LINE = re.compile(r"\bline \d+")


@dataclass(frozen=True)
class Scope:
    """What was checked, and where it lies.

    ``prefix`` is the project's folder inside its repository: empty, or with a slash at the end.
    ``cards`` are the labels of the checked cards. ``changed`` are the labels of folders, with a
    slash, that are reported first. ``strict``: warnings fail.
    """

    prefix: str = ""
    cards: tuple[str, ...] = ()
    changed: frozenset[str] = frozenset()
    strict: bool = False

    def locate(self, problem: Problem) -> str:
        """The problem's file, as a path from the repository's root."""
        return f"{self.prefix}{problem.path}"

    def is_changed(self, problem: Problem) -> bool:
        parents = PurePosixPath(problem.path).parents
        return any(f"{parent}/" in self.changed for parent in parents)


def number_fingerprints(problems: Sequence[Problem], scope: Scope) -> Iterator[tuple[Problem, str]]:
    """Each problem with what tells it from all others, and stays when lines move."""
    seen: Counter[tuple[str, ...]] = Counter()
    for problem in problems:
        subject = problem.about or _LINE.sub("line", problem.message)
        key = (problem.rule, scope.locate(problem), subject)
        text = "\0".join((*key, str(seen[key])))
        seen[key] += 1
        yield problem, sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]
