"""A project's cards by code, read when they are asked for: ten thousand do not fit in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from cardgen.config import Config
from cardgen.facts import Facts
from cardgen.resolve import resolve
from cardgen.site.gathered import Collection, order_codes
from cardgen.store import CARD_NAME, find_cards, load_card

_HELD = 64


class CardSet(Mapping[str, Facts]):
    """The facts of all cards in the order of their codes; the last few are held."""

    def __init__(self, config: Config, collection: Collection | None = None) -> None:
        collection = collection or Collection()
        self.config = config
        self._here = collection.here
        self._folders = dict(collection.folders)
        own = {path.parent.name for path in find_cards(config)} if self._here else set()
        self._codes = order_codes(own | self._folders.keys())
        self._held: OrderedDict[str, Facts] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_held": OrderedDict()}

    def __getitem__(self, code: str) -> Facts:
        if code not in self._codes:
            raise KeyError(code)
        found = self._held.get(code)
        if found is None:
            found = self._held[code] = self._load(code)
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        return found

    def _load(self, code: str) -> Facts:
        card = load_card(self.config, self.path(code))
        return resolve(card, self.config.settings, self.config.label(card.path))

    def path(self, code: str) -> Path:
        """Where a card's text lies."""
        return self._folders.get(code, self.config.experiments / code) / CARD_NAME

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, code: object) -> bool:
        return code in self._codes

    def refresh(self, codes: Iterable[str]) -> None:
        """Read these anew when they are asked for; one whose file is gone is forgotten."""
        there = set(self._codes)
        for code in codes if self._here else ():
            path = self.config.experiments / code / CARD_NAME
            if code in self._folders and not path.is_file():
                continue
            self._folders.pop(code, None)
            self._held.pop(code, None)
            if path.is_file() or path.is_symlink():
                there.add(code)
            else:
                there.discard(code)
        if there != self._codes.keys():
            self._codes = order_codes(there)

    def sequence(self) -> Sequence[Facts]:
        """All facts in their order, each loaded when its turn comes."""
        return _Sequence(self)


class _Sequence(Sequence[Facts]):
    def __init__(self, cards: CardSet) -> None:
        self._cards, self._codes = cards, tuple(cards)

    @overload
    def __getitem__(self, index: int) -> Facts: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Facts]: ...
    def __getitem__(self, index: int | slice) -> Facts | Sequence[Facts]:
        if isinstance(index, slice):
            return [self._cards[code] for code in self._codes[index]]
        return self._cards[self._codes[index]]

    def __len__(self) -> int:
        return len(self._codes)
