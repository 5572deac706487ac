"""What a live value stands for: a fact of the card it names, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cardgen.facts import Fact, Facts, Origin
from cardgen.livevalues.syntax import LiveValue, Term
from cardgen.livevalues.writing import explain_form
from cardgen.measures import Number, as_number, format_number, normalise
from cardgen.models import Run

FindFacts = Callable[[str], Facts | None]
"""The facts of another card by its code, None where there is no such card."""

PARAMS = "params/"
_NEAR = 4


@dataclass(frozen=True)
class Missing:
    """Why there is no value: a sentence; ``word`` is what was not found among ``known``.

    ``hint`` says what to do where that is no other word.
    """

    message: str
    word: str = ""
    known: tuple[str, ...] = ()
    hint: str = ""


def look_up(value: LiveValue, facts: Facts, find_facts: FindFacts) -> Fact[Any] | Missing:
    """The fact that a live value stands for; ``facts`` are those of the card that it stands in.

    A difference is a fact with the origin of its first value.
    """
    found = look_up_terms(value, facts, find_facts)
    if isinstance(found, Missing) or len(found) == 1:
        return found if isinstance(found, Missing) else found[0]
    first, second = (as_number(fact.value) for fact in found)
    if first is None or second is None:  # seen before
        return Missing(f"'{value.text}' takes away what is no number.")
    return Fact(float(f"{float(first) - float(second):.12g}"), found[0].origin)


def look_up_terms(
    value: LiveValue, facts: Facts, find_facts: FindFacts
) -> tuple[Fact[Any], ...] | Missing:
    """The facts that a live value is made of: two where one is taken away from another."""
    if complaint := explain_form(value.form):
        return Missing(complaint, hint="Write for example '.1%', '.3f', '.4g' or '.2e'.")
    found: list[Fact[Any]] = []
    for term in value.terms:
        fact = _find_term(term, facts, find_facts)
        if isinstance(fact, Missing):
            return fact
        if (value.form or value.minus) and as_number(fact.value) is None:
            name = f"{term.code}:{term.whole}" if term.code else term.whole
            why = f"'{name}' is no number, so it cannot be written as '{value.form}'."
            if value.minus:
                why = f"'{name}' is no number, so there is no difference."
            return Missing(why, hint="Name a number.")
        found.append(fact)
    return tuple(found)


def _find_term(term: Term, facts: Facts, find_facts: FindFacts) -> Fact[Any] | Missing:
    if not term.code or term.code == facts.code:
        return _find_value(term, facts)
    other = find_facts(term.code)
    if other is not None:
        return _find_value(term, other)
    # Trackers allow a ':' in names of metrics.
    own = _find_value(Term("", f"{term.code}:{term.key}", term.step), facts)
    return Missing(f"There is no card '{term.code}'.") if isinstance(own, Missing) else own


def _find_value(term: Term, facts: Facts) -> Fact[Any] | Missing:
    if term.step:  # 'recall@5' is a metric before it is 'recall' at step 5
        whole = _find_param(term.whole, facts) or _find_metric(term.whole, "", facts)
        if whole is not None:
            return whole
    if not term.step and (param := _find_param(term.key, facts)):
        return param
    found = _find_metric(term.key, term.step, facts)
    return found if found is not None else _explain(term, facts)


def _find_param(key: str, facts: Facts) -> Fact[Any] | None:
    """A parameter, of the run with the best value where runs differ."""
    if not key.casefold().startswith(PARAMS):
        return None
    name = _match(key[len(PARAMS) :], facts.params)
    fact = facts.params.get(name)
    return _choose(fact, facts) if fact else None


def _find_metric(key: str, step: str, facts: Facts) -> Fact[Any] | None:
    name = _match(key, _list_metrics(facts))
    if not name:
        return None
    if step in ("mean", "std"):
        return _find_spread(name, step, facts)
    if step == "last":
        return _find_last(name, facts)
    number = as_number(step) if step not in ("", "best") else None
    return _find_best(name, facts) if number is None else _find_at(name, number, facts)


def _find_best(name: str, facts: Facts) -> Fact[Any] | None:
    """At the best checkpoint; the last value of what that has not."""
    if facts.primary is not None and normalise(name) == normalise(facts.metric):
        return facts.primary
    if facts.best and name in facts.best.metrics:
        return facts.best.metrics[name]
    return _find_last(name, facts)


def _find_last(name: str, facts: Facts) -> Fact[Any] | None:
    final = facts.finals.get(name)
    if final is not None and not final.origin.written:
        return _choose(final, facts)
    rows = [row for row in facts.rows if name in row.metrics]
    if rows:
        return rows[-1].metrics[name]
    points = [_last_point(name, run) for run in facts.runs]
    ref = _find_ref(facts)
    there = [point for point in points if point]
    return min(there, key=lambda fact: fact.origin.ref != ref, default=None)


def _last_point(name: str, run: Run) -> Fact[float] | None:
    curves = (curve for curve in run.curves if curve.metric == name and curve.values)
    for curve in curves:
        step = curve.steps[-1] if curve.axis == "step" else None
        return Fact(curve.values[-1], Origin(run.ref, step))
    return None


def _find_at(name: str, step: Number, facts: Facts) -> Fact[Any] | None:
    """At a step, or at an epoch where there are no steps; of the best run before others."""
    rows = [row for row in facts.rows if name in row.metrics]
    found = [row for row in rows if (row.epoch if row.step is None else row.step) == step]
    facts_there = [row.metrics[name] for row in found] or list(_find_points(name, step, facts))
    ref = _find_ref(facts)
    return min(facts_there, key=lambda fact: fact.origin.ref != ref, default=None)


def _find_points(name: str, step: Number, facts: Facts) -> Iterator[Fact[float]]:
    """Points of curves: what was logged between checkpoints."""
    for run in facts.runs:
        for curve in run.curves:
            if curve.metric == name and curve.axis == "step" and step in curve.steps:
                yield Fact(curve.values[curve.steps.index(step)], Origin(run.ref, step))


def _find_spread(name: str, kind: str, facts: Facts) -> Fact[Any] | None:
    """The mean over the seeds of the best group, or the deviation from it."""
    spread = facts.leading.best.get(name) if facts.leading else None
    value = getattr(spread, kind) if spread else None
    if facts.leading is None or value is None:
        return None
    return Fact(value, Origin(", ".join(member.ref for member in facts.leading.counted)))


def _choose(fact: Fact[Any], facts: Facts) -> Fact[Any]:
    """Of the values of several runs, that of the run with the best value of the metric."""
    ref = _find_ref(facts)
    return next((one for one in (fact, *fact.others) if one.origin.ref == ref), fact)


def _find_ref(facts: Facts) -> str:
    return facts.primary.origin.ref if facts.primary else ""


def _list_metrics(facts: Facts) -> tuple[str, ...]:
    names = dict.fromkeys(name for row in facts.rows for name in row.metrics)
    names |= dict.fromkeys(facts.finals)
    names |= dict.fromkeys(curve.metric for run in facts.runs for curve in run.curves)
    return tuple(names)


def _match(name: str, known: Iterable[str]) -> str:
    """The name as the card has it, however its separators are written; empty for none."""
    wanted = normalise(name)
    fit = [one for one in known if normalise(one) == wanted]
    return min(fit, key=lambda one: one != name, default="")


def _explain(term: Term, facts: Facts) -> Missing:
    metrics = _list_metrics(facts)
    name = _match(term.key, metrics)
    if name and term.step:
        return _explain_step(name, term.step, facts)
    if term.key.casefold().startswith(PARAMS):
        message = f"'{facts.code}' has no parameter '{term.key[len(PARAMS) :]}'."
    else:
        message = f"'{facts.code}' has no metric '{term.whole}'."
    return Missing(message, term.whole, (*metrics, *(f"{PARAMS}{one}" for one in facts.params)))


def _explain_step(name: str, step: str, facts: Facts) -> Missing:
    number = as_number(step)
    if step in ("mean", "std") or number is None:
        message = f"'{facts.code}' has no {name} of several seeds."
        return Missing(message, hint=f"Write '{name}' for the value of the best run.")
    steps = {row.step for row in facts.rows if name in row.metrics and row.step is not None}
    near = sorted(sorted(steps, key=lambda one: abs(one - number))[:_NEAR])
    said = ", ".join(map(format_number, near))
    hint = "Leave out the step: it has none."
    if near:
        hint = f"The nearest steps are {said}." if len(near) > 1 else f"There is step {said}."
    return Missing(f"'{facts.code}' has no {name} at step {step}.", hint=hint)
