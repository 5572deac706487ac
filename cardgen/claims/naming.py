"""What a card itself calls its metrics, parameters and neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from cardgen.claims.concepts import Meaning, understand
from cardgen.claims.evidence import Ledger
from cardgen.claims.lexicon import QUANTITIES, fold
from cardgen.claims.mentions import Own
from cardgen.claims.sentences import PART, QUANTITY
from cardgen.facts import Fact, Facts
from cardgen.measures import as_number

_WORDS = re.compile(r"[^\W_\u3400-\u9fff]+")


def name_things(facts: Facts, ledgers: Iterable[Ledger], codes: Iterable[str]) -> Own:
    """The names by which a text may speak of what is behind the card."""
    known: dict[str, tuple[tuple[str, str], ...]] = {}
    keys = dict.fromkeys(key for ledger in ledgers for key in ledger.names)
    named = [name for key in keys for name in _name_measure(key)]
    params = [p for key, fact in facts.params.items() for p in _name_param(key, fact)]
    for words, kind, name in (*params, *named, *_name_codes(codes)):
        known[words] = (*known.get(words, ()), (kind, name))
    return known


Names = tuple[tuple[str, str, str], ...]


def _split(text: str) -> str:
    return " ".join(_WORDS.findall(fold(text)))


def _name_param(name: str, fact: Fact[Any]) -> Names:
    return _name_number(name) if as_number(fact.value) is not None else ()


@lru_cache(4096)
def _name_number(name: str) -> Names:
    """What a parameter that is a number may be called: its key, whole and the last word."""
    if understand(name).concepts:
        return ()
    texts = {name, re.split(r"[/.]", name)[-1]}
    return tuple((_split(text), "param", "") for text in texts if len(_split(text)) > 1)


@lru_cache(4096)
def _name_measure(key: str) -> Names:
    """What a metric may be called: its key, what is behind the last slash, and its parts."""
    meaning = understand(key)
    if meaning.counts or not _split(key):
        return ()
    found = [(_split(key), "key", meaning.squeezed), *_name_parts(key, meaning)]
    last = key.rpartition("/")[2]
    plain = understand(last)
    if last != key and _split(last) and not (plain.concepts and len(_WORDS.findall(last)) == 1):
        found.append((_split(last), "key", plain.squeezed))
    return tuple(found)


def _name_parts(key: str, meaning: Meaning) -> Iterator[tuple[str, str, str]]:
    """Words of a key that tell it from others, and the unit that it ends with."""
    for part in sorted(meaning.parts):
        if len(part) > 2 and not part.isdigit():
            yield part, "part", part
            yield f"{PART} {part}", "part", part
    last = re.split(r"[\W_]", key)[-1].casefold()
    if last in QUANTITIES:
        yield f"{QUANTITY} {last}", "key", meaning.squeezed


def _name_codes(codes: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    return ((_split(code), "code", code) for code in codes if _split(code))
