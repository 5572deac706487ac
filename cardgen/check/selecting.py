"""Which cards somebody means: by their codes, or by the paths of files as hooks pass them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cardgen.config import CONFIG_NAME, Config, find_root, load_config
from cardgen.errors import UsageError
from cardgen.store import CARD_NAME, find_card


def load_config_of(names: Sequence[str], start: Path) -> Config:
    """The settings of the project that these paths lie in, else of the one above ``start``.

    Raises UsageError where they lie in several.
    """
    there = [path for name in names if _is_path(name) and (path := start / name).exists()]
    roots = list(dict.fromkeys(find_root(path if path.is_dir() else path.parent) for path in there))
    if len(roots) > 1:
        found = ", ".join(map(str, roots))
        raise UsageError(f"The files lie in several projects: {found}.", "Check one at a time.")
    return load_config(roots[0] if roots else start)


def find_named(config: Config, names: Iterable[str], start: Path) -> frozenset[str] | None:
    """The codes of the cards that codes and paths name; None means all.

    A file beside a card means the card, the settings mean all cards, and a file of the project
    that belongs to no card means none. Raises UsageError for what is not there.
    """
    codes: set[str] = set()
    given = tuple(names)
    for name in given:
        path = Path(os.path.abspath(start / name))  # noqa: PTH100  # links stay as they are named
        if (config.experiments / name / CARD_NAME).is_file() and not _is_path(name):
            codes.add(name)
        elif path == config.root / CONFIG_NAME:
            return None
        elif path.exists() or path.is_symlink():
            codes |= _find_around(config, path, name)
        else:
            find_card(config, name)  # says which cards there are
            codes.add(name)
    return frozenset(codes) if given else None


def _is_path(name: str) -> bool:
    return "/" in name or os.sep in name or name == CONFIG_NAME or name.endswith((".md", ".json"))


def _find_around(config: Config, path: Path, name: str) -> set[str]:
    """The code of the folder that a path lies in, or of all below it."""
    experiments = config.experiments
    if path == experiments or experiments.is_relative_to(path):
        return {found.parent.name for found in experiments.glob(f"*/{CARD_NAME}")}
    if path.is_relative_to(experiments):
        code, *below = path.relative_to(experiments).parts
        if path.name == CARD_NAME and len(below) > 1:
            raise UsageError(
                f"'{name}' is no card: cards lie directly below {config.settings.experiments}/.",
                "Move its folder there.",
            )
        return {code} if (experiments / code / CARD_NAME).exists() else set()
    if not path.is_relative_to(config.root):
        raise UsageError(f"'{name}' lies outside the project {config.root}.", "Name its cards.")
    return set()
