"""One card as JSON for programs, each value with its origin."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cardgen.describe.common import know_nobody, name_said
from cardgen.documents import strip_comments
from cardgen.evidence import make_exact
from cardgen.facts import Fact, Facts, Row
from cardgen.groups.text import groups_as_json
from cardgen.livevalues import (
    FindFacts,
    LiveValue,
    Missing,
    fill,
    find_live_values,
    look_up,
    look_up_terms,
)
from cardgen.models import Frozen, Section
from cardgen.output import format_json


def describe_json(facts: Facts, find_facts: FindFacts = know_nobody) -> str:
    """A card for programs: each value beside its origin; NaN and infinities are strings."""
    return format_json(make_exact(describe_values(facts, find_facts)))


def describe_values(facts: Facts, find_facts: FindFacts = know_nobody) -> dict[str, Any]:
    """The same as values; NaN, infinities and long numbers are as they are.

    A section whose text quotes values has them filled in, the text as it was written as ``raw``,
    and ``live`` with each value and its origin.
    """
    card = facts.card
    return {
        "code": facts.code,
        "title": facts.title,
        "sections": [
            {
                "key": s.key,
                "title": s.title,
                "text": strip_comments(fill(s.body, facts, find_facts)).strip(),
                "suggested_by": s.suggested or None,
                **_live(s, facts, find_facts),
            }
            for s in card.sections
        ],
        "accepted": [one.model_dump(mode="json") for one in card.front.accepted],
        **{n: _fact(getattr(facts, n)) for n in ("status", "date", "model", "source", "primary")},
        **{
            name: [_fact(fact) for fact in getattr(facts, name)]
            for name in ("authors", "tags", "train", "predict", "data", "output", "environments")
        },
        "params": {name: _fact(fact) for name, fact in facts.params.items()},
        "metric": facts.metric,
        "metric_assumed": facts.metric_assumed,
        "direction": facts.direction,
        "results": [_row(row, row is facts.best) for row in facts.rows],
        "metrics": {name: _fact(fact) for name, fact in facts.finals.items()},
        "runs": [run.ref for run in facts.runs],
        **groups_as_json(facts),
        "conflicts": [
            {"key": c.key, "written": _fact(c.written), "recorded": _fact(c.recorded)}
            for c in facts.conflicts
        ],
    }


def _live(section: Section, facts: Facts, find_facts: FindFacts) -> dict[str, Any]:
    """What a section quotes; nothing of one that quotes nothing."""
    found = list(find_live_values(section.body))
    if not found:
        return {}
    live = [{"text": one.text, **_look_up(one, facts, find_facts)} for one in found]
    return {"raw": strip_comments(section.body).strip(), "live": live}


def _look_up(value: LiveValue, facts: Facts, find_facts: FindFacts) -> dict[str, Any]:
    """A quoted value with its origin, and of a difference both that it is made of."""
    fact = look_up(value, facts, find_facts)
    terms = look_up_terms(value, facts, find_facts)
    if isinstance(fact, Missing) or isinstance(terms, Missing):
        return {"value": None}
    if len(terms) == 1:
        return {"value": fact.value, "origin": str(fact.origin)}
    return {"value": fact.value, "terms": [_fact(one) for one in terms]}


def _fact(fact: Fact[Any] | None) -> dict[str, Any] | None:
    if fact is None:
        return None
    value = name_said(fact.value) if isinstance(fact.value, Frozen) else fact.value
    value = value.isoformat() if isinstance(value, dt.date) else value
    others = [_fact(other) for other in fact.others]
    shown = {"value": value, "origin": str(fact.origin)}
    return {**shown, "others": others} if others else shown


def _row(row: Row, best: bool) -> dict[str, Any]:
    origin = str(row.origin)  # that of nearly all of its values, too, and there are many
    metrics = {
        name: {"value": fact.value, "origin": origin}
        if fact.origin is row.origin and not fact.others
        else _fact(fact)
        for name, fact in row.metrics.items()
    }
    return {
        "step": row.step,
        "epoch": row.epoch,
        "best": best,
        "origin": origin,
        "metrics": metrics,
    }
