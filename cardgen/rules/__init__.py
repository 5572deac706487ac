"""The rules of ``cardgen check``: a rule is a function, registered by the decorator above it.

A rule looks at one card and yields a Finding for each thing that is wrong with it::

    @rule("goal-missing", "error", "The card says no goal.")
    def find_missing_goal(subject: Subject, project: Project) -> Iterator[Finding]: ...

Rules are pure: they see the card, its facts and what Project holds, and read nothing else. A
module in this package is found by being there.
"""

from __future__ import annotations

import difflib
import heapq
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from cardgen.facts import Facts
from cardgen.models import Card, Severity
from cardgen.rules.project import Codes, Project

__all__ = [
    "Codes",
    "Find",
    "Finding",
    "Project",
    "Rule",
    "Subject",
    "declare",
    "find_near",
    "guess",
    "load_rules",
    "rule",
    "run_hint",
    "shorten",
]

_COMPARED = 200  # names, letter by letter


@dataclass(frozen=True)
class Finding:
    """Something wrong; ``line`` counts from 1, 0 is the whole file; no ``path`` is the card.

    ``about`` is what it is about, the same for the same thing wherever it stands: a number, a
    name. ``fix`` are assignments as ``cardgen set`` takes them that solve it and change nothing
    that a person said.
    """

    message: str
    hint: str
    line: int = 0
    path: str = ""
    about: str = ""
    fix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """The card that is looked at.

    ``label`` and ``evidence_label`` are its files as messages show them. ``unread`` names what is
    there but could not be read, and so is not missing: front-matter keys, ``body``, ``evidence``.
    """

    facts: Facts
    label: str
    evidence_label: str = ""
    unread: frozenset[str] = field(default_factory=frozenset)

    @property
    def card(self) -> Card:
        return self.facts.card

    @property
    def code(self) -> str:
        return self.facts.code

    def line(self, *keys: str) -> int:
        """The line of the first of these front-matter keys (or of what holds it) that is there."""
        for key in keys:
            parts = key.split(".")
            for count in range(len(parts), 0, -1):
                line = self.card.lines.get(".".join(parts[:count]))
                if line:
                    return line
        return 0

    @property
    def finished(self) -> bool:
        """Whether the experiment has come to its end as meant."""
        return self.facts.status is not None and self.facts.status.value == "finished"


Find = Callable[[Subject, Project], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """A rule: its name in reports and settings, its severity by default, what it finds.

    ``find`` is None where reading the files finds it.
    """

    name: str
    severity: Severity
    description: str
    find: Find | None = None


_RULES: dict[str, Rule] = {}


def rule(name: str, severity: Severity, description: str) -> Callable[[Find], Find]:
    """Register the function below as a rule."""

    def register(find: Find) -> Find:
        _RULES[name] = Rule(name, severity, description, find)
        return find

    return register


def declare(name: str, severity: Severity, description: str) -> None:
    """Register a rule that another module applies, so that its severity can be set."""
    _RULES[name] = Rule(name, severity, description)


@cache
def load_rules() -> Mapping[str, Rule]:
    """All rules by name, sorted."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return dict(sorted(_RULES.items()))


def find_near(word: str, known: Iterable[str], *, count: int = 3) -> list[str]:
    """The names that somebody who wrote ``word`` may have meant, the nearest first."""
    folded = {name.casefold(): name for name in known}
    likely = _choose_likely(word.casefold(), list(folded))
    close = difflib.get_close_matches(word.casefold(), likely, n=count, cutoff=0.6)
    matcher = difflib.SequenceMatcher(b=word.casefold())
    ratios = []
    for name in close:
        matcher.set_seq1(name)
        ratios.append(matcher.ratio())
    # Where one name is much nearer than the others, they would only confuse.
    return [folded[n] for n, ratio in zip(close, ratios, strict=True) if ratio > ratios[0] - 0.1]


def _choose_likely(word: str, names: Sequence[str]) -> Sequence[str]:
    """Of thousands of names those with the most pairs of letters in common: comparing is slow."""
    if len(names) <= _COMPARED:
        return names
    pairs = _pair(word)
    return heapq.nlargest(_COMPARED, names, key=lambda name: len(pairs & _pair(name)))


def _pair(word: str) -> set[str]:
    return {word[at : at + 2] for at in range(len(word) - 1)} | {word[:1], word[-1:]}


def guess(word: str, known: Iterable[str], otherwise: str) -> str:
    """A hint that asks for the nearest names, or says something else where none is near."""
    near = find_near(word, known)
    return f"Did you mean {' or '.join(repr(name) for name in near)}?" if near else otherwise


def run_hint(*arguments: str) -> str:
    """A hint that gives a command of cardgen, quoted for a shell."""
    return f"Run: cardgen {shlex.join(arguments)}"


def shorten(value: object, limit: int = 60) -> str:
    """A value on one line, cut where it is long."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
