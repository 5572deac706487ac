"""The command line: every command parses, calls and prints; nothing heavy is imported early."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardgen import __version__
from cardgen.errors import CardgenError, UsageError

if TYPE_CHECKING:
    from cardgen.config import Config
    from cardgen.facts import Facts
    from cardgen.models import Card, Problem

FINE, PROBLEMS, FAILED, INTERRUPTED = 0, 1, 2, 130

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 96}


@click.group(context_settings=_SETTINGS)
@click.version_option(__version__, package_name="cardgen", message="cardgen %(version)s")
def cli() -> None:
    """One checked, readable card per machine-learning experiment, kept in git.

    A day with it: 'cardgen new qa-1 --run mlflow:RUN_ID', edit the card, 'cardgen fill',
    'cardgen check', 'cardgen serve'.
    """


@cli.command()
@click.option("--lang", default="en", show_default=True, help="Language: en, fr, pl, ru or zh.")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path, lang: str) -> None:
    """Lay out a project in FOLDER; what is there already stays as it is."""
    from cardgen import output
    from cardgen.project import init_project

    layout = init_project(folder.absolute(), lang)
    for path in layout.created:
        output.say(f"made  {path}")
    for path in layout.kept:
        output.say(f"kept  {path}")
    for line in layout.advice:
        output.complain(line)
    output.say("Next: cardgen new CODE")


@cli.command()
@click.argument("code")
@click.option("--run", "runs", multiple=True, metavar="REF", help="A run; filled at once.")
@click.option("--title", default="", help="What the card is called in lists.")
@click.option("--baseline", default="", metavar="CODE", help="The card it is compared with.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by.")
@click.option("--reuse", is_flag=True, help="Take a code that git's history knows.")
def new(
    code: str, runs: tuple[str, ...], title: str, baseline: str, tags: tuple[str, ...], reuse: bool
) -> None:
    """Make a card; 'cardgen new qa-' takes the next free number."""
    from cardgen import output
    from cardgen.project import new_card
    from cardgen.scaffold import NewCard

    config = _load_config()
    path = new_card(config, NewCard(code, title, baseline, tags, runs), reuse=reuse)
    output.say(f"made  {config.label(path)}")
    if runs and _fill(config, (path.parent.name,), (), dry_run=False):
        sys.exit(FAILED)
    output.say(f"Next: write its goal in {config.label(path)}")


@cli.command()
@click.argument("codes", nargs=-1)
@click.option("--run", "runs", multiple=True, metavar="REF", help="A run besides the named ones.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
def fill(codes: tuple[str, ...], runs: tuple[str, ...], dry_run: bool) -> None:
    """Read the cards' runs into their evidence.

    All cards are filled, or those named. One that names no run is filled from what lies in its
    folder. Nothing but evidence.json is written.
    """
    if runs and len(codes) != 1:
        raise UsageError("--run needs the one card it belongs to.", "cardgen fill CODE --run REF")
    if _fill(_load_config(), codes, runs, dry_run=dry_run):
        sys.exit(FAILED)


def _fill(config: Config, codes: tuple[str, ...], runs: tuple[str, ...], *, dry_run: bool) -> bool:
    """Fill and report; whether anything could not be read."""
    from cardgen import output
    from cardgen.fill import fill_cards, report_filled
    from cardgen.store import load_cards

    cards = load_cards(config, codes)
    with output.progress(len(cards), "fill") as step:
        filled = fill_cards(config, cards, runs=runs, dry_run=dry_run, on_done=lambda _: step())
    for line in report_filled(filled, dry_run=dry_run):
        output.say(line)
    failures = [(card.code, failure) for card in filled for failure in card.failures]
    for code, failure in failures:
        output.complain(f"{code}: {failure.ref}: {failure.error}")
    if len(failures) > 1:
        output.complain(f"{len(failures)} runs could not be read; their evidence is as it was.")
    return bool(failures)


@cli.command("set")
@click.argument("code")
@click.argument("assignments", nargs=-1, required=True, metavar="KEY=VALUE...")
def set_(code: str, assignments: tuple[str, ...]) -> None:
    """Change values of a card's front matter in place, and nothing else.

    KEY=VALUE sets, KEY+=VALUE adds to a list, KEY-=VALUE takes out of it; nested keys have dots
    (params.lr=1e-4).
    """
    from cardgen import output
    from cardgen.edits import edit_front_matter, parse_assignment
    from cardgen.store import edit_card, find_card

    config = _load_config()
    path = find_card(config, code)
    parsed = tuple(parse_assignment(text) for text in assignments)
    label = config.label(path)
    changed = edit_card(config, path, lambda text: edit_front_matter(text, parsed, path, label))
    output.say(f"{'set ' if changed else 'same'}  {label}")


@cli.command()
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

    problems = _check(_load_config(), codes)
    output.say(format_problems(problems, kind), paint_problems if kind == "text" else None)
    if has_failed(problems, strict=strict):
        sys.exit(PROBLEMS)


def _check(config: Config, codes: tuple[str, ...]) -> tuple[Problem, ...]:
    """The problems of the named cards, or of all; each is checked among all of them."""
    from cardgen.check import check_cards
    from cardgen.store import select_cards
    from cardgen.trackers import find_trackers

    folders = tuple(f"{config.label(path.parent)}/" for path in select_cards(config, codes))
    problems = check_cards(_load_cards(config), config, trackers=find_trackers())
    return tuple(p for p in problems if not codes or p.path.startswith(folders))


@cli.command("list")
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
    config = _load_config()
    lines = [summary.summarise(_resolve(config, card)) for card in _load_cards(config)]
    lines = summary.sort_lines(summary.select_lines(lines, tags, statuses, model), key)
    output.say(summary.format_lines_json(lines) if as_json else summary.format_lines(lines, kind))


@cli.command()
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(code: str, as_json: bool) -> None:
    """Show one card with the origin of each value."""
    from cardgen import output
    from cardgen.describe import describe, describe_json
    from cardgen.store import find_card, load_card

    config = _load_config()
    card = load_card(config, find_card(config, code))
    for problem in card.problems:
        output.complain(f"{problem.path}:{problem.line}: {problem.message} {problem.hint}")
    facts = _resolve(config, card)
    output.say(describe_json(facts) if as_json else describe(facts))
    if card.broken:
        sys.exit(PROBLEMS)


@cli.command()
def schema() -> None:
    """Write schema/*.schema.json, by which editors check and complete."""
    from cardgen import output
    from cardgen.project import write_schemas

    changed = write_schemas(_load_config())
    for path in changed:
        output.say(f"wrote  {path}")
    if not changed:
        output.say("The schemas are up to date.")


@cli.command()
@click.option("--strict", is_flag=True, help="Fail where 'cardgen check' does.")
def build(strict: bool) -> None:
    """Build the site of all cards."""
    from cardgen import output
    from cardgen.check import has_failed
    from cardgen.formats import format_problems
    from cardgen.site.project import build_project

    config = _load_config()
    if strict:
        problems = _check(config, ())
        if has_failed(problems):
            output.complain(format_problems(problems, "text"))
            sys.exit(PROBLEMS)
    result = build_project(config)
    for line in result.warnings:
        output.complain(line)
    if result.problems:
        output.complain(format_problems(result.problems, "text"))
    output.say(result.report)
    if result.problems:
        sys.exit(PROBLEMS)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port; the next free one is taken.")
def serve(host: str, port: int) -> None:
    """Build the site, serve it here, and show every edit at once."""
    from cardgen.site.live import serve_project

    serve_project(_load_config(), host=host, port=port)


def _load_config() -> Config:
    from cardgen.config import load_config

    return load_config(Path.cwd())


def _load_cards(config: Config) -> tuple[Card, ...]:
    from cardgen.store import load_cards

    return load_cards(config)


def _resolve(config: Config, card: Card) -> Facts:
    from cardgen.resolve import resolve

    return resolve(card, config.settings, config.label(card.path))


def main() -> None:
    """Run the command line; the one place where failures become sentences and exit statuses."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(FAILED)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has left; there is nobody to complain to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FINE)
    except CardgenError as error:
        _fail(str(error))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _fail(f"{error.strerror or error}{where}. See the permissions and the room on the disk.")


def _fail(message: str) -> None:
    from cardgen import output

    output.complain(f"cardgen: {message}")
    sys.exit(FAILED)


if __name__ == "__main__":
    main()
