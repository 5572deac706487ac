"""Where runs of Neptune are looked for, whatever the format, and what refs call them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import RunRef
from cardgen.trackers import find_trackers, load_tracker, neptune
from cardgen.trackers.neptune import files
from cardgen.trackers.neptune.mapping import FIELDS
from tests.trackers.neptune_tree import DATA, configure, operation, write_log

UUID = "0b3d59f9-cc56-4b51-9e9a-3ca861913478"


def named(folder: Path, name: str, uuid: str = UUID) -> Path:
    """A client's folder below ``folder`` that holds a run of that name."""
    place = folder / ".neptune" / "offline" / f"run__{uuid}__1__abc"
    return write_log(place, operation("AssignString", "sys/name", value=name))


def test_registration() -> None:
    assert "neptune" in find_trackers()
    assert load_tracker("neptune") is neptune


def test_all_of_the_data_is_found() -> None:
    pytest.importorskip("duckdb")
    refs = neptune.find_runs(DATA, configure(DATA))
    assert len(refs) == len(set(refs)) == 15
    assert refs == neptune.find_runs(DATA, configure(DATA))
    for ref in refs:
        run = neptune.fetch_run(RunRef.parse(ref).locator, configure(DATA))
        assert run.ref == ref
        assert run.tracker == "neptune"
        assert run.name
        assert run == neptune.fetch_run(RunRef.parse(ref).locator, configure(DATA))


def test_a_folder_without_runs(tmp_path: Path) -> None:
    (tmp_path / "deep" / "empty").mkdir(parents=True)
    (tmp_path / "data-1.txt").write_text("x")
    assert neptune.find_runs(tmp_path, configure(tmp_path)) == ()
    assert neptune.find_runs(tmp_path / "nowhere", configure(tmp_path)) == ()


def test_runs_of_an_experiments_folder(tmp_path: Path) -> None:
    named(tmp_path / "experiments" / "qa-1", "a")
    named(tmp_path / "experiments" / "qa-2", "b", UUID.replace("0", "1"))
    ref = f"neptune:experiments/qa-1/.neptune/offline/run__{UUID}"
    assert neptune.find_runs(tmp_path / "experiments" / "qa-1", configure(tmp_path)) == (ref,)
    assert len(neptune.find_runs(tmp_path, configure(tmp_path))) == 2
    for quoted in (UUID, f"run__{UUID}", "a", "experiments/qa-1", ref.partition(":")[2]):
        assert neptune.fetch_run(quoted, configure(tmp_path)).ref == ref


def test_what_is_near_comes_first(tmp_path: Path) -> None:
    named(tmp_path / "experiments" / "old", "same")
    near = named(tmp_path, "same", UUID.replace("0", "1"))
    found = neptune.fetch_run("same", configure(tmp_path))
    assert found.ref.endswith(near.name.removesuffix("__1__abc"))
    near.rename(tmp_path / "elsewhere")
    with pytest.raises(TrackerError, match="'same' could be any of 2 runs") as caught:
        neptune.fetch_run("same", configure(tmp_path))
    assert "neptune:elsewhere" in caught.value.hint
    assert "neptune:experiments/old/.neptune/offline/run__" in caught.value.hint


def test_formats_beside_each_other(tmp_path: Path) -> None:
    shutil.copytree(DATA / "neptune3_offline", tmp_path / ".neptune")
    shutil.copytree(DATA / "neptune2_offline" / "offline", tmp_path / ".neptune" / "offline")
    assert neptune.fetch_run("qa-3", configure(tmp_path)).ref == "neptune:.neptune#team/qa/qa-run-3"
    assert neptune.fetch_run("qa-1", configure(tmp_path)).ref.startswith("neptune:.neptune/offline")
    with pytest.raises(TrackerError, match="2 runs lie there"):
        neptune.fetch_run(".neptune", configure(tmp_path))


