"""The JSON Schemas: kept beside the project, and saying to an editor what cardgen says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from cardgen.config import Settings, parse_settings
from cardgen.documents import parse_card, split_document
from cardgen.errors import ConfigError
from cardgen.languages import find_languages
from cardgen.models import FrontMatter
from cardgen.rules import load_rules
from cardgen.safeyaml import UnsafeYaml, parse_yaml
from cardgen.scaffold import NewCard, make_card, make_project
from cardgen.schemas import make_schemas
from tests.strategies import FRONTS

ROOT = Path(__file__).parents[1]
TEXTS = make_schemas()
SCHEMAS: dict[str, Any] = {name.split(".")[0]: json.loads(text) for name, text in TEXTS.items()}
CASES = Path(__file__).parent / "cases" / "check"


def as_json(value: Any) -> Any:
    """What an editor sees: YAML's dates are text there."""
    return json.loads(json.dumps(value, default=str))


def errors_of(name: str, value: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(
        SCHEMAS[name], format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return [error.message for error in validator.iter_errors(as_json(value))]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_files_are_those_of_the_models(name: str) -> None:
    """After a change of the models: cardgen schema."""
    assert (ROOT / "schema" / name).read_text(encoding="utf-8") == TEXTS[name]


def test_there_is_no_other_file() -> None:
    assert {path.name for path in (ROOT / "schema").iterdir()} == set(TEXTS)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_valid_described_and_stable(name: str) -> None:
    schema = SCHEMAS[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert "``" not in json.dumps(schema)
    for key, value in schema["properties"].items():
        assert value.get("description") or name == "evidence", key
    assert make_schemas() == TEXTS


def test_a_schema_knows_every_key() -> None:
    assert set(SCHEMAS["card"]["properties"]) == set(FrontMatter.model_fields)
    assert SCHEMAS["card"]["required"] == ["code"]
    assert set(SCHEMAS["config"]["properties"]) == set(Settings.model_fields)
    assert SCHEMAS["config"]["properties"]["lang"]["anyOf"][0]["enum"] == list(find_languages())
    checks = SCHEMAS["config"]["properties"]["checks"]["anyOf"][0]["properties"]
    assert set(checks) == set(load_rules())


# Cards -----------------------------------------------------------------------------------------

VALID = [
    "code: qa-1",
    "code: qa-1\ntags: one\nruns:\ntitle: ~\nmodel: org/name\ndata: d\noutput: o\ntrain: t",
    "code: qa-1\ntags: [a, b]\nmodel: {name: a, version: '2'}\ndata: [d, {path: p}]\noutput: [o]",
    "code: qa-1\ndate: 2023-08-09\nstatus: finished\ndirection: min",
    "code: qa-1\nparams: {a: 1e-4, b: [1, {c: ~}], c: {d: true}}\nx-own: [1]\nx-b: {c: d}",
    "code: qa-1\nresults: {step: 1, f1: 0.5}",
    "code: qa-1\nresults:\n  - {step: 1, f1: 0.5, note: kept}\n  - {epoch: 0.5, f1: ~}",
    "code: qa-1\nsource: {repository: r, branch: b, commit: '12e4567', dirty: false}",
]
BROKEN = [
    "title: no code",
    "code: a b",
    "code: 12",
    "code: qa-1\nstatus: done",
    "code: qa-1\ndate: in August",
    "code: qa-1\ndate: 2023-13-45",
    "code: qa-1\ntags: [2023]",
    "code: qa-1\nruns: {a: b}",
    "code: qa-1\nmodel: [a]",
    "code: qa-1\nmodel: {version: 2}",
    "code: qa-1\nmodel: {size: big}",
    "code: qa-1\ndata: [{name: 1}]",
    "code: qa-1\nparams: [a]",
    "code: qa-1\nresults: [0.5]",
    "code: qa-1\nresults: {f1: [0.5]}",
    "code: qa-1\nsource: {commit: 12e4567}",
    "code: qa-1\nsource: {dirty: sometimes}",
    "code: qa-1\ncolour: red",
    "code: qa-1\nTitle: a",
]


def problems_of(front: str) -> list[str]:
    card = parse_card(f"---\n{front}\n---\n", Path("card.md"), "qa-1", "card.md")
    return [problem.message for problem in card.problems]


@pytest.mark.parametrize("front", VALID)
def test_an_editor_accepts_what_cardgen_reads(front: str) -> None:
    assert problems_of(front) == []
    assert errors_of("card", parse_yaml(front)) == []


@pytest.mark.parametrize("front", BROKEN)
def test_an_editor_refuses_what_cardgen_refuses(front: str) -> None:
    assert problems_of(front)
    assert errors_of("card", parse_yaml(front))


@pytest.mark.parametrize("path", sorted(CASES.glob("*/*/*/card.md")), ids=lambda p: p.parent.name)
def test_cards_of_the_check_s_cases(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    card = parse_card(text, path, path.parent.name, "card.md")
    halves = split_document(text)
    unread = {"front-matter", "merge-conflict"}
    if halves is None or any(problem.rule in unread for problem in card.problems):
        return
    assert bool(errors_of("card", parse_yaml(halves.front))) == bool(card.problems)


@given(FRONTS)
def test_an_editor_refuses_no_card_that_cardgen_reads(front: str) -> None:
    front = "code: qa-1\n" + "".join(
        line for line in front.splitlines(keepends=True) if not line.startswith("code")
    )
    try:
        values = parse_yaml(front)
    except UnsafeYaml:
        return
    if not problems_of(front.removesuffix("\n")):
        assert errors_of("card", values) == []


# New files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", find_languages())
def test_a_new_card_and_project_please_the_editor(language: str, tmp_path: Path) -> None:
    from datetime import date

    new = NewCard("007", "T: 'x'", "qa-0", ("1e5", "b"), ("hf:a b", "mlflow:8c1f"))
    schema = "../../schema/card.schema.json"
    text = make_card(new, language, date(2026, 11, 21), schema)
    halves = split_document(text)
    assert halves is not None
    assert halves.front.startswith(f"# yaml-language-server: $schema={schema}\n")
    assert errors_of("card", parse_yaml(halves.front)) == []
    files = {file.path: file.text for file in make_project(tmp_path, language, TEXTS)}
    assert errors_of("config", parse_yaml(files["cardgen.yaml"])) == []
    assert {files[f"schema/{name}"] for name in TEXTS} == set(TEXTS.values())


# Settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "title: T\nlang: pl\nmetric:\nchecks: {goal-missing: off}\nsite: {url: u}",
        "minimize: regret\nmaximize: ['*_rate']\ntrackers: {mlflow: {uri: u, n: [1]}}",
        "secrets: {allow: {a: b}}",
    ],
)
def test_settings_that_an_editor_accepts(text: str) -> None:
    parse_settings(text)
    assert errors_of("config", parse_yaml(text)) == []


@pytest.mark.parametrize(
    "text",
    ["titel: x", "lang: xx", "title: 5", "checks: {goal-missing: loud}", "site: {port: 1}",
     "trackers: [mlflow]", "minimize: {a: b}"],
)  # fmt: skip
def test_settings_that_an_editor_refuses(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_settings(text)
    assert errors_of("config", parse_yaml(text))


def test_an_editor_knows_the_rules() -> None:
    assert errors_of("config", {"checks": {"goal-mising": "off"}})
