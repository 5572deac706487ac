"""The command that checks: what is looked at, what is mended, how it is reported."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardgen.cli.common import PROBLEMS, resolve
from cardgen.errors import CardgenError

if TYPE_CHECKING:
    from cardgen.check.changed import Changes
    from cardgen.check.project import Checked
    from cardgen.config import Config
    from cardgen.formats import Scope
    from cardgen.models import Problem

FORMATS = ("text", "json", "github", "gitlab", "sarif", "junit")


@click.command()
@click.argument("names", nargs=-1, metavar="[CODE|FILE]...")
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How problems are printed; all but the first are for programs.",
)
@click.option(
    "--changed-since",
    "rev",
    default="",
    metavar="REV",
    help="Only cards that differ from where REV and HEAD parted, and what that broke elsewhere.",
)
@click.option("--fix", is_flag=True, help="Mend what is mechanical; no prose is touched.")
@click.option("--online", is_flag=True, help="Also ask whether what cards name is still there.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
def check(
    names: tuple[str, ...], kind: str, rev: str, fix: bool, online: bool, strict: bool
) -> None:
    """Report every problem of the cards.

    All cards are checked, or those named by code or by any file of theirs. Status 1 where there
    are errors.
    """
    from cardgen import output
    from cardgen.check import has_failed, sort_problems
    from cardgen.check.selecting import find_named, load_config_of
    from cardgen.formats import format_problems, paint_problems

    config = load_config_of(names, Path.cwd())
    chosen = find_named(config, names, Path.cwd())
    changes = _find_changes(config, rev)
    checked, found = _check(config, chosen, changes)
    if fix and _fix(config, found):
        checked, found = _check(config, chosen, _find_changes(config, rev))
    codes = _select(checked, chosen, changes)
    if online:
        found = sort_problems((*found, *_ask_online(config, codes)))
    scope = _describe(config, codes, kind, strict=strict)
    text = format_problems(found, kind, scope)
    if kind == "github":
        output.say_whole(text)
        _summarise(found, scope)
    else:
        output.say(text, paint_problems if kind == "text" else None)
    if has_failed(found, strict=strict):
        sys.exit(PROBLEMS)


def _find_changes(config: Config, rev: str) -> Changes | None:
    from cardgen.check.changed import find_changes

    return find_changes(config, rev) if rev else None


def _select(
    checked: Checked, chosen: frozenset[str] | None, changes: Changes | None
) -> tuple[str, ...]:
    """The codes of the cards that were asked for."""
    return tuple(
        code
        for code in checked.results
        if (chosen is None or code in chosen) and (changes is None or code in changes.codes)
    )


def _check(
    config: Config, chosen: frozenset[str] | None, changes: Changes | None
) -> tuple[Checked, tuple[Problem, ...]]:
    """All that was found, and of that the problems that were asked for."""
    from cardgen.check import sort_problems
    from cardgen.check.project import check_project
    from cardgen.trackers import find_trackers

    checked = check_project(
        config, trackers=find_trackers(), only=chosen if changes is None else None
    )
    found = checked.of(chosen)
    if changes is not None:
        from cardgen.check.changed import select_problems

        asked = frozenset(found)
        found = tuple(one for one in select_problems(config, checked, changes) if one in asked)
    whole = chosen is None and changes is None
    stale = _find_stale(config, _select(checked, chosen, changes), whole=whole)
    return checked, sort_problems((*found, *stale)) if stale or changes else found


def _find_stale(config: Config, codes: tuple[str, ...], *, whole: bool) -> tuple[Problem, ...]:
    """READMEs that are not what cards say, and of the whole project that of their list."""
    folders = ("", *codes) if whole else codes
    places = (os.path.join(config.experiments, code, "README.md") for code in folders)  # noqa: PTH118
    if not config.settings.readme and not any(map(os.path.isfile, places)):
        return ()  # a path object for each of ten thousand would cost more than the check
    from cardgen.readme.making import find_stale

    return find_stale(config, None if whole else codes)


def _fix(config: Config, problems: tuple[Problem, ...]) -> bool:
    """Mend what is mechanical and say so on stderr; whether anything changed."""
    from cardgen import output
    from cardgen.check.fixing import fix_problems

    done = []
    for fixed in fix_problems(config, problems):
        place = f"{fixed.problem.path}: {fixed.change}"
        if fixed.error is None:
            done.append(place)
        else:
            output.complain(f"left   {output.escape(f'{place}: {fixed.error}')}")
    done += _make_again(config, problems, [place.split("/")[-2] for place in done])
    for place in done:
        output.complain(f"fixed  {output.escape(place)}")
    return bool(done)


def _make_again(config: Config, problems: tuple[Problem, ...], fixed: list[str]) -> list[str]:
    """Write generated files anew that are stale, or whose cards were mended; their labels."""
    from cardgen.project import write_schemas
    from cardgen.readme.making import make_readmes, refresh

    stale = {one.path for one in problems if one.rule == "readme-stale"}
    codes = [Path(path).parent.name for path in sorted(stale) if path.count("/") > 1]
    made = [*make_readmes(config, codes)] if stale else []
    if fixed and config.settings.readme:
        made += refresh(config, fixed)
    labels = [config.label(one.path) for one in made if one.state == "made"]
    if (config.root / "schema" / "card.schema.json").is_file():
        labels += write_schemas(config)
    return labels


def _ask_online(config: Config, codes: tuple[str, ...]) -> list[Problem]:
    """What is wrong with what these cards name, as servers say."""
    from cardgen import output
    from cardgen.check import judge
    from cardgen.online import check_online, count_things, find_mentions
    from cardgen.store import load_cards

    cards = load_cards(config, codes) if codes else ()
    mentions = find_mentions(config, (resolve(config, card) for card in cards))
    with output.progress(count_things(mentions), "online") as step:
        found = check_online(config, mentions, step)
    return judge(found, cards, config)


def _describe(config: Config, codes: tuple[str, ...], kind: str, *, strict: bool) -> Scope:
    """What a format may say besides the problems."""
    from cardgen.formats import Scope
    from cardgen.git import run_git
    from cardgen.store import CARD_NAME

    if kind in ("text", "json"):
        return Scope(strict=strict)
    experiments = config.settings.experiments
    return Scope(
        prefix=(run_git(config.root, "rev-parse", "--show-prefix") or "").strip("\n"),
        cards=tuple(f"{experiments}/{code}/{CARD_NAME}" for code in codes),
        changed=frozenset(f"{experiments}/{code}/" for code in _find_changed(config, kind)),
        strict=strict,
    )


def _find_changed(config: Config, kind: str) -> frozenset[str]:
    """The cards that a pull request changes, where GitHub says what it is compared with."""
    base = os.environ.get("GITHUB_BASE_REF", "") if kind == "github" else ""
    for name in (f"origin/{base}", base) if base else ():
        try:
            changes = _find_changes(config, name)
        except CardgenError:
            continue  # a clone without that branch: then no card comes first
        return changes.codes if changes else frozenset()
    return frozenset()


def _summarise(problems: tuple[Problem, ...], scope: Scope) -> None:
    """Append all problems to the job's summary, where GitHub names a file for it."""
    from cardgen import output
    from cardgen.formats.github import format_summary

    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(format_summary(problems, scope))
    except OSError as error:
        output.complain(f"The job's summary could not be written: {error.strerror}.")
