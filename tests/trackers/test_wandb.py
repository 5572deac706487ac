"""Run folders that clients of five versions wrote, kept in ``tests/data/wandb``."""

from __future__ import annotations

import datetime as dt
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.masking import mask_run
from cardgen.models import Checkpoint, Command, Dataset, Evidence, Metric, Model, Run, TrackerConfig
from cardgen.trackers import wandb
from cardgen.trackers.wandb.record import Record

DATA = Path(__file__).parents[1] / "data" / "wandb"
FULL = "v0.31/wandb/offline-run-20261121_113501-ubt3knka"
OLD = "v0.9/wandb/dryrun-20261121_113443-skcm6vq2"
ONLINE = "online/wandb/run-20261121_113508-3wq4pz5s"
FOLDERS = tuple(ref.partition(":")[2] for ref in wandb.find_runs(DATA, TrackerConfig(DATA)))
CONFIG = {
    "lr": 1e-05,
    "seed": 13,
    "model": {"name": "allegro/plt5-base", "layers": 2},
    "list": [1, 2.5, "x"],
    "none": None,
    "flag": True,
    "text": "zażółć: 'x' 12:30",
    "no": "no",
    "late": 2.5,
}


def fetch(root: Path, locator: str, **options: Any) -> Run:
    return wandb.fetch_run(locator, TrackerConfig(root, options=options))


def find(root: Path, location: Path | None = None) -> tuple[str, ...]:
    return wandb.find_runs(location or root, TrackerConfig(root))


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type, misc]


def survives(run: Run) -> None:
    """A run can be masked, become evidence and be read again."""
    text = format_evidence(Evidence(code="qa-1", runs=(mask_run(run, frozenset()),)))
    assert format_evidence(parse_evidence(text)) == text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's root with one real run in ``wandb/``."""
    shutil.copytree(DATA / FULL, tmp_path / "wandb" / Path(FULL).name)
    return tmp_path


# What the real clients wrote -----------------------------------------------------------------


def test_a_real_offline_run_is_read_whole() -> None:
    run = fetch(DATA, FULL)
    assert (run.ref, run.tracker, run.name) == (f"wandb:{FULL}", "wandb", "plT5 żółć")
    assert (run.experiment, run.group, run.description) == (
        "qa",
        "sweep-a",
        "See whether\nit learns.",
    )
    assert run.tags == {
        "polqa": "",
        "baseline 1": "",
        "job_type": "train",
        "conclusion": "fine",
    }
    assert (run.status, run.exit_status, run.url) == ("finished", 0, "")
    assert run.started == utc(2026, 11, 21, 11, 35, 1, 127143)
    assert run.finished == utc(2026, 11, 21, 11, 35, 2, 116780)
    assert run.params == CONFIG
    line = (
        "/home/lab/exp/qa/../py0.31/bin/python /home/lab/exp/qa/train.py --name 'a b' --artifacts"
    )
    assert run.commands == (Command(line=line),)
    assert run.source is not None
    assert run.source.repository == "https://git.example.com/team/qa.git"
    assert run.source.commit == "cd007c0a5cf76abac2ddef22302aa6427d946fea"
    assert (run.source.dirty, run.source.branch, run.source.entrypoint) == (True, "", "train.py")
    assert run.environment is not None
    assert (run.environment.python, run.environment.host, run.environment.seed) == (
        "3.11.7",
        "vm",
        13,
    )
    assert run.environment.os == "Linux-6.18.44-fc-v669-x86_64-with-glibc2.36"
    assert run.environment.packages["wandb"] == "0.31.0"
    assert run.unavailable == ("source.branch",)


def test_metrics_stand_on_the_axis_that_was_declared() -> None:
    run = fetch(DATA, FULL)
    assert run.checkpoints == (
        Checkpoint(step=0, epoch=0.0, metrics={"eval/f1": 0.1, "eval/loss": 0.9}),
        Checkpoint(step=1, epoch=1.0, metrics={"eval/f1": 0.30000000000000004, "eval/loss": 0.7}),
    )
    curves = {curve.metric: curve for curve in run.curves}
    assert sorted(curves) == ["big", "inf", "nan", "opt.b.c", "opt.lr", "train/loss", "żółć"]
    assert curves["train/loss"].steps == (0, 1, 2, 3, 4)
    assert curves["train/loss"].values == (1.0, 0.5, 1 / 3, 0.25, 0.2)
    assert curves["inf"].values == (math.inf, -math.inf, math.inf, -math.inf, math.inf)
    assert all(math.isnan(value) for value in curves["nan"].values)
    assert curves["opt.b.c"].values == (0, 1, 2, 3, 4)


