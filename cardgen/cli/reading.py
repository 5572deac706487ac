"""Commands that read cards and print what they find."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cardgen.cli.common import (
    PROBLEMS,
    find_facts,
    load_cards,
    load_config,
    resolve,
)
from cardgen.cli.versions import hint_elsewhere, list_branches, show_named
from cardgen.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cardgen.summary import Line


@click.command("list")
@click.option("--tag", "tags", multiple=True, help="Only cards with this tag.")
@click.option("--status", "statuses", multiple=True, help="Only cards of this status.")
@click.option("--model", default="", help="Only cards with this in their model's name.")
@click.option(
    "--sort",
    "key",
    default="code",
    show_default=True,
    help="code, title, status, date, metric, value or model; -value turns the order.",
)
@click.option(
    "--format",
    "kind",
    default="simple",
    show_default=True,
    help="A table format of tabulate, such as github, grid, latex or tsv.",
)
@click.option(
    "--all-branches", is_flag=True, help="The cards of all branches, and where each lives."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(
    tags: tuple[str, ...],
    statuses: tuple[str, ...],
    model: str,
    key: str,
    kind: str,
    all_branches: bool,
    as_json: bool,
) -> None:
    """List the cards with their status and best result."""
    from cardgen import output, summary

    if key.removeprefix("-") not in summary.SORT_KEYS:
        raise UsageError(f"Cards have no '{key}'.", f"Sort by {', '.join(summary.SORT_KEYS)}.")
    if kind not in summary.FORMATS:
        raise UsageError(f"'{kind}' is no format.", f"Choose {', '.join(summary.FORMATS)}.")
    config = load_config()

    def choose(lines: Iterable[Line]) -> list[Line]:
        return summary.sort_lines(summary.select_lines(lines, tags, statuses, model), key)

    if all_branches:
        list_branches(config, choose, kind, as_json=as_json)
        return
    lines = choose(summary.summarise(resolve(config, card)) for card in load_cards(config))
    output.say(summary.format_lines_json(lines) if as_json else summary.format_lines(lines, kind))


@click.command()
@click.argument("code", metavar="CODE[@REVISION]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(code: str, as_json: bool) -> None:
    """Show one card with the origin of each value.

    REVISION is a branch, tag or commit: the card as it stood there. The tag of a registered model,
    such as model@v1.2.0 or model#prod, shows the card of the experiment behind it.
    """
    if "@" in code or "#" in code:  # no code holds these signs
        show_named(code, as_json=as_json)
        return
    from cardgen import output
    from cardgen.describe import describe, describe_json
    from cardgen.store import find_card, load_card

    config = load_config()
    try:
        card = load_card(config, find_card(config, code))
    except UsageError as error:
        raise UsageError(error.message, hint_elsewhere(config, code) or error.hint) from None
    for problem in card.problems:
        output.complain(f"{problem.path}:{problem.line}: {problem.message} {problem.hint}")
    facts = resolve(config, card)
    others = find_facts(config)
    output.say(describe_json(facts, others) if as_json else describe(facts, others))
    if card.broken:
        sys.exit(PROBLEMS)
