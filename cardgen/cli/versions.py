"""Commands about versions: cards of other branches, behind tags, and of DVC's experiments."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cardgen.cli.common import PROBLEMS, find_facts, load_config, resolve
from cardgen.cli.readme import refresh_readmes
from cardgen.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cardgen.config import Config
    from cardgen.summary import Line


def list_branches(
    config: Config, choose: Callable[[Iterable[Line]], list[Line]], kind: str, *, as_json: bool
) -> None:
    """Print the cards of all branches; ``choose`` filters and sorts their lines."""
    from cardgen import output, summary
    from cardgen.branches import warn_doubles
    from cardgen.branches.table import format_json_listing, list_everywhere, say_places
    from cardgen.revisions import open_repository

    with open_repository(config) as repository:
        listing = list_everywhere(config, repository)
    by_line = {id(one.line): one for one in listing.listed}
    chosen = [by_line[id(line)] for line in choose(one.line for one in listing.listed)]
    if as_json:
        output.say(format_json_listing(chosen, tuple(listing.verdict.doubles.values())))
    else:
        places = [say_places(one.on) for one in chosen]
        output.say(summary.format_lines([one.line for one in chosen], kind, places))
    for warning in warn_doubles(listing.verdict, config.settings.experiments):
        output.complain(output.escape(warning))


def show_named(text: str, *, as_json: bool) -> None:
    """Print the card that CODE@REVISION or a tag names, and where that is from."""
    from cardgen import output
    from cardgen.branches.naming import find_facts_at, find_named
    from cardgen.describe import describe, describe_values
    from cardgen.evidence import make_exact
    from cardgen.revisions import open_repository

    config = load_config()
    with open_repository(config) as repository:
        named = find_named(config, repository, text)
        facts = resolve(named.config, named.card)
        others = find_facts_at(repository, named.snapshot) if named.snapshot else find_facts(config)
        values = describe_values(facts, others) if as_json else {}
        shown = "" if as_json else describe(facts, others)
    for problem in named.card.problems:
        output.complain(f"{problem.path}:{problem.line}: {problem.message} {problem.hint}")
    if as_json:
        at = {"said": list(named.said), "commit": named.snapshot.commit if named.snapshot else ""}
        output.say(output.format_json(make_exact({**values, "at": at})))
    else:
        output.say("\n".join([*(output.escape(line) for line in named.said), "", shown]))
    if named.card.broken:
        sys.exit(PROBLEMS)


def hint_elsewhere(config: Config, code: str) -> str:
    """Where else a card is that is not here, as a command; empty where it is nowhere."""
    from cardgen.branches.naming import find_elsewhere
    from cardgen.revisions import open_repository
    from cardgen.versions import find_registry

    try:
        with open_repository(config) as repository:
            refs = find_elsewhere(config, repository, code)
    except UsageError:
        return ""
    if refs:
        return f"It is on {refs[0].name}: cardgen show {code}@{refs[0].name}"
    names = {one.name for light in (False, True) for one in
             find_registry(config.root, light=light).versions}  # fmt: skip
    return f"It is a registered model: cardgen show {code}@latest" if code in names else ""


def warn_similar(config: Config, code: str) -> None:
    """Name cards that try nearly what a new one tries; it is made all the same."""
    from cardgen import output
    from cardgen.branches.alike import find_alike

    for line in find_alike(config, code):
        output.complain(output.escape(line))


@click.command()
@click.argument("ref")
@click.argument("code")
@click.option("--title", default="", help="What the card is called in lists.")
@click.option("--goal", default="", metavar="TEXT", help="Its goal, written into the card.")
@click.option("--baseline", default="", metavar="CODE", help="The card it is compared with.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by.")
@click.option("--reuse", is_flag=True, help="Take a code that git's history knows.")
def promote(
    ref: str, code: str, title: str, goal: str, baseline: str, tags: tuple[str, ...], reuse: bool
) -> None:
    """Make a card of a run that is worth one, such as DVC's experiment dvc:exp-333c9.

    The card is made, names the run, and is filled. 'qa-' takes the next free number. A run that
    cannot be read, or that another card names, makes none.
    """
    from cardgen import output
    from cardgen.promote import promote_run
    from cardgen.scaffold import NewCard

    config = load_config()
    card = NewCard(code, title, baseline, tags, (ref,), goal=goal)
    promoted = promote_run(config, card, reuse=reuse)
    output.say(f"made  {config.label(promoted.path)}")
    output.say(f"filled  {output.escape(promoted.path.parent.name)}: {output.escape(ref)}")
    refresh_readmes(config, (promoted.path.parent.name,))
    warn_similar(config, promoted.path.parent.name)
    todo = "edit" if goal else "confirm or write its goal in"
    output.say(f"Next: {todo} {config.label(promoted.path)}")
