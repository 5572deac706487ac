"""Means over several runs as a page shows them."""

from __future__ import annotations

from cardgen.facts import Spread
from cardgen.measures import format_spread
from cardgen.site.numbers import MISSING, format_full, format_short
from cardgen.site.shown import Shower
from cardgen.site.speech import say_number

_MOST_NAMED = 12


def say_spread(spread: Spread) -> str:
    """A mean with its standard deviation; what is no number where no run has one."""
    if spread.mean is None:
        return format_full(spread.odd[0][1]) if spread.odd else MISSING
    if spread.std is None:
        return format_short(spread.mean)
    return say_number(format_spread(spread.mean, spread.std))


def say_count(spread: Spread, shower: Shower) -> str:
    """Of how many runs a mean is, where not of all; those that are no number are named."""
    if spread.n == spread.of:
        return ""
    said = [shower.labels["n_of"].format(spread.n, spread.of)]
    for ref, value in spread.odd[:_MOST_NAMED]:
        said.append(f"{format_full(value)}: {shower.labels['run']} {shower.numbers.get(ref, ref)}")
    return " · ".join([*said, *(["…"] if len(spread.odd) > _MOST_NAMED else [])])


def describe_spread(spread: Spread, shower: Shower) -> str:
    """All of a spread's numbers in full."""
    labels = shower.labels
    if spread.mean is None or spread.low is None or spread.high is None:
        return ""
    std = "" if spread.std is None else format_full(spread.std)
    values = (
        (labels["mean"], format_full(spread.mean)),
        (labels["deviation"], std),
        (labels["lowest"], format_full(spread.low)),
        (labels["highest"], format_full(spread.high)),
        (labels["part_runs"], labels["n_of"].format(spread.n, spread.of)),
    )
    return " · ".join(f"{name} {text}" for name, text in values if text)
