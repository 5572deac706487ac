"""Commands that make, fill and change cards."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cardgen.cli.common import FAILED, load_config
from cardgen.cli.readme import refresh_readmes
from cardgen.cli.versions import warn_similar
from cardgen.errors import UsageError

if TYPE_CHECKING:
    from cardgen.config import Config
    from cardgen.project import Layout


@click.command()
@click.option("--lang", default="en", show_default=True, help="Language: en, fr, pl, ru or zh.")
@click.option(
    "--ci",
    "host",
    type=click.Choice(["github", "gitlab"]),
    help="Lay out the pipeline, too: check, review comment, preview and published site.",
)
@click.option(
    "--install",
    "requirement",
    default="",
    metavar="REQUIREMENT",
    help="What pip installs cardgen by in the pipeline; else what it was installed from here.",
)
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(
    folder: Path, lang: str, host: Literal["github", "gitlab"] | None, requirement: str
) -> None:
    """Lay out a project in FOLDER; what is there already stays as it is."""
    from cardgen import output
    from cardgen.project import init_project

    _report(init_project(folder.absolute(), lang))
    _install_driver(folder.absolute())
    if host:
        from cardgen.ci import init_ci
        from cardgen.config import load_config

        _report(init_ci(load_config(folder.absolute()), host, requirement))
        output.say("Next: commit these files and push")
    else:
        output.say("Next: cardgen new CODE")


def _install_driver(root: Path) -> None:
    """Have git merge cards by what they mean, where the folder is in a repository."""
    from cardgen.merging.driver import install_driver

    with contextlib.suppress(UsageError):
        install_driver(root)


def _report(layout: Layout) -> None:
    from cardgen import output

    for path in layout.created:
        output.say(f"made  {path}")
    for path in layout.kept:
        output.say(f"kept  {path}")
    for line in layout.advice:
        output.complain(line)


@click.command()
@click.argument("code")
@click.option("--run", "runs", multiple=True, metavar="REF", help="A run; filled at once.")
@click.option("--title", default="", help="What the card is called in lists.")
@click.option("--goal", default="", metavar="TEXT", help="Its goal, written into the card.")
@click.option("--baseline", default="", metavar="CODE", help="The card it is compared with.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by.")
@click.option("--reuse", is_flag=True, help="Take a code that git's history knows.")
def new(
    code: str,
    runs: tuple[str, ...],
    title: str,
    goal: str,
    baseline: str,
    tags: tuple[str, ...],
    reuse: bool,
) -> None:
    """Make a card; 'cardgen new qa-' takes the next free number.

    Cards that try nearly the same are named, so that no experiment is repeated by mistake.
    """
    from cardgen import output
    from cardgen.project import new_card
    from cardgen.scaffold import NewCard

    config = load_config()
    path = new_card(config, NewCard(code, title, baseline, tags, runs, goal), reuse=reuse)
    output.say(f"made  {config.label(path)}")
    if runs and _fill(config, (path.parent.name,), (), dry_run=False):
        sys.exit(FAILED)
    refresh_readmes(config, () if runs else (path.parent.name,))
    warn_similar(config, path.parent.name)
    output.say(f"Next: {'edit' if goal else 'write its goal in'} {config.label(path)}")


@click.command()
@click.argument("codes", nargs=-1)
@click.option("--run", "runs", multiple=True, metavar="REF", help="A run besides the named ones.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
def fill(codes: tuple[str, ...], runs: tuple[str, ...], dry_run: bool) -> None:
    """Read the cards' runs into their evidence.

    All cards are filled, or those named. One that names no run is filled from what lies in its
    folder. Nothing but evidence.json is written, and READMEs where the settings ask for them.
    """
    if runs and len(codes) != 1:
        raise UsageError("--run needs the one card it belongs to.", "cardgen fill CODE --run REF")
    if _fill(load_config(), codes, runs, dry_run=dry_run):
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
    if not dry_run:
        refresh_readmes(config, (card.code for card in filled))
    failures = [(card.code, failure) for card in filled for failure in card.failures]
    for code, failure in failures:
        about = code if failure.ref == code else f"{code}: {failure.ref}"
        output.complain(f"{about}: {failure.error}")
    if len(failures) > 1:
        of_runs = all(failure.ref != code for code, failure in failures)
        what = f"{len(failures)} {'runs' if of_runs else 'times something'} could not be read"
        output.complain(f"{what}; the evidence is as it was.")
    return bool(failures)


@click.command("set")
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

    config = load_config()
    path = find_card(config, code)
    parsed = tuple(parse_assignment(text) for text in assignments)
    label = config.label(path)
    changed = edit_card(config, path, lambda text: edit_front_matter(text, parsed, path, label))
    output.say(f"{'set ' if changed else 'same'}  {label}")
    if changed:
        refresh_readmes(config, (code,))


@click.command()
def schema() -> None:
    """Write schema/*.schema.json, by which editors check and complete."""
    from cardgen import output
    from cardgen.project import write_schemas

    changed = write_schemas(load_config())
    for path in changed:
        output.say(f"wrote  {path}")
    if not changed:
        output.say("The schemas are up to date.")
