"""The command that solves conflicts which git left in cards."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cardgen.cli.common import PROBLEMS, load_config
from cardgen.errors import UsageError

if TYPE_CHECKING:
    from cardgen.config import Config
    from cardgen.merging.resolving import Resolved


@click.command()
@click.argument("codes", nargs=-1)
@click.option(
    "--take",
    type=click.Choice(["ours", "theirs"]),
    help="Whose value stands where both changed it; in a rebase, ours is what it is put upon.",
)
@click.option("--install", is_flag=True, help="Have this clone's git merge cards itself.")
@click.option(
    "--merge-driver", "driven", is_flag=True, help="What git calls: BASE OURS THEIRS PATH."
)
def resolve(
    codes: tuple[str, ...], take: Literal["ours", "theirs"] | None, install: bool, driven: bool
) -> None:
    """Solve the conflicts of a merge, rebase or cherry-pick in cards.

    Evidence is merged by runs and filled anew where both sides differ; a card value by value and
    section by section; READMEs are made again. What is solved is added to git. Status 1 where a
    person must decide something: the marks then stand exactly there.
    """
    from cardgen import output
    from cardgen.merging.driver import drive, install_driver
    from cardgen.merging.resolving import resolve_conflicts
    from cardgen.store import select_cards

    if driven:
        if len(codes) != 4:
            raise UsageError("git names four files.", "Run: cardgen resolve --install")
        base, ours, theirs, name = codes
        sys.exit(0 if drive(Path(base), Path(ours), Path(theirs), name) else PROBLEMS)
    config = load_config()
    if install:
        install_driver(config.root)
        output.say("git merges cards, evidence and READMEs with cardgen in this clone.")
        return
    chosen = tuple(path.parent.name for path in select_cards(config, codes)) if codes else ()
    resolved = resolve_conflicts(config, chosen, take or "")
    _report(config, resolved)
    if any(one.left for one in resolved):
        sys.exit(PROBLEMS)


def _report(config: Config, resolved: tuple[Resolved, ...]) -> None:
    from cardgen import output

    for one in resolved:
        if not one.left:
            done = ", added" if one.added else ""
            output.say(f"solved  {config.label(one.path)}{done}")
        for left in one.left:
            line = f":{left.line}" if left.line else ""
            output.complain(f"left    {config.label(left.path)}{line}: {left.message}")
            if left.hint:
                output.complain(f"        {left.hint}")
    if not resolved:
        output.say("Nothing is in conflict.")
    elif not any(one.left for one in resolved):
        output.say("Next: cardgen check, then go on: git commit, or git rebase --continue")
