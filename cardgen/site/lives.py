"""Where a card lives, as its page and the list say it: branches and tags, linked at their host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cardgen.branches import Ref
from cardgen.facts import Facts
from cardgen.repositories import commit_url
from cardgen.site import links
from cardgen.site.context import RenderContext

MOST_SHOWN = 5
"""Branches and tags that a page names before it counts the rest."""


def list_places(facts: Facts, context: RenderContext) -> list[dict[str, Any]]:
    """What a page says of where its card lives, a line each; empty for a site of one folder.

    First the branches and tags of what is shown, then those of further work on the card, then
    those where its code stands for another experiment.
    """
    lives = context.lives.get(facts.code)
    if lives is None:
        return []
    labels = context.labels
    groups = (
        ("", labels["lives_on"], lives.refs),
        ("", labels["lives_other"], lives.others),
        ("warn", labels["lives_apart"], lives.apart),
    )
    return [
        {
            "kind": kind,
            "label": label,
            "refs": [(ref.name, _link(ref, facts, context)) for ref in refs[:MOST_SHOWN]],
            "more": _count_rest(refs),
        }
        for kind, label, refs in groups
        if refs
    ]


def find_place(facts: Facts, context: RenderContext) -> str:
    """The branch or tag that the list names: the first that holds what is shown."""
    lives = context.lives.get(facts.code)
    return lives.refs[0].name if lives and lives.refs else ""


def _count_rest(refs: Sequence[Ref]) -> str:
    return f"+{len(refs) - MOST_SHOWN}" if len(refs) > MOST_SHOWN else ""


def _link(ref: Ref, facts: Facts, context: RenderContext) -> str:
    """The card's folder there, on the repository's host."""
    folder = context.label(facts.card).rpartition("/")[0]
    path = f"{context.checkout.folder}{folder}"
    repository = context.settings.repository
    if ref.kind == "head":
        return commit_url(repository, ref.commit)
    name = ref.branch or ref.name
    return links.tree_url(repository, name, path, is_tag=ref.kind == "tag")
