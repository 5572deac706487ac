"""The languages of headings and of the site: one JSON file a language, named by its code.

``headings`` maps a section's key to its headings, the first of which new cards get; ``labels``
maps a label's key to the words that the site shows; ``hints`` are the texts of new files.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from cardgen.errors import ConfigError

SECTIONS = ("goal", "conclusions", "problems")


@cache
def find_languages() -> tuple[str, ...]:
    """The codes of all languages, sorted."""
    folder = files(__package__)
    return tuple(
        sorted(f.name.removesuffix(".json") for f in folder.iterdir() if f.name.endswith(".json"))
    )


@cache
def _load_language(code: str) -> dict[str, Any]:
    if code not in find_languages():
        raise ConfigError(
            f"cardgen does not speak '{code}'.", f"Choose one of {', '.join(find_languages())}."
        )
    text = (files(__package__) / f"{code}.json").read_text(encoding="utf-8")
    language: dict[str, Any] = json.loads(text)
    return language


def load_labels(code: str) -> dict[str, str]:
    """The site's words in a language; raises ConfigError where it is not spoken."""
    return dict(_load_language(code)["labels"])


def load_hints(code: str) -> dict[str, str]:
    """What a new card and a new site say in a language, by section; ``title`` names the site."""
    return dict(_load_language(code)["hints"])


def heading(section: str, code: str) -> str:
    """The heading that a new card in that language gets for a section."""
    return str(_load_language(code)["headings"][section][0])


@cache
def _known_headings() -> dict[str, str]:
    return {
        title.casefold(): key
        for code in find_languages()
        for key, titles in _load_language(code)["headings"].items()
        for title in titles
    }


def find_section(title: str) -> str:
    """Which section a heading of any language opens: goal, conclusions, problems, or empty."""
    return _known_headings().get(_fold(title), "")


@cache
def _known_tongues() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code in find_languages():
        for titles in _load_language(code)["headings"].values():
            for title in titles:
                found[title.casefold()] = (*found.get(title.casefold(), ()), code)
    return found


def find_tongues(title: str) -> tuple[str, ...]:
    """The codes of the languages that a known heading belongs to; none of another heading."""
    return _known_tongues().get(_fold(title), ())


def _fold(title: str) -> str:
    return " ".join(title.casefold().split()).rstrip(" :：")
