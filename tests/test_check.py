"""The check: whole projects of tests/cases/check, each with the report that it must get."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.check import check_cards, has_failed, sort_problems
from cardgen.config import Config, load_config
from cardgen.documents import parse_card
from cardgen.formats import format_problems
from cardgen.models import Card, Checkpoint, Evidence, Problem, Run, Severity
from cardgen.output import escape
from cardgen.rules import find_near, load_rules, run_hint
from cardgen.store import load_cards
from cardgen.surroundings.look import look_around
from tests.projects import Project
from tests.strategies import CARDS, EVIDENCE
from tests.strategies import TEXT as TEXTS

CASES = sorted(path for path in (Path(__file__).parent / "cases" / "check").iterdir())
TRACKERS = ("hf", "mlflow", "neptune")
TEXT = "---\ncode: qa-1\n{front}---\n## Goal\nIs it?\n{body}"


@cache
def find_problems(case: Path) -> tuple[Problem, ...]:
    """The problems of a copy of the case, in a repository where the case says its history."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(case, Path(folder) / "case"))
        if (case / "history.txt").exists():
            _make_repository(root)
        config = load_config(root) if (root / "cardgen.yaml").exists() else Config(root=root)
        cards = load_cards(config)
        around = look_around(config, cards)
        return check_cards(cards, config, trackers=TRACKERS, surroundings=around)


def _make_repository(root: Path) -> None:
    """What ``history.txt`` holds for 'git fast-import', cut at the commits of ``shallow.txt``."""
    for command in ("init", "-q", "-b", "main"), ("fast-import", "--quiet", "--force"):
        history = (root / "history.txt").read_bytes()
        subprocess.run(["git", *command], cwd=root, input=history, check=True)
    for name, place in (("shallow.txt", ".git/shallow"), ("ignore.txt", ".gitignore")):
        if (root / name).exists():
            shutil.copy(root / name, root / place)


def report(case: Path) -> str:
    return format_problems(find_problems(case), "text")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_report_of_a_project(case: Path) -> None:
    assert report(case) + "\n" == (case / "expected.txt").read_text(encoding="utf-8")


def test_every_rule_is_seen_at_work() -> None:
    seen = {problem.rule for case in CASES for problem in find_problems(case)}
    online = {name for name in load_rules() if name.endswith("-online")}  # tests/test_online.py
    # tests/test_readme.py: what is stale is told beside the rules.
    assert set(load_rules()) - seen == {"unreadable", "readme-stale"} | online


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_problem_is_a_sentence_with_a_next_step(case: Path) -> None:
    from cardgen.cli import cli

    for problem in find_problems(case):
        assert re.fullmatch(r"['A-Z].*[^ ]\.", escape(problem.message)), problem
        assert problem.hint, problem
        assert problem.severity == load_rules()[problem.rule].severity or case.name == "severities"
        commands = re.findall(r"cardgen (\w+)", f"{problem.message} {problem.hint}")
        assert set(commands) <= set(cli.commands), problem


def test_rules_have_names_severities_and_descriptions() -> None:
    for name, rule in load_rules().items():
        assert rule.name == name
        assert re.fullmatch(r"[a-z]+(?:-[a-z]+)*", name)
        assert rule.severity in get_args(Severity)
        assert re.fullmatch(r"[A-Z].{20,90}\.", rule.description), rule


# One card in memory ----------------------------------------------------------------------------


def make_card(text: str, code: str = "qa-1", evidence: Evidence | None = None) -> Card:
    path = Path("/nowhere") / "experiments" / code / "card.md"
    card = parse_card(text, path, code, f"experiments/{code}/card.md")
    return Card(
        card.code, card.path, card.front, card.sections, card.lines, evidence, card.problems
    )


def rules_of(*cards: Card, checks: dict[str, Severity] | None = None) -> list[str]:
    config = Config.model_validate({"root": "/nowhere", "settings": {"checks": checks or {}}})
    return [problem.rule for problem in check_cards(cards, config, trackers=TRACKERS)]


@pytest.mark.parametrize("code", ["con", "Aux", "nul.txt", "COM1", "a.", "-a", "ä", "x" * 65])
def test_folders_that_no_other_system_takes(code: str) -> None:
    assert "code-name" in rules_of(make_card(f"---\ncode: {code}\n---\n## Goal\nx", code))


