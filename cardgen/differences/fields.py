"""Differences of what a card says of itself, of what went into it, and of its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cardgen.differences.values import Change, Topic, same_fact, show_fact, show_record, show_value
from cardgen.facts import Fact, Facts
from cardgen.measures import normalise
from cardgen.models import Accepted, Frozen


def compare_about(old: Facts | None, new: Facts | None) -> Iterator[Change]:
    """Title, status, date, people, tags, the cards that it names, and findings accepted."""
    yield from _compare_accepted(_accepted(old), _accepted(new))
    yield from _one("baseline", _front(old, "baseline"), _front(new, "baseline"))
    yield from _one("title", _front(old, "title"), _front(new, "title"))
    for name in ("status", "date"):
        yield from _one(name, _fact(old, name), _fact(new, name))
    yield from _several("supersedes", _fronts(old, "supersedes"), _fronts(new, "supersedes"))
    for name in ("tags", "authors"):
        yield from _several(name, _facts(old, name), _facts(new, name))


def _compare_accepted(old: Sequence[Accepted], new: Sequence[Accepted]) -> Iterator[Change]:
    for one in new:
        if one not in old:
            said = f"{one.about}: {one.reason}" if one.about else one.reason
            why = "A finding of a check is accepted."
            yield Change("about", f"accepted {one.rule}", "", said, attention=why)
    for one in old:
        if one not in new:
            yield Change("about", f"accepted {one.rule}", one.about or one.reason, "")


def compare_inputs(old: Facts | None, new: Facts | None) -> Iterator[Change]:
    """Model, data, commands, source and what resulted."""
    yield from _compare_records("model", _value(old, "model"), _value(new, "model"))
    yield from _compare_lists("data", _values(old, "data"), _values(new, "data"))
    yield from _compare_records("source", _value(old, "source"), _value(new, "source"))
    for name in ("train", "predict"):
        before, after = _facts(old, name), _facts(new, name)
        if len(before) == len(after) == 1:
            yield from _one(name, before[0], after[0], "inputs")
        else:
            yield from _several(name, before, after, "inputs")
    yield from _compare_lists("output", _values(old, "output"), _values(new, "output"))


def _compare_records(name: str, old: Frozen | None, new: Frozen | None) -> Iterator[Change]:
    before, after = _dump(old), _dump(new)
    if not before or not after:
        if before or after:
            yield Change("inputs", name, _brief(before), _brief(after))
        return
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            yield Change("inputs", f"{name}.{key}", _entry(before, key), _entry(after, key))


def _entry(values: dict[str, Any], key: str) -> str:
    return show_value(values[key]) if key in values else ""


def _compare_lists(name: str, old: Sequence[Frozen], new: Sequence[Frozen]) -> Iterator[Change]:
    """Entries are the same where name and purpose are."""
    before, after = _by_name(old), _by_name(new)
    for key in dict.fromkeys((*before, *after)):
        label = f"{name} {key[0]}".rstrip() if before.keys() & after.keys() else name
        yield from _compare_records(label, before.get(key), after.get(key))


def _by_name(values: Sequence[Frozen]) -> dict[tuple[str, str, int], Frozen]:
    found: dict[tuple[str, str, int], Frozen] = {}
    for value in values:
        said = _dump(value)
        key = show_record(said, "name", "path", "url"), show_record(said, "context")
        number = sum(held[:2] == key for held in found)
        found[*key, number] = value
    return found


def _brief(values: dict[str, Any]) -> str:
    """A model or data in short: its name and version, or all there is."""
    name, version = show_record(values, "name", "path", "url"), show_record(values, "version")
    if name:
        return f"{name}@{version}" if version else name
    return ", ".join(f"{key} {show_value(value)}" for key, value in values.items())


def compare_params(old: Facts | None, new: Facts | None) -> Iterator[Change]:
    """Parameters by name, however that is written."""
    before, after = _params(old), _params(new)
    for key in dict.fromkeys((*before, *after)):
        (name, was), (new_name, is_) = before.get(key, ("", None)), after.get(key, ("", None))
        if was is None or is_ is None or not same_fact(was, is_):
            yield Change("params", new_name or name, show_fact(was), show_fact(is_))


def _params(facts: Facts | None) -> dict[str, tuple[str, Fact[Any]]]:
    found = facts.params.items() if facts else ()
    return {normalise(name): (name, fact) for name, fact in found}


def _one(name: str, old: str, new: str, topic: Topic = "about") -> Iterator[Change]:
    if old != new:
        yield Change(topic, name, old, new)


def _several(
    name: str, old: Sequence[str], new: Sequence[str], topic: Topic = "about"
) -> Iterator[Change]:
    """What was taken out of a list and what was put in, as one difference."""
    gone = [value for value in old if value not in new]
    added = [value for value in new if value not in old]
    if gone or added:
        yield Change(topic, name, ", ".join(gone), ", ".join(added))


def _accepted(facts: Facts | None) -> Sequence[Accepted]:
    return facts.card.front.accepted if facts else ()


def _front(facts: Facts | None, name: str) -> str:
    return str(getattr(facts.card.front, name)) if facts else ""


def _fronts(facts: Facts | None, name: str) -> tuple[str, ...]:
    return tuple(map(str, getattr(facts.card.front, name))) if facts else ()


def _fact(facts: Facts | None, name: str) -> str:
    return show_fact(getattr(facts, name)) if facts else ""


def _facts(facts: Facts | None, name: str) -> tuple[str, ...]:
    return tuple(show_value(fact.value) for fact in getattr(facts, name)) if facts else ()


def _value(facts: Facts | None, name: str) -> Frozen | None:
    fact = getattr(facts, name) if facts else None
    return fact.value if fact else None


def _values(facts: Facts | None, name: str) -> tuple[Frozen, ...]:
    return tuple(fact.value for fact in getattr(facts, name)) if facts else ()


def _dump(value: Frozen | None) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_defaults=True) if value else {}
