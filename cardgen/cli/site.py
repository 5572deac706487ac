"""Commands that build and serve the site."""

from __future__ import annotations

import sys

import click

from cardgen.cli.common import PROBLEMS, find_problems, load_config


@click.command()
@click.option("--strict", is_flag=True, help="Fail where 'cardgen check' does.")
@click.option("--no-search", is_flag=True, help="Leave the search index as it is.")
def build(strict: bool, no_search: bool) -> None:
    """Build the site of all cards."""
    from cardgen import output
    from cardgen.check import has_failed
    from cardgen.formats import format_problems
    from cardgen.site.project import build_project

    config = load_config()
    if strict:
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


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port; the next free one is taken.")
def serve(host: str, port: int) -> None:
    """Build the site, serve it here, and show every edit at once."""
    from cardgen.site.live import serve_project

    serve_project(load_config(), host=host, port=port)
