"""Front matter that is read without the YAML library is read as that would."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.cards import make_card
from cardgen.documents import split_document
from cardgen.plainyaml import read_plain
from cardgen.safeyaml import UnsafeYaml, read_yaml

_PIECES = (
    "a", "Za", "ż", "7", "07", "1.5", "1e5", "2024-01-31", "2024-13-45", "null", "True", "no", "~",
    "mlflow:8c1f", "a: b", "a:", ":a", "a #b", "a#b", "# c", "- ", "-", "'q'", '"d"', '"d\\n"', "'",
    '"', "[", "]", "[a, b]", "[a,b]", "[a, [b]]", "[]", "{a: b}", ",", "&a", "*a", "!t", "|", ">",
    "%a", "@a", "`", "?", "? a", "a ", " a", "  ", "\t", "\r", "\u2028", "\ufeff", "\u0085", "0x1f",
    "0o7", "1_000", ".5", ".inf", "12:30", "<<", "=", "a/b.c", "(x)", "a, b", "...", "---", "\xa0",
)  # fmt: skip
_values = st.lists(st.sampled_from(_PIECES), max_size=4).map("".join) | st.text(max_size=12)
_keys = st.sampled_from(("code", "title", "tags", "runs", "a", "true", "null", "x y", "9"))
_lines = st.one_of(
    st.tuples(_keys, _values).map(lambda pair: f"{pair[0]}: {pair[1]}"),
    _keys.map("{}:".format),
    st.tuples(st.sampled_from(("", " ", "  ", "    ")), _values).map(lambda p: f"{p[0]}- {p[1]}"),
    st.lists(_values, max_size=3).map(lambda words: f"tags: [{', '.join(words)}]"),
    _values,
)


def compare(text: str) -> bool:
    """Whether it is read at all; then both must agree."""
    plain = read_plain(text)
    if plain is None:
        return False
    try:
        parsed = read_yaml(text)
    except UnsafeYaml as error:
        raise AssertionError(f"no YAML: {text!r}: {error}") from None
    assert repr(plain.values) == repr(dict(parsed.values)), text
    lines = {".".join(path): key.line for path, (key, _) in parsed.marks.items()}
    assert plain.lines == lines, text
    return True


@settings(max_examples=2000, deadline=None)
@given(st.lists(_lines, max_size=5))
def test_what_is_read_is_read_alike(lines: list[str]) -> None:
    compare("\n".join(lines) + "\n")


@settings(max_examples=2000, deadline=None)
@given(_keys, _values, _values)
def test_single_values_are_read_alike(key: str, value: str, other: str) -> None:
    for text in (
        f"{key}: {value}\n",
        f"{key}: [{value}, {other}]\n",
        f"{key}:\n- {value}\n- {other}\n",
        f"{key}: '{value}'\n",
        f'{key}: "{value}"\n',
    ):
        compare(text)


@pytest.mark.parametrize(
    "text",
    [
        "code: qa-1\ntitle: plT5-base on PolQA\nstatus: finished\ndate: 2023-08-09\n",
        "code: qa-1\ntags: [polqa, plt5]\nruns:\n  - mlflow:8c1f0d\n",
        "title: Żółw, część druga (v2)\nauthors: [Ann Lee]\n",
        'code: qa-1\ncommit: "12e4567"\nmetric: eval/exact_match\n',
    ],
)
def test_usual_front_matter_is_read(text: str) -> None:
    assert compare(text)


def test_cards_of_the_benchmark_are_read() -> None:
    import random

    halves = split_document(make_card(random.Random(3), 3))
    assert halves is not None
    assert compare(halves.front)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a: 1", "a: 1\na: 2\n", "a:\n", "a: [b]\n- c\n", "a: 017\n", "a: 12e4567\n",
     "a: yes # no\n", "a:\n  - b\n - c\n", "- a\n", "a: null\n", "a: |\n  b\n", "a: b: c\n"],
)  # fmt: skip
def test_what_needs_a_rule_is_left_to_the_library(text: str) -> None:
    assert read_plain(text) is None
