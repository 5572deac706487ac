"""Sessions of ClearML as crashes, copies and strangers leave them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers import clearml
from cardgen.trackers.clearml import archive, events, find, session
from cardgen.trackers.clearml.hocon import parse_hocon
from tests.trackers.damage import is_part_of, mutate, read_cut, read_mutated
from tests.trackers.test_clearml import DATA, DONE, fetch, make_session, scalar, survives

FILES = ("task.json", "metrics.jsonl", "log.jsonl")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(DATA / DONE, tmp_path / DONE)
    return tmp_path


def make_zip(path: Path, files: dict[str, bytes], **more: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **more) as target:  # type: ignore[call-overload]
        for name, data in files.items():
            target.writestr(name, data)
    return path


def session_files() -> dict[str, bytes]:
    return {name: (DATA / DONE / name).read_bytes() for name in FILES}


# Damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_says_nothing_new(project: Path, name: str) -> None:
    whole = fetch(project, DONE)
    read: list[Run] = []
    for _, run in read_cut(project / DONE / name, lambda: fetch(project, DONE), at_most=300):
        is_part_of(run, whole)
        read.append(run)
    if name != "task.json":
        assert len(read) > 200  # what is whole of a cut file is kept
        assert max(len(run.checkpoints) for run in read) == len(whole.checkpoints)


@pytest.mark.parametrize("name", FILES)
def test_a_mutated_file_ends_in_a_run_or_a_sentence(project: Path, name: str) -> None:
    for _, run in read_mutated(project / DONE / name, lambda: fetch(project, DONE), count=300):
        survives(run)


def test_a_cut_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{DONE}.zip"
    shutil.copy(DATA / path.name, path)
    assert list(read_cut(path, lambda: fetch(tmp_path, path.name))) == []


def test_a_mutated_zip_ends_in_a_run_or_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / f"{DONE}.zip"
    shutil.copy(DATA / path.name, path)
    for _, run in read_mutated(path, lambda: fetch(tmp_path, path.name), count=800):
        survives(run)


def test_a_mutated_session_is_listed_or_not_and_never_fails(project: Path) -> None:
    (project / DONE).rename(project / "qa-1")
    path = project / "qa-1" / "task.json"
    whole = path.read_bytes()
    for data in mutate(whole, count=100):
        path.write_bytes(data)
        found = clearml.find_runs(project, TrackerConfig(project))
        assert found in ((), ("clearml:qa-1",))


def test_a_line_that_cannot_be_read_is_said(project: Path) -> None:
    path = project / DONE / "metrics.jsonl"
    whole = fetch(project, DONE)
    assert "metrics" not in whole.unavailable
    path.write_bytes(b'{"no": "list"}\n[{]\n' + path.read_bytes())
    run = fetch(project, DONE)
    assert "metrics" in run.unavailable
    assert run.metrics == whole.metrics


def test_of_a_line_that_a_crash_cut_the_whole_events_are_kept(tmp_path: Path) -> None:
    whole = json.dumps([scalar("a", "b", step / 2, step, note="}, {") for step in range(5)])
    make_session(tmp_path, {}, whole[: whole.rindex('"iter"')])
    run = fetch(tmp_path, DONE)
    assert [row.step for row in run.checkpoints] == [0, 1, 2, 3]
    assert "metrics" not in run.unavailable


# Odd values ----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = (
    "id", "name", "comment", "tags", "system_tags", "project_name", "script", "hyperparams",
    "configuration", "execution", "models", "container", "runtime", "parent", "type",
    "offline_folder", "offline_output_models",
)  # fmt: skip


@settings(max_examples=150)
@given(task=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6), event=JSON)
def test_a_task_of_odd_types_is_read(
    tmp_path_factory: pytest.TempPathFactory, task: dict[str, object], event: object
) -> None:
    root = tmp_path_factory.mktemp("odd")
    make_session(root, task, json.dumps([event, scalar("a", "b", 1.0)]) + "\n")
    survives(fetch(root, DONE))
    shutil.rmtree(root)


@settings(max_examples=150)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["training_stats_scalar", "plot", 1]),
                "metric": JSON,
                "variant": JSON,
                "value": JSON,
                "iter": JSON,
                "timestamp": JSON,
            }
        ),
        max_size=4,
    )
)
def test_events_of_odd_types_are_read(
    tmp_path_factory: pytest.TempPathFactory, found: list[dict[str, object]]
) -> None:
    root = tmp_path_factory.mktemp("odd")
    make_session(root, {}, json.dumps(found) + "\n")
    survives(fetch(root, DONE))
    shutil.rmtree(root)


@settings(max_examples=300)
@given(st.text(st.sampled_from('ab1 .=:{}[]",#/\n\\$+-e"'), max_size=60))
def test_any_text_is_hocon_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        json.dumps(parse_hocon(text))


def test_deep_and_half_characters_do_no_harm(tmp_path: Path) -> None:
    folder = make_session(tmp_path, {})
    (folder / "task.json").write_text('{"a": ' * 100_000)
    with pytest.raises(TrackerError, match="no valid JSON"):
        fetch(tmp_path, DONE)
    text = '{"name": "a\\ud83d", "hyperparams": {"Args": {"\\ud83d": {"value": "\\ud800"}}}}'
    (folder / "task.json").write_text(text)
    run = fetch(tmp_path, DONE)
    assert (run.name, run.params) == ("a?", {"?": "?"})
    survives(run)


def test_a_flood_of_points_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_POINTS", 3)
    make_session(tmp_path, {}, json.dumps([scalar("a", "b", 1.0)] * 4) + "\n")
    with pytest.raises(TrackerError, match="more than 3 points"):
        fetch(tmp_path, DONE)


@pytest.mark.parametrize(
    ("limit", "name"), [("MAX_LINE", "metrics.jsonl"), ("MAX_TASK", "task.json")]
)
def test_what_is_too_large_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, limit: str, name: str
) -> None:
    for module in (session, clearml.offline):
        if hasattr(module, limit):
            monkeypatch.setattr(module, limit, 100)
    with pytest.raises(TrackerError, match=name):
        fetch(project, DONE)


# Links and other files -----------------------------------------------------------------------


def test_links_lead_nowhere_outside(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    shutil.copytree(DATA / DONE, outside / DONE)
    shutil.copy(DATA / f"{DONE}.zip", outside)
    (project / "link").symlink_to(outside / DONE)
    (project / "link.zip").symlink_to(outside / f"{DONE}.zip")
    for name in ("link", "link.zip", f"../{outside.name}/{DONE}", str(outside / DONE)):
        with pytest.raises(TrackerError, match="outside the project"):
            fetch(project, name)
    assert clearml.find_runs(project, TrackerConfig(project)) == (f"clearml:{DONE}",)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_session_that_is_a_link_out_is_refused(project: Path, name: str) -> None:
    secret = project.parent / f"{project.name}-secret.json"
    secret.write_text('{"name": "secret"}')
    (project / DONE / name).unlink()
    (project / DONE / name).symlink_to(secret)
    with pytest.raises(TrackerError, match="link out of the project"):
        fetch(project, DONE)


def test_artifacts_behind_links_are_not_listed(project: Path) -> None:
    outside = project.parent / f"{project.name}-elsewhere"
    outside.mkdir(exist_ok=True)
    (outside / "secret.txt").write_text("x")
    (project / DONE / "data" / "out").symlink_to(outside)
    (project / DONE / "models").symlink_to(outside)
    (project / DONE / "data" / "file").symlink_to(outside / "secret.txt")
    assert [Path(file.path).name for file in fetch(project, DONE).files] == ["results.json"]


def test_a_pipe_or_a_folder_as_a_file_is_refused(project: Path) -> None:
    path = project / DONE / "metrics.jsonl"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(TrackerError, match="no regular file"):
        fetch(project, DONE)
    path.unlink()
    path.mkdir()
    with pytest.raises(TrackerError, match=r"regular file|cannot be opened"):
        fetch(project, DONE)


def test_pointers_of_git_lfs_are_named(project: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n"
    (project / "x.zip").write_text(pointer)
    with pytest.raises(TrackerError, match="git-lfs pointer"):
        fetch(project, "x.zip")
    (project / DONE / "metrics.jsonl").write_text(pointer)
    with pytest.raises(TrackerError, match="git-lfs pointer"):
        fetch(project, DONE)


@pytest.mark.parametrize("locator", ["", " ", "nothing", "a\0b", "x" * 5000, ".", "#", "http://"])
def test_a_locator_of_nothing_is_a_sentence(project: Path, locator: str) -> None:
    with pytest.raises(TrackerError) as caught:
        fetch(project, locator)
    assert caught.value.message
    assert caught.value.hint


def test_files_that_are_missing_are_told_apart(project: Path) -> None:
    for name in ("metrics.jsonl", "log.jsonl"):
        (project / DONE / name).unlink()
    run = fetch(project, DONE)
    assert (run.started, run.finished, run.metrics) == (None, None, {})
    assert {"started", "finished"} <= set(run.unavailable)
    (project / DONE / "task.json").unlink()
    with pytest.raises(TrackerError, match="no ClearML session"):
        fetch(project, DONE)


def test_odd_names_of_files_do_no_harm(project: Path) -> None:
    (project / DONE / "data" / os.fsdecode(b"a\xff")).write_bytes(b"x")
    (project / os.fsdecode(b"\xfe.zip")).write_bytes(b"x")
    run = fetch(project, DONE)
    assert len(run.files) == 1
    survives(run)


def test_the_walk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path.joinpath(*["d"] * (find.MAX_DEPTH + 2))
    shutil.copytree(DATA / DONE, deep / DONE)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert clearml.find_runs(tmp_path, TrackerConfig(tmp_path)) == ()
    monkeypatch.setattr(find, "MAX_FOLDERS", 3)
    shutil.copytree(DATA / DONE, tmp_path / "a" / "b" / "c" / DONE)
    assert clearml.find_runs(tmp_path, TrackerConfig(tmp_path)) == ()


# Zips ----------------------------------------------------------------------------------------


def encrypt(data: bytes) -> bytes:
    """A zip whose entries say that they are encrypted."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(signature)
        while place >= 0:
            changed[place + offset] |= 1
            place = changed.find(signature, place + 4)
    return bytes(changed)


