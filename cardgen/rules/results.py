"""Rules about results and the metric that 'best' means."""

from __future__ import annotations

from collections.abc import Iterator

from cardgen.measures import normalise
from cardgen.rules import Finding, Project, Subject, find_near, guess, rule, run_hint


@rule("results-missing", "error", "The experiment is finished, and there are no results.")
def find_missing_results(subject: Subject, project: Project) -> Iterator[Finding]:
    facts, unread = subject.facts, subject.unread
    if not subject.finished or facts.rows or facts.finals or unread & {"results", "evidence"}:
        return
    if subject.card.front.runs and subject.card.evidence is None:
        hint = run_hint("fill", subject.code)
    else:
        hint = (
            "Write 'results:' by hand, or name the run: "
            f"cardgen set {subject.code} runs+=TRACKER:RUN && cardgen fill {subject.code}"
        )
    yield Finding(
        "The experiment is finished, but the card has no results.", hint, subject.line("results")
    )


@rule("metric-unknown", "warning", "The declared metric is in no result.")
def find_unknown_metric(subject: Subject, project: Project) -> Iterator[Finding]:
    facts = subject.facts
    known = [*dict.fromkeys(name for row in facts.rows for name in row.metrics), *facts.finals]
    if facts.metric_assumed or not facts.metric or not known or facts.metric in known:
        return
    own = bool(subject.card.front.metric)
    same = _find_same(facts.metric, known)
    yield Finding(
        f"The metric '{facts.metric}'{'' if own else ' of cardgen.yaml'} is in no result.",
        _guess_metric(facts.metric, known, same),
        subject.line("metric") if own else 0,
        about=facts.metric,
        fix=(f"metric={same[0]}",) if own and len(same) == 1 else (),
    )


def _find_same(metric: str, known: list[str]) -> list[str]:
    """The metrics with the same last word."""
    last = normalise(metric).rpartition("/")[2]
    return [name for name in dict.fromkeys(known) if normalise(name).rpartition("/")[2] == last]


def _guess_metric(metric: str, known: list[str], same: list[str]) -> str:
    """The metrics with the same last word, else those with a like name."""
    if same:
        return f"Did you mean {' or '.join(repr(name) for name in same[:3])}?"
    if find_near(metric, known):
        return guess(metric, known, "")
    shown = ", ".join(dict.fromkeys(known[:5]))
    return f"Declare one that was measured, with 'metric:': {shown}."


@rule("metric-assumed", "advice", "No metric is declared; the first that evaluates was taken.")
def find_assumed_metric(subject: Subject, project: Project) -> Iterator[Finding]:
    metric = subject.facts.metric
    if subject.facts.metric_assumed and metric and "metric" not in subject.unread:
        yield Finding(
            f"No metric is declared; '{metric}' was taken for the one that 'best' means.",
            f"{run_hint('set', subject.code, f'metric={metric}')} "
            "(or write 'metric:' in cardgen.yaml for all cards)",
        )
