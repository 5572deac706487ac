"""What of a card is compared with others, as a small value that a program can keep."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cardgen.documents import strip_comments
from cardgen.facts import Facts
from cardgen.measures import flatten, normalise, value_key
from cardgen.references import parse_reference

MAX_PARAMS = 300
MAX_WORDS = 120

_MAX_TEXT = 4000
_STEM = 5  # letters: enough to tell words apart, few enough to drop most endings
_WORD = re.compile(r"[^\W_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_PLACES = re.compile(
    r"(?:^|/)(?:dir|folder|path|token|url|port|host)$|^(?:run|experiment|project)/(?:name|id)$"
)

_COMMON_WORDS = """
    and are better but can does for from has have how its more not same than that the then this was
    were what when which will with would
    ale albo czy dla jak jest lub nie niż oraz przy się tak tego ten tym żeby
    avec aux ces dans des est les mais mieux par pas plus pour que qui sans ses sont sur une
    без был для его если или как лучше над него при что чтобы это
"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True)
class Sketch:
    """What of a card is compared.

    ``model`` and ``data`` are names without owner and version, ``params`` name to value (a number,
    or text) sorted by name, ``words`` the stems of title and goal, ``runs`` the refs it names.
    """

    code: str
    title: str = ""
    model: str = ""
    data: tuple[str, ...] = ()
    params: tuple[tuple[str, float | str], ...] = ()
    words: tuple[str, ...] = ()
    baseline: str = ""
    runs: tuple[str, ...] = ()


def make_sketch(facts: Facts) -> Sketch:
    """A card as others are compared with it."""
    front = facts.card.front
    goal = strip_comments(facts.card.section("goal"))
    params = flatten({name: fact.value for name, fact in facts.params.items()})
    return Sketch(
        code=facts.code,
        title=front.title,
        model=_name(facts.model.value.name) if facts.model else "",
        data=tuple(sorted({_name(fact.value.name) for fact in facts.data} - {""})),
        params=_sketch_params(params),
        words=find_stems(f"{front.title}\n{goal}"),
        baseline=front.baseline,
        runs=tuple(sorted({run.ref for run in facts.runs} | set(front.runs))),
    )


def format_sketch(sketch: Sketch) -> str:
    """A sketch as one line of JSON; infinities and NaN are text in it already."""
    return json.dumps(vars(sketch), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def parse_sketch(text: str) -> Sketch | None:
    """Read what ``format_sketch`` wrote; None for anything else."""
    try:
        values = json.loads(text)
        for name in ("data", "words", "runs"):
            values[name] = tuple(values[name])
        values["params"] = tuple(map(tuple, values["params"]))
        return Sketch(**values)
    except (ValueError, TypeError, KeyError):
        return None


def _name(text: str) -> str:
    """The last part of a name, in lower case: hubs and folders put owners before it."""
    name = parse_reference(text).name or text
    return name.rstrip("/").rpartition("/")[2].casefold()


def _sketch_params(params: Mapping[str, Any]) -> tuple[tuple[str, float | str], ...]:
    """Params that decide a result: not where it is written to, nor what it is called."""
    names = sorted(name for name in params if not _PLACES.search(normalise(name)))
    return tuple((name, _sketch_value(params[name])) for name in names[:MAX_PARAMS])


def _sketch_value(value: object) -> float | str:
    kind, key = value_key(value)
    if kind == "number" and math.isfinite(key):
        return float(key)
    return f"{kind}:{key}"[:200]


def find_stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, sorted; of Chinese, which parts no words, pairs of signs."""
    folded = text[:_MAX_TEXT].casefold()
    found: set[str] = set()
    for run in _HAN.findall(folded):
        found.update(run[at : at + 2] for at in range(max(len(run) - 1, 1)))
    for word in _WORD.findall(_HAN.sub(" ", folded)):
        if word not in _COMMON and (len(word) > 2 or word.isdecimal()):
            found.add(word[:_STEM])
    return tuple(sorted(found)[:MAX_WORDS])
