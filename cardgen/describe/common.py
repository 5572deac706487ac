"""What a card is as text and as JSON alike: values, and cards that are not at hand."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from cardgen.measures import format_number
from cardgen.models import Frozen

MAX_TEXT = 300


def know_nobody(code: str) -> None:
    """The facts of other cards, where none are at hand."""


def show(value: Any) -> str:
    if isinstance(value, Frozen):
        return ", ".join(f"{k} {show(v)}" for k, v in name_said(value).items() if k != "packages")
    if isinstance(value, float):
        return format_number(value)
    text = str(value)
    if not isinstance(value, (str, dt.date)):
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


def name_said(value: Frozen) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_defaults=True)
