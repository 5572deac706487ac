"""What running an experiment again needs, and what of it nobody recorded.

``check_needs`` answers the seven things in their order; each is there, or it is said what is
missing and how to get it next time.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cardgen.facts import Facts
from cardgen.models import Dataset, Environment, Source
from cardgen.site.numbers import format_full

PATCH = re.compile(r"run-[A-Za-z0-9_-]{1,100}\.patch")
"""Names of the files that keep uncommitted changes: no path, and nothing else."""

_HASH = re.compile(r"[0-9a-f]{7,64}")
_SEED = re.compile(r"(?:^|[^a-z])seed$|(?:^|[^a-z])random_?state$")
_MOST_NAMED = 4


@dataclass(frozen=True)
class Need:
    """One thing: ``anchor`` is the part of the page that shows it.

    ``missing`` says in a sentence what is not there, ``hint`` how to have it; both are empty
    where it is there.
    """

    key: str
    anchor: str = ""
    missing: str = ""
    hint: str = ""

    @property
    def there(self) -> bool:
        return not self.missing


def check_needs(facts: Facts, labels: Mapping[str, str]) -> tuple[Need, ...]:
    """Command, commit, changes, data, seed, environment, model; none before anything was run."""
    if not (facts.runs or facts.rows or facts.finals):
        return ()
    found = (
        ("command", "commands", "" if facts.train else "none"),
        ("commit", "source", _check_commit(facts)),
        ("clean", "source", _check_tree(facts)),
        ("data", "model", _check_data(facts)),
        ("seed", "environment" if _has_seed(facts) else "params", _check_seed(facts)),
        ("environment", "environment", _check_environment(facts)),
        ("output", "model", "" if facts.output else "none"),
    )
    return tuple(_make_need(key, anchor, why, facts, labels) for key, anchor, why in found)


def _make_need(key: str, anchor: str, why: str, facts: Facts, labels: Mapping[str, str]) -> Need:
    if not why:
        return Need(key, anchor)
    state, _, detail = why.partition(":")
    hint = labels[f"need_{key}_hint"].format(facts.code)
    return Need(key, "", labels[f"need_{key}_{state}"].format(detail), hint)


def list_sources(facts: Facts) -> tuple[Source, ...]:
    """Where the code lives, of all runs that differ in it."""
    return tuple(one.value for one in (facts.source, *facts.source.others)) if facts.source else ()


def list_patches(facts: Facts) -> tuple[str, ...]:
    """The files beside the card that keep uncommitted changes; only names that capture gives."""
    names = (source.patch for source in list_sources(facts))
    return tuple(dict.fromkeys(name for name in names if PATCH.fullmatch(name)))


def list_steps(facts: Facts, folder: str) -> list[str]:
    """The commands that bring the code back as it was; none where its commit is not known.

    ``folder`` is the card's, seen from the repository's top. Of runs with different code the
    first's.
    """
    source = next(iter(list_sources(facts)), Source())
    if not _HASH.fullmatch(source.commit.strip().lower()):
        return []
    steps = [f"git checkout {source.commit.strip().lower()}"]
    if PATCH.fullmatch(source.patch):
        steps.append(f"git apply {shlex.quote(f'{folder}/{source.patch}')}")
    return steps


def _check_commit(facts: Facts) -> str:
    sources = list_sources(facts)
    known = [source for source in sources if source.commit]
    return "" if known and len(known) == len(sources) else "some" if known else "none"


def _check_tree(facts: Facts) -> str:
    """Whether what was run is what was committed, or the difference is kept."""
    sources = list_sources(facts)
    if any(source.dirty and not source.patch for source in sources):
        return "lost"
    return "" if sources and all(source.dirty is not None for source in sources) else "none"


def _check_data(facts: Facts) -> str:
    """Data that has neither a version nor a digest, by name."""
    if not facts.data:
        return "none"
    bare = list(dict.fromkeys(_name(fact.value) for fact in facts.data if _is_bare(fact.value)))
    more = "…" if len(bare) > _MOST_NAMED else ""
    return f"some:{', '.join(bare[:_MOST_NAMED])}{more}" if bare else ""


def _is_bare(data: Dataset) -> bool:
    return not (data.version or data.digest)


def _name(data: Dataset) -> str:
    return data.name or data.path or data.url or data.context


def _has_seed(facts: Facts) -> bool:
    return any(fact.value.seed is not None for fact in facts.environments)


def _check_seed(facts: Facts) -> str:
    return "" if _has_seed(facts) or any(_find_seeds(facts)) else "none"


def _find_seeds(facts: Facts) -> Iterator[bool]:
    """Of each parameter that is named as a seed, whether it says one."""
    for name, fact in facts.params.items():
        if _SEED.search(name.casefold()):
            yield format_full(fact.value) not in ("", "null", "None", "none")


def _check_environment(facts: Facts) -> str:
    found = [fact.value for fact in facts.environments]
    if not any(one.packages for one in found):
        return "some" if any(one != Environment(seed=one.seed) for one in found) else "none"
    return ""
