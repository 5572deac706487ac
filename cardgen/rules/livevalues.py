"""Rules about values quoted in prose, such as ``[[qa-1:eval/f1]]``."""

from __future__ import annotations

from collections.abc import Iterator

from cardgen.facts import Facts
from cardgen.livevalues import LiveValue, Missing, find_live_values, look_up
from cardgen.models import Section
from cardgen.rules import Finding, Project, Subject, guess, rule

_OTHERWISE = "Correct the name; 'cardgen show' lists what a card has."


@rule("live-value", "error", "A value that the text quotes does not exist.")
def find_dead_values(subject: Subject, project: Project) -> Iterator[Finding]:
    for section in subject.card.sections:
        for value in find_live_values(section.body):
            found = look_up(value, subject.facts, project.find_facts)
            if isinstance(found, Missing) and not _is_excused(value, found, subject, project):
                yield Finding(
                    found.message,
                    _hint(value, found, project),
                    _line(section, value),
                    about=value.text.removeprefix("[[").removesuffix("]]"),
                )


def _line(section: Section, value: LiveValue) -> int:
    if not section.start:
        return section.line
    return section.start + section.body.count("\n", 0, value.start)


def _hint(value: LiveValue, missing: Missing, project: Project) -> str:
    if missing.hint:
        return missing.hint
    if missing.word:
        return guess(missing.word, missing.known, _OTHERWISE)
    code = next((t.code for t in value.terms if f"'{t.code}'" in missing.message), value.code)
    return guess(code, project.codes, "Name a card of this project: 'cardgen list' has them all.")


def _is_excused(value: LiveValue, missing: Missing, subject: Subject, project: Project) -> bool:
    """Whether a value may be in a file that could not be read, which is reported already."""
    if not missing.word:
        return False
    cards = [_find(term.code, subject, project) for term in value.terms]
    return any(facts is not None and facts.card.broken for facts in cards)


def _find(code: str, subject: Subject, project: Project) -> Facts | None:
    return project.find_facts(code) if code and code != subject.code else subject.facts
