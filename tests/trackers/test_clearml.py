"""Offline sessions of ClearML: what the real client wrote, now and before."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.models import Checkpoint, Evidence, Metric, Model, Run, RunFile, Source, TrackerConfig
from cardgen.trackers import clearml
from cardgen.trackers.clearml import params as parameters
from cardgen.trackers.clearml.hocon import parse_hocon

HERE = Path(__file__).parent
DATA = HERE.parent / "data" / "clearml"
DONE = "offline-d23f1017bf4b4b9dbc8290844177d578"
FAILED = "offline-8afee3cbbc954a449ab1f3fd8a18824c"
WRITER = HERE / "clearml_writer.py"
# The client's helper process at times keeps it from ending.
CONF = "sdk { development { report_use_subprocess: false, worker { report_period_sec: 1 } } }"


def fetch(root: Path, locator: str) -> Run:
    return clearml.fetch_run(locator, TrackerConfig(root))


def find(root: Path, location: Path | None = None) -> tuple[str, ...]:
    return clearml.find_runs(location or root, TrackerConfig(root))


def survives(run: Run) -> None:
    """A run can become evidence and be read again."""
    text = format_evidence(Evidence(code="qa-1", runs=(run,)))
    assert format_evidence(parse_evidence(text)) == text


def make_session(root: Path, task: object, events: str = "", name: str = DONE) -> Path:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("task.json").write_text(json.dumps(task), encoding="utf-8")
    if events:
        folder.joinpath("metrics.jsonl").write_text(events, encoding="utf-8")
    return folder


def scalar(
    metric: str, variant: str, value: object, step: object = 1, **more: Any
) -> dict[str, Any]:
    event = {"type": "training_stats_scalar", "metric": metric, "variant": variant}
    return event | {"value": value, "iter": step, "timestamp": 1795240654216} | more


# What the real client wrote ------------------------------------------------------------------


def test_a_real_session_is_read_whole() -> None:
    run = fetch(DATA, DONE)
    assert (run.ref, run.name, run.experiment) == (f"clearml:{DONE}", "qa-1 baseline", "QA/digits")
    assert run.description == "Goal: see whether SGD reaches 0.95 on digits."
    assert run.tags == {"baseline": "", "code:qa-1": "", "conclusion": "fine", "type": "training"}
    assert run.params == {
        "alpha": 0.0002,
        "batch_size": 64,
        "code": "qa-1",
        "data/split/test": 0.25,
        "epochs": 8,
        "fail_at": -1,
        "optim/optimizer/loss": "log_loss",
        "optim/optimizer/name": "sgd",
        "out": "out",
        "seed": 13,
    }
    assert run.source == Source(
        repository="https://git.example.com/team/qa-demo.git",
        branch="exp/qa-1",
        commit="03415604141c7d684b6f01dec83afdeae47a741a",
        dirty=True,
        entrypoint="train/t_clearml.py",
    )
    assert len(run.checkpoints) == 8
    assert run.checkpoints[5] == Checkpoint(
        step=6,
        metrics={
            "eval/accuracy": 0.9622222222222222,
            "eval/f1_macro": 0.9614962696939499,
            "eval/loss": 0.1613968372727839,
        },
    )
    assert [curve.metric for curve in run.curves] == ["lr", "train/loss"]
    assert run.curves[1].values[0] == 1.2150285232592386
    assert run.metrics["final_accuracy"] == Metric(value=0.9355555555555556)
    assert run.metrics["lr"] == Metric(value=46.29629629629629, step=8)


def test_times_are_those_of_events_and_nothing_says_how_it_ended() -> None:
    run = fetch(DATA, DONE)
    assert run.started == dt.datetime(2026, 11, 21, 5, 57, 33, 456000, dt.UTC)
    assert run.finished == dt.datetime(2026, 11, 21, 5, 57, 36, 322000, dt.UTC)
    assert run.status is None
    assert (run.author, run.url, run.commands) == ("", "", ())
    assert run.unavailable == (
        "author",
        "commands",
        "environment.accelerator",
        "environment.os",
        "status",
        "url",
    )


def test_environment_and_files_are_kept() -> None:
    run = fetch(DATA, DONE)
    assert run.environment is not None
    assert (run.environment.python, run.environment.host, run.environment.seed) == (
        "3.11.7",
        "vm",
        13,
    )
    assert run.environment.packages["scikit-learn"] == "1.9.1"
    (file,) = run.files
    assert file.path.endswith("/artifacts/results/results.json")
    assert file.path.startswith("data/QA/digits/")
    assert file.size == 189
    assert file.digest == (
        "sha256:602e8403bde121396e72daae8ac6c3b5474a77739f5295185ed4e7d20fa9420b"
    )


def test_the_zip_says_what_the_folder_says() -> None:
    folder, archive = fetch(DATA, DONE), fetch(DATA, f"{DONE}.zip")
    assert archive == folder.model_copy(update={"ref": f"clearml:{DONE}.zip"})


def test_the_folder_stands_for_both_since_it_may_hold_more() -> None:
    assert find(DATA) == (f"clearml:{FAILED}", f"clearml:{DONE}")
    assert fetch(DATA, f"{FAILED}.zip").metrics == {}
    run = fetch(DATA, FAILED)
    assert [row.step for row in run.checkpoints] == [1, 2, 3]
    assert run.status is None  # nothing in a session tells it from a run that ended well


def test_every_point_is_what_stands_in_the_file() -> None:
    for name in (DONE, FAILED):
        lines = (DATA / name / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        events = [event for line in lines for event in json.loads(line) if "value" in event]
        run = fetch(DATA, name)
        rows = {row.step: row.metrics for row in run.checkpoints}
        curves = {c.metric: dict(zip(c.steps, c.values, strict=True)) for c in run.curves}
        for event in events:
            metric = f"{event['metric']}/{event['variant']}"
            if metric.startswith("eval/"):
                assert rows[event["iter"]][metric] == event["value"]
            elif metric == "Summary/final_accuracy":
                assert run.metrics["final_accuracy"].value == event["value"]
            else:
                curve = curves["lr" if metric == "lr/lr" else metric]
                assert curve[event["iter"]] == event["value"]


# Fresh, by the client that is installed ------------------------------------------------------


def write_session(how: str, folder: Path) -> subprocess.Popen[bytes]:
    out = folder / how
    out.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "CLEARML_OFFLINE_MODE": "1",
        "CLEARML_CACHE_DIR": str(out),
        "CLEARML_CONFIG_FILE": str(folder / "clearml.conf"),
    }
    command = [sys.executable, str(folder / "train.py"), how, str(out), "--alpha", "0.5"]
    with (out / "said").open("w") as said:
        return subprocess.Popen(
            command, cwd=folder, env=environ, stdout=said, stderr=said, stdin=subprocess.DEVNULL
        )


def write_sessions(root: Path) -> dict[str, dict[str, Any]]:
    """Sessions by how they end: what the client says, and the folder of the project.

    They are written side by side, for the client waits seconds for itself.
    """
    shutil.copy(WRITER, root / "train.py")
    (root / "clearml.conf").write_text(CONF)
    for command in (
        ("init", "-q", "-b", "main"),
        ("add", "train.py"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"),
        ("remote", "add", "origin", "https://git.example.com/team/qa.git"),
    ):
        subprocess.run(("git", *command), cwd=root, check=True)
    started = {how: write_session(how, root) for how in ("ok", "fail", "kill")}
    found = {}
    try:
        for how, process in started.items():
            process.wait(timeout=90)
            said = (root / how / "said").read_text()
            lines = [line for line in said.splitlines() if line.startswith("{")]
            assert lines, said
            found[how] = json.loads(lines[0]) | {"root": root}
    finally:
        for process in started.values():
            process.kill()
            process.wait()
    return found


_written: dict[str, dict[str, Any]] = {}


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Sessions that the client wrote just now, once for all modules that ask for them."""
    if not _written:
        _written.update(write_sessions(tmp_path_factory.mktemp("clearml")))
    return _written