def test_codes_that_differ_in_case_only() -> None:
    cards = [make_card(TEXT.format(front="", body=""), code) for code in ("qa-1", "QA-1", "qa-2")]
    assert rules_of(*cards).count("code-name") == 2


def test_a_broken_code_loses_nothing_else_and_is_reported_once() -> None:
    text = "---\ncode: a b\ntitle: kept\nstatus: planned\ntags: [x]\n---\n## Goal\nx"
    card = make_card(text, "a b")
    assert card.front.title == "kept"
    assert card.front.code == "a b"
    assert [problem.rule for problem in card.problems] == ["schema"]


def test_a_run_nested_in_a_named_one_is_not_named_itself() -> None:
    runs = (Run(ref="mlflow:1", tracker="mlflow"), Run(ref="mlflow:2", tracker="mlflow"))
    card = make_card(TEXT.format(front="runs: mlflow:1\n", body=""), evidence=_evidence(runs))
    assert rules_of(card) == ["run-not-named"]
    nested = Run(ref="mlflow:2", tracker="mlflow", parent="mlflow:1")
    card = make_card(
        TEXT.format(front="runs: mlflow:1\n", body=""), evidence=_evidence((runs[0], nested))
    )
    assert rules_of(card) == []


def _evidence(runs: tuple[Run, ...], code: str = "qa-1") -> Evidence:
    return Evidence(code=code, runs=runs)


def test_the_status_that_a_run_recorded_counts_as_the_card_s() -> None:
    row = Checkpoint(step=1, metrics={"eval/f1": 0.5})
    run = Run(ref="mlflow:1", tracker="mlflow", status="finished", checkpoints=(row,))
    card = make_card(TEXT.format(front="metric: eval/f1\n", body=""), evidence=_evidence((run,)))
    assert rules_of(card) == ["conclusions-missing"]


def test_what_could_not_be_read_is_not_called_missing() -> None:
    body = "## Conclusions\nYes."
    front = "status: finished\nresults:\n  - {step: 1, f1: [0.5]}\n  - {step: 2, f1: 0.6}\n"
    assert rules_of(make_card(TEXT.format(front=front, body=body))) == ["schema"]
    assert rules_of(make_card("---\ncode: qa-1\nstatus: finished\n")) == ["front-matter"]


def test_severities_of_the_settings() -> None:
    card = make_card("---\ncode: qa-1\n---\n")
    assert rules_of(card) == ["goal-missing"]
    assert rules_of(card, checks={"goal-missing": "off"}) == []
    config = Config.model_validate(
        {"root": "/nowhere", "settings": {"checks": {"goal-missing": "advice"}}}
    )
    problems = check_cards([card], config)
    assert [problem.severity for problem in problems] == ["advice"]
    assert not has_failed(problems, strict=True)


@pytest.mark.parametrize(
    ("severity", "fails", "fails_strictly"),
    [("error", True, True), ("warning", False, True), ("advice", False, False)],
)
def test_what_fails(severity: Severity, fails: bool, fails_strictly: bool) -> None:
    problems = [Problem("a", 1, "rule", severity, "x"), Problem("a", 1, "rule", "advice", "x")]
    assert has_failed(problems) is fails
    assert has_failed(problems, strict=True) is fails_strictly
    assert not has_failed([], strict=True)


def test_problems_are_sorted_as_cards_are() -> None:
    places = [("a/qa-10/card.md", 1), ("a/QA-2/card.md", 3), ("a/qa-2/card.md", 10)]
    places += [("a/qa-2/card.md", 9), ("a/QA-2/card.md", 4), ("a", 7), ("b.yaml", 1)]
    problems = [Problem(path, line, "r", "error", "m") for path, line in places]
    found = [(problem.path, problem.line) for problem in sort_problems(problems)]
    assert found == [
        ("a", 7),
        ("a/QA-2/card.md", 3),
        ("a/QA-2/card.md", 4),
        ("a/qa-2/card.md", 9),
        ("a/qa-2/card.md", 10),
        ("a/qa-10/card.md", 1),
        ("b.yaml", 1),
    ]


