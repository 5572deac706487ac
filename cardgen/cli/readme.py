"""READMEs of cards, for where the code is browsed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cardgen.cli.common import PROBLEMS, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cardgen.config import Config
    from cardgen.readme.making import Readme


@click.command()
@click.argument("codes", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; status 1 where a README is stale.")
def readme(codes: tuple[str, ...], check: bool) -> None:
    """Make README.md of cards and of their list, as GitHub and GitLab show them.

    All cards, or those named; the list of all is always made. A README.md that somebody wrote
    stays as it is.
    """
    from cardgen import output
    from cardgen.readme.making import make_readmes
    from cardgen.store import select_cards

    config = load_config()
    chosen = tuple(path.parent.name for path in select_cards(config, codes))
    made = []
    with output.progress(len(chosen) + 1, "readme") as step:
        for one in make_readmes(config, chosen, write=not check):
            made.append(one)
            step()
    _report(config, made, check=check)
    if any(one.state == "unread" or (check and one.state == "made") for one in made):
        sys.exit(PROBLEMS)


def _report(config: Config, made: Sequence[Readme], *, check: bool) -> None:
    from cardgen import output

    for one in made:
        if one.state == "made":
            verb = "made " if not check else "stale" if one.path.exists() else "none "
            output.say(f"{verb}  {config.label(one.path)}")
        elif one.state == "own":
            output.complain(f"kept   {config.label(one.path)}: somebody wrote it; move it away.")
        elif one.state == "unread":
            code = one.path.parent.name
            output.complain(f"left   {config.label(one.path)}: run 'cardgen check {code}' first.")
    same = sum(one.state == "same" for one in made)
    if same:
        output.say(f"same   {same} of {len(made)}")
    _warn_ignored(config, made)


def _warn_ignored(config: Config, made: Sequence[Readme]) -> None:
    """Say where git does not take along what was made."""
    from cardgen import output
    from cardgen.git import run_git

    fresh = [one.path for one in made if one.state == "made" and one.path.exists()]
    if fresh and run_git(config.root, "check-ignore", "--quiet", "--", str(fresh[-1])) is not None:
        folder = config.settings.experiments
        output.complain(
            f"git ignores {config.label(fresh[-1])}: add '!README.md' to {folder}/.gitignore."
        )


def refresh_readmes(
    config: Config, codes: Iterable[str], say: Callable[[str], None] | None = None
) -> None:
    """Make the READMEs of cards that a command changed, where the settings ask for it.

    ``say`` prints what was made, on stdout unless that is another command's.
    """
    changed = frozenset(codes)
    if not config.settings.readme or not changed:
        return
    from cardgen import output
    from cardgen.errors import StoreError
    from cardgen.readme.making import refresh

    try:
        for one in refresh(config, changed):
            if one.state == "made":
                (say or output.say)(f"made  {config.label(one.path)}")
    except StoreError as error:  # what was asked for is done
        output.complain(f"READMEs are as they were: {error}")
