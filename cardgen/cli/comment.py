"""The command that puts a review where its pull or merge request is discussed."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command()
@click.argument("review", type=click.Path(dir_okay=False, path_type=Path))
def comment(review: Path) -> None:
    """Write REVIEW as the one comment of the pull or merge request.

    REVIEW is what 'cardgen review --format json' wrote. The comment is updated in place. For
    pipelines of GitHub (GITHUB_TOKEN) and GitLab (CARDGEN_TOKEN): 'cardgen init --ci'.
    """
    from cardgen import output
    from cardgen.comments import find_thread, post_review
    from cardgen.review import format_review, load_review

    checked = load_review(review)
    thread = find_thread(os.environ)
    done = post_review(thread, format_review(checked, "md"), worth=bool(checked.cards))
    output.say(f"{thread.name}: {done}")