def test_the_summary_has_the_last_word() -> None:
    metrics = fetch(DATA, FULL).metrics
    assert metrics["train/loss"] == Metric(value=0.125)  # set after the last step
    assert metrics["eval/f1"] == Metric(value=0.30000000000000004, step=1)
    assert metrics["eval/f1.max"] == Metric(value=0.30000000000000004)
    assert metrics["eval/loss.min"] == Metric(value=0.7)
    assert metrics["best"] == Metric(value=0.5)
    assert metrics["deep.x.y"] == Metric(value=1)
    assert not any(name.startswith(("_", "table", "histogram")) for name in metrics)


def test_artifacts_are_sorted_by_what_they_are() -> None:
    run = fetch(DATA, FULL)
    digest = "b714a9049fa6a91cf4f10212968514d8"
    assert run.output == (Model(name="qa-model", digest=digest, aliases=("best", "latest")),)
    digest = "b0916cf43e5f450606430c08c6ef3d58"
    assert run.data == (Dataset(name="qa-data", digest=digest, context="logged"),)
    sizes = {file.path: (file.size, file.digest) for file in run.files}
    assert sizes == {
        "code/train.py": (3206, ""),
        "diff.patch": (197, ""),
        "media/table/table_5_3c8cab44a8d54b94542a.table.json": (32, ""),
        "output.log": (9, ""),
        "predictions/qa-found": (4, digest),
        "requirements.txt": (4794, ""),
    }


@pytest.mark.parametrize("folder", [OLD, ONLINE, "online18/wandb/run-20261121_113509-bm79aobc"])
def test_every_version_and_mode_is_read_alike(folder: str) -> None:
    """Same training, another client: the log and the files beside it say the same."""
    run, full = fetch(DATA, folder), fetch(DATA, FULL)
    assert (run.name, run.status, run.exit_status) == (full.name, "finished", 0)
    assert run.params == CONFIG
    assert run.description == full.description
    own = {c.metric: (c.steps, str(c.values)) for c in run.curves}
    theirs = {c.metric: (c.steps, str(c.values)) for c in full.curves}
    del theirs["opt.b.c"], theirs["opt.lr"]
    assert theirs.items() <= own.items()
    assert run.metrics["train/loss"].value == 0.125
    assert run.source is not None
    assert run.source.commit == "cd007c0a5cf76abac2ddef22302aa6427d946fea"


def test_a_folder_of_the_oldest_clients_has_no_log() -> None:
    run = fetch(DATA, OLD)
    line = "/home/lab/exp/qa/../py0.9/bin/python train.py --lr 1e-5"
    assert run.commands == (Command(line=line),)
    assert run.started == utc(2026, 11, 21, 11, 34, 43, 369611)
    assert run.finished == utc(2026, 11, 21, 11, 34, 45, 595867)
    assert (run.author, run.experiment) == ("ada", "qa")
    assert [(row.step, row.metrics) for row in run.checkpoints] == [
        (1, {"eval/f1": 0.1, "eval/loss": 0.9}),
        (3, {"eval/f1": 0.30000000000000004, "eval/loss": 0.7}),
    ]


def test_an_online_run_has_a_page() -> None:
    assert fetch(DATA, ONLINE).url == "https://wandb.ai/team/qa/runs/3wq4pz5s"
    url = fetch(DATA, ONLINE, uri="https://api.lab.example/").url
    assert url == "https://app.lab.example/team/qa/runs/3wq4pz5s"
    environ = {"WANDB_BASE_URL": "http://user:secret@lab.example:8080"}
    run = wandb.fetch_run(ONLINE, TrackerConfig(DATA, environ=environ))
    assert run.url == "http://lab.example:8080/team/qa/runs/3wq4pz5s"
    assert run.author == "ada@example.com"
    assert run.experiment == "team/qa"


def test_an_offline_run_has_a_page_once_it_was_synced(tmp_path: Path) -> None:
    folder = tmp_path / "offline-run-20261121_113508-3wq4pz5s"
    shutil.copytree(DATA / ONLINE, folder)
    assert fetch(tmp_path, folder.name).url == ""
    (folder / "run-3wq4pz5s.wandb.synced").touch()
    assert fetch(tmp_path, folder.name).url == "https://wandb.ai/team/qa/runs/3wq4pz5s"


# How runs end --------------------------------------------------------------------------------


def test_an_exit_status_is_kept() -> None:
    run = fetch(DATA, "v0.12/wandb/offline-run-20261121_113447-k5sv2mdo")
    assert (run.status, run.exit_status) == ("failed", 1)
    assert run.finished is not None
    words = r"""--name 'a b' 'q"x' --artifacts"""
    assert (
        run.commands[0].line == f"/home/lab/exp/py0.12/bin/python /home/lab/exp/qa/train.py {words}"
    )


@pytest.mark.parametrize(
    ("folder", "commands", "points"),
    [
        ("v0.31/wandb/offline-run-20261121_113506-70x02mrf", 0, 0),  # the header alone
        ("v0.18/wandb/offline-run-20261121_113459-zu0awzox", 1, 0),  # an empty log
        ("digits/wandb/offline-run-20261121_055113-9e172eo1", 0, 0),
        ("digits/wandb/offline-run-20261121_055244-k7r8pqn9", 1, 5),  # a torn end
    ],
)
def test_a_killed_run_gives_what_was_written_and_no_status(
    folder: str, commands: int, points: int
) -> None:
    run = fetch(DATA, folder)
    assert (run.status, run.exit_status, run.finished) == (None, None, None)
    assert len(run.commands) == commands
    assert len(run.checkpoints) == points
    assert run.environment is not None
    assert run.environment.packages
    survives(run)


def test_a_resumed_run_is_one_run_by_its_id() -> None:
    root = DATA / "v0.31"
    first, second = (
        fetch(root, f"wandb/offline-run-20261121_{time}-abc123xy") for time in ("113503", "113505")
    )
    run = fetch(root, "abc123xy")
    assert run.ref == "wandb:abc123xy"
    assert (first.status, second.status, run.status) == ("failed", "finished", "finished")
    assert (run.started, run.finished) == (first.started, second.finished)
    assert (first.exit_status, run.exit_status) == (1, 0)
    curve = next(c for c in run.curves if c.metric == "train/loss")
    assert curve.steps == tuple(range(10))
    assert curve.values == tuple(1 / (step + 1) for step in range(10))
    assert [row.step for row in run.checkpoints] == [0, 1, 2, 3, 4]


# Finding -------------------------------------------------------------------------------------


def test_every_folder_is_found_once_and_can_be_read() -> None:
    assert len(FOLDERS) == 14 == len(set(FOLDERS))
    assert list(FOLDERS) == sorted(FOLDERS)
    for folder in FOLDERS:
        run = fetch(DATA, folder)
        assert run.ref == f"wandb:{folder}"
        assert run == fetch(DATA, folder)
        survives(run)


def test_links_to_the_latest_run_count_no_run_twice(project: Path) -> None:
    name = Path(FULL).name
    (project / "wandb" / "latest-run").symlink_to(name)
    (project / "wandb" / "debug.log").symlink_to(f"{name}/logs/debug.log")
    assert find(project) == (f"wandb:wandb/{name}",)
    assert fetch(project, "wandb/latest-run").ref == f"wandb:wandb/{name}"


def test_wild_layouts_are_found(project: Path) -> None:
    name = Path(FULL).name
    run = project / "wandb" / name
    shutil.copytree(run, project / "exp" / "deep" / "wandb" / name)  # a copy elsewhere
    shutil.copytree(run, project / "renamed")
    shutil.copytree(run, project / ".wandb" / name)
    loose = project / "logs"
    loose.mkdir()
    for number in (1, 2):
        shutil.copy(run / "run-ubt3knka.wandb", loose / f"run-{number}.wandb")
    (project / "wandb" / "run-20261121_113501-empty").mkdir()
    (project / "node_modules" / "wandb").mkdir(parents=True)
    shutil.copytree(run, project / "node_modules" / "wandb" / name)
    found = find(project)
    assert found == (
        f"wandb:.wandb/{name}",
        f"wandb:exp/deep/wandb/{name}",
        "wandb:logs/run-1.wandb",
        "wandb:logs/run-2.wandb",
        "wandb:renamed",
        f"wandb:wandb/{name}",
    )
    names = {fetch(project, ref.partition(":")[2]).name for ref in found}
    assert names == {"plT5 żółć"}
    assert find(project, project / "exp") == (f"wandb:exp/deep/wandb/{name}",)
    assert find(project, run) == (f"wandb:wandb/{name}",)
    assert find(project, run / "files") == ()


