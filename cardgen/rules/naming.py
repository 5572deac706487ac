"""Rules about what cards are called and how they name each other."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from cardgen.codes import find_fault
from cardgen.rules import Finding, Project, Subject, guess, rule, run_hint


def _rename(subject: Subject, code: str) -> str:
    folder = PurePosixPath(subject.label).parent
    return f"git mv {shlex.quote(str(folder))} {shlex.quote(str(folder.with_name(code)))}"


@rule("code-folder", "error", "The card's code is not the name of its folder.")
def find_other_folder(subject: Subject, project: Project) -> Iterator[Finding]:
    code = subject.card.front.code
    if code == subject.code or find_fault(code):
        return
    yield Finding(
        f"The card calls itself '{code}', but its folder is '{subject.code}'.",
        f"Write 'code: {subject.code}', or rename the folder: {_rename(subject, code)}",
        subject.line("code"),
        about=code,
        fix=() if find_fault(subject.code) else (f"code={subject.code}",),
    )


@rule("code-name", "error", "The folder's name is no code that works on every system.")
def find_bad_name(subject: Subject, project: Project) -> Iterator[Finding]:
    fault = find_fault(subject.code)
    if fault:
        yield Finding(
            f"The folder's name '{subject.code}' {fault}.",
            "Rename it with 'git mv' to letters, digits, '.', '_' and '-', and 'code:' with it.",
        )
    for twin in project.find_twins(subject.code):
        yield Finding(
            f"The folder's name '{subject.code}' differs from '{twin}' only in case.",
            "Rename one of them with 'git mv': some systems take them for the same.",
            about=twin,
        )


@rule("baseline-unknown", "error", "The baseline is no card of the project.")
def find_unknown_baseline(subject: Subject, project: Project) -> Iterator[Finding]:
    baseline = subject.card.front.baseline
    if baseline and baseline not in project.codes:
        yield Finding(
            f"The baseline '{baseline}' is no card.",
            _guess_code(subject, baseline, project),
            subject.line("baseline"),
            about=baseline,
        )


@rule("baseline-self", "error", "The card is compared with itself.")
def find_own_baseline(subject: Subject, project: Project) -> Iterator[Finding]:
    if subject.card.front.baseline in (subject.code, subject.card.front.code):
        yield Finding(
            "The card is its own baseline.",
            "Name the card that it is compared with, or remove the line.",
            subject.line("baseline"),
        )


@rule("supersedes-unknown", "error", "A superseded card is not in the project, or is this one.")
def find_unknown_superseded(subject: Subject, project: Project) -> Iterator[Finding]:
    for number, code in enumerate(subject.card.front.supersedes):
        line = subject.line(f"supersedes.{number}")
        if code == subject.code:
            fix = f"supersedes-={code}"
            hint = run_hint("set", subject.code, fix)
            said = "The card says that it replaces itself."
            yield Finding(said, hint, line, about=code, fix=(fix,))
        elif code not in project.codes:
            hint = _guess_code(subject, code, project)
            yield Finding(f"The superseded '{code}' is no card.", hint, line, about=code)


def _guess_code(subject: Subject, word: str, project: Project) -> str:
    others = [code for code in project.codes if code != subject.code]
    return guess(word, others, "See 'cardgen list' for the codes.")
