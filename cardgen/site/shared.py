"""What cards may have in common: a model, data, tags. Each has a page that lists its cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cardgen.facts import Facts


@dataclass(frozen=True)
class Overview:
    """What a page needs to know of all cards: how many have each shared thing, and the codes of
    the cards that say they supersede a card, by its code."""

    shared: Mapping[tuple[str, str], int]
    successors: Mapping[str, tuple[str, ...]]


def name_shared(facts: Facts) -> Iterator[tuple[str, str]]:
    """What a card may share with others: the folder of its kind, and its name."""
    model = facts.model.value if facts.model else None
    if model and (name := model.name or model.path or model.kind):
        yield "models", name
    yield from (("data", n) for n in dict.fromkeys(f.value.name for f in facts.data) if n)
    yield from (("tags", n) for n in dict.fromkeys(f.value for f in facts.tags) if n)


def count_shared(cards: Iterable[Facts]) -> Mapping[tuple[str, str], int]:
    """How many cards have each of these."""
    return Counter(shared for facts in cards for shared in name_shared(facts))