def test_near_names() -> None:
    known = ["eval/accuracy", "eval/loss", "test/accuracy", "Runtime"]
    assert find_near("eval/acuracy", known) == ["eval/accuracy"]
    assert find_near("runtime", known) == ["Runtime"]
    assert find_near("qwerty", known) == []


@given(st.lists(st.tuples(CARDS | TEXTS, st.none() | EVIDENCE), max_size=3))
def test_nothing_that_a_card_says_ends_the_check(parts: list[tuple[str, Evidence | None]]) -> None:
    cards = [make_card(text, f"qa-{n}", held) for n, (text, held) in enumerate(parts)]
    config = Config(root=Path("/nowhere"))
    problems = check_cards(cards, config, trackers=TRACKERS)
    assert problems == check_cards(cards, config, trackers=TRACKERS)
    assert {problem.rule for problem in problems} <= set(load_rules())
    text = format_problems(problems, "text")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]", text)
    shown = [line for line in text.split("\n")[:-1] if line and not line.startswith("    ")]
    assert len(shown) == len(problems)
    held = json.loads(format_problems(problems, "json"))["problems"]
    assert [problem["message"] for problem in held] == [p.message for p in problems]


def test_hints_quote_for_a_shell() -> None:
    assert run_hint("set", "qa-1", "metric=a b; rm") == "Run: cardgen set qa-1 'metric=a b; rm'"


# With the command line -------------------------------------------------------------------------


def test_exit_statuses_of_the_command(project: Project) -> None:
    card = "experiments/qa-1/card.md"
    project.write(card, "---\ncode: qa-1\n---\n## Goal\nx\n")
    assert project.ok("check", "--strict") == "No problems found.\n"
    project.write(card, "---\ncode: qa-1\nruns: mlflow:1\n---\n## Goal\nx\n")
    assert project.cardgen("check").status == 0
    assert project.cardgen("check", "--strict").status == 1
    project.write(card, "---\ncode: qa-1\n---\n")
    done = project.cardgen("check", "--format", "json")
    assert done.status == 1
    assert [problem["rule"] for problem in json.loads(done.out)["problems"]] == ["goal-missing"]


def test_following_a_hint_solves_the_problem(project: Project) -> None:
    front = "metric: f1\nbaseline: qa-l\nsupersedes: [qa-1, qa-2]\nresults: {eval/f1: 1}\n"
    project.write("experiments/qa-2/card.md", "---\ncode: qa-2\n---\n## Goal\nx\n")
    project.write("experiments/qa-1/card.md", TEXT.format(front=front, body=""))
    found = json.loads(project.cardgen("check", "--format", "json").out)["problems"]
    hints = {problem["rule"]: problem["hint"] for problem in found}
    assert set(hints) == {"metric-unknown", "baseline-unknown", "supersedes-unknown"}
    for rule, key in (("metric-unknown", "metric"), ("baseline-unknown", "baseline")):
        meant = re.findall(r"'([^']+)'", hints[rule])[0]
        project.ok("set", "qa-1", f"{key}={meant}")
    command = shlex.split(hints["supersedes-unknown"].removeprefix("Run: "))
    project.ok(*command[1:])
    assert project.ok("check") == "No problems found.\n"


def test_files_that_are_no_text_of_the_project(project: Project, tmp_path: Path) -> None:
    for name in ("latin", "huge", "linked"):
        (tmp_path / "experiments" / name).mkdir(parents=True)
    (tmp_path / "experiments/latin/card.md").write_bytes(b"---\ncode: latin\ntitle: caf\xe9\n---\n")
    (tmp_path / "experiments/huge/card.md").write_bytes(b"---\ncode: huge\n---\n" + b"x" * 2**21)
    (tmp_path / "experiments/linked/card.md").symlink_to("/etc/hostname")
    done = project.cardgen("check", "--format", "json")
    found = [(p["path"], p["rule"], p["message"]) for p in json.loads(done.out)["problems"]]
    assert found == [
        ("experiments/huge/card.md", "unreadable", "It is larger than 1024 KB."),
        ("experiments/latin/card.md", "unreadable", "Line 3 is no UTF-8."),
        ("experiments/linked/card.md", "unreadable", "It leads out of the project."),
    ]