def test_a_log_alone_is_a_run(project: Path) -> None:
    run = fetch(project, f"wandb/{Path(FULL).name}/run-ubt3knka.wandb")
    assert run.name == "plT5 żółć"
    assert [file.path for file in run.files] == ["predictions/qa-found"]


def test_the_folder_of_one_run_stands_for_it(project: Path) -> None:
    name = Path(FULL).name
    assert fetch(project, "wandb").ref == f"wandb:wandb/{name}"
    assert fetch(project, f"wandb/{name}/files").ref == f"wandb:wandb/{name}"
    shutil.copytree(project / "wandb" / name, project / "wandb" / "run-20261121_120000-other")
    with pytest.raises(TrackerError, match="holds 2 runs") as caught:
        fetch(project, "wandb")
    assert f"wandb:wandb/{name}" in caught.value.hint


def test_an_id_is_looked_for_where_settings_and_environment_say(project: Path) -> None:
    elsewhere = project.parent / f"{project.name}-elsewhere"
    (project / "wandb").rename(elsewhere)
    with pytest.raises(TrackerError, match="No run 'ubt3knka'"):
        fetch(project, "ubt3knka")
    assert fetch(project, "ubt3knka", dir=f"../{elsewhere.name}").ref == "wandb:ubt3knka"
    environ = {"WANDB_DIR": str(elsewhere)}
    config = TrackerConfig(project, environ=environ)
    assert wandb.fetch_run("ubt3knka", config).name == "plT5 żółć"
    (ref,) = wandb.find_runs(elsewhere, config)
    assert wandb.fetch_run(ref.partition(":")[2], config).name == "plT5 żółć"


def test_thousands_of_runs_are_listed_by_their_names_alone(tmp_path: Path) -> None:
    for number in range(2000):
        folder = tmp_path / "wandb" / f"offline-run-20261121_113501-{number:08}"
        (folder / "files").mkdir(parents=True)
    opened = []
    sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
    assert len(find(tmp_path)) == 2000
    assert not [path for path in opened if str(path).startswith(str(tmp_path))]


# Refs that name nothing, and strangers' files ------------------------------------------------


@pytest.mark.parametrize(
    ("locator", "said"),
    [
        ("nothing", "No run 'nothing'"),
        ("wandb/offline-run-20261121_113501-gone", "No run"),
        ("wandb/offline-run-20261121_113501-gone/run-gone.wandb", "No run"),
        ("../outside", "lies outside"),
        ("note.txt", "is no .wandb file"),
        ("empty/inner", "No run"),
        ("a\0b", "No run"),
        ("x" * 5000, "No run"),
    ],
)
def test_a_ref_that_names_no_run_says_so(project: Path, locator: str, said: str) -> None:
    (project / "note.txt").touch()
    (project / "empty" / "inner").mkdir(parents=True)
    (project.parent / "outside").mkdir(exist_ok=True)
    with pytest.raises(TrackerError, match=said) as caught:
        fetch(project, locator)
    assert caught.value.hint


def test_no_link_is_followed_out_of_the_project(tmp_path: Path) -> None:
    root, secret = tmp_path / "project", tmp_path / "secret"
    shutil.copytree(DATA / FULL, secret)
    run = root / "wandb" / Path(FULL).name
    shutil.copytree(DATA / FULL, run)
    (root / "linked").symlink_to(secret)
    (run / "files" / "media" / "out").symlink_to(secret)
    (run / "files" / "passwd").symlink_to("/etc/passwd")
    shutil.copy(secret / "files" / "output.log", secret / "config.yaml")
    (run / "files" / "config.yaml").symlink_to(secret / "config.yaml")
    assert find(root) == (f"wandb:wandb/{run.name}",)
    assert not {"passwd", "config.yaml"} & {file.path for file in fetch(root, "ubt3knka").files}
    assert not any("out/" in file.path for file in fetch(root, "ubt3knka").files)
    with pytest.raises(TrackerError, match="lies outside"):
        fetch(root, "linked")
    with pytest.raises(TrackerError, match="lies outside"):
        find(root, root / "linked")
    (run / "run-ubt3knka.wandb").unlink()
    (run / "run-ubt3knka.wandb").symlink_to(secret / "run-ubt3knka.wandb")
    assert fetch(root, "ubt3knka").params == {}


