"""What the search box says, in every language: its script takes those of the page's."""

from __future__ import annotations

import json

from cardgen.languages import find_languages, load_labels

NAME = "search.json"
"""The file's name among the assets."""

_LABELS = (
    *("search_status", "search_tag", "search_model", "search_data", "search_author", "search_year"),
    "search_branch",
    *("search_narrow", "search_remove", "search_more", "search_less", "search_clear"),
    *("search_preview", "search_none", "part_goal", "part_conclusions"),
)


def format_words() -> bytes:
    """The JSON: labels without ``search_``, by language."""
    words = {}
    for code in find_languages():
        labels = load_labels(code)
        words[code] = {name.removeprefix("search_"): labels[name] for name in _LABELS}
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()
