"""What digests repeat of cards' prose, out of the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext

from cardgen.site.cache import CardCache
from cardgen.site.whole import Turn


class Excerpts(Mapping[str, Mapping[str, str]]):
    """What digests repeat of cards' prose, by code; read when it is asked for, each in a turn."""

    def __init__(self, cache: CardCache, codes: Iterable[str], turn: Turn = nullcontext) -> None:
        self._cache, self._codes, self._turn = cache, dict.fromkeys(codes), turn

    def __getitem__(self, code: str) -> Mapping[str, str]:
        if code not in self._codes:
            raise KeyError(code)
        with self._turn():
            made = self._cache.find(code)
        if made is None:
            raise KeyError(code)
        return made.page.excerpts

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)
