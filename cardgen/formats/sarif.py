"""For code scanning: SARIF 2.1.0, the format that GitHub and editors take from analysers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from cardgen import __version__
from cardgen.formats._places import Scope, number_fingerprints
from cardgen.formats._words import join
from cardgen.models import Problem
from cardgen.output import format_json
from cardgen.rules import load_rules

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "advice": "note", "off": "none"}


def format_problems(problems: Sequence[Problem], scope: Scope) -> str:
    """One run of one tool: its rules with their help, and a result a problem."""
    names = tuple(load_rules())
    results = [
        _make_result(problem, fingerprint, names, scope)
        for problem, fingerprint in number_fingerprints(problems, scope)
    ]
    driver = {
        "name": "cardgen",
        "semanticVersion": __version__,
        "rules": [_make_rule(name) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "SRCROOT": {"description": {"text": "The root of the repository."}},
        },
        "results": results,
    }
    return format_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _make_rule(name: str) -> dict[str, Any]:
    rule = load_rules()[name]
    known = "See the checks of the guide; 'checks:' in cardgen.yaml sets a rule's severity."
    return {
        "id": name,
        "shortDescription": {"text": rule.description},
        "help": {"text": f"{rule.description} {known}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _make_result(
    problem: Problem, fingerprint: str, names: Sequence[str], scope: Scope
) -> dict[str, Any]:
    place = {
        "artifactLocation": {
            "uri": quote(scope.locate(problem), safe="/", errors="backslashreplace"),
            "uriBaseId": "SRCROOT",
        },
        "region": {"startLine": max(problem.line, 1)},
    }
    index = {"ruleIndex": names.index(problem.rule)} if problem.rule in names else {}
    return {
        "ruleId": problem.rule,
        **index,
        "level": _LEVELS[problem.severity],
        "message": {"text": join(problem)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"cardgen/v1": fingerprint},
    }