def list_too_much(data: bytes) -> bytes:
    """A zip that says its list of entries is larger than any is."""
    end = data.rindex(b"PK\x05\x06")
    filler = archive.MAX_DIRECTORY + 1024
    tail = bytearray(data[end:])
    tail[12:16] = struct.pack("<I", filler)
    tail[16:20] = struct.pack("<I", end)
    return data[:end] + b"\0" * filler + bytes(tail)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (encrypt, "encrypted"),
        (list_too_much, "damaged or no zip"),
        (lambda data: b"", "damaged or no zip"),
        (lambda data: b"PK\x05\x06" + b"\0" * 18, "holds no task.json"),
        (lambda data: b"x" * 3000, "damaged or no zip"),
    ],
)
def test_zips_that_are_none_are_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], said: str
) -> None:
    path = make_zip(tmp_path / "x.zip", session_files())
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(TrackerError, match=said):
        fetch(tmp_path, "x.zip")


def test_a_bomb_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = b"[" + b" " * (64 * 1024 * 1024)
    make_zip(tmp_path / "x.zip", session_files() | {"metrics.jsonl": zeros})
    with pytest.raises(TrackerError, match="compressed too strongly"):
        fetch(tmp_path, "x.zip")
    make_zip(tmp_path / "y.zip", session_files() | {"task.json": zeros})
    with pytest.raises(TrackerError, match="larger than 32 MB"):
        fetch(tmp_path, "y.zip")
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    make_zip(tmp_path / "z.zip", session_files())
    with pytest.raises(TrackerError, match="too many entries"):
        fetch(tmp_path, "z.zip")