def test_a_name_that_is_also_a_folder(tmp_path: Path) -> None:
    named(tmp_path / "runs", "qa-1")
    (tmp_path / "qa-1").mkdir()
    assert neptune.fetch_run("qa-1", configure(tmp_path)).name == "qa-1"


def test_signs_in_names(tmp_path: Path) -> None:
    root = tmp_path / "it's #1 [so far] {x}"
    named(root / "exp#2", "a#b")
    (ref,) = neptune.find_runs(root, configure(root))
    assert ref == f"neptune:exp#2/.neptune/offline/run__{UUID}"
    for locator in (ref.partition(":")[2], "a#b", f"exp#2#{UUID}", "exp#2/.neptune#a#b"):
        assert neptune.fetch_run(locator, configure(root)).ref == ref


@pytest.mark.parametrize("locator", ["../outside", "../outside#a", "link", "link#a", "/{}/outside"])
def test_nothing_outside_is_read(tmp_path: Path, locator: str) -> None:
    named(tmp_path / "outside", "a")
    root = tmp_path / "project"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    locator = locator.replace("/{}", tmp_path.as_posix())
    with pytest.raises(TrackerError, match="outside the project"):
        neptune.fetch_run(locator, configure(root))
    with pytest.raises(TrackerError, match="No run 'a'"):
        neptune.fetch_run("a", configure(root))
    assert neptune.find_runs(tmp_path / "outside", configure(root)) == ()
    allowed = configure(root, export=["../outside"])
    assert neptune.fetch_run("a", allowed).name == "a"
    assert len(neptune.find_runs(root / "link", allowed)) == 1


def test_a_root_that_is_a_link(tmp_path: Path) -> None:
    named(tmp_path / "real", "a")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (ref,) = neptune.find_runs(tmp_path / "link", configure(tmp_path / "link"))
    assert ref == f"neptune:.neptune/offline/run__{UUID}"
    assert neptune.fetch_run("a", configure(tmp_path / "link")).ref == ref


def test_a_broken_neighbour_hides_nothing(tmp_path: Path) -> None:
    named(tmp_path, "good")
    broken = named(tmp_path, "bad", UUID.replace("0", "1")) / "data-1.log"
    broken.write_bytes(b"no JSON\n" + broken.read_bytes())
    shutil.copytree(DATA / "neptune3_offline", tmp_path / ".neptune" / "scale")
    database = next((tmp_path / ".neptune" / "scale").rglob("*.sqlite3"))
    database.write_bytes(database.read_bytes()[:9000])
    assert neptune.fetch_run("good", configure(tmp_path)).name == "good"
    assert len(neptune.find_runs(tmp_path, configure(tmp_path))) == 3


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match="No run 'QA-1' of Neptune lies in") as caught:
        neptune.fetch_run("QA-1", configure(tmp_path))
    assert "neptune:exports/data#team/qa/QA-1" in caught.value.hint
    with pytest.raises(TrackerError, match="no file or folder 'exports/data'"):
        neptune.fetch_run("exports/data#QA-1", configure(tmp_path))


def test_searches_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path
    for number in range(20):
        deep /= f"d{number}"
    named(deep, "deep")
    for hidden in (".git", ".venv", "node_modules", "wandb"):
        named(tmp_path / hidden, "hidden")
    assert neptune.find_runs(tmp_path, configure(tmp_path)) == ()
    monkeypatch.setattr(files, "MAX_ENTRIES", 500)
    (tmp_path / "many").mkdir()
    for number in range(2000):
        (tmp_path / "many" / f"f{number}").touch()
    seen = sum(len(folder.files) for folder in files.walk(tmp_path))
    assert seen <= 500


def test_the_guide_names_every_field() -> None:
    guide = Path(__file__).parents[2] / "site" / "docs" / "trackers" / "neptune.md"
    listed = set(re.findall(r"`([a-z.]+)`", guide.read_text(encoding="utf-8")))
    assert set(FIELDS) <= listed
