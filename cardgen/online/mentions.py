"""What cards name that lies elsewhere, and where they name it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cardgen.config import Config
from cardgen.errors import UsageError
from cardgen.facts import Facts
from cardgen.models import CAPTURED, Dataset, Model, RunRef
from cardgen.references import Reference, is_hub_id, parse_reference
from cardgen.rules import shorten

REGISTRIES = ("hub", "mlflow", "wandb")
"""Kinds of references that can be asked after."""

_REVISION = re.compile(r"(?:refs/(?:pr|convert)/)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class Thing:
    """A run, or else a model or data in a registry; equal things are asked after once."""

    run: str = ""
    reference: Reference = field(default_factory=Reference)

    @property
    def place(self) -> str:
        """What stands for the server or store: the tracker and, where it is named, the store."""
        tracker, _, locator = self.run.partition(":")
        store = locator.rpartition("#")[0]
        return f"{tracker}:{store}" if self.run else self.reference.kind

    def __str__(self) -> str:
        reference = self.reference
        if self.run:
            return f"run '{shorten(self.run)}'"
        word = {"dataset": "data set", "model": "model"}.get(reference.subject, "artifact")
        version = reference.version or next(iter(reference.aliases), "")
        return f"{word} '{shorten(reference.name + (f'@{version}' if version else ''))}'"


@dataclass(frozen=True)
class Mention:
    """Where a card names a thing: its path as messages show it, and the line."""

    thing: Thing
    path: str
    line: int = 0


def find_mentions(config: Config, cards: Iterable[Facts]) -> tuple[Mention, ...]:
    """All that these cards name and that can be asked after, card by card, each once."""
    found: dict[Mention, None] = {}
    for facts in cards:
        label = config.label(facts.card.path)
        lines = facts.card.lines
        seen: set[Thing] = set()
        for thing, key in (*_find_runs(facts), *_find_registered(facts)):
            if thing not in seen:
                seen.add(thing)
                line = lines.get(key) or lines.get(key.partition(".")[0], 0)
                found[Mention(thing, label, line)] = None
    return tuple(found)


def _find_runs(facts: Facts) -> Iterator[tuple[Thing, str]]:
    """The runs that the card names, or else those of its evidence that lie in no other."""
    named = [(text.strip(), f"runs.{n}") for n, text in enumerate(facts.card.front.runs)]
    recorded = [(run.ref, "runs") for run in facts.runs if not run.parent]
    for text, key in named or recorded:
        try:
            ref = RunRef.parse(text)
        except UsageError:
            continue
        if ref.tracker != CAPTURED:
            yield Thing(str(ref)), key


def _find_registered(facts: Facts) -> Iterator[tuple[Thing, str]]:
    if facts.model:
        yield from _find_thing(facts.model.value, "model", "model")
    for number, data in enumerate(facts.data):
        yield from _find_thing(data.value, "dataset", f"data.{number}")
    for number, model in enumerate(facts.output):
        yield from _find_thing(model.value, "model", f"output.{number}")


def _find_thing(value: Model | Dataset, subject: str, key: str) -> Iterator[tuple[Thing, str]]:
    """By the address; by the name where there is none, and where it is not that of a path."""
    text = value.url or ("" if value.path else value.name)
    reference = parse_reference(text)
    if reference.kind == "name" and is_hub_id(reference.name):
        reference = Reference("hub", reference.name)
    if reference.kind in REGISTRIES:
        version = reference.version or (value.version if text == value.name else "")
        aliases = () if version else reference.aliases
        yield Thing(reference=_make(reference, version, aliases, reference.subject or subject)), key


def _make(reference: Reference, version: str, aliases: tuple[str, ...], subject: str) -> Reference:
    """The reference without what makes two of one thing differ."""
    if reference.kind == "hub":
        # A registry's bare number is no revision of a git repository.
        named = _REVISION.fullmatch(version) and not version.isdecimal() and ".." not in version
        version = version if named else ""
    return Reference(reference.kind, reference.name, version, aliases, subject=subject)
