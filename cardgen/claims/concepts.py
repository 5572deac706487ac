"""What a metric's key says: which measure it is, on which split, in which variant."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from cardgen.claims.lexicon import load_glue

_PARTS = re.compile(r"[A-Za-z]+\d*|\d+")
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@cache
def _load_keys(part: str) -> dict[str, str]:
    """The words in keys, by what they mean, from ``keys.json``."""
    held = json.loads((files(__package__) / "keys.json").read_text(encoding="utf-8"))
    return {word: name for name, words in held[part].items() for word in words.split()}


_PLAIN = load_glue("plain_parts")
_RATES = ("tok_s", "it_s", "fps", "qps", "tps", "samples_s", "img_s")
UNBOUNDED = frozenset(
    [
        "loss",
        "perplexity",
        "mae",
        "mse",
        "rmse",
        "fid",
        "bpb",
        "latency",
        "throughput",
        "runtime",
        "reward",
        "psnr",
        "mape",
        "lpips",
        "kid",
        "inception",
        "logloss",
    ]
)
"""Measures that are no share of anything, so that no percentage means them."""


class Meaning(NamedTuple):
    """What a key says: names of measures, the split, and its words without their marks.

    ``parts`` are its other words, such as the name of an entity or of a test set.
    """

    concepts: frozenset[str]
    split: str
    squeezed: str
    counts: bool
    parts: frozenset[str] = frozenset()

    @property
    def unbounded(self) -> bool:
        """Whether it is no share of anything, so that no percentage means it."""
        return bool(self.concepts & UNBOUNDED)


@lru_cache(8192)
def understand(key: str) -> Meaning:
    """Read a metric's key such as ``eval/f1_macro`` or ``testAccuracy``."""
    parts = [part.casefold() for part in _PARTS.findall(_CAMEL.sub("_", key))]
    splits, measures = _load_keys("splits"), _load_keys("measures")
    split = next((splits[part] for part in parts if part in splits), "")
    concepts = {measures[part] for part in parts if part in measures}
    joined = "_".join(parts)
    if "exact_match" in joined or "exactmatch" in joined:
        concepts.add("exact_match")
    if "error_rate" in joined and "word" in joined:
        concepts.add("wer")
    if "per_second" in joined or "per_sec" in joined or joined.endswith(_RATES):
        concepts.add("throughput")
    if parts and parts[-1] == "ms":
        concepts.add("latency")
    counts = not concepts and (
        bool(set(parts) & _load_keys("counts").keys()) or "learning_rate" in joined
    )
    squeezed = re.sub(r"[^a-z0-9]", "", key.casefold())
    words = {word.casefold() for word in _WORDS.findall(key)}
    rest = {one for one in words if one not in splits and one not in measures}
    return Meaning(frozenset(concepts), split, squeezed, counts, frozenset(rest - _PLAIN))
