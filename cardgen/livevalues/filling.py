"""Texts with their live values filled in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cardgen.facts import Fact, Facts
from cardgen.livevalues.lookup import FindFacts, Missing, look_up
from cardgen.livevalues.syntax import LiveValue, find_live_values
from cardgen.livevalues.writing import format_live


def fill(
    text: str,
    facts: Facts,
    find_facts: FindFacts,
    write: Callable[[LiveValue, Fact[Any]], str] = format_live,
    *,
    mark: str = "",
) -> str:
    """A text with its live values filled in; those that stand for nothing stay as they are.

    ``facts`` are those of the card that the text is of; ``write`` makes the words of each, and
    ``mark`` stands behind those that stayed.
    """
    pieces, done = [], 0
    for value in find_live_values(text):
        fact = look_up(value, facts, find_facts)
        said = f"{value.text}{mark}" if isinstance(fact, Missing) else write(value, fact)
        pieces += [text[done : value.start], said]
        done = value.end
    return "".join([*pieces, text[done:]])
