"""Commands that read cards and print what they find."""

from __future__ import annotations

import sys

import click

from cardgen.cli.common import PROBLEMS, find_problems, load_cards, load_config, resolve
from cardgen.errors import UsageError


@click.command()
@click.argument("codes", nargs=-1)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How problems are printed.",
)
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
def check(codes: tuple[str, ...], kind: str, strict: bool) -> None:
    """Report every problem of the cards.

    All cards are checked, or those named. Status 1 where there are errors.
    """
    from cardgen import output
    from cardgen.check import has_failed
    from cardgen.formats import format_problems, paint_problems

    problems = find_problems(load_config(), codes)
    output.say(format_problems(problems, kind), paint_problems if kind == "text" else None)
    if has_failed(problems, strict=strict):
        sys.exit(PROBLEMS)


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
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(
    tags: tuple[str, ...], statuses: tuple[str, ...], model: str, key: str, kind: str, as_json: bool
) -> None:
    """List the cards with their status and best result."""
    from cardgen import output, summary

    if key.removeprefix("-") not in summary.SORT_KEYS:
        raise UsageError(f"Cards have no '{key}'.", f"Sort by {', '.join(summary.SORT_KEYS)}.")
    if kind not in summary.FORMATS:
        raise UsageError(f"'{kind}' is no format.", f"Choose {', '.join(summary.FORMATS)}.")
    config = load_config()
    lines = [summary.summarise(resolve(config, card)) for card in load_cards(config)]
    lines = summary.sort_lines(summary.select_lines(lines, tags, statuses, model), key)
    output.say(summary.format_lines_json(lines) if as_json else summary.format_lines(lines, kind))


@click.command()
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(code: str, as_json: bool) -> None:
    """Show one card with the origin of each value."""
    from cardgen import output
    from cardgen.describe import describe, describe_json
    from cardgen.store import find_card, load_card

    config = load_config()
    card = load_card(config, find_card(config, code))
    for problem in card.problems:
        output.complain(f"{problem.path}:{problem.line}: {problem.message} {problem.hint}")
    facts = resolve(config, card)
    output.say(describe_json(facts) if as_json else describe(facts))
    if card.broken:
        sys.exit(PROBLEMS)
