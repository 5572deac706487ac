"""What several commands need: exit statuses, the project, its cards and their problems."""

from __future__ import annotations

from collections.abc import Callable
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


def find_facts(config: Config) -> Callable[[str], Facts | None]:
    """Finds the facts of any card by its code, each card read once; None where there is none."""
    from functools import cache

    from cardgen.store import find_cards, load_card

    @cache
    def list_paths() -> dict[str, Path]:
        return {path.parent.name: path for path in find_cards(config)}

    @cache
    def find(code: str) -> Facts | None:
        path = list_paths().get(code)
        return resolve(config, load_card(config, path)) if path else None

    return find


def find_problems(config: Config, codes: tuple[str, ...]) -> tuple[Problem, ...]:
    """The problems of the named cards, or of all; each is checked among all of them."""
    from cardgen.check.project import check_project
    from cardgen.check.selecting import find_named
    from cardgen.trackers import find_trackers

    chosen = find_named(config, codes, Path.cwd())
    return check_project(config, trackers=find_trackers(), only=chosen).of(chosen)
