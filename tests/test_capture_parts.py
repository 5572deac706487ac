"""The parts of 'cardgen run', each by itself and with real processes."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cardgen.capture import format_line, machine, make_environ, process
from cardgen.capture.found import Stay, belongs, is_written
from cardgen.capture.process import CommandError, Ended, find_command, guarded, run_command
from cardgen.cli.run import split_off
from cardgen.config import Config
from cardgen.models import Card, Environment, FrontMatter, Run
from cardgen.running import (
    Going,
    Process,
    end_going,
    find_process,
    load_going,
    make_going,
    save_going,
    settle,
)

PYTHON = sys.executable


# Processes -----------------------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["precise", "anywhere"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both ways to wait: that of Linux, and that of systems that do not tell a signal's sender."""
    monkeypatch.setattr(process, "_PRECISE", request.param)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    handlers = [signal.getsignal(number) for number in process._PASSED]
    yield
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask
    assert [signal.getsignal(number) for number in process._PASSED] == handlers


def run_script(script: str) -> Ended:
    with guarded():
        return run_command((PYTHON, "-c", script), os.environ, lambda _: None)


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize(
    ("script", "status", "aborted", "shell"),
    [
        ("pass", 0, False, 0),
        ("raise SystemExit(7)", 7, False, 7),
        ("raise SystemExit(255)", 255, False, 255),
        ("import os; os.kill(os.getpid(), 9)", -9, False, 137),
        ("import os; os.abort()", -6, False, 134),
        ("import os; os.kill(os.getpid(), 15)", -15, True, 143),
        ("import os; os.kill(os.getpid(), 2)", -2, True, 130),
        ("raise SystemExit(130)", 130, True, 130),
    ],
)
def test_how_a_command_ends(script: str, status: int, aborted: bool, shell: int) -> None:
    ended = run_script(script)
    assert (ended.status, ended.aborted, ended.shell_status) == (status, aborted, shell)


@pytest.mark.usefixtures("ways")
def test_a_signal_is_passed_on_and_told() -> None:
    script = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        "time.sleep(30)"
    )
    ended = run_script(script)
    assert ended == Ended(4, frozenset({signal.SIGTERM}))
    assert ended.aborted


