"""Cards that try nearly the same: same model and data, near params, or a goal in like words.

A card is compared by its ``Sketch``, a small frozen value that a program can keep: ten thousand of
them are compared in a fraction of a second. Nothing here reads a file.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cardgen.facts import Facts
from cardgen.measures import normalise
from cardgen.similar.sketch import Sketch, find_stems, format_sketch, make_sketch, parse_sketch

__all__ = [
    "Similar",
    "Sketch",
    "find_similar",
    "find_stems",
    "format_sketch",
    "make_sketch",
    "parse_sketch",
]

MAX_NAMED = 3
"""Params that a reason names before it counts the rest."""

LIKE_WORDS = 0.45
"""From which cosine on two goals count as said in like words."""

LIKE_WORDS_OF_SIBLINGS = 0.3
"""The same for two cards that are compared with the same baseline."""

NEAR_PARAMS = 0.6
"""From which share of equal params on two runs are near."""


@dataclass(frozen=True)
class Similar:
    """A card that is like another: why, in short phrases, and how much, from 0 to 1."""

    code: str
    reasons: tuple[str, ...]
    score: float

    def __str__(self) -> str:
        return f"{self.code} ({'; '.join(self.reasons)})"


def find_similar(
    facts: Facts | Sketch, others: Iterable[Facts | Sketch], limit: int = 3
) -> tuple[Similar, ...]:
    """The cards most like one, the most alike first; itself is never among them."""
    own = _as_sketch(facts)
    known = [other for other in map(_as_sketch, others) if other.code != own.code]
    weights = _weigh(own.words, known)
    found = [similar for other in known if (similar := _compare(own, other, weights))]
    return tuple(sorted(found, key=lambda one: -one.score)[:limit])


def _as_sketch(facts: Facts | Sketch) -> Sketch:
    return facts if isinstance(facts, Sketch) else make_sketch(facts)


def _weigh(words: Sequence[str], others: Sequence[Sketch]) -> Mapping[str, float]:
    """How much each stem says: those of few cards more than those of all."""
    if not words:
        return {}
    counts = Counter(word for other in others for word in other.words)
    total = len(others) + 1
    return {w: math.log(1 + total / (1 + n)) for w, n in counts.items()} | {
        w: math.log(1 + total) for w in words if w not in counts
    }


def _compare(own: Sketch, other: Sketch, weights: Mapping[str, float]) -> Similar | None:
    reasons: list[str] = []
    scores: list[float] = []
    shared = set(own.runs).intersection(other.runs)
    if shared:
        reasons.append(f"it names the same run {min(shared)}")
        scores.append(1.0)
    else:
        reason, score = _compare_inputs(own, other)
        if reason:
            reasons.append(reason)
            scores.append(score)
    alike = _compare_words(own.words, other.words, weights)
    siblings = own.baseline != "" and own.baseline == other.baseline
    if alike >= (LIKE_WORDS_OF_SIBLINGS if siblings else LIKE_WORDS):
        reasons.append(f"a goal in like words{' and the same baseline' if siblings else ''}")
        scores.append(alike)
    if not scores:
        return None
    return Similar(other.code, tuple(reasons), 1 - math.prod(1 - min(s, 1.0) for s in scores))


def _compare_words(a: Sequence[str], b: Sequence[str], weights: Mapping[str, float]) -> float:
    """The cosine of two texts' stems, each weighed by how much it says."""
    both = set(a).intersection(b)
    if len(both) < 2:
        return 0.0
    inner, own, other = (sum(weights[word] ** 2 for word in words) for words in (both, a, b))
    return inner / math.sqrt(own * other)


def _compare_inputs(own: Sketch, other: Sketch) -> tuple[str, float]:
    """Why two cards' models, data and params are alike, and how much; empty where they are not."""
    if own.model != other.model and own.model and other.model:
        return "", 0.0
    model = bool(own.model) and own.model == other.model
    data = _share(own.data, other.data) >= 0.5
    if not (model or data) or (not data and own.data and other.data):
        return "", 0.0
    what = "same model and data" if model and data else "same model" if model else "same data"
    return _compare_params(own, other, what, known=model and data)


def _share(a: Sequence[str], b: Sequence[str]) -> float:
    both = set(a) | set(b)
    return len(set(a).intersection(b)) / len(both) if both else 0.0


def _compare_params(own: Sketch, other: Sketch, what: str, *, known: bool) -> tuple[str, float]:
    if not own.params or not other.params:
        # A model or data alone, without a param, is shared by half of a project.
        return (what, 0.4) if known else ("", 0.0)
    mine, others = _by_name(own.params), _by_name(other.params)
    names = mine.keys() | others.keys()
    near = sum(_near(mine.get(name), others.get(name)) for name in names) / len(names)
    if near < (NEAR_PARAMS if known else 0.9):
        return "", 0.0
    written = {normalise(name): name for name, _ in (*other.params, *own.params)}
    differing = sorted(written[name] for name in names if mine.get(name) != others.get(name))
    said = f"params differ in {_enumerate(differing)}" if differing else "same params"
    return f"{what}, {said}", (0.5 if known else 0.3) + 0.5 * near - 0.1 * bool(differing)


def _by_name(params: Sequence[tuple[str, float | str]]) -> dict[str, float | str]:
    return {normalise(name): value for name, value in params}


def _near(a: float | str | None, b: float | str | None) -> float:
    """1 for equal values; of numbers less the further apart they are, 0 from three times on."""
    if a == b:
        return 1.0
    if isinstance(a, float) and isinstance(b, float) and a * b > 0:
        return max(0.0, 1.0 - 2 * abs(math.log10(abs(a)) - math.log10(abs(b))))
    return 0.0


def _enumerate(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_NAMED])
    rest = len(names) - MAX_NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown
