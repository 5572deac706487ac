"""What rendering is given beside a card: settings, the other cards, and the words of a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cardgen.config import Config, Settings
from cardgen.errors import StoreError
from cardgen.facts import Facts
from cardgen.files import read_text
from cardgen.languages import load_labels
from cardgen.models import Card
from cardgen.site.gathered import Lives
from cardgen.site.history import Change, Checkout
from cardgen.site.prose import EXTENSIONS, ProseRenderer
from cardgen.site.shared import Overview, count_shared
from cardgen.versions import Registered, Registry

MAX_DRAWING = 512 * 1024


def read_drawing(folder: Path, name: str) -> bytes | None:
    """A picture of a card's folder; None for a link, a large file, or one that is not there."""
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return None
        return read_text(path, MAX_DRAWING).encode()
    except (OSError, StoreError, ValueError):
        return None


@dataclass(frozen=True)
class RenderContext:
    """One for all pages of a build.

    ``cards`` are the facts of all cards by code, as far as they are at hand: a card's baseline is
    compared with where it is among them, and codes are links where they are. ``cards_path`` is
    the address below which the cards' pages stand. ``read_drawing`` gives the content of an SVG
    file in a card's folder, None where there is none to show. ``registry`` is what the project's
    tags register. ``history`` are each card's changes in git, ``checkout`` is where a card's file
    stands on the repository's host. ``overview`` is what was counted of all cards beforehand.
    ``lives`` says on which branches and tags cards are, where the site is of several, and
    ``registered`` which versions of models came out of a card.
    """

    config: Config
    prose: ProseRenderer
    cards: Mapping[str, Facts] = field(default_factory=dict)
    cards_path: str = "cards/"
    read_drawing: Callable[[Path, str], bytes | None] = read_drawing
    registry: Registry = field(default_factory=Registry)
    history: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    checkout: Checkout = field(default_factory=Checkout)
    overview: Overview | None = None
    lives: Mapping[str, Lives] = field(default_factory=dict)
    registered: Mapping[str, tuple[Registered, ...]] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        config: Config,
        cards: Mapping[str, Facts],
        extensions: Mapping[str, Mapping[str, Any]] = EXTENSIONS,
        registry: Registry | None = None,
    ) -> RenderContext:
        """A context with a prose renderer of its own; ``extensions`` are those of mkdocs.yml."""
        permalink = load_labels(config.settings.lang)["permalink"]
        prose = ProseRenderer(extensions, permalink)
        return cls(config, prose, cards, registry=registry or Registry())

    @property
    def settings(self) -> Settings:
        return self.config.settings

    @property
    def language(self) -> str:
        return self.config.settings.lang

    @cached_property
    def labels(self) -> dict[str, str]:
        return load_labels(self.language)

    @cached_property
    def shared(self) -> Mapping[tuple[str, str], int]:
        """How many cards have a model, data or a tag, by its kind and name."""
        if self.overview is not None:
            return self.overview.shared
        return count_shared(self.cards.values())

    @cached_property
    def successors(self) -> Mapping[str, tuple[str, ...]]:
        """The codes of the cards that say they supersede a card, by its code."""
        if self.overview is not None:
            return self.overview.successors
        found: dict[str, tuple[str, ...]] = {}
        for code, facts in self.cards.items():
            for old in facts.card.front.supersedes:
                found[old] = (*found.get(old, ()), code)
        return found

    def page_path(self, code: str) -> str:
        """The address of a card's page below the site's root."""
        return f"{self.cards_path}{code}/"

    def link(self, code: str, base: str = "../") -> str:
        """The address of a card's page, ``base`` being the way to the cards; empty for none."""
        return f"{base}{quote(code)}/" if code in self.cards else ""

    def find_branch(self, code: str) -> str:
        """The branch on which a card is edited; empty where only a tag holds it."""
        lives = self.lives.get(code, Lives())
        return lives.branch if lives.refs else self.checkout.branch

    def label(self, card: Card) -> str:
        """A card's path as messages show it."""
        return self.config.label(card.path)
