"""Checking a whole project anew and again: what is remembered, and when it is not believed."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.check import check_cards
from cardgen.check.looks import look_at_cards
from cardgen.check.project import Checked, check_project
from cardgen.config import Config, load_config
from cardgen.models import Problem
from cardgen.store import load_cards
from cardgen.surroundings.look import look_around
from tests.projects import Project

TRACKERS = ("hf", "mlflow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cardgen.yaml").write_text("title: Test\n", encoding="utf-8")
    for number in range(6):
        write(tmp_path, f"qa-{number}", f"baseline: qa-{number - 1}\n" if number else "")
    return tmp_path


def write(root: Path, code: str, front: str = "", body: str = "## Goal\nIs it?\n") -> None:
    path = root / "experiments" / code / "card.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\ncode: {code}\n{front}---\n{body}", encoding="utf-8")


def age(root: Path) -> None:
    """Make files old enough to be told by their looks."""
    for path in root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))


def check(root: Path) -> Checked:
    return check_project(load_config(root), trackers=TRACKERS)


def whole(root: Path) -> tuple[Problem, ...]:
    config = load_config(root)
    cards = load_cards(config)
    around = look_around(config, cards)
    return check_cards(cards, config, trackers=TRACKERS, surroundings=around)


def test_it_finds_what_checking_all_cards_at_once_finds(folder: Path) -> None:
    write(folder, "qa-9", "baseline: qa-l\nstatus: finished\nruns: nope:1\n")
    write(folder, "QA-9", "supersedes: [qa-1, qa-77]\n", "## Goal\nTBD\n")
    assert len(whole(folder)) > 5
    assert check(folder).problems == whole(folder)
    assert check(folder).problems == whole(folder)


def test_nothing_is_read_twice(folder: Path) -> None:
    assert len(check(folder).anew) == 6
    again = check(folder)
    assert again.anew == frozenset()
    assert again.problems == whole(folder)


def test_a_changed_card_is_read_and_those_that_asked_for_its_facts(folder: Path) -> None:
    check(folder)
    write(folder, "qa-3", "baseline: nobody\n")
    again = check(folder)
    assert "qa-3" in again.anew
    assert "qa-1" not in again.anew
    assert [p.rule for p in again.problems if p.path == "experiments/qa-3/card.md"] == [
        "baseline-unknown"
    ]


def test_a_removed_card_is_missed_by_those_that_name_it(folder: Path) -> None:
    check(folder)
    (folder / "experiments/qa-2/card.md").unlink()
    again = check(folder)
    assert "qa-3" in again.anew
    assert "qa-5" not in again.anew
    assert [(p.path, p.rule) for p in again.problems if p.rule == "baseline-unknown"] == [
        ("experiments/qa-3/card.md", "baseline-unknown")
    ]
    write(folder, "qa-2", "baseline: qa-1\n")
    assert "baseline-unknown" not in [p.rule for p in check(folder).problems]


def test_a_guess_is_made_anew_when_a_card_is_added(folder: Path) -> None:
    write(folder, "qa-7", "baseline: teacher-one\n")
    hints = [p.hint for p in check(folder).problems if p.rule == "baseline-unknown"]
    assert hints == ["See 'cardgen list' for the codes."]
    write(folder, "teacher-1")
    hints = [p.hint for p in check(folder).problems if p.rule == "baseline-unknown"]
    assert hints == ["Did you mean 'teacher-1'?"]


def test_a_twin_is_seen_when_it_comes_and_forgotten_when_it_goes(folder: Path) -> None:
    check(folder)
    write(folder, "QA-1")
    found = check(folder)
    assert [p.rule for p in found.problems].count("code-name") == 2
    (folder / "experiments/QA-1/card.md").unlink()
    assert "code-name" not in [p.rule for p in check(folder).problems]


def test_a_circle_of_cards_of_which_one_changed(folder: Path) -> None:
    check(folder)
    write(folder, "qa-0", "baseline: qa-5\n")
    assert check(folder).problems == whole(folder)
    write(folder, "qa-0")
    assert check(folder).problems == whole(folder)


def test_settings_make_everything_anew(folder: Path) -> None:
    write(folder, "qa-1", body="")
    assert [p.severity for p in check(folder).problems if p.rule == "goal-missing"] == ["error"]
    text = "checks: {goal-missing: advice, nonsense: off}\n"
    (folder / "cardgen.yaml").write_text(text, encoding="utf-8")
    again = check(folder)
    assert len(again.anew) == 6
    assert {p.rule: p.severity for p in again.problems} == {
        "goal-missing": "advice",
        "unknown-rule": "error",
    }
    assert again.of({"qa-2"}) == ()


def test_a_change_that_looks_like_none_is_seen_where_the_file_is_new(folder: Path) -> None:
    """Same size, same second, same inode: a look that is too fresh is not believed."""
    path = folder / "experiments/qa-1/card.md"
    check(folder)
    state = path.stat()
    with path.open("r+", encoding="utf-8") as file:
        file.write(path.read_text(encoding="utf-8").replace("Is it?", "tbd.  "))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert [p.rule for p in check(folder).problems] == ["placeholder"]


def test_looks_of_old_files_are_believed_and_links_are_not(folder: Path) -> None:
    config = load_config(folder)
    later = time.time_ns() + 10_000_000_000
    assert all(look_at_cards(config, later).values())
    assert not any(look_at_cards(config, time.time_ns()).values())
    card = folder / "experiments/qa-1/card.md"
    card.rename(folder / "other.md")
    card.symlink_to("../../other.md")
    assert look_at_cards(config, later)["qa-1"] == ""
    for _ in range(2):
        found = check(folder)
        assert "qa-1" in found.anew
        assert [p.rule for p in found.problems if "qa-1/" in p.path] == ["unreadable"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"no database", b"SQLite format 3\x00" + bytes(200), "cut", "folder", "table", "rows"],
    ids=str,
)
def test_a_broken_memory_is_done_without(folder: Path, damage: bytes | str) -> None:
    expected = check(folder).problems
    path = folder / ".cardgen/check.db"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage in ("table", "rows"):
        with sqlite3.connect(path) as data:
            data.execute("DROP TABLE cards" if damage == "table" else "UPDATE cards SET result='['")
        data.close()
    else:
        assert isinstance(damage, bytes)
        path.write_bytes(damage)
    assert check(folder).problems == expected
    assert check(folder).problems == expected


def test_where_nothing_can_be_written_it_checks_all_the_same(folder: Path) -> None:
    (folder / ".cardgen").write_text("in the way", encoding="utf-8")
    assert check(folder).problems == whole(folder)


def test_another_process_may_write_meanwhile(folder: Path) -> None:
    check(folder)
    with sqlite3.connect(folder / ".cardgen/check.db") as other:
        other.execute("BEGIN EXCLUSIVE")
        write(folder, "qa-1", "baseline: nobody\n")
        assert check(folder).problems == whole(folder)
    other.close()
    assert check(folder).problems == whole(folder)


def test_the_memory_forgets_cards_that_are_gone(folder: Path) -> None:
    check(folder)
    for number in range(1, 6):
        (folder / f"experiments/qa-{number}/card.md").unlink()
    check(folder)
    with sqlite3.connect(folder / ".cardgen/check.db") as data:
        assert data.execute("SELECT code FROM cards").fetchall() == [("qa-0",)]
    data.close()


def test_several_processes_find_the_same(folder: Path) -> None:
    for number in range(300):
        write(folder, f"b-{number}", f"baseline: b-{number + 1}\n" if number % 3 else "", "")
    config = load_config(folder)
    found = check_project(config, trackers=TRACKERS, processes=2)
    assert len(found.anew) == 306
    assert found.problems == whole(folder)


def random_changes(root: Path, rng: random.Random) -> Iterator[str]:
    """One change after another, as people make them."""
    for _ in range(40):
        code = f"qa-{rng.randrange(8)}"
        path = root / "experiments" / code / "card.md"
        kind = rng.choice(("write", "remove", "break", "twin"))
        if kind == "remove" and path.exists():
            path.unlink()
        elif kind == "break":
            write(root, code, f"baseline: [{rng.random()}]\n")
        elif kind == "twin":
            write(root, code.upper(), f"supersedes: {code}\n")
        else:
            other = rng.choice((f"qa-{rng.randrange(8)}", "nobody", "QA-1"))
            write(
                root,
                code,
                f"baseline: {other}\nsupersedes: [{other}]\n",
                rng.choice(("", "## Goal\nx")),
            )
        yield f"{kind} {code}"


@pytest.mark.parametrize("seed", range(4))
def test_whatever_changes_the_problems_are_those_of_a_fresh_check(folder: Path, seed: int) -> None:
    for change in random_changes(folder, random.Random(seed)):
        assert check(folder).problems == whole(folder), change


def test_names_that_are_no_text(folder: Path) -> None:
    odd = os.fsencode(folder / "experiments") + b"/caf\xe9"
    os.mkdir(odd)  # noqa: PTH102  # bytes
    with open(odd + b"/card.md", "wb") as file:  # noqa: PTH123  # bytes
        file.write(b"---\ncode: cafe\n---\n")
    found = check(folder)
    assert check(folder).problems == found.problems
    assert "code-name" in [problem.rule for problem in found.problems]


# A few cards -----------------------------------------------------------------------------------


def find_few(root: Path, code: str) -> tuple[Problem, ...]:
    return check_project(load_config(root), trackers=TRACKERS, only={code}).of({code})


@pytest.mark.parametrize("seed", range(4))
def test_a_card_alone_has_the_problems_that_it_has_among_all(folder: Path, seed: int) -> None:
    for change in random_changes(folder, random.Random(seed)):
        found = check(folder)
        for code in found.results:
            assert find_few(folder, code) == found.of({code}), (change, code)


def test_a_circle_is_found_from_any_of_its_cards(folder: Path) -> None:
    write(folder, "qa-0", "baseline: qa-5\nsupersedes: [qa-1, qa-2]\n")
    for code in ("qa-1", "qa-2"):
        write(folder, code, "baseline: qa-0\nsupersedes: [qa-0, qa-3]\n")
    write(folder, "qa-3", "baseline: qa-2\nsupersedes: [qa-1, qa-9]\n")
    rules = [problem.rule for problem in whole(folder)]
    assert (rules.count("supersedes-circle"), "baseline-circle" in rules) == (4, True)
    for code in (f"qa-{number}" for number in range(6)):
        assert find_few(folder, code) == check(folder).of({code})


def test_a_card_alone_is_checked_without_reading_or_remembering_others(folder: Path) -> None:
    write(folder, "qa-7", "baseline: qa-1\n")
    config = load_config(folder)
    found = check_project(config, trackers=TRACKERS, only={"qa-7", "nobody"})
    assert set(found.results) == found.anew == {"qa-7"}
    assert not (folder / ".cardgen").exists()


def test_a_card_that_is_added_is_heard_of_where_its_name_was_a_word(folder: Path) -> None:
    write(folder, "qa-0", "supersedes: nobody\n")
    age(folder)
    assert "supersedes-unknown" in [problem.rule for problem in check(folder).problems]
    write(folder, "nobody")
    again = check(folder)
    assert ("qa-0" in again.anew, "qa-4" in again.anew) == (True, False)
    assert again.problems == whole(folder)
    assert check(folder).anew <= {"nobody"}


# With the command line -------------------------------------------------------------------------


def test_cards_are_named_by_code_and_by_file_from_anywhere(project: Project) -> None:
    for code in ("qa-1", "qa-2", "qa-3"):
        project.write(f"experiments/{code}/card.md", f"---\ncode: {code}\n---\n")
    project.write("experiments/qa-1/evidence.json", "{")
    project.write("experiments/qa-2/figures/a.svg", "<svg/>")
    project.write("experiments/README.md", "x")

    def paths(*names: str, cwd: str = ".") -> list[str]:
        done = project.cardgen("check", "--format", "json", *names, cwd=cwd)
        assert done.err == ""
        return [problem["path"].split("/")[1] for problem in json.loads(done.out)["problems"]]

    everything = ["qa-1", "qa-1", "qa-2", "qa-3"]
    assert sorted(paths()) == everything
    assert paths("qa-2") == ["qa-2"]
    assert paths("experiments/qa-2/card.md", "experiments/qa-2/figures/a.svg") == ["qa-2"]
    assert sorted(paths("experiments/qa-1/evidence.json", "qa-3")) == ["qa-1", "qa-1", "qa-3"]
    assert paths("card.md", cwd="experiments/qa-2") == ["qa-2"]
    assert paths("figures/a.svg", cwd="experiments/qa-2") == ["qa-2"]
    assert paths("../qa-3", cwd="experiments/qa-2") == ["qa-3"]
    assert sorted(paths("experiments")) == everything
    assert sorted(paths("cardgen.yaml")) == everything
    assert paths("experiments/README.md", ".gitignore") == []
    done = project.cardgen("check", "qa-22")
    assert (done.status, "Did you mean qa-2" in done.err) == (2, True)
    done = project.cardgen("check", "experiments/qa-9/card.md")
    assert (done.status, "There is no card" in done.err) == (2, True)


def test_a_hook_that_runs_above_the_project_finds_it(project: Project, tmp_path: Path) -> None:
    inner = Project(tmp_path / "ml")
    inner.write("cardgen.yaml", "title: Inner\n")
    inner.write("experiments/qa-1/card.md", "---\ncode: qa-1\n---\n")
    (tmp_path / "cardgen.yaml").unlink()
    done = project.cardgen("check", "ml/experiments/qa-1/card.md", "--format", "github")
    assert done.status == 1
    assert done.out.startswith("::error file=ml/experiments/qa-1/card.md,line=")
    project.write("other/cardgen.yaml", "title: Other\n")
    project.write("other/experiments/qa-1/card.md", "---\ncode: qa-1\n---\n")
    done = project.cardgen("check", "ml/experiments/qa-1/card.md", "other/experiments/qa-1/card.md")
    assert (done.status, "several projects" in done.err) == (2, True)


def test_config_objects_without_a_file(tmp_path: Path) -> None:
    assert check_project(Config(root=tmp_path)).problems == ()


def test_a_card_in_a_deeper_folder_is_named_in_vain(project: Project) -> None:
    project.write("experiments/deep/qa-1/card.md", "---\ncode: qa-1\n---\n## Goal\n\nIs it?\n")
    done = project.cardgen("check", "experiments/deep/qa-1/card.md")
    assert done.status == 2
    assert "lie directly below experiments/. Move its folder there." in done.err