def test_a_signal_that_comes_while_the_command_starts_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where it runs already, and the process that starts it does not know it yet."""
    monkeypatch.setattr(process, "_PRECISE", False)
    start = subprocess.Popen

    def start_late(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started = start(*arguments, **options)
        os.kill(os.getpid(), signal.SIGTERM)
        return started

    monkeypatch.setattr(process.subprocess, "Popen", start_late)
    ended = run_script("import time; time.sleep(30)")
    assert ended == Ended(-signal.SIGTERM, frozenset({signal.SIGTERM}))


def test_who_asked_a_command_to_end_aborted_it_whatever_it_says() -> None:
    assert Ended(0, frozenset({signal.SIGTERM})).aborted
    assert Ended(1, frozenset({signal.SIGINT})).aborted
    # Ctrl-C in a Python prompt, which goes on and ends well.
    assert not Ended(0, frozenset({signal.SIGINT})).aborted
    assert not Ended(1, frozenset({signal.SIGUSR1})).aborted


@pytest.mark.usefixtures("ways")
def test_commands_that_cannot_be_started(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo x\n")
    with pytest.raises(CommandError, match="not executable") as caught:
        find_command(str(script), os.environ["PATH"])
    assert caught.value.status == 126
    with pytest.raises(CommandError, match="There is no command") as caught:
        find_command("no-such-command", os.environ["PATH"])
    assert caught.value.status == 127
    script.chmod(0o755)
    with pytest.raises(CommandError, match="cannot be started") as caught, guarded():
        run_command((str(script),), os.environ, lambda _: None)
    assert caught.value.status == 126


def test_a_signal_that_comes_late_is_dropped() -> None:
    """In a process of its own: the threads of a test runner would take what is blocked here."""
    script = (
        "import os, signal\nfrom cardgen.capture.process import guarded\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with guarded():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "print('alive')"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


# The line and the variables ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("qa-1 -- a -b", "qa-1 -- a -b"),
        ("qa-1 a -b -- c", "qa-1 -- a -b -- c"),
        ("--predict qa-1 a", "--predict qa-1 -- a"),
        ("qa-1 --note x a", "qa-1 --note x -- a"),
        ("qa-1 --note=x a --note", "qa-1 --note=x -- a --note"),
        ("qa-1 --other a", "qa-1 --other a"),
        ("qa-1", "qa-1"),
        ("--help", "--help"),
        ("", ""),
    ],
)
def test_where_the_command_begins(given: str, read: str) -> None:
    assert split_off(given.split()) == read.split()


def test_the_line_of_an_inner_folder(tmp_path: Path) -> None:
    assert format_line(("a", "b c"), tmp_path, tmp_path) == "a 'b c'"
    assert format_line(("a",), tmp_path / "x y", tmp_path) == "cd 'x y' && a"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", {"cardgen.run": "run:x"}),
        ('{"team": "nlp"}', {"team": "nlp", "cardgen.run": "run:x"}),
        ("broken", "broken"),
        ("[1]", "[1]"),
    ],
)
def test_a_mark_for_mlflow_beside_a_person_s_own(
    before: str, after: object, tmp_path: Path
) -> None:
    card = Card("qa-1", tmp_path / "qa-1/card.md", FrontMatter(code="qa-1"))
    made = make_environ({"MLFLOW_RUN_CONTEXT": before}, card, "run:x")["MLFLOW_RUN_CONTEXT"]
    assert made == after or json.loads(made) == after


# The machine ---------------------------------------------------------------------------------


def test_which_python_a_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "python3.11").symlink_to(PYTHON)
    for name, text in (
        ("launch", f"#!{own}/python3.11\n"), ("by-env", "#!/usr/bin/env python3.11\n"),
        ("other", "#!/bin/sh\n"),
    ):  # fmt: skip
        (own / name).write_text(text)
        (own / name).chmod(0o755)
    environ = {"PATH": f"{own}:{os.environ['PATH']}"}
    for command in ("python3.11", "launch", "by-env"):
        assert machine.find_interpreter((command,), environ) == f"{own}/python3.11"
    assert Path(machine.find_interpreter(("other",), environ)).name.startswith("python")
    assert machine.find_interpreter(("true",), {"PATH": str(tmp_path)}) == ""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(PYTHON)
    (own / "uv").write_text("#!/bin/sh\n")
    (own / "uv").chmod(0o755)
    monkeypatch.chdir(own)
    assert (
        machine.find_interpreter(["uv", "run", "x.py"], environ) == f"{tmp_path}/.venv/bin/python"
    )


def test_a_python_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "SECONDS", 0.2)
    for text in ("sleep 5", "echo nonsense", "exit 1", "echo; echo 'cardgen:[1]'", "kill -9 $$"):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        assert machine.ask_interpreter(str(path)) == machine.Interpreter()
    assert machine.ask_interpreter("") == machine.Interpreter()


def test_packages_are_those_that_importlib_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the project')")
    monkeypatch.chdir(tmp_path)
    script = (
        "import json, importlib.metadata as m\n"
        "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
    )
    done = subprocess.run(
        [PYTHON, "-P", "-c", script], capture_output=True, text=True, check=True, cwd="/"
    )
    assert machine.ask_interpreter(PYTHON).packages == json.loads(done.stdout)


def test_accelerators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script stands for NVIDIA's tool, which needs its hardware."""
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for text, expected in (
        ("printf 'NVIDIA A100\\nNVIDIA A100\\nNVIDIA T4\\n'", "2 x NVIDIA A100, NVIDIA T4"),
        ("echo 'NVIDIA T4'", "NVIDIA T4"),
        ("echo 'no driver'; exit 9", ""),
    ):
        tool.write_text(f"#!/bin/sh\n{text}\n")
        tool.chmod(0o755)
        assert machine.find_accelerator() == expected
    tool.unlink()
    assert machine.find_accelerator() == ""


@pytest.mark.parametrize(
    ("line", "seed"),
    [
        ("python x.py --seed 42", 42),
        ("python x.py --seed=42 --lr 1", 42),
        ("python x.py trainer.seed=7", 7),
        ("python x.py --random-state 3", 3),
        ("python x.py --random_seed 3", 3),
        ("python x.py --seed none", None),
        ("python x.py --num_seeds 5", None),
        ("python x.py --seed", None),
        ("seed", None),
    ],
)
def test_seeds_that_a_line_names(line: str, seed: int | None) -> None:
    assert machine.find_seed(line.split()) == seed


@pytest.mark.parametrize(
    ("line", "entrypoint"),
    [
        ("python train.py --x train.py", "sub/train.py"),
        ("python -u -X dev train.py", "sub/train.py"),
        ("python -m pkg.train --x", "pkg.train"),
        ("python -c pass train.py", ""),
        ("python -", ""),
        ("python ../top.py", "top.py"),
        ("python /etc/passwd", ""),
        ("torchrun --nproc 2 train.py", "sub/train.py"),
        ("./train.py", "sub/train.py"),
        ("cat train.py", ""),
    ],
)
def test_entry_points(line: str, entrypoint: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/train.py").touch()
    (tmp_path / "top.py").touch()
    assert machine.find_entrypoint(line.split(), tmp_path / "sub", tmp_path) == entrypoint


# Runs inside ---------------------------------------------------------------------------------

NOW = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)


@pytest.fixture
def stay(tmp_path: Path) -> Stay:
    config = Config(root=tmp_path)
    folder = config.experiments / "qa-1"
    return Stay(config, folder, tmp_path, (), "run:x", NOW.timestamp())


