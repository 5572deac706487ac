"""What READMEs are made from, as it lies on disk, and digests of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache

from cardgen.config import Config
from cardgen.documents import split_document
from cardgen.errors import StoreError
from cardgen.facts import Facts
from cardgen.files import read_text
from cardgen.models import Card
from cardgen.readme.card import Folder
from cardgen.readme.mark import digest
from cardgen.resolve import resolve
from cardgen.store import (
    CARD_NAME,
    EVIDENCE_NAME,
    MAX_CARD_BYTES,
    MAX_EVIDENCE_BYTES,
    find_cards,
    load_card,
)

FORMAT = "1"
"""Another one makes all READMEs anew."""

_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_UNREAD = frozenset(("front-matter", "unreadable", "merge-conflict", "evidence"))


class Sources:
    """Reads the cards of a project; facts of the last few hundred are held."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.find_facts = lru_cache(300)(self._find_facts)
        self._digest_facts = lru_cache(None)(self._digest_facts_of)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """All cards, in their order."""
        return tuple(path.parent.name for path in find_cards(self.config))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.codes)

    @cached_property
    def _settings(self) -> str:
        """What of the settings pages depend on."""
        names = {"lang", "metric", "minimize", "maximize", "repository", "title"}
        return self.config.settings.model_dump_json(include=names)

    def _find_facts(self, code: str) -> Facts | None:
        if code not in self._known:
            return None
        card = self.load(code)
        return resolve(card, self.config.settings, self.config.label(card.path))

    def load(self, code: str) -> Card:
        return load_card(self.config, self.config.experiments / code / CARD_NAME)

    def read(self, code: str, name: str) -> str:
        """A file of a card; empty where there is none that can be read."""
        most = MAX_CARD_BYTES if name == CARD_NAME else MAX_EVIDENCE_BYTES
        try:
            return read_text(self.config.experiments / code / name, most)
        except StoreError:
            return ""

    def look(self, code: str) -> Folder:
        """What lies beside a card."""
        try:
            names = [entry.name for entry in (self.config.experiments / code).iterdir()]
        except OSError:
            names = []
        pictures = frozenset(n for n in names if n.lower().endswith(_PICTURES))
        return Folder(EVIDENCE_NAME in names, pictures)

    def digest_card(self, code: str, others: Iterable[str]) -> str:
        """Of all that a card's README is made from; ``others`` are the cards that it names."""
        text = self.read(code, CARD_NAME)
        pictures = " ".join(sorted(self.look(code).pictures)) if "![" in text else ""
        shown = (f"{other} {self.digest_facts(other)}" for other in others)
        own = (text, self.read(code, EVIDENCE_NAME), pictures)
        return digest(FORMAT, self._settings, *own, *shown)

    def digest_facts(self, code: str) -> str:
        """Of what another page can show of a card: not of its text."""
        return self._digest_facts(code) if code in self._known else ""

    def _digest_facts_of(self, code: str) -> str:
        text = self.read(code, CARD_NAME)
        halves = split_document(text)
        return digest(halves.front if halves else text, self.read(code, EVIDENCE_NAME))

    def digest_list(self) -> str:
        """Of all that the list of cards is made from."""
        lines = (f"{code} {self.digest_facts(code)}" for code in self.codes)
        return digest(FORMAT, self._settings, *lines)

    def digest_line(self, code: str, baseline: str) -> str:
        """Of all that a card's line of the list is made from."""
        other = self.digest_facts(baseline) if baseline else ""
        return digest(FORMAT, self._settings, code, self.digest_facts(code), baseline, other)


def is_readable(card: Card) -> bool:
    """Whether enough of a card could be read to make a page of it."""
    return not any(problem.rule in _UNREAD for problem in card.problems)
