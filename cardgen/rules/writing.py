"""Rules about what a person writes below the headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from cardgen.documents import has_text, strip_comments
from cardgen.languages import SECTIONS, find_languages, heading, load_hints
from cardgen.rules import Finding, Project, Subject, rule, shorten
from cardgen.sentences import count_sentences

MAX_SENTENCES = 3

_LEFT_BLANK = re.compile(
    r"(?:to-?do|tbd|tba|tbc|fix-?me|xxx+|lorem ipsum.*|do uzupełnienia|do zrobienia|"
    r"à compléter|à faire|заполнить|待填写|待补充|待定)",
    re.IGNORECASE | re.DOTALL,
)
_EDGES = " \t\r\n.…!?:-–—_*`<>[](){}。！？：（）【】"


def _line(subject: Subject, key: str) -> int:
    """The line of a section's first heading, 0 without one."""
    return next((s.line for s in subject.card.sections if s.key == key), 0)


def _is_missing(subject: Subject, key: str) -> bool:
    return "body" not in subject.unread and not has_text(subject.card.section(key))


def _below(key: str, project: Project) -> str:
    return f"below '## {heading(key, project.settings.lang)}'"


@rule("goal-missing", "error", "The card says no goal.")
def find_missing_goal(subject: Subject, project: Project) -> Iterator[Finding]:
    if _is_missing(subject, "goal"):
        yield Finding(
            "The card has no goal.",
            f"Write one hypothesis {_below('goal', project)}.",
            _line(subject, "goal"),
        )


@rule("goal-suggested", "warning", "The goal is a run's description that nobody has confirmed.")
def find_suggested_goal(subject: Subject, project: Project) -> Iterator[Finding]:
    for section in subject.card.sections:
        if section.suggested and has_text(section.body):
            yield Finding(
                f"'{section.title}' was suggested by {shorten(section.suggested)}.",
                "Confirm or rewrite it, then delete the line '<!-- suggested by …'.",
                section.line,
            )


@rule("conclusions-missing", "error", "The experiment is finished, and nothing is concluded.")
def find_missing_conclusions(subject: Subject, project: Project) -> Iterator[Finding]:
    if subject.finished and _is_missing(subject, "conclusions"):
        yield Finding(
            "The experiment is finished, but the card has no conclusions.",
            f"Answer the goal in two or three sentences {_below('conclusions', project)}.",
            _line(subject, "conclusions"),
        )


@rule("reason-missing", "advice", "The experiment failed or was aborted, and nothing says why.")
def find_missing_reason(subject: Subject, project: Project) -> Iterator[Finding]:
    status = subject.facts.status.value if subject.facts.status else None
    said = any(not _is_missing(subject, key) for key in ("conclusions", "problems"))
    if status in ("failed", "aborted") and not said:
        yield Finding(
            f"The experiment {'failed' if status == 'failed' else 'was aborted'}, "
            "but the card does not say why.",
            f"Write a sentence {_below('conclusions', project)}.",
            _line(subject, "conclusions") or _line(subject, "problems"),
        )


@rule("conclusions-long", "warning", "The conclusions have more than three sentences.")
def find_long_conclusions(subject: Subject, project: Project) -> Iterator[Finding]:
    count = count_sentences(subject.card.section("conclusions"))
    if count > MAX_SENTENCES:
        yield Finding(
            f"The conclusions have {count} sentences; more than {MAX_SENTENCES} are seldom read.",
            "Keep the two or three that answer the goal, and move the rest to another section.",
            _line(subject, "conclusions"),
        )


@rule("placeholder", "error", "A text of the template was left in place.")
def find_placeholders(subject: Subject, project: Project) -> Iterator[Finding]:
    for section in subject.card.sections:
        needed = section.key == "goal" or (section.key == "conclusions" and subject.finished)
        text = " ".join(strip_comments(section.body).split())
        blank = needed and has_text(text) and _is_blank(text)
        if section.key and (blank or text in _template_texts()):
            yield Finding(
                f"Below '{section.title}' stands a placeholder and no text of your own.",
                "Write it, or remove the line.",
                section.line,
            )


def _is_blank(text: str) -> bool:
    core = text.strip(_EDGES)
    return not core or _LEFT_BLANK.fullmatch(core) is not None


@cache
def _template_texts() -> frozenset[str]:
    """The hints of new cards in all languages, as somebody leaves them who opens the comment."""
    return frozenset(
        " ".join(load_hints(code)[key].split()) for code in find_languages() for key in SECTIONS
    )


@rule("duplicate-section", "warning", "A section stands twice.")
def find_duplicate_sections(subject: Subject, project: Project) -> Iterator[Finding]:
    first: dict[str, tuple[str, int]] = {}
    for section in subject.card.sections:
        if not section.key:
            continue
        if section.key in first:
            title, line = first[section.key]
            yield Finding(
                f"'{section.title}' is the same section as '{title}' in line {line}.",
                "Make one of the two.",
                section.line,
            )
        first.setdefault(section.key, (section.title, section.line))