def make_run(seconds: float | None = None, **fields: object) -> Run:
    started = None if seconds is None else NOW + dt.timedelta(seconds=seconds)
    values = {"ref": "mlflow:1", "tracker": "mlflow", "started": started, **fields}
    return Run.model_validate(values)


HERE = Environment(host=os.uname().nodename)


@pytest.mark.parametrize(
    ("run", "how", "mine"),
    [
        (make_run(5), "new", True),
        (make_run(-0.5), "new", True),
        (make_run(-60), "new", False),
        (make_run(), "new", True),
        (make_run(5, tags={"cardgen.run": "run:x"}), "remote", True),
        (make_run(5, tags={"cardgen.run": "run:other"}), "new", False),
        (make_run(5), "remote", False),
        (make_run(5, environment=HERE), "remote", True),
        (make_run(5, environment=Environment(host="another")), "remote", False),
        (make_run(-60), "touched", True),
        (make_run(-60), "known", False),
        (make_run(-60, finished=NOW + dt.timedelta(seconds=9)), "known", True),
        (make_run(-60, finished=NOW, tags={"cardgen.run": "run:y"}), "known", True),
    ],
)
def test_which_runs_a_command_started(run: Run, how: str, mine: bool, stay: Stay) -> None:
    assert belongs(run, stay, how) is mine


def test_whose_a_run_is_where_others_went_on_beside(stay: Stay) -> None:
    stay = replace(stay, beside=True)
    assert belongs(make_run(5), stay, "new") is None
    assert belongs(make_run(-60), stay, "new") is False
    assert belongs(make_run(5, tags={"cardgen.run": "run:x"}), stay, "new") is True
    assert belongs(make_run(5, ref="hf:experiments/qa-1/out"), stay, "touched") is True
    assert belongs(make_run(5, ref="hf:experiments/qa-11"), stay, "touched") is None


def test_whether_a_folder_was_written_to(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    file = tmp_path / "a/b/c.txt"
    file.touch()
    os.utime(file, (1000, 1000))
    assert is_written(tmp_path, 1000)
    assert is_written(file, 999.5)
    assert not is_written(tmp_path, 1000.5)
    assert not is_written(tmp_path / "none", 0)
    (tmp_path / "evidence.json").touch()
    assert not is_written(tmp_path, 1000.5)


# Runs that go on -----------------------------------------------------------------------------


def running(ref: str = "run:a") -> Run:
    return Run(ref=ref, tracker="run", status="running")


def test_a_run_whose_process_is_gone_is_aborted(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    known = find_process(child.pid)
    assert known
    here = make_going("run:a", "qa-1", 0.0)
    going = replace(here, processes=(known,))
    assert not going.gone
    assert settle([running()], [going]) == (running(),)
    child.kill()
    child.wait()
    assert going.gone
    assert [run.status for run in settle([running()], [going])] == ["aborted"]
    assert settle([running("run:b")], [going]) == (running("run:b"),)
    assert replace(here, processes=(Process(os.getpid(), "0"),)).gone
    assert replace(here, boot="another").gone
    # Of another machine nothing is known.
    assert not replace(going, host="another").gone


def test_a_process_that_nobody_waited_for_has_ended() -> None:
    child = subprocess.Popen(["true"])
    while find_process(child.pid):
        pass
    child.wait()


def test_files_that_make_no_sense_are_none(tmp_path: Path) -> None:
    config = Config(root=tmp_path)
    going = make_going("run:a", "qa-1", 1.5)
    save_going(config, going)
    for number, text in enumerate(("", "{", "[]", "{}", '{"processes": 3}', "\xff", "null")):
        (tmp_path / f".cardgen/running/{number}.json").write_text(text)
    assert load_going(config) == (going,)
    assert (tmp_path / ".cardgen/.gitignore").read_text() == "*\n"


def test_runs_that_went_on_beside_are_told_to_each_other(tmp_path: Path) -> None:
    config = Config(root=tmp_path)
    first = make_going("run:a", "qa-1", 10.0)
    second = make_going("run:b", "qa-2", 20.0)
    for going in (first, second):
        save_going(config, going)
    assert [one.ref for one in end_going(config, second, 30.0)] == ["run:a"]
    ended = replace(second, finished=30.0)
    assert load_going(config) == (first, ended)
    assert end_going(config, first, 40.0) == (ended,)
    assert load_going(config) == ()


def test_a_result_that_was_kept_back_is_brought_in(tmp_path: Path) -> None:
    config = Config(root=tmp_path)
    done = running().model_copy(update={"status": "finished", "exit_status": 0})
    going = replace(make_going("run:a", "qa-1", 10.0), result=done.model_dump_json())
    end_going(config, going, 20.0)
    (kept,) = load_going(config)
    assert settle([running()], [kept]) == (done,)
    assert settle([], [kept]) == (done,)
    broken: Going = replace(kept, result="{")
    assert settle([], [broken]) == ()
