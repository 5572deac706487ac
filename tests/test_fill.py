"""Filling evidence from real stores: what is written, what is kept, and what is said."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cardgen.config import load_config
from cardgen.errors import TrackerError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.fill import Failure, complete, merge
from cardgen.models import Dataset, Evidence, Run, Source
from tests.projects import Project

DATA = Path(__file__).parent / "data"
RUN = "58f7d2f8562b4d21a205bb45b5e9cb48"
OTHER = "db16c647a2734cc5aa1bd931f63539d8"


@pytest.fixture
def stored(project: Project) -> Project:
    """A project with an ``mlruns/`` that the real client wrote, committed with one card."""
    shutil.copytree(DATA / "mlflow" / "filestore" / "mlruns", project.root / "mlruns")
    project.ok("new", "qa-1", "--run", f"mlflow:{RUN}")
    project.write(".gitignore", project.read(".gitignore") + "mlruns/\n")
    project.git("add", "-A")
    project.git("commit", "-qm", "one card")
    return project


def evidence_of(project: Project, code: str = "qa-1") -> Evidence:
    return parse_evidence(project.read(f"experiments/{code}/evidence.json"))


def test_new_with_a_run_is_filled_at_once(stored: Project) -> None:
    (run,) = evidence_of(stored).runs
    assert run.ref == f"mlflow:{RUN}"
    assert run.status == "finished"
    assert len(run.checkpoints) == 8


def test_filling_twice_changes_no_byte_and_nothing_else(stored: Project) -> None:
    assert "same  qa-1" in stored.ok("fill")
    assert stored.git("status", "--porcelain") == ""


def test_evidence_read_and_written_again_is_the_same(stored: Project) -> None:
    text = stored.read("experiments/qa-1/evidence.json")
    assert format_evidence(parse_evidence(text)) == text


def test_the_card_is_never_written(stored: Project) -> None:
    card = stored.root / "experiments/qa-1/card.md"
    before = (card.read_bytes(), card.stat().st_mtime_ns, card.stat().st_ino)
    stored.ok("fill", "qa-1")
    assert (card.read_bytes(), card.stat().st_mtime_ns, card.stat().st_ino) == before


def test_a_short_id_is_filled_and_counts_as_named(stored: Project) -> None:
    stored.ok("new", "qa-2", "--run", f"mlflow:{OTHER[:8]}")
    (run,) = evidence_of(stored, "qa-2").runs
    assert run.ref == f"mlflow:{OTHER}"
    assert run.quoted == f"mlflow:{OTHER[:8]}"
    problems = json.loads(stored.cardgen("check", "--format", "json").out)["problems"]
    assert not [p for p in problems if p["rule"].startswith("run-")]


def test_a_run_that_cannot_be_read_keeps_its_old_entry(stored: Project) -> None:
    stored.ok("new", "qa-2", "--run", f"mlflow:{OTHER}")
    before = stored.read("experiments/qa-1/evidence.json")
    (stored.root / "experiments/qa-2/evidence.json").unlink()
    shutil.rmtree(next(stored.root.glob(f"mlruns/*/{RUN}")))
    done = stored.cardgen("fill")
    assert done.status == 2
    assert f"qa-1: mlflow:{RUN}" in done.err
    assert "Traceback" not in done.err
    assert stored.read("experiments/qa-1/evidence.json") == before
    assert evidence_of(stored, "qa-2").runs[0].ref == f"mlflow:{OTHER}"


def test_one_unreadable_run_of_two_keeps_its_entry_beside_the_new_one() -> None:
    old = Evidence(
        code="qa-1",
        runs=(Run(ref="hf:a", tracker="hf", name="old a"), Run(ref="hf:b", tracker="hf")),
    )
    new = Run(ref="hf:b", tracker="hf", name="new b")
    merged = merge("qa-1", [Failure("hf:a", TrackerError("gone")), new], old)
    assert merged is not None
    assert [run.name for run in merged.runs] == ["old a", "new b"]
    assert merge("qa-1", [Failure("hf:a", TrackerError("gone"))], old) is None


CAPTURED = Run(ref="run:b", tracker="run", contains=("mlflow:2",))


def test_captured_runs_stay_and_come_first_by_their_time() -> None:
    earlier = Run(ref="run:a", tracker="run")
    gone = Run(ref="mlflow:9", tracker="mlflow")
    old = Evidence(
        code="qa-1", runs=(gone, CAPTURED, Run(ref="mlflow:2", tracker="mlflow"), earlier)
    )
    merged = merge("qa-1", [Run(ref="mlflow:1", tracker="mlflow")], old)
    assert merged is not None
    # What a run contains stays, though this fill knew nothing of it.
    assert [run.ref for run in merged.runs] == ["run:a", "run:b", "mlflow:1", "mlflow:2"]
    assert merge("qa-1", [], old) == old
    assert merge("qa-1", [], None) is None


def test_runs_inside_captured_ones_are_read_again(stored: Project) -> None:
    path = "experiments/qa-2/evidence.json"
    stored.ok("new", "qa-2")
    captured = CAPTURED.model_copy(update={"contains": (f"mlflow:{RUN}",)})
    evidence = Evidence(code="qa-2", runs=(captured,))
    stored.write(path, format_evidence(evidence))
    assert "filled  qa-2" in stored.ok("fill", "qa-2")
    assert [run.ref for run in evidence_of(stored, "qa-2").runs] == ["run:b", f"mlflow:{RUN}"]
    stored.ok("set", "qa-2", f"runs+=mlflow:{OTHER}", f"runs+=mlflow:{RUN[:8]}")
    stored.ok("fill", "qa-2")
    refs = [run.ref for run in evidence_of(stored, "qa-2").runs]
    assert refs == ["run:b", f"mlflow:{OTHER}", f"mlflow:{RUN}"]
    assert evidence_of(stored, "qa-2").runs[2].quoted == f"mlflow:{RUN[:8]}"
    assert "same  qa-2" in stored.ok("fill", "qa-2")
    problems = json.loads(stored.cardgen("check", "--format", "json").out)["problems"]
    assert not [p for p in problems if p["rule"].startswith("run-")]


def test_data_of_a_run_inside_a_clean_one_gets_its_version(stored: Project) -> None:
    """MLflow does not record whether the checkout was clean; the captured run around it does."""
    digest = "d41d8cd98f00b204e9800998ecf8427e"
    stored.write("data.csv.dvc", f"outs:\n- md5: {digest}\n  path: data.csv\n")
    stored.git("add", "-A")
    stored.git("commit", "-qm", "data")
    commit = stored.git("rev-parse", "HEAD").strip()
    inside = Run(
        ref="mlflow:2", tracker="mlflow", source=Source(commit=commit),
        data=(Dataset(path="data.csv"),),
    )  # fmt: skip
    config = load_config(stored.root)
    for dirty, expected in ((False, f"md5:{digest}"), (True, "")):
        around = CAPTURED.model_copy(update={"source": Source(commit=commit, dirty=dirty)})
        (found,) = complete(config, [inside], [around])
        assert isinstance(found, Run)
        assert found.data[0].digest == expected


def test_a_dry_run_shows_and_writes_nothing(stored: Project) -> None:
    path = stored.root / "experiments/qa-1/evidence.json"
    path.write_text(path.read_text("utf-8").replace('": "finished"', '": "failed"', 1), "utf-8")
    before = path.read_bytes()
    shown = stored.ok("fill", "--dry-run")
    assert "would fill  qa-1" in shown
    assert '+      "status": "finished"' in shown
    assert path.read_bytes() == before


def test_what_lies_in_the_folder_is_found_without_being_named(project: Project) -> None:
    project.ok("new", "hf-1")
    shutil.copytree(DATA / "hf" / "qa-1", project.root / "experiments" / "hf-1", dirs_exist_ok=True)
    project.ok("fill", "hf-1")
    (run,) = evidence_of(project, "hf-1").runs
    assert run.ref == "hf:experiments/hf-1"
    assert run.checkpoints
    assert "same  hf-1" in project.ok("fill")


def test_a_run_given_once_stays_though_the_card_does_not_name_it(stored: Project) -> None:
    stored.ok("new", "qa-2")
    stored.ok("fill", "qa-2", "--run", f"mlflow:{OTHER}")
    before = stored.read("experiments/qa-2/evidence.json")
    assert "same  qa-2" in stored.ok("fill")
    assert stored.read("experiments/qa-2/evidence.json") == before


def test_a_run_needs_one_card(stored: Project) -> None:
    done = stored.cardgen("fill", "--run", f"mlflow:{RUN}")
    assert done.status == 2
    assert "one card" in done.err


@pytest.mark.parametrize("ref", ["nonsense", "what:1", "mlflow:", "mlflow:../../etc", "hf:/etc"])
def test_a_bad_ref_is_one_sentence(stored: Project, ref: str) -> None:
    done = stored.cardgen("fill", "qa-1", "--run", ref)
    assert done.status == 2
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_secrets_are_masked_before_they_are_written(stored: Project) -> None:
    params = next(stored.root.glob(f"mlruns/*/{RUN}/params"))
    token = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz01234567"
    (params / "hub_token").write_text(token, "utf-8")
    (params / "db").write_text("postgres://ann:hunter2secret@db.example.com/x", "utf-8")
    stored.ok("fill")
    text = stored.read("experiments/qa-1/evidence.json")
    assert token not in text
    assert "hunter2secret" not in text
    assert "db.example.com" in text
    assert "«masked:" in text


def test_killed_at_any_moment_the_old_or_the_new_evidence_stands(stored: Project) -> None:
    path = stored.root / "experiments/qa-1/evidence.json"
    new = path.read_bytes()
    old = new.replace(b'": "finished"', b'": "failed"', 1)
    rng = random.Random(7)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    seen = set()
    for _ in range(12):
        path.write_bytes(old)
        process = subprocess.Popen(
            [sys.executable, "-m", "cardgen", "fill"], cwd=stored.root, env=environ,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(rng.uniform(0.05, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen.add(path.read_bytes())
    assert seen <= {old, new}
    path.write_bytes(old)
    stored.ok("fill")
    assert path.read_bytes() == new
    assert not list(path.parent.glob(".*.tmp"))


def test_fills_at_once_lose_nothing(stored: Project) -> None:
    for number in range(2, 8):
        stored.ok("new", f"qa-{number}", "--run", f"mlflow:{OTHER}")
        (stored.root / f"experiments/qa-{number}/evidence.json").unlink()
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "cardgen", "fill"]
    running = [
        subprocess.Popen(command, cwd=stored.root, env=environ, stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    for number in range(2, 8):
        assert evidence_of(stored, f"qa-{number}").runs[0].ref == f"mlflow:{OTHER}"


def test_evidence_of_two_branches_is_not_filled_over(stored: Project) -> None:
    """What was captured on either side stands nowhere else."""
    path = "experiments/qa-1/evidence.json"
    text = stored.read(path)
    both = f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n"
    stored.write(path, both)
    for arguments in (["fill"], ["fill", "qa-1"], ["fill", "qa-1", "--dry-run"]):
        done = stored.cardgen(*arguments)
        assert done.status == 2
        assert done.err.startswith(f"qa-1: {path}:1: Two branches changed this")
        assert done.err.endswith("Run: cardgen resolve qa-1\n")
        assert stored.read(path) == both


def test_a_card_whose_runs_cannot_be_read_keeps_its_evidence(stored: Project) -> None:
    path = "experiments/qa-1/card.md"
    shutil.copytree(stored.root / "mlruns", stored.root / "experiments/qa-1/mlruns")
    before = stored.read("experiments/qa-1/evidence.json")
    stored.write(path, stored.read(path).replace("runs:", "runs: [", 1))
    done = stored.cardgen("fill")
    assert done.status == 2
    assert done.err.startswith(f"qa-1: {path}:")
    assert done.out == ""
    assert stored.read("experiments/qa-1/evidence.json") == before


def test_a_pointer_of_git_lfs_is_not_filled_over(stored: Project) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
    stored.write("experiments/qa-1/evidence.json", pointer)
    assert "It is a pointer of git-lfs." in stored.cardgen("check").out
    done = stored.cardgen("fill")
    assert done.status == 2
    assert "git lfs pull" in done.err
    assert stored.read("experiments/qa-1/evidence.json") == pointer
