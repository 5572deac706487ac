"""The list's data for scripts: a column at a time, and each text that repeats only once.

``table.json`` holds what rows show; ``texts.json`` what is only read when somebody filters by words
or asks for those columns, since it is most of the bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from cardgen.site.context import RenderContext
from cardgen.site.index import Entry, say_day
from cardgen.site.sparks import encode_spark
from cardgen.site.speech import speaking

TABLE = "table.json"
TEXTS = "texts.json"

_LABELS = (
    "experiment", "status", "result", "versus_baseline", "model", "data", "date", "count_cards",
    "baseline_better", "baseline_worse", "baseline_equal", "direction_max", "direction_min",
    "part_goal", "part_conclusions",
)  # fmt: skip
_PREFIXES = ("table_", "status_")


def format_table(entries: Sequence[Entry], context: RenderContext) -> str:
    """What the table's rows show, as JSON.

    ``one`` and ``many`` are columns of ``values`` and of ``at``: for each card the place in
    ``values`` (-1 for none), or the places. ``texts`` and ``numbers`` are columns of their own
    values, ``""`` and null where there is none.
    """
    return _dump(
        {
            "schema": 1,
            "language": context.language,
            "labels": _choose_labels(context),
            "count": len(entries),
            "texts": _make_texts(entries),
            "numbers": {
                "value": [entry.value for entry in entries],
                "difference": [entry.difference for entry in entries],
            },
            "one": _make_singles(entries, context),
            "many": {
                "tag": _code_all([entry.tags for entry in entries]),
                "data": _code_all([entry.data for entry in entries]),
                "author": _code_all([entry.authors for entry in entries]),
            },
        }
    )


def format_texts(entries: Sequence[Entry]) -> str:
    """Goals, conclusions and commits, as JSON: columns in the order of ``table.json``."""
    return _dump(
        {
            "goal": [entry.goal for entry in entries],
            "conclusions": [entry.conclusions for entry in entries],
            "commit": [entry.commit for entry in entries],
        }
    )


def _make_texts(entries: Sequence[Entry]) -> dict[str, list[str]]:
    return {
        "code": [entry.code for entry in entries],
        "title": [entry.title for entry in entries],
        "shown": [entry.shown for entry in entries],
        "difference_shown": [entry.difference_shown for entry in entries],
        "spark": [encode_spark(entry.spark) for entry in entries],
    }


def _make_singles(entries: Sequence[Entry], context: RenderContext) -> dict[str, dict[str, Any]]:
    columns = {
        "status": ["broken" if entry.broken else entry.status for entry in entries],
        "model": [entry.model for entry in entries],
        "date": [entry.date for entry in entries],
        "metric": [entry.metric for entry in entries],
        "direction": [entry.direction for entry in entries],
        "verdict": [entry.verdict for entry in entries],
        "baseline": [entry.baseline for entry in entries],
        "place": [entry.place for entry in entries],
        "branch": [entry.branch for entry in entries],
    }
    coded = {name: code_column(values) for name, values in columns.items()}
    with speaking(context.language):
        coded["date"]["days"] = [say_day(date) for date in coded["date"]["values"]]
    return coded


def code_column(values: Iterable[str]) -> dict[str, Any]:
    """A column as its different values and, for each card, the place among them."""
    places: dict[str, int] = {}
    at = [places.setdefault(value, len(places)) if value else -1 for value in values]
    return {"values": list(places), "at": at}


def _code_all(columns: Iterable[Sequence[str]]) -> dict[str, Any]:
    """The same for cards that have several values, or none."""
    places: dict[str, int] = {}
    at = [[places.setdefault(value, len(places)) for value in values] for values in columns]
    return {"values": list(places), "at": at}


def _choose_labels(context: RenderContext) -> dict[str, str]:
    labels = context.labels
    return {
        key: text for key, text in labels.items() if key in _LABELS or key.startswith(_PREFIXES)
    }


def _dump(value: object) -> str:
    """JSON without blanks; unpaired surrogates, which no file can hold, are escaped with all else.

    They are what a broken name of a file can bring.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text
