"""What pydantic found wrong in front matter, as problems that a person can act on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cardgen.codes import find_fault
from cardgen.languages import find_section
from cardgen.models import Dataset, FrontMatter, Model, Problem, WrittenSource

_WANTED = {
    "bool_type": "true or false",
    "date_from_datetime_inexact": "a day such as 2026-11-21",
    "date_from_datetime_parsing": "a day such as 2026-11-21",
    "date_parsing": "a day such as 2026-11-21",
    "date_type": "a day such as 2026-11-21",
    "dict_type": "lines of 'name: value'",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a name, or lines of 'key: value'",
    "string_type": "text",
    "tuple_type": "a list",
}
_INNER: Mapping[str, type[BaseModel]] = {
    "model": Model,
    "output": Model,
    "data": Dataset,
    "source": WrittenSource,
}
_MISSPELT = 0.75
"""So like a key of the card is a word that was meant for it."""

# What other tools and people call a key of the card.
_MEANT = {
    "branch": "source.branch",
    "checkpoints": "results",
    "cmd": "train",
    "command": "train",
    "commands": "train",
    "commit": "source.commit",
    "dataset": "data",
    "datasets": "data",
    "git": "source",
    "hyperparameters": "params",
    "id": "code",
    "metrics": "results",
    "name": "title",
    "parameters": "params",
    "repo": "source.repository",
    "repository": "source.repository",
    "state": "status",
}


def find_faults(
    details: Iterable[ErrorDetails], label: str, lines: Mapping[str, int], code: str
) -> Iterator[Problem]:
    """One problem a key, in the order of pydantic's errors; ``lines`` maps dotted keys to lines."""
    named = [(_find_key(detail, lines), detail) for detail in details]
    for key, group in groupby(named, key=lambda pair: pair[0]):
        several = [detail for _, detail in group]
        line = next((lines[part] for part in _parents(key) if part in lines), 2)
        rule, message, hint = _describe(key, several, code)
        fix = _rename(key, several[0], lines) if rule == "unknown-key" else ()
        yield Problem(label, line, rule, "error", message, hint, about=key, fix=fix)


def _find_key(detail: ErrorDetails, lines: Mapping[str, int]) -> str:
    """The dotted key as it is written; what pydantic adds for alternatives is no part of it."""
    loc = [str(part) for part in detail["loc"]]
    if detail["type"] == "missing":
        return ".".join(loc)
    return next((key for key in _parents(".".join(loc)) if key in lines), loc[0])


def _parents(key: str) -> Iterator[str]:
    while key:
        yield key
        key = key.rpartition(".")[0]


def _describe(key: str, details: Sequence[ErrorDetails], code: str) -> tuple[str, str, str]:
    """The rule, the message and the hint."""
    first = details[0]
    if first["type"] == "extra_forbidden":
        return "unknown-key", f"'{key}' is no key of a card.", _guess(first["loc"])
    if first["type"] == "missing":
        return "schema", f"The front matter has no '{key}'.", f"Add a line 'code: {code}'."
    hint = "Correct the value; 'cardgen schema' writes what is allowed."
    if first["type"] == "literal_error":
        hint = _guess_word(first) or hint
    return "schema", f"'{key}' {_say(details)}.", hint


def _say(details: Sequence[ErrorDetails]) -> str:
    """What is wrong with one value, or what it could be where there are alternatives."""
    first = details[0]
    wanted = list(dict.fromkeys(_WANTED.get(detail["type"], "") for detail in details))
    if first["loc"] == ("source",):
        wanted = ["lines of 'key: value'"]
    if all(wanted):
        if "a number" in wanted and "a whole number" in wanted:
            wanted.remove("a whole number")
        return f"should be {' or '.join(wanted)}"
    if first["type"] == "string_pattern_mismatch":
        return find_fault(str(first["input"])) or "cannot be a code"
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
    return message[:1].lower() + message[1:]


def _guess_word(detail: ErrorDetails) -> str:
    allowed = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
    near = difflib.get_close_matches(str(detail["input"]).casefold(), allowed, n=1, cutoff=0.5)
    return f"Did you mean '{near[0]}'?" if near else ""


def _guess(loc: Sequence[int | str]) -> str:
    word = str(loc[-1]).casefold()
    if len(loc) > 1:
        known = _INNER.get(str(loc[0]))
        return (
            _ask(word, {name: name for name in known.model_fields} if known else {}) or "Remove it."
        )
    asked = _ask(word, {**_MEANT, **{name: name for name in FrontMatter.model_fields}})
    if asked:
        return asked
    if find_section(word):
        return f"Write it below a heading: '## {word.capitalize()}'."
    return "Remove it, or begin its name with 'x-' to keep a field of your own."


def _rename(key: str, detail: ErrorDetails, lines: Mapping[str, int]) -> tuple[str, ...]:
    """``titel -> title``, where the key is a misspelt one that is not there itself."""
    *outer, word = [str(part) for part in detail["loc"]]
    known = _INNER.get(outer[0]) if outer else FrontMatter
    if known is None or ".".join((*outer, word)) != key or not re.fullmatch(r"[\w-]+", word):
        return ()
    near = difflib.get_close_matches(word.casefold(), known.model_fields, n=2, cutoff=_MISSPELT)
    new = ".".join((*outer, *near))
    return (f"{key} -> {new}",) if len(near) == 1 and new not in lines else ()


def _ask(word: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean '{known[near[0]]}'?" if near else ""
