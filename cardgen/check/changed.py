"""What differs from another commit: the cards that changed, and those that this broke elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cardgen.check.cards import check_card
from cardgen.check.checker import FactsHeld, World
from cardgen.check.project import Checked
from cardgen.check.results import Result
from cardgen.config import CONFIG_NAME, Config
from cardgen.errors import UsageError
from cardgen.git import run_git
from cardgen.models import Card, Problem
from cardgen.revisions import FETCH, Repository, Snapshot, open_repository
from cardgen.rules import Codes, Project


@dataclass(frozen=True)
class Changes:
    """What differs between a commit and the files as they are now, saved or not.

    ``base`` is the id of the commit that both histories have in common. ``codes`` are the folders
    in which a file differs, also those that are gone. ``settings``: ``cardgen.yaml`` differs.
    """

    base: str
    codes: frozenset[str] = field(default_factory=frozenset)
    settings: bool = False


def find_changes(config: Config, rev: str) -> Changes:
    """What differs from where ``rev`` and HEAD parted.

    Raises UsageError where there is no repository or no such commit, or nothing in common.
    """
    with open_repository(config) as repository:
        repository.find_snapshot(rev)
    base = (run_git(config.root, "merge-base", f"{rev}^{{commit}}", "HEAD") or "").strip()
    if not base:
        raise _nothing_in_common(config, rev)
    experiments = config.settings.experiments
    compared = ("--name-only", "--no-renames", "--no-ext-diff", "--relative", "-z", base, "--")
    changed = _list(config, "diff", *compared, experiments, CONFIG_NAME)
    added = _list(
        config, "ls-files", "--others", "--exclude-standard", "-z", "--", experiments, CONFIG_NAME
    )
    paths = {*changed, *added}
    inside = [path.removeprefix(f"{experiments}/") for path in paths if path != CONFIG_NAME]
    codes = frozenset(path.split("/")[0] for path in inside if "/" in path)
    return Changes(base, codes, CONFIG_NAME in paths)


def _list(config: Config, *arguments: str) -> list[str]:
    found = run_git(config.root, *arguments)
    if found is None:
        raise UsageError(
            f"git could not say what differs: 'git {arguments[0]}' failed.",
            "Run 'git status' to see why.",
        )
    return [path for path in found.split("\0") if path]


def _nothing_in_common(config: Config, rev: str) -> UsageError:
    if run_git(config.root, "rev-parse", "--verify", "HEAD") is None:
        return UsageError("There is no commit yet.", "Commit first, or leave out --changed-since.")
    shallow = (run_git(config.root, "rev-parse", "--is-shallow-repository") or "").strip()
    hint = FETCH if shallow == "true" else "Name a commit that HEAD descends from, or a branch."
    return UsageError(f"'{rev}' and HEAD have no commit in common here.", hint)


def select_problems(config: Config, checked: Checked, changes: Changes) -> Iterator[Problem]:
    """The problems of changed cards, and those of others that were not there before.

    A card that did not change is looked at where it depends on one that did: on its facts, or on
    its being there. What is wrong with it now and was not at ``changes.base`` is reported.
    """
    for code, result in checked.results.items():
        if code in changes.codes:
            yield from result.problems
    if changes.settings:
        yield from checked.settings
    affected = {
        code: result
        for code, result in checked.results.items()
        if result.problems
        and code not in changes.codes
        and (changes.settings or _depends(result, changes.codes))
    }
    if affected:
        yield from _find_new(config, checked, changes, affected)


def _depends(result: Result, codes: frozenset[str]) -> bool:
    named = {result.questions.baseline, *result.questions.supersedes}
    asked = {one.subject for one in result.asked if one.kind in ("card", "facts")}
    twins = any(one.kind == "twins" and one.answer for one in result.asked)
    return twins or bool((named | asked) & codes)


def _find_new(
    config: Config, checked: Checked, changes: Changes, affected: Mapping[str, Result]
) -> Iterator[Problem]:
    with open_repository(config) as repository:
        before = _Before(repository, repository.find_snapshot(changes.base), checked)
        for code, result in affected.items():
            old = Counter(map(_identify, before.check(code)))
            for problem in result.problems:
                key = _identify(problem)
                if old[key] > 0:
                    old[key] -= 1
                else:
                    yield problem


def _identify(problem: Problem) -> tuple[str, str, str]:
    return problem.rule, problem.path, problem.about or problem.message


class _Before:
    """The project at a commit; what lies around it is as it is now."""

    def __init__(self, repository: Repository, snapshot: Snapshot, checked: Checked) -> None:
        self._repository, self._snapshot, self._checked = repository, snapshot, checked
        codes = tuple(snapshot.folders)
        self._facts = FactsHeld(World(snapshot.config, codes), self._load)
        self._project = Project(
            snapshot.config.settings,
            Codes(codes),
            checked.trackers,
            self._facts.find,
            checked.around,
        )

    def _load(self, code: str) -> Card | None:
        return self._repository.load_card(self._snapshot, code)

    def check(self, code: str) -> tuple[Problem, ...]:
        """The problems of a card as it was; none where there was no such card."""
        facts = self._facts.find(code)
        if facts is None:
            return ()
        return tuple(check_card(facts.card, self._snapshot.config, self._project))
