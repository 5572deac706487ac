"""The page that compares cards: a shell that scripts fill from each card's ``card.json``."""

from __future__ import annotations

import json
from collections.abc import Sized

from cardgen.models import CODE_PATTERN
from cardgen.site.context import RenderContext
from cardgen.site.curves import pick_words
from cardgen.site.markup import embed_data
from cardgen.site.page import Page
from cardgen.site.render import template

COMPARE_PATH = "compare/"

_PREFIXES = (
    "cmp_", "picks_", "axis_", "part_", "environment_", "source_", "data_", "model_", "command_",
    "status_", "dirty_",
)  # fmt: skip
_WORDS = (
    "and_more", "baseline", "baseline_better", "baseline_equal", "baseline_worse", "compare",
    "data", "experiment", "last_value", "mean_of_seeds", "model", "more_charts", "name",
    "no_conclusions", "no_goal", "packages",
)  # fmt: skip


def render_compare(cards: Sized, context: RenderContext) -> Page:
    """The page below ``compare/``; the same for ten cards and for ten thousand.

    ``labels.json`` beside it has the words of the bar of ticked cards, which stands on any page.
    """
    labels = context.labels
    words = _list_words(labels)
    data = {
        "labels": words,
        "chart": pick_words(labels),
        "pattern": CODE_PATTERN,
        "cards": context.cards_path,
    }
    body = template("compare").render(
        labels=labels,
        list_url=f"../{context.cards_path}",
        count=labels["count_cards"].format(len(cards)),
        data=embed_data("compare", data),
    )
    picks = {name: text for name, text in words.items() if name in _PICKED}
    return Page(
        path=COMPARE_PATH,
        title=labels["compare"],
        description=labels["cmp_intro"],
        body=body,
        language=context.language,
        data={"labels.json": json.dumps(picks, ensure_ascii=False)},
        searched=False,
    )


_PICKED = ("picks_title", "picks_compare", "picks_clear", "cmp_remove", "and_more")


def _list_words(labels: dict[str, str]) -> dict[str, str]:
    """The labels that the page's scripts write."""
    return {
        name: text
        for name, text in labels.items()
        if name in _WORDS or name.startswith(_PREFIXES)
    }  # fmt: skip
