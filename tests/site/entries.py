"""Generated entries of the list, as many as wanted: varied, and the same each time."""

from __future__ import annotations

import random

from cardgen.site.index import Entry
from cardgen.site.numbers import format_difference, format_short

_TEXT = """
adapters attention augmentation batch beam calibration context contrastive curriculum decoding
distillation dropout ensemble frozen gradient label layers longer mixture noise passages pruning
quantised rank retrieval sampling schedule smoothing warm-up weights
"""
_WORDS = _TEXT.split()
_MODELS = (
    "allegro/plt5-base", "allegro/plt5-large", "google/mt5-small", "google/mt5-base",
    "sdadas/polish-roberta-base-v2", "intfloat/multilingual-e5-large", "speakleash/Bielik-7B-v0.1",
)  # fmt: skip
_DATA = ("ipipan/polqa", "ipipan/maupqa", "clarin-pl/poquad", "clarin-pl/dyk", "allegro/klej-psc")
_TAGS = (
    "polqa",
    "retrieval",
    "reader",
    "ablation",
    "baseline",
    "distilled",
    "long-context",
    "żółw",
)
_AUTHORS = ("Ada Łoś", "Jan Kowalski", "Мария Орлова", "李雷", "Zoé Lefèvre")
_STATUSES = ("finished",) * 12 + ("running", "failed", "aborted", "superseded", "planned")


def make_entries(count: int) -> tuple[Entry, ...]:
    """Entries ``qa-0`` to ``qa-<count - 1>``."""
    rng = random.Random(7)
    return tuple(_make(rng, number) for number in range(count))


def _make(rng: random.Random, number: int) -> Entry:
    value, base = rng.uniform(0.4, 0.9), rng.uniform(0.4, 0.9)
    status = rng.choice(_STATUSES)
    rated = status in ("finished", "superseded", "aborted")
    compared = rated and number % 10 > 0
    points = rng.choice((8, 12, 24)) if rated else 0
    return Entry(
        code=f"qa-{number}",
        title=" ".join(rng.choice(_WORDS) for _ in range(rng.randint(3, 7))).capitalize(),
        status=status,
        broken=False,
        date=f"{rng.randint(2022, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        authors=tuple(rng.sample(_AUTHORS, rng.choice((1, 1, 1, 2)))),
        tags=tuple(rng.sample(_TAGS, rng.randint(0, 4))),
        model=rng.choice(_MODELS),
        data=tuple(rng.sample(_DATA, rng.choice((1, 1, 2)))),
        metric="eval/exact_match" if rated else "",
        direction="max" if rated else "",
        value=value if rated else None,
        shown=format_short(value) if rated else "",
        full=repr(value) if rated else "",
        origin=f"mlflow:{number:032x} step 6000" if rated else "",
        place="step 6000" if rated else "",
        baseline=f"qa-{number - 1}" if number % 10 else "",
        supersedes=(),
        difference=value - base if compared else None,
        difference_shown=format_difference(value - base, base) if compared else "",
        verdict=("better" if value > base else "worse") if compared else "",
        spark=tuple(value - 0.4 / (1 + n) + rng.uniform(-0.03, 0.03) for n in range(points)),
        goal=_say(rng, 40),
        conclusions=_say(rng, 40) if rated else "",
        commit=f"{rng.getrandbits(160):040x}",
    )


def _say(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(words)).capitalize()[:299] + "."
