"""The command that makes cards for runs that are there already."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardgen.cli.common import FAILED, load_config
from cardgen.cli.readme import refresh_readmes

if TYPE_CHECKING:
    from cardgen.config import Config
    from cardgen.fetch import Failure
    from cardgen.imports import Found, Plan, Wanted
    from cardgen.imports.make import Made


@click.command("import")
@click.argument("location")
@click.option("--all", "everything", is_flag=True, help="Make cards for all runs that were found.")
@click.option(
    "--select",
    "conditions",
    multiple=True,
    metavar="EXPR",
    help="Only runs that meet it: name=qa-*, tag=polqa, param.lr=1e-4, eval/f1>=0.5; repeatable.",
)
@click.option(
    "--group-by",
    default="",
    metavar="KEY",
    help="One card for runs that have in common: experiment, group, parent, name, seed (they "
    "differ in it alone), tag.NAME or param.NAME.",
)
@click.option("--prefix", default="", help="Number the cards: qa- gives qa-1, qa-2 …")
@click.option("--tag", "tags", multiple=True, help="A word for each of the cards.")
@click.option("--dry-run", is_flag=True, help="Show which cards would be made.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(
    location: str,
    everything: bool,
    conditions: tuple[str, ...],
    group_by: str,
    prefix: str,
    tags: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make cards for the runs at LOCATION that no card names.

    LOCATION is a folder or file of the project, or TRACKER:LOCATION for a server, such as
    'mlflow:' or wandb:team/project. Without --all or --select the runs are only listed. What was
    interrupted goes on when the same command is repeated.
    """
    from cardgen.imports import Wanted
    from cardgen.imports.group import refuse_form
    from cardgen.imports.select import parse_condition

    wanted = Wanted(tuple(map(parse_condition, conditions)), group_by, prefix, tags)
    refuse_form(group_by)
    config = load_config()
    if everything or conditions or dry_run:
        failed = _import(config, location, wanted, dry_run=dry_run, as_json=as_json)
    else:
        failed = _list(config, location, as_json=as_json)
    if failed:
        sys.exit(FAILED)


def _list(config: Config, location: str, *, as_json: bool) -> bool:
    """Print what was found; whether anything could not be read."""
    from cardgen import imports, output
    from cardgen.imports import show
    from cardgen.imports.find import find_listing

    found = imports.outline(config, find_listing(config, location, Path.cwd()), output.progress)
    lines = [show.summarise(config, run) for run in found.runs]
    if as_json:
        output.say(show.format_runs_json(lines, found.on_cards, found.failures))
    elif lines:
        output.say(show.format_runs(lines))
    if not as_json:
        _say_next(found, location)
    return _complain(found, found.failures)


def _say_next(found: Found, location: str) -> None:
    from cardgen import output

    if found.on_cards:
        output.say(f"Besides, {found.on_cards} of the runs there are on cards already.")
    if found.runs:
        output.say(
            f"Next: cardgen import {location} --all, or --select name=…; --group-by seed puts "
            "runs on one card"
        )
    elif not found.on_cards:
        output.say(f"No runs were found in {location}.")


def _import(config: Config, location: str, wanted: Wanted, *, dry_run: bool, as_json: bool) -> bool:
    """Make the cards and report; whether anything could not be read or made."""
    from cardgen import imports, output
    from cardgen.imports import cache
    from cardgen.imports.find import find_listing
    from cardgen.imports.make import Made

    with nullcontext() if dry_run else cache.importing(config):
        listing = find_listing(config, location, Path.cwd())
        found = imports.find(
            config, listing, wanted.conditions, output.progress, resume=not dry_run
        )
        plan = imports.plan(config, found, wanted)
        made = Made(plan.cards)
        if not dry_run:
            made = _make(config, plan)
    _report(found, plan, made, dry_run=dry_run, as_json=as_json)
    if not dry_run:
        codes = (*(planned.card.code for planned in made.cards), *made.completed)
        refresh_readmes(config, codes, output.complain if as_json else None)
    return _complain(found, (*found.failures, *made.failures))


def _make(config: Config, plan: Plan) -> Made:
    from cardgen import imports, output

    try:
        return imports.make(config, plan, output.progress)
    except KeyboardInterrupt:
        output.complain("Interrupted; the same command goes on where it stopped.")
        raise


def _report(found: Found, plan: Plan, made: Made, *, dry_run: bool, as_json: bool) -> None:
    from cardgen import output
    from cardgen.imports import show

    failures = (*found.failures, *made.failures)
    if as_json:
        output.say(show.format_cards_json(made, plan.left_out, failures, dry_run=dry_run))
        return
    for code in made.completed:
        output.say(f"filled  {code}")
    for line in show.format_cards(made.cards, "would make" if dry_run else "made"):
        output.say(line)
    output.say(show.say_counts(made, len(plan.left_out), found.on_cards, dry_run=dry_run))
    if made.cards and not dry_run:
        output.say("Next: cardgen list, then write each card's goal and conclusions")


def _complain(found: Found, failures: Iterable[Failure]) -> bool:
    """Say what kept runs from being read or made; whether anything did."""
    from cardgen import output

    for error in found.errors:
        output.complain(f"cardgen: {error}")
    listed = tuple(failures)
    for failure in listed:
        output.complain(f"{failure.ref}: {failure.error}")
    if len(listed) > 1:
        output.complain(f"{len(listed)} could not be imported; repeat the command to try again.")
    return bool(listed or found.errors)
