"""What cards name, as questions to git and to the folders. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from cardgen.config import Config
from cardgen.models import Card
from cardgen.surroundings import Questions
from cardgen.surroundings.addresses import find_named


@dataclass(frozen=True)
class NamedCommit:
    """A commit that a card names: ``ref`` is the run that recorded it, empty for a person."""

    text: str
    repository: str
    ref: str = ""


@dataclass(frozen=True)
class NamedInput:
    """A path of data or a model that a person wrote; ``key`` is where, as ``data.0.path``."""

    path: str
    key: str


def find_questions(config: Config, card: Card) -> Questions:
    """What a card names."""
    folder = find_folder(config.settings.experiments, card)
    commits = tuple(dict.fromkeys(commit.text for commit in find_commits(card)))
    inputs = [one.path for one in find_inputs(card)]
    paths = [join_path(folder, path) for path in find_beside(card)]
    return Questions(
        card.code,
        commits,
        tuple(dict.fromkeys(path for path in (*paths, *inputs) if not leads_out(path))),
        tuple(dict.fromkeys((commits[0], path) for path in inputs)) if commits else (),
        card.front.baseline,
        card.front.supersedes,
    )


def find_folder(experiments: str, card: Card) -> str:
    """A card's folder, relative to the project's root."""
    return f"{experiments}/{card.code}"


def find_commits(card: Card) -> Iterator[NamedCommit]:
    """The commits that a card and its runs name, the person's first."""
    runs = card.evidence.runs if card.evidence else ()
    recorded = [(run.ref, run.source) for run in runs if run.source]
    written = card.front.source
    if written and written.commit.strip():
        known = (source.repository for _, source in recorded)
        repository = written.repository or next(filter(None, known), "")
        yield NamedCommit(written.commit.strip(), repository)
    for ref, source in recorded:
        if source.commit.strip():
            yield NamedCommit(source.commit.strip(), source.repository, ref)


def find_beside(card: Card) -> Iterator[str]:
    """What a card names beside it, relative to its folder: figures, files, patches of runs."""
    for section in card.sections:
        yield from (named.path for named in find_named(section))
    for run in card.evidence.runs if card.evidence else ():
        if run.source and run.source.patch:
            yield run.source.patch


def find_inputs(card: Card) -> Iterator[NamedInput]:
    """The paths of data and model that a person wrote, relative to the project's root."""
    model = card.front.model
    paths = [("model.path", model.path)] if model else []
    paths += [(f"data.{number}.path", data.path) for number, data in enumerate(card.front.data)]
    for key, text in paths:
        path = text.strip().replace("\\", "/")
        if path and ":" not in path and not path.startswith(("/", "~", "$")):
            path = posixpath.normpath(path)
            if not leads_out(path):
                yield NamedInput(path, key)


def join_path(folder: str, path: str) -> str:
    """A path that is relative to a folder, as one from the project's root."""
    return posixpath.normpath(posixpath.join(folder, path))


def leads_out(path: str) -> bool:
    """Whether a path is none inside the project."""
    return path == ".." or path.startswith(("../", "/")) or "\0" in path
