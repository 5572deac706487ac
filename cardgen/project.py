"""Laying out a project and opening a card: what ``init`` and ``new`` do."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass, replace
from pathlib import Path

from cardgen.codes import next_code, refuse_code
from cardgen.config import CONFIG_NAME, Config, find_root
from cardgen.errors import ConfigError, UsageError
from cardgen.files import write_text
from cardgen.git import find_codes_in_history
from cardgen.models import RunRef
from cardgen.scaffold import NewCard, make_card, make_project
from cardgen.schemas import make_schemas
from cardgen.store import create_card, create_file, find_cards


@dataclass(frozen=True)
class Layout:
    """What ``init`` did: paths that were made, and those that were there and stayed."""

    created: tuple[str, ...]
    kept: tuple[str, ...]
    advice: tuple[str, ...] = ()


def init_project(root: Path, language: str) -> Layout:
    """Lay out a project in a folder; a file that is there stays as it is."""
    _refuse_nested(root)
    created: list[str] = []
    kept: list[str] = []
    for file in make_project(root, language, make_schemas()):
        made = create_file(root, file.path, file.text)
        (created if made else kept).append(file.path)
    return Layout(tuple(created), tuple(kept), tuple(_find_advice(root, kept)))


def _refuse_nested(root: Path) -> None:
    """A folder below a project belongs to it, unless it is a repository of its own."""
    if (root / ".git").exists():
        return
    try:
        outer = find_root(root.parent)
    except ConfigError:
        return
    raise UsageError(
        f"{root} lies in the project {outer}.", f"Use that, or move {CONFIG_NAME} away first."
    )


def _find_advice(root: Path, kept: list[str]) -> list[str]:
    if ".gitignore" not in kept:
        return []
    ignored = (root / ".gitignore").read_text(encoding="utf-8", errors="replace").split()
    missing = [name for name in ("_site/", ".cardgen/") if name not in ignored]
    return [f"Add {' and '.join(missing)} to .gitignore: they are built."] if missing else []


def new_card(config: Config, card: NewCard, *, reuse: bool = False) -> Path:
    """Make a card; a code that ends in ``-`` gets the next free number.

    Raises UsageError with the reason where the code, a run ref or the baseline cannot be.
    """
    known = tuple(path.parent.name for path in find_cards(config))
    folders = tuple(find_folders(config))
    used = find_codes_in_history(config.root, config.settings.experiments, card.code)
    code = card.code
    if code.endswith("-"):
        code = next_code(code, (*known, *folders, *used))
    refuse_code(code, known, used, reuse=reuse)
    for ref in card.runs:
        RunRef.parse(ref)
    if card.baseline and card.baseline not in known:
        raise UsageError(
            f"The baseline '{card.baseline}' is no card.", "See 'cardgen list' for the codes."
        )
    return open_card(config, replace(card, code=code))


def open_card(config: Config, card: NewCard) -> Path:
    """Make a card whose code is known to be free; raises StoreError where there is one."""
    schema = os.path.relpath(
        config.root / "schema" / "card.schema.json", config.experiments / card.code
    ).replace(os.sep, "/")
    today = dt.datetime.now(tz=dt.UTC).astimezone().date()
    return create_card(config, card.code, make_card(card, config.settings.lang, today, schema))


def find_used(config: Config) -> frozenset[str]:
    """The codes of all cards that there are, or that git's history holds."""
    past = find_codes_in_history(config.root, config.settings.experiments, "")
    return frozenset((*(path.parent.name for path in find_cards(config)), *past))


def find_folders(config: Config) -> list[str]:
    """Folders of experiments that have no card yet: their numbers are taken, too."""
    if not config.experiments.is_dir():
        return []
    return [entry.name for entry in config.experiments.iterdir() if entry.is_dir()]


def write_schemas(config: Config) -> tuple[str, ...]:
    """Write ``schema/*.schema.json``; the paths that changed."""
    changed = []
    for name, text in sorted(make_schemas().items()):
        path = config.root / "schema" / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
        changed.append(config.label(path))
    return tuple(changed)
