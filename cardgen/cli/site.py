"""Commands that build and serve the site."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cardgen.cli.common import PROBLEMS, find_problems, load_config
from cardgen.errors import UsageError

if TYPE_CHECKING:
    from cardgen.config import Config


@click.command()
@click.option(
    "--strict", is_flag=True, help="Fail where 'cardgen check' of the folder's cards does."
)
@click.option("--no-search", is_flag=True, help="Leave the search index as it is.")
@click.option(
    "--refs",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="The cards of these branches and tags ('.' is the folder as it lies on disk).",
)
@click.option("--tags", is_flag=True, help="The cards of all tags, too.")
@click.argument("more", nargs=-1, metavar="[PATTERN]...")
def build(
    strict: bool, no_search: bool, patterns: tuple[str, ...], tags: bool, more: tuple[str, ...]
) -> None:
    """Build the site of all cards.

    With --refs main 'exp/*' it is that of the cards on these branches, without a checkout: a card
    that several hold is shown as the first pattern has it.
    """
    from cardgen import output
    from cardgen.check import has_failed
    from cardgen.formats import format_problems
    from cardgen.site.assembly import build_project

    if more and not patterns:
        raise UsageError(f"'{more[0]}' stands alone.", f"Write: cardgen build --refs {more[0]}")
    config = choose_refs(load_config(), (*patterns, *more), tags=tags)
    if strict:
        if config.settings.site.refs or config.settings.site.tags:
            output.complain("--strict checks the cards of the folder; those of --refs are not.")
        problems = find_problems(config, ())
        if has_failed(problems):
            output.complain(format_problems(problems, "text"))
            sys.exit(PROBLEMS)
    result = build_project(config, search=not no_search)
    for line in result.warnings:
        output.complain(line)
    if result.problems:
        output.complain(format_problems(result.problems, "text"))
    output.say(result.report)
    if result.problems:
        sys.exit(PROBLEMS)


def choose_refs(config: Config, patterns: tuple[str, ...], *, tags: bool) -> Config:
    """The settings with what the command line says of branches and tags in their place."""
    from cardgen.branches import split_patterns

    if not (patterns or tags):
        return config
    site = config.settings.site
    chosen = {"refs": split_patterns(patterns) or site.refs, "tags": tags or site.tags}
    settings = config.settings.model_copy(update={"site": site.model_copy(update=chosen)})
    return config.model_copy(update={"settings": settings})


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port; the next free one is taken.")
def serve(host: str, port: int) -> None:
    """Build the site, serve it here, and show every edit at once."""
    from cardgen.site.live import serve_project

    serve_project(load_config(), host=host, port=port)
