"""What several commands need: exit statuses, the project, its cards and their problems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cardgen.config import Config
    from cardgen.facts import Facts
    from cardgen.models import Card, Problem

FINE, PROBLEMS, FAILED, INTERRUPTED = 0, 1, 2, 130


def load_config() -> Config:
    from cardgen.config import load_config

    return load_config(Path.cwd())


def load_cards(config: Config) -> tuple[Card, ...]:
    from cardgen.store import load_cards

    return load_cards(config)


def resolve(config: Config, card: Card) -> Facts:
    from cardgen.resolve import resolve

    return resolve(card, config.settings, config.label(card.path))


def find_problems(config: Config, codes: tuple[str, ...]) -> tuple[Problem, ...]:
    """The problems of the named cards, or of all; each is checked among all of them."""
    from cardgen.check import check_cards
    from cardgen.store import select_cards
    from cardgen.trackers import find_trackers

    folders = tuple(f"{config.label(path.parent)}/" for path in select_cards(config, codes))
    problems = check_cards(load_cards(config), config, trackers=find_trackers())
    return tuple(p for p in problems if not codes or p.path.startswith(folders))