def test_a_pointer_of_git_lfs_says_what_to_do(project: Path) -> None:
    log = project / "wandb" / Path(FULL).name / "run-ubt3knka.wandb"
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    log.write_text(pointer)
    with pytest.raises(TrackerError, match="git-lfs pointer") as caught:
        fetch(project, "ubt3knka")
    assert "git lfs pull" in caught.value.hint
    log.write_text("something else")
    with pytest.raises(TrackerError, match="no file of Weights & Biases"):
        fetch(project, "ubt3knka")


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("config.yaml", "a: &x [1]\nb: *x\n", "params"),
        ("config.yaml", "[" * 60_000, "params"),
        ("config.yaml", "- 1\n", "params"),
        ("config.yaml", "a: " + "x" * 300_000, "params"),
        ("wandb-summary.json", "[" * 200_000, "metrics"),
        ("wandb-summary.json", '{"a": 1', "metrics"),
        ("wandb-metadata.json", "nul", "environment"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_the_rest(
    project: Path, name: str, content: str, part: str
) -> None:
    files = project / "wandb" / Path(FULL).name / "files"
    (files / name).write_text(content)
    run = fetch(project, "ubt3knka")
    assert run.params == CONFIG
    assert part in run.unavailable
    survives(run)


@pytest.mark.parametrize(
    "metadata",
    [
        '{"args": 5, "git": [], "gpu_nvidia": "x", "gpu_count": 1e99, "program": {}}',
        '{"args": ["\\ud800", null, 7], "program": "-m pkg.mod", "host": "\\u0000"}',
        '{"startedAt": "2026-13-45", "gpu": ["x"], "gpu_count": 999999999, "email": 5}',
        '{"startedAt": "9999-12-31T23:59:59+00:01", "exitcode": 1e400, "state": ["x"]}',
    ],
)
def test_odd_types_are_passed_over(tmp_path: Path, metadata: str) -> None:
    folder = tmp_path / "run-20200101_000000-odd"
    folder.mkdir()
    (folder / "wandb-metadata.json").write_text(metadata)
    (folder / "wandb-history.jsonl").write_text(
        '{"_step": 1e999, "a": 1e400, "b": {"c": {"d": 1}}}\n[]\n7\n'
        '{"_step": "x", "a": "NaN", "_timestamp": [], "é\\ud800": 3}\n{"a": 2'
    )
    (folder / "wandb-summary.json").write_text(f'{{"n": {"9" * 400}, "deep": {{"x": [1]}}}}')
    run = fetch(tmp_path, folder.name)
    assert run.metrics["b.c.d"].value == 1
    assert run.metrics["n"].value == math.inf
    assert math.isnan(run.metrics["a"].value)
    survives(run)


@pytest.mark.parametrize(
    ("machine", "line"),
    [
        ({"program": "-m pkg.mod", "args": ["-x", ""]}, "python -m pkg.mod -x ''"),
        ({"program": "a b.py", "args": ["$HOME", "it's"]}, "python 'a b.py' '$HOME' 'it'\"'\"'s'"),
        ({"program": "nb.ipynb"}, None),
        ({"program": "<python with no main file>"}, None),
        ({}, None),
    ],
)
def test_the_command_is_quoted_as_a_shell_reads_it(
    machine: dict[str, Any], line: str | None
) -> None:
    record = Record(machine={"executable": "python", **machine})
    assert [c.line for c in wandb.make_run(record).commands] == ([line] if line else [])


@pytest.mark.parametrize(
    ("machine", "shown"),
    [
        ({"gpu": "Tesla T4", "gpu_count": 2}, "2 x Tesla T4"),
        ({"gpu_nvidia": [{"name": "A100"}, {"name": "A100"}, {"name": "T4"}]}, "2 x A100, T4"),
        ({"gpu_amd": [{"model": "MI300"}]}, "MI300"),
        ({"tpu": {"name": "v4"}}, "v4"),
    ],
)
def test_devices_are_counted_by_name(machine: dict[str, Any], shown: str) -> None:
    environment = wandb.make_run(Record(machine=machine)).environment
    assert environment is not None
    assert environment.accelerator == shown


def test_reading_a_folder_imports_no_client(project: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from cardgen.models import TrackerConfig\n"
        "from cardgen.trackers import wandb as ours\n"
        "ours.fetch_run('ubt3knka', TrackerConfig(Path(sys.argv[1])))\n"
        "print(sorted({'wandb', 'google.protobuf', 'requests'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", program, str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
