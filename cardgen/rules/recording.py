"""Rules about runs, evidence, and where card and tracker differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cardgen.errors import UsageError
from cardgen.facts import Conflict, Facts
from cardgen.measures import Number, format_number
from cardgen.models import CAPTURED, Frozen, RunRef
from cardgen.rules import Finding, Project, Subject, guess, rule, run_hint, shorten

# What the card calls a field of a run, and what a person does.
_BY_HAND = {
    "commands": ("train", "command"),
    "checkpoints": ("results", "results"),
    "metrics": ("results", "results"),
    "started": ("date", "date"),
    "author": ("authors", "author"),
    "status": ("status", "status"),
    "params": ("params", "params"),
    "model": ("model", "model"),
    "data": ("data", "data"),
    "output": ("output", "output model"),
    "source": ("source", "source"),
    "source.repository": ("source.repository", "repository"),
    "source.branch": ("source.branch", "branch"),
    "source.commit": ("source.commit", "commit"),
}


@rule("run-ref", "error", "A run is not named as tracker:locator.")
def find_bad_refs(subject: Subject, project: Project) -> Iterator[Finding]:
    for number, text in enumerate(subject.card.front.runs):
        line = subject.line(f"runs.{number}")
        try:
            ref = RunRef.parse(text)
        except UsageError as error:
            yield Finding(error.message, error.hint, line)
            continue
        if project.trackers and ref.tracker not in (*project.trackers, CAPTURED):
            yield Finding(
                f"No tracker is called '{ref.tracker}', as '{shorten(text)}' says.",
                guess(ref.tracker, project.trackers, f"Known: {', '.join(project.trackers)}."),
                line,
            )


@rule("run-not-filled", "warning", "A run that the card names is not in its evidence.")
def find_unfilled_runs(subject: Subject, project: Project) -> Iterator[Finding]:
    if "evidence" in subject.unread:
        return
    for number, text in enumerate(subject.card.front.runs):
        known = any(run.is_named(text) for run in subject.facts.runs)
        if not known and _is_ref(text, project):
            yield Finding(
                f"The run '{shorten(text)}' is not in the evidence.",
                run_hint("fill", subject.code),
                subject.line(f"runs.{number}"),
            )


def _is_ref(text: str, project: Project) -> bool:
    try:
        ref = RunRef.parse(text)
    except UsageError:
        return False
    return not project.trackers or ref.tracker in (*project.trackers, CAPTURED)


@rule("run-not-named", "warning", "The evidence holds a run that the card does not name.")
def find_unnamed_runs(subject: Subject, project: Project) -> Iterator[Finding]:
    named = subject.card.front.runs
    if not named or "runs" in subject.unread:
        return
    runs = subject.facts.runs
    known = {run.ref for run in runs if run.captured or any(map(run.is_named, named))}
    known |= {ref for run in runs if run.captured for ref in run.contains}
    for run in runs:
        if run.ref in known or run.parent in known:
            continue
        name = run_hint("set", subject.code, f"runs+={run.quoted or run.ref}")
        yield Finding(
            f"The evidence holds the run '{shorten(run.ref)}', which the card does not name.",
            f"{name} (or drop it: cardgen fill {subject.code})",
            subject.line("runs"),
        )


@rule("evidence-code", "error", "The evidence is that of another card.")
def find_foreign_evidence(subject: Subject, project: Project) -> Iterator[Finding]:
    evidence = subject.card.evidence
    if evidence is not None and evidence.code != subject.code:
        yield Finding(
            f"The evidence belongs to '{evidence.code}' and not to '{subject.code}'.",
            run_hint("fill", subject.code),
            path=subject.evidence_label,
        )


@rule("fact-differs", "warning", "The card says something else than its runs.")
def find_differences(subject: Subject, project: Project) -> Iterator[Finding]:
    for conflict in subject.facts.conflicts:
        key, written, recorded = _narrow(conflict)
        yield Finding(
            f"'{key}' is {_show(written)} here, but {_show(recorded)} in "
            f"{shorten(conflict.recorded.origin)}.",
            "Correct the card, or remove the line: then what was recorded is shown.",
            _line(subject, conflict, key),
        )


def _line(subject: Subject, conflict: Conflict, key: str) -> int:
    inside = subject.card.lines.get(key)
    return inside or conflict.written.origin.line


def _narrow(conflict: Conflict) -> tuple[str, Any, Any]:
    """The one field in which two models, data sets or sources differ."""
    written, recorded = conflict.written.value, conflict.recorded.value
    if not (isinstance(written, Frozen) and isinstance(recorded, Frozen)):
        return conflict.key, written, recorded
    for name, value in written.model_dump(exclude_defaults=True).items():
        other = getattr(recorded, name, None)
        if other not in ("", None) and not _agree(value, other):
            return f"{conflict.key}.{name}", value, other
    return conflict.key, written, recorded


def _agree(a: object, b: object) -> bool:
    """Equal, or one the other cut short, as commits and names are."""
    if not (isinstance(a, str) and isinstance(b, str)):
        return a == b
    a, b = a.casefold(), b.casefold()
    return a.startswith(b) or b.startswith(a) or a.endswith(f"/{b}") or b.endswith(f"/{a}")


def _show(value: object) -> str:
    if isinstance(value, Frozen):
        said = value.model_dump(mode="json", exclude_defaults=True)
        return shorten(", ".join(f"{name} {text}" for name, text in said.items()))
    if isinstance(value, Number) and not isinstance(value, bool):
        return format_number(value)
    return f"'{shorten(value)}'" if isinstance(value, str) else shorten(value)


@rule("not-recorded", "advice", "What the tracker cannot record is not written in the card either.")
def find_unrecorded(subject: Subject, project: Project) -> Iterator[Finding]:
    fields = (field for run in subject.facts.runs for field in run.unavailable)
    wanted = dict.fromkeys(_BY_HAND[field] for field in fields if field in _BY_HAND)
    missing = {
        key: word
        for key, word in wanted
        if key.partition(".")[0] not in subject.unread and not _is_known(subject.facts, key)
    }
    if missing:
        names = ("cardgen run" if run.captured else run.tracker for run in subject.facts.runs)
        trackers = " and ".join(dict.fromkeys(names))
        yield Finding(
            f"The runs hold no {_list(missing.values(), 'or')}: {trackers} cannot record that.",
            f"Write {_list(map(repr, missing), 'and')} in the front matter.",
            subject.line("runs"),
        )


def _list(words: Iterable[str], last: str) -> str:
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


def _is_known(facts: Facts, key: str) -> bool:
    if key == "results":
        return bool(facts.rows or facts.finals)
    top, _, inner = key.partition(".")
    fact = getattr(facts, top)
    return bool(getattr(fact.value, inner) if inner and fact is not None else fact)