def locate(said: dict[str, Any]) -> str:
    return Path(said["folder"]).relative_to(said["root"]).as_posix()


def expected_params(said: dict[str, Any]) -> dict[str, Any]:
    """What the client says of parameters and configuration, under the names that a card has."""
    found: dict[str, Any] = {}
    for name, value in said["parameters"].items():
        section, _, rest = name.partition("/")
        if section == "properties":
            continue
        plain = section == "Args" or (section == "General" and rest not in found)
        found[rest if plain else name] = str(value) if value == 2**60 else value
    found |= {f"data/{k}": v for k, v in parameters.flatten(said["configuration"]["data"])}
    return found | {"list": said["configuration"]["list"]}


@pytest.mark.parametrize("how", ["ok", "fail", "kill"])
def test_params_are_what_the_client_says(written: dict[str, dict[str, Any]], how: str) -> None:
    said = written[how]
    run = fetch(said["root"], locate(said))
    others = {
        "model.json/depth": 3,
        "model.json/inner/k": [1],
        "model.yaml/model/name": "plT5",
        "model.yaml/model/lr": 1e-4,
        "model.yaml/no": "yes",
        "notes.txt": "no form at all: { [",
    }
    assert run.params == expected_params(said) | others
    assert (run.name, run.experiment) == (said["name"], said["project"])
    assert run.description == said["comment"]
    assert [tag for tag, value in run.tags.items() if not value] == sorted(said["tags"])
    assert (run.tags["conclusion"], run.tags["score"]) == ("fine", "0.5")
    survives(run)


