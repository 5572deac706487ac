"""YAML from strangers: what is read as what, what is refused, and where things stand."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.safeyaml import MAX_DEPTH, MAX_LINE, MAX_NODES, UnsafeYaml, find_marks, parse_yaml
from tests.strategies import FRONTS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("no", "no"),
        ("off", "off"),
        ("y", "y"),
        ("12:30:45", "12:30:45"),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("true", True),
        ("~", None),
        ("", None),
        ("12e4567", math.inf),
        ("2023-08-09", dt.date(2023, 8, 9)),
        ("'2023-08-09'", "2023-08-09"),
        ("[a, {b: 1}]", ["a", {"b": 1}]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("allegro/plt5-base", "allegro/plt5-base"),
        # What only looks like a date or a number stays what was written.
        ("2023-13-45", "2023-13-45"),
        ("2023-08-09 25:61:00", "2023-08-09 25:61:00"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_values_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = parse_yaml(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


def test_an_empty_text_is_nothing() -> None:
    assert parse_yaml("") is None
    assert parse_yaml("# a comment\n") is None
    assert find_marks("") == {}


REFUSED = [
    ("a: &x 1\nb: *x", 1, "anchors"),
    ("a: 1\nb: *x", 2, "aliases"),
    ("a: 1\nb:\n  <<: {c: 1}", 3, "merge keys"),
    ("a: !!python/object/apply:os.system [ls]", 1, "tags"),
    ("a: 1\nb: !own x", 2, "tags"),
    ("a: 1\n--- \nb: 2", 2, "second YAML document"),
    ("a: 1\nb: 2\na: 3", 3, "duplicate key"),
    ("a: 1\nb: [1, 2", 2, "no valid YAML"),
    ("a: 1\nb: c: d", 2, "no valid YAML"),
    ("a:\n\tb: 1", 2, "no valid YAML"),
    ("a: 1\nb: '\x07'", 2, r"U\+0007"),
    ('a: 1\nb: "\\ud83d\\ude00"', 2, "half a character"),
    ("a: " + "x" * (MAX_LINE + 1), 1, "longer than 16 KB"),
    ("a: 1\n" + "b: " + "x" * (MAX_LINE + 1), 2, "longer than 16 KB"),
    ("a: |\n" + "  xxxxxxx\n" * 7000, 1, "larger than 64 KB"),
    ("- " * (MAX_DEPTH + 1) + "a", 1, "nested too deeply"),
    ("[" * 16_000, 1, "nested too deeply"),
    ("{" * 16_000, 1, "nested too deeply"),
    ("- [" + "1," * 8000 + "1]\n- [" + "1," * 8000 + "1]\n- [" + "1," * 5000 + "1]", 3, "large"),
    ("? " * 8_000, 1, "nested too deeply"),
]


@pytest.mark.parametrize(("text", "line", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused_with_the_line(text: str, line: int, message: str) -> None:
    for read in (parse_yaml, find_marks):
        with pytest.raises(UnsafeYaml, match=message) as caught:
            read(text)
        assert caught.value.line == line
        assert caught.value.hint


def test_limits_let_through_what_is_below_them() -> None:
    assert parse_yaml("- " * MAX_DEPTH + "a")
    assert len(parse_yaml("a: [" + "1," * 5000 + "1]")["a"]) == 5001
    assert MAX_NODES > 5001
    assert parse_yaml("a: " + "x" * (MAX_LINE - 3))
    assert parse_yaml("'<<': 1\n'*a': '&b'\n") == {"<<": 1, "*a": "&b"}


def test_marks_of_all_kinds_of_values() -> None:
    text = (
        "code: qa-1  # its name\n"
        "tags: [a, 'b c']\r\n"
        "model:\n"
        '  name: "Größe 🙂"\n'
        "  eval/f1: 0.5\n"
        "runs:\n"
        "  - mlflow:1\n"
        "  - {x: y}\n"
        "empty:\n"
        "text: >\n"
        "  folded\n"
    )
    marks = find_marks(text)
    slices = {path: text[value.start : value.end] for path, (_, value) in marks.items()}
    assert slices["code",] == "qa-1"
    assert slices["tags",] == "[a, 'b c']"
    assert slices["tags", "1"] == "'b c'"
    assert slices["model", "name"] == '"Größe 🙂"'
    assert slices["model", "eval/f1"] == "0.5"
    assert slices["runs", "0"] == "mlflow:1"
    assert slices["runs", "1", "x"] == "y"
    assert slices["empty",] == ""
    assert slices["text",].startswith(">\n  folded")
    lines = {path: key.line for path, (key, _) in marks.items()}
    assert [lines[path,] for path in ("code", "tags", "model", "runs", "empty", "text")] == [
        1, 2, 3, 6, 9, 10
    ]  # fmt: skip
    assert lines["runs", "1", "x"] == 8
    assert marks["tags",][1].flow
    assert not marks["model",][1].flow
    assert not marks["text",][1].flow


def _values_at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value


@given(FRONTS, st.sampled_from(("\n", "\r\n")), st.sampled_from(("", "\ufeff", "# ü 🙂\n")))
def test_a_mark_s_text_is_its_value(text: str, newline: str, before: str) -> None:
    text = before + text.replace("\n", newline)
    try:
        values, marks = _with_text_keys(parse_yaml(text)), find_marks(text)
    except UnsafeYaml:
        return
    for path, (key, value) in marks.items():
        held = parse_yaml(f"v: {text[value.start : value.end]}")["v"]
        assert repr(_with_text_keys(held)) == repr(_values_at(values, path))
        name = text[key.start : key.end]
        if key != value:
            assert str(parse_yaml(name)) == path[-1]
        assert text.count("\n", 0, key.start) + 1 == key.line


def _find_line_of_fault(text: str) -> int | None:
    """The line that a refused text is refused for."""
    try:
        parse_yaml(text)
        find_marks(text)
    except UnsafeYaml as error:
        return error.line
    return None


@given(st.text() | FRONTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    line = _find_line_of_fault(text)
    assert line is None or 1 <= line <= len(text.splitlines()) + 2


@given(FRONTS, st.data())
def test_a_mutated_document_is_read_or_refused(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, len(text)))
    part = data.draw(st.text("[]{}:,-&*!|>'\"%@`#?\n\t \\u0", max_size=6))
    changed = text[:at] + part + text[end:]
    if _find_line_of_fault(changed) is None:
        values, marks = parse_yaml(changed), find_marks(changed)
        top = [path for path in marks if len(path) == 1]
        assert len(top) == (len(values) if isinstance(values, (dict, list)) else 0)


# Aliases, where they are allowed ------------------------------------------------------------


def test_aliases_and_merge_keys_are_read_where_they_are_allowed() -> None:
    text = "base: &b {a: 1, b: [2, 3]}\none: *b\ntwo:\n  <<: *b\n  a: 9\n"
    text += "three: {<<: [*b, {c: 4}]}\n"
    assert parse_yaml(text, aliases=True) == {
        "base": {"a": 1, "b": [2, 3]},
        "one": {"a": 1, "b": [2, 3]},
        "two": {"a": 9, "b": [2, 3]},
        "three": {"a": 1, "b": [2, 3], "c": 4},
    }
    assert parse_yaml("", aliases=True) is None
    with pytest.raises(UnsafeYaml, match="anchors"):
        parse_yaml(text)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
MERGES = "a0: &a0 {k: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 10)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 5000))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "stand for too much"),
        (MERGES, "stand for too much"),
        (CHAIN, "stand for too much|large"),
        ("a: &a [*a]", "holds itself"),
        ("a: &a {b: {c: *a}}", "holds itself"),
        ("a: &a {<<: *a}", "holds itself"),
        ("a: *b", "no valid YAML"),
        ("a: &x 1\nb: {<<: *x}", "no valid YAML"),
        ("a: &x !!python/object/apply:os.system [ls]\nb: *x", "tags"),
        ("- " * (MAX_DEPTH + 1) + "a", "nested too deeply"),
        ("- &a [" + "*a, " * 30_000 + "1]", "longer than"),
        ("- &a 1\n" + "- *a\n" * (MAX_NODES + 1), "stand for too much"),
    ],
    ids=range(12),
)
def test_allowed_aliases_are_bounded(text: str, message: str) -> None:
    with pytest.raises(UnsafeYaml, match=message):
        parse_yaml(text, max_bytes=1024 * 1024, aliases=True)


@given(FRONTS)
def test_without_aliases_the_same_is_read(text: str) -> None:
    try:
        expected = parse_yaml(text)
    except UnsafeYaml:
        return
    assert repr(parse_yaml(text, aliases=True)) == repr(expected)
