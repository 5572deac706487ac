"""The command that says what a reviewer needs to know."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cardgen.cli.common import PROBLEMS, load_config
from cardgen.errors import UsageError


@click.command()
@click.argument("base", required=False, default="")
@click.argument("head", required=False, default="")
@click.option("--worktree", is_flag=True, help="Take the files as they lie here for HEAD.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "md", "json"]),
    default="text",
    show_default=True,
    help="For the terminal, for one comment, for programs.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Show a review that was written as JSON.",
)
@click.option("--fail", is_flag=True, help="Status 1 where a card of the review has an error.")
def review(
    base: str, head: str, worktree: bool, kind: str, source: Path | None, fail: bool
) -> None:
    """Show what differs in the cards between BASE and HEAD.

    HEAD, by default the commit that is checked out, is compared with the commit at which it left
    BASE. Everything is read from git; nothing is checked out.
    """
    from cardgen import output
    from cardgen.review import format_review, load_review, review_cards
    from cardgen.review.text import paint

    if bool(base) == bool(source):
        raise UsageError("Name what to compare with.", "For example: cardgen review origin/main")
    if worktree and head:
        raise UsageError("--worktree stands for HEAD.", f"Leave out '{head}' or --worktree.")
    if source:
        found = load_review(source)
    else:
        from cardgen.trackers import find_trackers

        found = review_cards(
            load_config(), base, head or "HEAD", worktree=worktree, trackers=find_trackers()
        )
    text = format_review(found, kind)
    if kind == "md":
        output.say_whole(text)
    else:
        output.say(text, paint if kind == "text" else None)
    if fail and found.failed:
        sys.exit(PROBLEMS)
