"""A repository's model registry, kept in git tags as GTO writes them.

``name@v1.2.0`` registers a version, ``name@v1.2.0!`` takes it back, ``name#prod`` gives the tag's
commit a stage and ``name#prod!`` ends it, ``name@deprecated`` ends all of the name; a counter
``#3`` may follow. A stage belongs to the version that got it last and still has it. GTO knows
annotated tags alone; where somebody asks for one by name, one without a message may do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from cardgen.git import run_git
from cardgen.references import parse_reference

MAX_TAGS = 100_000

_WORD = r"[a-zA-Z0-9](?:[a-zA-Z0-9-/_]*[a-zA-Z0-9])?"
_NUMBER = r"(?:0|[1-9]\d*)"
_MARK = rf"(?:{_NUMBER}|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = (
    rf"v(?P<numbers>{_NUMBER}\.{_NUMBER}\.{_NUMBER})(?:-(?P<pre>{_MARK}(?:\.{_MARK})*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)
_TAG = re.compile(
    rf"(?P<name>(?:[a-zA-Z0-9-_./]+=)?{_WORD})"
    rf"(?:(?:#(?P<stage>{_WORD})|@(?P<version>{_VERSION}))(?P<ends>!?)|@(?P<deprecated>deprecated))"
    r"(?:#(?P<counter>\d{1,18}))?"
)
_FORMAT = "%(refname:strip=2)%00%(*objecttype)%00%(*objectname)%00%(taggerdate:unix)"
_LIGHT = "%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(creatordate:unix)"


@dataclass(frozen=True)
class Tag:
    """A tag of a commit; ``time`` in seconds since 1970, UTC."""

    name: str
    commit: str
    time: int = 0


@dataclass(frozen=True)
class Registered:
    """A registered version of a model: its commit, tag and current stages, sorted.

    ``withdrawn`` says that it was deregistered, or its model deprecated.
    """

    name: str
    version: str
    commit: str
    tag: str
    stages: tuple[str, ...] = ()
    withdrawn: bool = False


@dataclass(frozen=True)
class Registry:
    """All versions that tags register, those of a name from the oldest version to the newest."""

    versions: tuple[Registered, ...] = ()

    @cached_property
    def _named(self) -> Mapping[str, tuple[Registered, ...]]:
        named: dict[str, tuple[Registered, ...]] = {}
        for entry in self.versions:
            named[entry.name] = (*named.get(entry.name, ()), entry)
        return named

    def select(self, names: Iterable[str]) -> tuple[Registered, ...]:
        """All versions of models that texts such as ``qa`` or ``qa#prod`` name."""
        known = [parse_reference(name).name for name in names] if self.versions else ()
        return tuple(entry for name in known for entry in self._named.get(name, ()))

    def find(self, name: str, version: str) -> Registered | None:
        """A version, whether or not it was withdrawn."""
        return next(
            (entry for entry in self._named.get(name, ()) if entry.version == version), None
        )

    def find_stage(self, name: str, stage: str) -> Registered | None:
        """The version that is in a stage now; ``latest`` is the newest one."""
        known = [entry for entry in self._named.get(name, ()) if not entry.withdrawn]
        if stage in ("latest", "greatest"):
            return known[-1] if known else None
        return next((entry for entry in known if stage in entry.stages), None)


def find_registry(root: Path, *, light: bool = False) -> Registry:
    """What the repository's annotated tags register; nothing where there is no repository.

    ``light`` reads the tags without a message in their place, as 'git tag NAME' makes them.
    """
    form = _LIGHT if light else _FORMAT
    listed = run_git(root, "for-each-ref", f"--count={MAX_TAGS}", f"--format={form}", "refs/tags")
    return make_registry(_parse_tags((listed or "").splitlines()))


def _parse_tags(lines: Iterable[str]) -> Iterator[Tag]:
    for line in lines:
        name, kind, commit, time = (*line.split("\0"), "", "", "")[:4]
        if kind == "commit" and ("@" in name or "#" in name):
            yield Tag(name, commit, int(time) if time.lstrip("-").isdecimal() else 0)


@dataclass
class _Model:
    """The tags of one name, oldest first."""

    registrations: dict[str, list[tuple[Tag, bool]]] = field(default_factory=dict)
    stages: dict[tuple[str, str], tuple[Tag, bool]] = field(default_factory=dict)
    last: str = ""


def make_registry(tags: Iterable[Tag]) -> Registry:
    """The registry that tags describe; those of other forms say nothing."""
    matched = [(tag, found) for tag in tags if (found := _TAG.fullmatch(tag.name))]
    matched.sort(key=lambda item: (item[0].time, int(item[1]["counter"] or 0), item[0].name))
    models: dict[str, _Model] = {}
    for tag, found in matched:
        model = models.setdefault(found["name"].replace("=", ":"), _Model())
        model.last = "deprecated" if found["deprecated"] else tag.name
        holds = found["ends"] != "!"
        if found["version"]:
            model.registrations.setdefault(found["version"], []).append((tag, holds))
        elif found["stage"]:
            model.stages[found["stage"], tag.commit] = (tag, holds)
    return Registry(tuple(e for name in sorted(models) for e in _list_versions(name, models[name])))


def _list_versions(name: str, model: _Model) -> list[Registered]:
    """Every version, with the stages that are its own now."""
    entries = []
    for version, events in model.registrations.items():
        tag = next((tag for tag, holds in reversed(events) if holds), None)
        withdrawn = model.last == "deprecated" or not events[-1][1]
        if tag:
            entries.append(Registered(name, version, tag.commit, tag.name, (), withdrawn))
    entries.sort(key=lambda entry: _sort_key(entry.version))
    owners = _find_owners(model, {entry.commit for entry in entries if not entry.withdrawn})
    return [
        replace(entry, stages=tuple(sorted(s for s, c in owners.items() if c == entry.commit)))
        if not entry.withdrawn
        else entry
        for entry in entries
    ]


def _find_owners(model: _Model, commits: set[str]) -> dict[str, str]:
    """The commit that has each stage: of those that have it, the one that got it last."""
    withdrawn = {
        tag.commit for events in model.registrations.values() for tag, _ in events
    } - commits
    owners: dict[str, str] = {}
    held = [(tag, stage) for (stage, _), (tag, holds) in model.stages.items() if holds]
    # A commit without a registration counts too: the stage has left the version that had it.
    for tag, stage in sorted(held, key=lambda item: item[0].time):
        if tag.commit not in withdrawn:
            owners[stage] = tag.commit
    return owners


def _sort_key(version: str) -> tuple[tuple[int, ...], tuple[object, ...]]:
    """The order of semantic versions: a pre-release comes before its release."""
    found = re.fullmatch(_VERSION, version)
    if found is None:
        return (), ()
    numbers = tuple(map(int, found["numbers"].split(".")))
    marks = tuple(
        (0, int(mark), "") if mark.isdecimal() else (1, 0, mark)
        for mark in (found["pre"] or "").split(".")
        if mark
    )
    return numbers, (0, marks) if marks else (1,)
