"""Rules about what cards name outside themselves: commits, each other, figures and files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from cardgen.config import CONFIG_NAME
from cardgen.models import Problem
from cardgen.rules import Finding, Project, Subject, declare, rule, run_hint, shorten
from cardgen.surroundings import CommitState, Surroundings
from cardgen.surroundings.questions import (
    NamedCommit,
    find_commits,
)

CUT = "history-cut"
_SHORT = 10


# Commits ---------------------------------------------------------------------------------------


@rule("commit-missing", "warning", "A commit that the card names is not in the repository.")
def find_missing_commits(subject: Subject, project: Project) -> Iterator[Finding]:
    for named, state in _list_commits(subject, project):
        if state.reach == "missing":
            yield _make(
                subject,
                named,
                f"{_say(named, state)} is not in the repository.",
                "Run: git fetch --all --tags. If its branch was squashed and deleted, it is gone: "
                "tag commits before. One of another repository needs 'source.repository'.",
            )


@rule("commit-ambiguous", "warning", "Several commits begin with the hash that the card names.")
def find_ambiguous_commits(subject: Subject, project: Project) -> Iterator[Finding]:
    for named, state in _list_commits(subject, project):
        if state.reach == "ambiguous":
            yield _make(
                subject,
                named,
                f"Several commits begin with '{shorten(named.text)}'.",
                "Write the whole hash, which 'git log --format=%H' shows.",
            )


@rule("commit-loose", "warning", "No branch or tag holds the commit, so that git will remove it.")
def find_loose_commits(subject: Subject, project: Project) -> Iterator[Finding]:
    for named, state in _list_commits(subject, project):
        if state.reach == "loose":
            tag = shlex.quote(f"exp/{subject.code}")
            yield _make(
                subject,
                named,
                f"{_say(named, state)} is on no branch and has no tag: git will remove it.",
                f"Run: git tag {tag} {state.commit[:_SHORT]} && git push origin {tag}",
            )


@rule("commit-elsewhere", "advice", "Another branch or a tag holds the commit, but HEAD does not.")
def find_commits_elsewhere(subject: Subject, project: Project) -> Iterator[Finding]:
    for named, state in _list_commits(subject, project):
        if state.reach == "held":
            yield _make(
                subject,
                named,
                f"{_say(named, state)} is on no branch that HEAD contains; "
                f"{_list_holders(state)} it.",
                _advise_to_keep(subject, state),
            )


declare(CUT, "advice", "The repository is a shallow clone, so that commits cannot be looked up.")


def find_cut_history(surroundings: Surroundings) -> Iterator[Problem]:
    """One problem for all commits that a shallow clone says nothing of."""
    count = sum(state.reach == "cut" for state in surroundings.commits.values())
    if count:
        those = f"{count} commits that cards name" if count > 1 else "a commit that a card names"
        yield Problem(
            CONFIG_NAME,
            0,
            CUT,
            "advice",
            f"The history is cut (a shallow clone), and {those} could not be looked up.",
            "Run: git fetch --unshallow --tags (in CI: 'fetch-depth: 0' on GitHub, "
            "'GIT_DEPTH: 0' on GitLab)",
        )


def _list_commits(subject: Subject, project: Project) -> Iterator[tuple[NamedCommit, CommitState]]:
    """The card's commits that should be in the project's repository, each once."""
    seen: set[str] = set()
    for named in find_commits(subject.card):
        state = project.surroundings.commit(named.text)
        if state is None or not project.surroundings.is_own(named.repository):
            continue
        key = state.commit or named.text.lower()
        if key not in seen:
            seen.add(key)
            yield named, state


def _make(subject: Subject, named: NamedCommit, message: str, hint: str) -> Finding:
    return Finding(message, hint, find_run_line(subject, named.ref), about=named.text)


def find_run_line(subject: Subject, ref: str) -> int:
    """Where the card names the run, or the commit itself."""
    if not ref:
        return subject.line("source.commit")
    runs = subject.facts.runs
    for number, text in enumerate(subject.card.front.runs):
        if any(run.ref == ref and run.is_named(text) for run in runs):
            return subject.line(f"runs.{number}")
    return subject.line("runs")


def _say(named: NamedCommit, state: CommitState) -> str:
    text = state.commit[:_SHORT] or shorten(named.text[: _SHORT + 6], 16)
    if len(named.text) > 16 and not state.commit:
        text = named.text[:_SHORT]
    return f"The commit {text}{f' of {shorten(named.ref)}' if named.ref else ''}"


def _list_holders(state: CommitState) -> str:
    *first, last = state.holders
    return f"{', '.join(first)} and {last} hold" if first else f"{last} holds"


def _advise_to_keep(subject: Subject, state: CommitState) -> str:
    tagged = [name for name in state.holders if name.startswith("tag ")]
    if tagged:
        return f"Keep the {tagged[0]}: without it git would remove the commit."
    tag = shlex.quote(f"exp/{subject.code}")
    return (
        "Merge it without squashing, or tag it before the branch is deleted: "
        f"git tag {tag} {state.commit[:_SHORT]}"
    )


# Circles ---------------------------------------------------------------------------------------


@rule("baseline-circle", "error", "Cards are each other's baseline in a circle.")
def find_baseline_circle(subject: Subject, project: Project) -> Iterator[Finding]:
    circle = project.surroundings.baselines.get(subject.code)
    if circle:
        yield Finding(
            f"The card is, at length, its own baseline: {' → '.join(circle)}.",
            "Remove the 'baseline:' of the card that was first.",
            subject.line("baseline"),
        )


@rule("supersedes-circle", "error", "Cards replace each other in a circle.")
def find_superseding_circle(subject: Subject, project: Project) -> Iterator[Finding]:
    circle = project.surroundings.replacements.get(subject.code)
    if not circle:
        return
    codes = subject.card.front.supersedes
    number = codes.index(circle[1]) if circle[1] in codes else 0
    yield Finding(
        f"The card replaces, at length, itself: {' → '.join(circle)}.",
        f"Of two cards only the later replaces the other. "
        f"{run_hint('set', subject.code, f'supersedes-={circle[1]}')}",
        subject.line(f"supersedes.{number}"),
    )
