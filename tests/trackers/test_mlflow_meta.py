"""``meta.yaml`` as MLflow writes it, read back as the text it was."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cardgen.safeyaml import UnsafeYaml
from cardgen.trackers.mlflow.meta import (
    MAX_META,
    UnreadableFile,
    as_text,
    parse_meta,
    read_bytes,
    read_meta,
)
from tests.trackers.mlflow_runs import DATA

KEYS = st.from_regex(r"[a-z_][a-z_.\-]{0,15}", fullmatch=True).filter(lambda k: k not in BOOLS)
BOOLS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=120)


def test_every_recorded_meta_is_what_pyyaml_reads() -> None:
    paths = sorted(DATA.rglob("meta.yaml"))
    assert len(paths) > 40
    for path in paths:
        theirs = yaml.safe_load(path.read_text(encoding="utf-8"))
        ours = read_meta(path.parent)
        assert ours is not None
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            if isinstance(value, (str, int)):
                assert as_text(ours[key]) == str(value)
            else:
                assert (ours[key] or None) == (value or None)


@given(st.dictionaries(KEYS, st.one_of(PRINTABLE, st.integers(), st.none()), max_size=6))
def test_what_mlflow_dumps_is_read_back(values: dict[str, str | int | None]) -> None:
    for unicode in (True, False):
        text = yaml.safe_dump(values, default_flow_style=False, allow_unicode=unicode)
        if not values:
            continue
        read = parse_meta(text)
        assert {key: as_text(value) for key, value in read.items()} == {
            key: "" if value is None else str(value) for key, value in values.items()
        }


@given(st.sampled_from(["1e-4", "12e4567", "0o17", "1_000", "0x1f", ".5e3", "yes", "~", "1:30"]))
def test_names_that_look_like_numbers_stay(name: str) -> None:
    for other in ("x", "two\nlines", "quote ' and \" # : "):
        text = yaml.safe_dump({"name": name, "note": other}, default_flow_style=False)
        assert as_text(parse_meta(text)["name"]) == name


@pytest.mark.parametrize(
    ("text", "meta"),
    [
        ("a: b\r\nc: ''\r\n", {"a": "b", "c": ""}),
        ("a: !!python/unicode 'x'\nb: !!int 3\n", {"a": "x", "b": "3"}),
        ("a: !!python/unicode 'x'\nb: >-\n  two\n  lines\n", {"a": "x", "b": "two lines"}),
        ("a:\n  b: c\n  d: '1'\n", {"a": {"b": "c", "d": "1"}}),
        ("a:\nb: []\nc: {}\n", {"a": None, "b": [], "c": {}}),
        ("a:\n- b\n", {"a": ["b"]}),
        ("a: file:///x y/z\nb: C:\\Users\\ada\n", {"a": "file:///x y/z", "b": "C:\\Users\\ada"}),
        ("# by hand\na: b # so\n\nc: d#e\n", {"a": "b", "c": "d#e"}),
        ('long: "x\\u0142"\nrun_id: 12e45\n', {"long": "xł", "run_id": "12e45"}),
    ],
)
def test_what_people_and_other_clients_write(text: str, meta: dict[str, object]) -> None:
    assert parse_meta(text) == meta


def test_long_entries_can_be_left_out() -> None:
    text = "digest: d\nprofile: 'x\n\n  y'\nschema: >-\n  a\n  b\nname: n\n"
    assert parse_meta(text, drop=("profile", "schema")) == {"digest": "d", "name": "n"}


@given(st.text(max_size=200))
def test_any_text_is_keys_and_values_or_is_refused(text: str) -> None:
    for text_or_line in (text, f"a: {text}"):
        with contextlib.suppress(UnsafeYaml):
            assert isinstance(parse_meta(text_or_line), dict)


def test_files_are_read_up_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for size in (0, 1, 8191, 8192, 8193, 100_000):
        path.write_bytes(b"x" * size)
        assert read_bytes(path, 100_000) == b"x" * size
    path.write_bytes(b"x" * 100_001)
    with pytest.raises(UnreadableFile, match="too large"):
        read_bytes(path, 100_000)
    with pytest.raises(UnreadableFile, match="No such file"):
        read_bytes(tmp_path / "b", 10)
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_bytes("a\0b", 10)


def test_a_large_meta_is_read(tmp_path: Path) -> None:
    note = "word " * 30_000
    text = yaml.safe_dump({"name": "x", "note": note}, default_flow_style=False)
    assert 64 * 1024 < len(text) < MAX_META
    (tmp_path / "meta.yaml").write_text(text)
    meta = read_meta(tmp_path)
    assert meta is not None
    assert meta["note"] == note
