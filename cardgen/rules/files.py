"""Rules about files that cards name: figures, what the text leads to, patches, data."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from cardgen.rules import Finding, Project, Subject, rule, shorten
from cardgen.rules.references import find_run_line
from cardgen.surroundings import FileState
from cardgen.surroundings.addresses import PICTURES, Named, find_named
from cardgen.surroundings.questions import (
    find_commits,
    find_folder,
    find_inputs,
    join_path,
    leads_out,
)


@dataclass(frozen=True)
class _Place:
    """A file that the text names, its path from the root, and what lies there."""

    named: Named
    folder: str
    path: str
    state: FileState | None

    def is_there(self, *presences: str) -> bool:
        return self.state is not None and self.state.presence in presences

    @property
    def near(self) -> str:
        """What is called nearly so, as the card would write it."""
        near = self.state.near if self.state else ""
        return shorten(posixpath.relpath(near, self.folder)) if near else ""

    def report(self, message: str, hint: str) -> Finding:
        return Finding(message, hint, self.named.line, about=self.named.path)


@rule("figure-missing", "error", "A figure that the text shows is not there.")
def find_missing_figures(subject: Subject, project: Project) -> Iterator[Finding]:
    for place in _list_places(subject, project):
        if place.named.picture:
            yield from _report_missing(place, "figure")


@rule("link-broken", "warning", "A file that the text leads to is not there.")
def find_broken_links(subject: Subject, project: Project) -> Iterator[Finding]:
    for place in _list_places(subject, project):
        if not place.named.picture:
            yield from _report_missing(place, "file")


def _report_missing(place: _Place, word: str) -> Iterator[Finding]:
    shown = shorten(place.named.path)
    if place.is_there("case"):
        yield place.report(
            f"The {word} '{shown}' is called '{place.near}', in other letters.",
            "Write it so: other systems tell upper from lower case.",
        )
    elif place.is_there("missing"):
        otherwise = f"Put it at {shorten(place.path, 200)}."
        hint = f"Did you mean '{place.near}'?" if place.near else otherwise
        yield place.report(f"The {word} '{shown}' is not there.", hint)


@rule("file-outside", "error", "A figure or link leads out of the project.")
def find_outside(subject: Subject, project: Project) -> Iterator[Finding]:
    for place in _list_places(subject, project):
        if leads_out(place.path) or place.is_there("outside"):
            yield place.report(
                f"'{shorten(place.named.path)}' leads out of the project.",
                "Copy the file into the card's folder.",
            )


@rule("file-ignored", "warning", "A figure or file that the text names is ignored by git.")
def find_ignored(subject: Subject, project: Project) -> Iterator[Finding]:
    for place in _list_places(subject, project):
        if place.is_there("file") and place.state and place.state.ignored:
            yield place.report(
                f"'{shorten(place.named.path)}' is here, but git ignores it: nobody else gets it.",
                f"Run: git add -f {shlex.quote(place.path)}",
            )


@rule("figure-unshown", "warning", "The site cannot show a figure: see where it lies and its kind.")
def find_unshown(subject: Subject, project: Project) -> Iterator[Finding]:
    for place in _list_places(subject, project):
        suffix = posixpath.splitext(place.path)[1].lower()
        hidden = any(part.startswith(".") for part in place.named.path.split("/"))
        shown = not hidden and suffix in PICTURES
        if place.named.picture and place.is_there("file", "case") and not shown:
            why = "lies outside of the card's folder" if hidden else "is no picture to a browser"
            yield place.report(
                f"The site does not show '{shorten(place.named.path)}', which {why}.",
                "Put a PNG, JPEG, GIF, WebP or SVG file beside the card.",
            )


def _list_places(subject: Subject, project: Project) -> Iterator[_Place]:
    """What the text names, each once."""
    folder = find_folder(project.settings.experiments, subject.card)
    seen: set[tuple[str, bool]] = set()
    for section in subject.card.sections:
        for named in find_named(section):
            if (named.path, named.picture) not in seen:
                seen.add((named.path, named.picture))
                path = join_path(folder, named.path)
                yield _Place(named, folder, path, project.surroundings.file(path))


@rule("patch-missing", "warning", "The patch of a run with uncommitted changes is not there.")
def find_missing_patches(subject: Subject, project: Project) -> Iterator[Finding]:
    folder = find_folder(project.settings.experiments, subject.card)
    for run in subject.facts.runs:
        name = run.source.patch if run.source else ""
        state = project.surroundings.file(join_path(folder, name)) if name else None
        if state and state.presence != "file":
            yield Finding(
                f"The patch '{shorten(name)}', which holds the uncommitted changes of "
                f"{shorten(run.ref)}, is not beside the card.",
                "Restore it: without it the run cannot be repeated.",
                find_run_line(subject, run.ref),
                about=name,
            )


@rule("path-missing", "advice", "Data or a model is not where the card says, nor was it.")
def find_missing_inputs(subject: Subject, project: Project) -> Iterator[Finding]:
    around = project.surroundings
    first = next(find_commits(subject.card), None)
    for named in find_inputs(subject.card):
        state = around.file(named.path)
        if state is None or state.ignored or (first and (first.text, named.path) in around.kept):
            continue
        if state.presence in ("missing", "case"):
            near = f"Did you mean '{shorten(state.near)}'? Or" if state.near else "Correct it, or"
            yield Finding(
                f"There is no '{shorten(named.path)}' in the project, and git does not ignore it.",
                f"{near} keep it with git or DVC, or write its address as 'url:'.",
                subject.line(named.key),
                about=named.path,
            )
