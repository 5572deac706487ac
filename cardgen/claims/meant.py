"""Which measures a claim means: by name, variant and split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cardgen.claims.evidence import Measure
from cardgen.claims.reading import Claim
from cardgen.measures import normalise

_ERRORS = frozenset(("wer", "cer", "eer", "error"))


def is_named(measure: Measure, claim: Claim) -> bool:
    """Whether a measure is one of those that the text names."""
    if claim.keys and any(measure.meaning.squeezed.endswith(key) for key in claim.keys):
        return True
    concepts = measure.meaning.concepts
    return bool(concepts & claim.metrics or ("error" in claim.metrics and concepts & _ERRORS))


def has_variant(measure: Measure, variants: Iterable[str]) -> bool:
    """Whether a key has one of the variants in it: ``2`` is in rouge2, not in rouge20."""
    words = measure.meaning.squeezed
    return any(
        re.search(rf"(?<!\d){v}(?!\d)", words) if v.isdigit() else v in words for v in variants
    )


def is_variant(measure: Measure) -> bool:
    words = measure.meaning.squeezed
    return any(v in words for v in ("macro", "micro", "weighted")) or (
        words[-1:].isdigit() and not words.endswith("f1")
    )


def drop_variants(named: Sequence[Measure]) -> list[Measure]:
    """Without macro F1, ROUGE-2 and the like where the plain measure is there as well."""
    plain = {_find_kin(one) for one in named if not is_variant(one)}
    return [one for one in named if not is_variant(one) or _find_kin(one) not in plain]


def _find_kin(measure: Measure) -> tuple[str, str, frozenset[str]]:
    return measure.code, measure.meaning.split, measure.meaning.concepts


def narrow_split(found: Sequence[Measure], splits: Iterable[str]) -> Sequence[Measure]:
    wanted = set(splits)
    if not wanted:
        return found
    if wanted == {"eval"}:
        wanted = {"eval", "dev"}
    if len(wanted) > 1 and "dev" in wanted and all(one.meaning.split != "dev" for one in found):
        wanted.add("eval")  # 'validation and test' are eval/… and test/…
    exact = [one for one in found if one.meaning.split in wanted]
    if exact:
        return exact
    # 'eval' and a name without a split may be either, but are no training.
    return [one for one in found if one.meaning.split in ("", "eval")] or found


def is_same(one: Measure, other: Measure) -> bool:
    if normalise(one.key) == normalise(other.key):
        return True
    a, b = one.meaning, other.meaning
    return bool(a.concepts) and a.concepts == b.concepts and a.split == b.split


def is_short(claim: Claim) -> bool:
    """Whether a number has two digits at most."""
    digits = "".join(c for c in claim.number.text if c.isdigit()).lstrip("0")
    return len(digits) <= 2
