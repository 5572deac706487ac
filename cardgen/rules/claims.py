"""Rules that hold what a person claims against the evidence."""

from __future__ import annotations

from collections.abc import Iterator

from cardgen.claims import (
    Analysis,
    CellRuling,
    Found,
    Ruling,
    Verdict,
    find_best_elsewhere,
    find_chosen_by_test,
    find_wrong_signs,
    judge_results,
    judge_tables,
)
from cardgen.measures import format_number
from cardgen.rules import Finding, Project, Subject, rule

_ACCEPT = "or accept it with a reason under 'accepted:'."


class _Memo:
    """The last card's analysis: several rules ask for it, one after the other."""

    subject: Subject | None = None
    project: Project | None = None
    analysis: Analysis | None = None
    cells: tuple[tuple[CellRuling, str], ...] = ()


def _analyse(subject: Subject, project: Project) -> Analysis:
    if _Memo.analysis is None or _Memo.subject is not subject or _Memo.project is not project:
        _Memo.subject, _Memo.project = subject, project
        _Memo.analysis = Analysis(
            subject.facts, project.settings, project.codes, project.find_facts
        )
        _Memo.cells = tuple(_judge_cells(_Memo.analysis)) if _Memo.analysis.judged else ()
    return _Memo.analysis


def _judge_cells(analysis: Analysis) -> Iterator[tuple[CellRuling, str]]:
    """The wrong numbers of tables, each with where it stands."""
    for cell in judge_tables(analysis):
        yield cell, "a table of the conclusions"
    for cell, key in judge_results(analysis):
        yield cell, f"'{key}'"


def _is_open(subject: Subject) -> bool:
    """Whether the evidence could be read: what is not there cannot bear anything out."""
    return not subject.unread & {"evidence", "body", "results"}


@rule("unsupported-number", "warning", "A number that is claimed is in no run.")
def find_unsupported(subject: Subject, project: Project) -> Iterator[Finding]:
    if not _is_open(subject):
        return
    analysis = _analyse(subject, project)
    for ruling in analysis.rulings:
        if not ruling.verdict.supported:
            yield _report(analysis, ruling)
    for cell, where in _Memo.cells:
        if cell.there is None:
            message = f"'{cell.text}' in {where} {_explain(analysis, cell.verdict)}"
            hint = _hint(analysis, cell.verdict)
            yield Finding(message, hint, cell.line, about=cell.text)


def _report(analysis: Analysis, ruling: Ruling) -> Finding:
    key = ruling.part.section.key
    where = "the goal" if key == "goal" else "the conclusions" if key else "the results"
    text = ruling.claim.text
    message = f"'{text}' in {where} {_explain(analysis, ruling.verdict)}"
    return Finding(message, _hint(analysis, ruling.verdict), ruling.line, about=text)


def _explain(analysis: Analysis, verdict: Verdict) -> str:
    claim = verdict.claim
    if verdict.elsewhere is not None:
        said = f"is {_show(analysis, verdict.elsewhere)}, which is not what it is said of"
    elif claim.kinds[0] == "difference":
        said = "is no difference of two values behind the card"
    elif claim.kinds[0] == "deviation":
        said = "is the standard deviation of no runs of the card"
    elif claim.kinds[0] == "ratio":
        said = "is no ratio of two values behind the card"
    else:
        said = "is in no run of the card"
    if verdict.nearest is None or claim.kinds[0] in ("ratio", "deviation", "difference"):
        return f"{said}."
    return f"{said}; the nearest is {_show(analysis, verdict.nearest)}."


def _show(analysis: Analysis, found: Found) -> str:
    measure, value = found.measure, found.value
    card = "" if measure.code == analysis.facts.code else f"{measure.code}:"
    return f"{card}{measure.title} {format_number(float(f'{value.value:.6g}'))} ({value})"


def _hint(analysis: Analysis, verdict: Verdict) -> str:
    found = verdict.nearest
    if found is None or found.measure.whole or verdict.claim.kinds[0] != "value":
        return f"Correct it, {_ACCEPT}"
    code = found.measure.code
    live = (
        f"[[{found.measure.key}]]"
        if code == analysis.facts.code
        else f"[[{code}:{found.measure.key}]]"
    )
    return f"Correct it, write {live}, {_ACCEPT}"


@rule("table-differs", "warning", "A table that a person wrote says something else than the runs.")
def find_other_cells(subject: Subject, project: Project) -> Iterator[Finding]:
    if not _is_open(subject):
        return
    analysis = _analyse(subject, project)
    for cell, where in _Memo.cells:
        if cell.there is None:
            continue
        measure, value = cell.there
        yield Finding(
            f"'{cell.text}' in {where} is {_show(analysis, Found(measure, value))} by the runs.",
            f"Correct the table, {_ACCEPT}",
            cell.line,
            about=cell.text,
        )


@rule("improvement-sign", "warning", "What is called better or worse is the other way round.")
def find_signs(subject: Subject, project: Project) -> Iterator[Finding]:
    if not _is_open(subject):
        return
    analysis = _analyse(subject, project)
    for wrong in find_wrong_signs(analysis) if analysis.judged else ():
        yield Finding(
            wrong.message, f"Correct the sentence, {_ACCEPT}", wrong.line, about=wrong.about
        )


@rule(
    "best-elsewhere", "warning", "What is called best is not the best by the metric it is said of."
)
def find_other_best(subject: Subject, project: Project) -> Iterator[Finding]:
    if not _is_open(subject):
        return
    analysis = _analyse(subject, project)
    for wrong in find_best_elsewhere(analysis) if analysis.judged else ():
        yield Finding(
            wrong.message,
            f"Say by which metric, declare it with 'metric:', {_ACCEPT}",
            wrong.line,
            about=wrong.about,
        )


@rule(
    "chosen-by-test",
    "warning",
    "The best was chosen by the test split, though another was measured.",
)
def find_test_choice(subject: Subject, project: Project) -> Iterator[Finding]:
    if not _is_open(subject):
        return
    analysis = _analyse(subject, project)
    for wrong in find_chosen_by_test(analysis) if analysis.judged else ():
        yield Finding(
            wrong.message,
            f"Choose by a metric of the validation split, {_ACCEPT}",
            wrong.line or subject.line("metric"),
            about=wrong.about,
        )