@pytest.mark.parametrize("how", ["ok", "fail", "kill"])
def test_metrics_are_what_was_reported(written: dict[str, dict[str, Any]], how: str) -> None:
    said = written[how]
    run = fetch(said["root"], locate(said))
    rows = [(row.step, row.metrics) for row in run.checkpoints]
    assert rows == [(step, {"eval/accuracy": 0.5 + step / 10}) for step in range(3)]
    curves = {curve.metric: curve for curve in run.curves}
    assert curves["lr"].values == (1e-3, 1e-3 / 2, 1e-3 / 3)
    assert math.isnan(curves["train/loss"].values[1])
    assert curves["train/loss"].values[::2] == (1.0, 1 / 3)
    assert run.metrics["final_accuracy"] == Metric(value=0.75)
    assert run.metrics["system/machine/cpu_usage"] == Metric(value=3.5, step=30)


def test_what_else_the_client_left_is_found(written: dict[str, dict[str, Any]]) -> None:
    said = written["ok"]
    run = fetch(said["root"], locate(said))
    weights = f"{locate(said)}/models/model.bin"
    assert run.output == (
        Model(name="qa-digits", kind="ScikitLearn", path=weights, aliases=("best",)),
    )
    assert [row.path for row in run.checkpoints] == ["", "", weights]
    assert RunFile(path="models/model.bin", size=7) in run.files
    commit = subprocess.run(
        ("git", "rev-parse", "HEAD"), cwd=said["root"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert run.source == Source(
        repository="https://git.example.com/team/qa.git",
        branch="main",
        commit=commit,
        dirty=False,
        entrypoint="train.py",
    )
    assert run.environment is not None
    assert run.environment.python == ".".join(map(str, sys.version_info[:3]))
    assert run.environment.packages["clearml"]


def test_a_killed_run_has_no_end_and_an_ended_one_has(written: dict[str, dict[str, Any]]) -> None:
    runs = {how: fetch(said["root"], locate(said)) for how, said in written.items()}
    assert all(run.started is not None for run in runs.values())
    assert runs["kill"].finished is None
    assert "finished" in runs["kill"].unavailable
    assert runs["ok"].finished is not None
    assert runs["fail"].finished is not None
    archive = fetch(written["ok"]["root"], f"{locate(written['ok'])}.zip")
    assert archive.params == runs["ok"].params
    assert archive.metrics == pytest.approx(runs["ok"].metrics, nan_ok=True)


def test_the_project_lists_all_that_was_written(written: dict[str, dict[str, Any]]) -> None:
    root = written["ok"]["root"]
    assert find(root) == tuple(sorted(f"clearml:{locate(said)}" for said in written.values()))


# Where sessions lie --------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (DONE, FAILED):
        shutil.copytree(DATA / name, tmp_path / "runs" / name)
        shutil.copy(DATA / f"{name}.zip", tmp_path / "runs")
    return tmp_path


def test_many_sessions_in_one_folder_are_listed_once_each(project: Path) -> None:
    names = [f"offline-{number:032x}" for number in range(10)]
    for name in names:
        shutil.copytree(DATA / DONE, project / "runs" / name)
    shutil.rmtree(project / "runs" / names[3])
    shutil.copy(DATA / f"{DONE}.zip", project / "runs" / f"{names[3]}.zip")
    refs = [f"clearml:runs/{name}" for name in (*names, FAILED, DONE)]
    refs[3] += ".zip"
    assert find(project) == tuple(sorted(refs))


def test_a_session_is_known_by_its_content_under_any_name(project: Path) -> None:
    (project / "runs" / DONE).rename(project / "qa-1")
    (project / "other").mkdir()
    (project / "other" / "task.json").write_text('{"id": "build", "label": "task"}')
    assert find(project) == (
        "clearml:qa-1",
        f"clearml:runs/{FAILED}",
        f"clearml:runs/{DONE}.zip",
    )
    assert fetch(project, "qa-1").name == "qa-1 baseline"


def test_a_place_inside_a_session_means_that_session(project: Path) -> None:
    folder = project / "runs" / DONE
    assert find(project, folder) == (f"clearml:runs/{DONE}",)
    assert find(project, folder / "data" / "QA") == (f"clearml:runs/{DONE}",)
    assert find(project, project / "runs" / f"{DONE}.zip") == (f"clearml:runs/{DONE}.zip",)


def test_environments_and_hidden_folders_are_passed_over(project: Path) -> None:
    for place in (".git", "venv", "node_modules/x"):
        shutil.copytree(DATA / DONE, project / place / DONE)
    shutil.copytree(DATA / DONE, project / ".clearml" / "cache" / "offline" / DONE)
    assert find(project) == (
        f"clearml:.clearml/cache/offline/{DONE}",
        f"clearml:runs/{FAILED}",
        f"clearml:runs/{DONE}",
    )


def test_a_folder_without_a_session_gives_none(tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text("[]")
    (tmp_path / "notes.zip").write_bytes(b"PK")
    assert find(tmp_path) == ()
    with pytest.raises(TrackerError, match="outside the project"):
        find(tmp_path / "inner", tmp_path)


# Older and odder tasks -----------------------------------------------------------------------


def test_parameters_of_old_servers_are_read(tmp_path: Path) -> None:
    old = {
        "alpha": "0.1",
        "epochs": "8",
        "name": "x",
        "on": "True",
        "optim/lr": "1e-4",
        "v": "1.10",
    }
    make_session(tmp_path, {"name": "a", "execution": {"parameters": old}})
    assert fetch(tmp_path, DONE).params == {
        "alpha": 0.1,
        "epochs": 8,
        "name": "x",
        "on": True,
        "optim/lr": "1e-4",
        "v": "1.10",
    }


def test_types_decide_what_a_value_is() -> None:
    cases = {
        ("5", "int"): 5,
        ("5", "str"): "5",
        ("5", ""): "5",
        ("", ""): None,
        ("1e-4", "float"): 1e-4,
        ("inf", "float"): math.inf,
        ("9007199254740993", "int"): "9007199254740993",
        ("x", "int"): "x",
        ("true", "bool"): True,
        ("", "bool"): False,
        ("maybe", "bool"): "maybe",
        ('["a", 1]', "list/str"): ["a", 1],
        ("[1, 2", "list"): "[1, 2",
        ('{"a": {"b": 1}}', "dict"): {"a": {"b": 1}},
        ("5", "legacy"): 5,
    }
    for (text, kind), value in cases.items():
        assert parameters.parse_param(text, kind) == value, (text, kind)


def test_names_are_short_where_that_is_clear(tmp_path: Path) -> None:
    def item(value: str) -> dict[str, str]:
        return {"value": value, "type": "int"}

    sections = {
        "General": {"lr": item("1"), "x": item("2")},
        "Args": {"lr": item("3")},
        "Transformers": {"seed": item("7")},
        "Datasets": {"polqa": {"value": "a" * 32}},
    }
    make_session(tmp_path, {"hyperparams": sections})
    run = fetch(tmp_path, DONE)
    assert run.params == {"lr": 3, "General/lr": 1, "x": 2, "Transformers/seed": 7}
    assert run.environment is not None
    assert run.environment.seed == 7
    assert [(data.name, data.version) for data in run.data] == [("polqa", "a" * 32)]


def test_a_comment_that_nobody_wrote_says_who_and_where(tmp_path: Path) -> None:
    comment = "Auto-generated at 2023-08-09 10:00:00 UTC by ada@gpu-3"
    make_session(tmp_path, {"comment": comment})
    run = fetch(tmp_path, DONE)
    assert (run.description, run.author) == ("", "ada")
    assert run.environment is not None
    assert run.environment.host == "gpu-3"
    assert "author" not in run.unavailable


def test_a_script_without_a_repository_is_no_change(tmp_path: Path) -> None:
    script = {"entry_point": "train.py", "diff": "print(1)", "repository": "", "version_num": ""}
    make_session(tmp_path, {"script": script})
    assert fetch(tmp_path, DONE).source == Source(entrypoint="train.py")
    script |= {"repository": "r", "version_num": "c" * 40, "diff": "", "working_dir": "src/qa"}
    make_session(tmp_path, {"script": script})
    assert fetch(tmp_path, DONE).source == Source(
        repository="r", commit="c" * 40, dirty=False, entrypoint="src/qa/train.py"
    )


def test_what_a_server_adds_is_read_from_an_exported_task_too(tmp_path: Path) -> None:
    task = {
        "parent": "b" * 32,
        "container": {"image": "nvidia/cuda:12"},
        "system_tags": ["development", "archived"],
        "runtime": {"OS": "Linux-6.1", "hostname": "gpu-1", "gpu_type": "A100"},
        "configuration": {
            "Model Configuration": {
                "type": "dictionary",
                "value": '_name_or_path = "allegro/plt5-base"\nmodel_type = "t5"',
            }
        },
    }
    make_session(tmp_path, task)
    run = fetch(tmp_path, DONE)
    assert run.parent == f"clearml:{'b' * 32}"
    assert run.tags == {"archived": "", "container": "nvidia/cuda:12"}
    assert run.environment is not None
    assert (run.environment.os, run.environment.host) == ("Linux-6.1", "gpu-1")
    assert run.environment.accelerator == "A100"
    assert run.model == Model(name="allegro/plt5-base", kind="t5")


def test_a_long_configuration_in_no_known_form_is_named_as_missing(tmp_path: Path) -> None:
    make_session(tmp_path, {"configuration": {"c": {"type": "txt", "value": "{ " * 4000}}})
    run = fetch(tmp_path, DONE)
    assert run.params == {}
    assert "params.c" in run.unavailable


def test_metrics_go_by_the_names_that_were_logged(tmp_path: Path) -> None:
    events = [
        scalar("eval", "loss", 1.0),
        scalar("lr", "lr", 2.0),
        scalar("Summary", "f1", 3.0, -(2**31)),
        scalar("Summary", "curve", 4.0, 5),
        scalar(":monitor:gpu", "gpu_0_utilization", 5.0),
        scalar("eval/loss", "eval/loss", 6.0),
    ]
    make_session(tmp_path, {}, json.dumps(events) + "\n")
    metrics = fetch(tmp_path, DONE).metrics
    assert {name: metric.value for name, metric in metrics.items()} == {
        "eval/loss": 1.0,
        "eval/loss / eval/loss": 6.0,
        "lr": 2.0,
        "f1": 3.0,
        "Summary/curve": 4.0,
        "system/gpu/gpu_0_utilization": 5.0,
    }


def test_events_of_models_and_of_other_tasks_are_not_the_tasks_own(tmp_path: Path) -> None:
    events = [
        scalar("a", "b", 1, task="mine"),
        scalar("a", "b", 2, 2, task="other"),
        scalar("a", "b", 3, 3, task="mine", model_event=True),
        scalar("a", "b", 4, 4),
    ]
    make_session(tmp_path, {"id": "mine"}, json.dumps(events) + "\n")
    assert [row.step for row in fetch(tmp_path, DONE).checkpoints] == [1, 4]


# HOCON ---------------------------------------------------------------------------------------


def test_hocon_is_read_as_the_client_reads_it() -> None:
    texts = [
        "[1, 2.5, x]",
        'a = 1\nb : "x"\nc { d = [1, {e = null}] }\n',
        "a.b.c = true\na.b.d = false",
        'a {b = 1}\na {c = "2"}',
        "# comment\na = 1 // more\nb = two words # end\n",
        'url = "http://x/y"\nk = """raw "text"\nlines"""',
        '"1e3" = 5\nwith space = -3\nf = 1e-4\n',
        "a = [\n 1\n 2\n]\n",
        'a = "\\tą\\"\\\\"',
    ]
    script = """
import json, sys
from clearml.utilities.config import text_to_config_dict
read = [text_to_config_dict(text) for text in json.loads(sys.argv[1])]
print(json.dumps(read, default=lambda _: None))
"""
    command = [sys.executable, "-c", script, json.dumps(texts)]
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "CLEARML_OFFLINE_MODE": "1"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    expected = json.loads(done.stdout.splitlines()[-1])
    assert [parse_hocon(text) for text in texts] == expected
    assert parse_hocon("") == parse_hocon("{}") == {}


@pytest.mark.parametrize(
    "text",
    ["a = ${b}", "include 'x'", "a += 1", "a =", "a {", "[1", '"x', "a = 1 }", 'a = "x" "y"', "=1"],
)
def test_what_of_hocon_means_more_than_it_says_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        parse_hocon(text)


def test_hocon_is_bounded() -> None:
    for text in ("[" * 100_000, "a {" * 50_000, "a." * 1000 + "b = 1", "x" * 300_000):
        with pytest.raises(ValueError, match=r"deep|long|key|value"):
            parse_hocon(text)


def test_reading_needs_no_client() -> None:
    script = f"""
import sys
from pathlib import Path
from cardgen.models import TrackerConfig
from cardgen.trackers import clearml
clearml.fetch_run({DONE!r}, TrackerConfig(Path({str(DATA)!r})))
assert not {{"clearml", "requests"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], cwd=HERE.parents[1], check=True)