def test_a_zip_that_lies_about_sizes_gives_no_more_than_it_says(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"task.json": b'{"name": "a"}' + b" " * 500_000})
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 13)
    path.write_bytes(data)
    with pytest.raises(TrackerError, match="damaged or no zip"):
        fetch(tmp_path, "x.zip")


def test_names_that_lead_out_are_only_names(tmp_path: Path) -> None:
    files = session_files() | {"data/../../../evil.txt": b"x", "/etc/evil": b"x"}
    make_zip(tmp_path / "inner.zip", files)
    before = sorted(tmp_path.parent.rglob("*"))
    survives(fetch(tmp_path, "inner.zip"))
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_zip_of_the_folder_itself_is_read_and_one_of_several_is_not(tmp_path: Path) -> None:
    files = session_files()
    make_zip(tmp_path / "x.zip", {f"{DONE}/{name}": data for name, data in files.items()})
    assert fetch(tmp_path, "x.zip").checkpoints == fetch(DATA, DONE).checkpoints
    both = {f"{top}/{name}": data for top in ("a", "b") for name, data in files.items()}
    make_zip(tmp_path / "y.zip", both)
    with pytest.raises(TrackerError, match="several sessions"):
        fetch(tmp_path, "y.zip")


def test_other_ways_of_compressing_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as target:
        target.writestr("task.json", "{}")
    (tmp_path / "x.zip").write_bytes(stream.getvalue())
    with pytest.raises(TrackerError, match="in a way that is not read"):
        fetch(tmp_path, "x.zip")
