"""Values quoted in prose: ``[[qa-1:eval/f1]]`` stands for what the card's facts say.

The text says where a value is from, and the value itself is looked up whenever it is shown, so
it is never stale. ``syntax`` finds them, ``lookup`` what they stand for, ``writing`` writes it.
"""

from cardgen.livevalues.filling import fill
from cardgen.livevalues.lookup import FindFacts, Missing, look_up, look_up_terms
from cardgen.livevalues.quoted import blank_quoted
from cardgen.livevalues.syntax import PATTERN, LiveValue, Term, find_live_values, list_quoted
from cardgen.livevalues.writing import format_form, format_live

__all__ = [
    "PATTERN",
    "FindFacts",
    "LiveValue",
    "Missing",
    "Term",
    "blank_quoted",
    "fill",
    "find_live_values",
    "format_form",
    "format_live",
    "list_quoted",
    "look_up",
    "look_up_terms",
]
