"""What decides a run's result: two runs belong together where all of it but the seed is equal.

What is recorded of one run and not of the other separates them, since nothing says that it was
equal: a commit that is known is not the same as one that is not.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cardgen.groups.names import (
    is_label,
    is_seed,
    is_unset,
    mask_path,
    read_seed,
    without_index,
)
from cardgen.measures import flatten, normalise, value_key
from cardgen.models import Command, Run, Source

_PYTHON = re.compile(r"python[0-9.]*(?:\.exe)?")
_NUMBER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class Candidate:
    """A run with what it takes from those around it.

    ``around`` are the run that captured it and those it is nested in, the nearest first; ``above``
    is the ref of a parent that is not on the card.
    """

    run: Run
    around: tuple[Run, ...] = ()
    above: str = ""
    is_parent: bool = False

    @cached_property
    def given(self) -> dict[str, Any]:
        """Its parameters on one level, and those that only its parents have."""
        found: dict[str, Any] = {}
        for run in (self.run, *self.around):
            found = {**flatten(run.params), **found}
        return found

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        return next((run.commands for run in (self.run, *self.around) if run.commands), ())

    @cached_property
    def source(self) -> Source:
        """The nearest source that knows a commit, with what others know of the same one."""
        known = [run.source for run in (self.run, *self.around) if run.source]
        found = next((source for source in known if source.commit), known[0] if known else Source())
        for other in (one for one in known if one.commit == found.commit):
            lacking = {k: v for k, v in other if getattr(found, k) in ("", None)}
            found = found.model_copy(update=lacking)
        return found

    @cached_property
    def seeds(self) -> dict[str, int]:
        """Its seeds by their names: parameters, tags and options, else the environment's."""
        said = [*self.given.items(), *self.run.tags.items()]
        said += [pair for line in self.commands for pair in find_options(split_line(line.line))]
        found: dict[str, int] = {}
        for name, value in said:
            seed = read_seed(value) if is_seed(name) else None
            if seed is not None:
                found.setdefault(normalise(name), seed)
        for run in (self.run, *self.around):
            if not found and run.environment and run.environment.seed is not None:
                found["seed"] = run.environment.seed
        return found

    @cached_property
    def params(self) -> dict[str, Any]:
        """The parameters that may decide the result."""
        return {
            name: without_index(name, value)
            for name, value in self.given.items()
            if not is_label(name) and not (is_seed(name) and _is_no_setting(value))
        }

    def mask(self, value: Any) -> Any:
        """A value without what only names this run."""
        run_id = re.split(r"[/#:]", self.run.ref)[-1]
        return mask_path(value, run_id, frozenset(self.seeds.values()))

    @cached_property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """Its commands as words, without seeds, names and places of output."""
        return tuple(
            tuple(self.mask(word) for word in strip_words(split_line(command.line)))
            for command in self.commands
        )

    @cached_property
    def inputs(self) -> dict[str, str]:
        """What decides beside the parameters, as texts; empty where it is unknown."""
        source, run = self.source, self.run
        model = next((one.model for one in (run, *self.around) if one.model), None)
        data = next((one.data for one in (run, *self.around) if one.data), ())
        said = (model.name, model.version, model.digest or self.mask(model.path)) if model else ()
        return {
            "commit": source.commit.casefold() or source.branch,
            "dirty": "" if source.dirty is None else str(source.dirty),
            "entrypoint": source.entrypoint,
            "model": " ".join(part for part in said if part),
            "data": ", ".join(
                sorted(
                    " ".join(filter(None, (d.name, d.version, d.digest or self.mask(d.path))))
                    for d in data
                )
            ),
            "command": "\n".join(shlex.join(words) for words in self.lines),
        }

    def key(self, varying: Sequence[str]) -> object:
        """Equal for runs that belong together; ``varying`` are the card's varying parameters."""
        if not self.seeds:
            return self.run.ref  # that it differs in its seed only is not known
        values = tuple(
            value_key(self.mask(self.params[name])) if name in self.params else None
            for name in varying
        )
        inputs = tuple(sorted(self.inputs.items()))
        # What a parent that is not here was given is not known, so it separates.
        return values, tuple(sorted(self.seeds)), inputs, self.is_parent, self.above


def _is_no_setting(value: Any) -> bool:
    return read_seed(value) is not None or is_unset(value)


def split_line(line: str) -> list[str]:
    """A command line's words; as they stand where its quotes do not close."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def find_options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options and their values: ``--name value``, ``--name=value``, ``name=value``."""
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if equals:
            yield name.lstrip("-+"), value
        elif word.startswith("-") and at + 1 < len(words):
            yield word.lstrip("-"), words[at + 1]


def strip_words(words: Sequence[str]) -> Iterator[str]:
    """The words of a command that may decide its result."""
    skip = False
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        plain = name.lstrip("-+")
        follows = words[at + 1] if at + 1 < len(words) else ""
        if skip:
            skip = False
        elif not plain or not (is_label(plain) or is_seed(plain)):
            device = without_index(plain, value) if equals else word
            yield f"{name}={device}" if equals else _plain_python(word) if not at else word
        elif not equals and word.startswith("-"):
            skip = not follows.startswith("-") or bool(_NUMBER.fullmatch(follows))
        elif not equals:
            yield word


def _plain_python(word: str) -> str:
    name = re.split(r"[/\\]", word)[-1]
    return "python" if _PYTHON.fullmatch(name) else word


def find_varying(all_params: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of parameters that not all runs have alike, sorted."""
    known = list(all_params)
    names = {name for params in known for name in params}
    return sorted(name for name in names if _varies(name, known))


def _varies(name: str, all_params: Sequence[Mapping[str, Any]]) -> bool:
    first = all_params[0]
    if any((name in params) != (name in first) for params in all_params):
        return True
    values = [params[name] for params in all_params]
    if all(value == values[0] and type(value) is type(values[0]) for value in values):
        return False
    return len({value_key(value) for value in values}) > 1


def tell_apart(
    groups: Sequence[Sequence[Candidate]], varying: Sequence[str]
) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """What groups differ in, by group: parameters, and whatever else decides."""
    firsts = [members[0] for members in groups]
    masked = [
        {name: one.mask(one.params[name]) for name in varying if name in one.params}
        for one in firsts
    ]
    names = find_varying(masked) if masked else []
    inputs = [name for name in firsts[0].inputs if len({one.inputs[name] for one in firsts}) > 1]
    return [
        (
            {name: values[name] for name in names if name in values},
            {name: one.inputs[name] for name in inputs},
        )
        for one, values in zip(firsts, masked, strict=True)
    ]
