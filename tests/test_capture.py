"""``cardgen run`` as a person uses it: real commands, real git, real terminals, a real tracker."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cardgen.capture import make_ref
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.models import Evidence, Run
from tests.projects import Done, Project, make_project

PYTHON = sys.executable
DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed project with one card and a script."""
    project = make_project(tmp_path_factory.mktemp("made"))
    project.write("train.py", "import sys\nprint('trained', sys.argv[1:])\n")
    project.ok("new", "qa-1")
    project.git("add", "-A")
    project.git("commit", "-qm", "one card")
    return project.root


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Project:
    """The project, a test's own."""
    return Project(shutil.copytree(made, tmp_path / "work", symlinks=True))


def run(project: Project, *command: str, options: tuple[str, ...] = (), cwd: str = ".") -> Done:
    return project.cardgen("run", "qa-1", *options, "--", *command, cwd=cwd)


def python(project: Project, script: str, *options: str) -> Done:
    return run(project, PYTHON, "-c", script, options=options)


def evidence_of(project: Project, code: str = "qa-1") -> Evidence:
    return parse_evidence(project.read(f"experiments/{code}/evidence.json"))


def only_run(project: Project) -> Run:
    (found,) = evidence_of(project).runs
    return found


def environ_of(project: Project) -> dict[str, str]:
    own = {"PYTHONPATH": str(Path(__file__).parents[1]), "HOME": str(project.root)}
    return {"PATH": os.environ["PATH"], **own}


def start(project: Project, *command: str, **options: object) -> subprocess.Popen[bytes]:
    """A ``cardgen run`` that goes on beside the test."""
    line = [PYTHON, "-m", "cardgen", "run", "qa-1", "--", *command]
    return subprocess.Popen(
        line, cwd=project.root, env=environ_of(project), stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **options,  # type: ignore[call-overload]
    )  # fmt: skip


def wait_for(ready: Callable[[], object]) -> None:
    for _ in range(1000):
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


# What is recorded ----------------------------------------------------------------------------


def test_a_run_that_ends_well(work: Project) -> None:
    done = run(work, "python", "train.py", "--lr", "1e-4", "--seed", "7")
    assert done.status == 0
    assert done.out == "trained ['--lr', '1e-4', '--seed', '7']\n"
    found = only_run(work)
    assert re.fullmatch(r"run:\d{8}T\d{6}Z-[0-9a-f]{6}", found.ref)
    assert done.err == f"cardgen: recorded {found.ref} (finished)\n"
    assert found.tracker == "run"
    assert [(c.line, c.kind) for c in found.commands] == [
        ("python train.py --lr 1e-4 --seed 7", "train")
    ]
    assert (found.status, found.exit_status) == ("finished", 0)
    assert found.started
    assert found.finished
    assert found.finished >= found.started
    assert found.environment
    assert found.environment.seed == 7
    assert found.environment.host == os.uname().nodename
    assert found.environment.os.startswith("Linux")
    assert found.source
    assert found.source.branch == "main"
    assert found.source.commit == work.git("rev-parse", "HEAD").strip()
    assert found.source.dirty is False
    assert found.source.entrypoint == "train.py"
    assert found.source.patch == ""
    assert not found.metrics
    assert not found.checkpoints


def test_the_python_that_runs_is_asked(work: Project) -> None:
    assert python(work, "pass").status == 0
    asked = subprocess.run(
        [PYTHON, "-c", "import pydantic; print(pydantic.VERSION)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    environment = only_run(work).environment
    assert environment
    assert environment.python == ".".join(map(str, sys.version_info[:3]))
    assert environment.packages["pydantic"] == asked.stdout.strip()


def test_a_prediction_with_a_note(work: Project) -> None:
    assert run(work, "true", options=("--predict", "--note", "on the test set")).status == 0
    found = only_run(work)
    assert found.commands[0].kind == "predict"
    assert found.description == "on the test set"
    shown = json.loads(work.ok("show", "qa-1", "--json"))
    assert [fact["value"] for fact in shown["predict"]] == ["true"]
    assert shown["train"] == []


def test_without_the_two_dashes(work: Project) -> None:
    done = work.cardgen("run", "--note", "x", "qa-1", "--predict", "echo", "--help", "--", "-h")
    assert (done.status, done.out) == (0, "--help -- -h\n")
    assert only_run(work).commands[0].kind == "predict"


def test_options_of_the_command_are_its_own(work: Project) -> None:
    assert run(work, "echo", "--help", "--predict", "--", "-x").out == "--help --predict -- -x\n"
    assert only_run(work).commands[0].kind == "train"


ODD = ["zażółć", "日本", "a b", "it's", '"', "$HOME", "*", "", "new\nline", "-n", ";", "\\"]


def test_the_line_can_be_pasted(work: Project) -> None:
    script = "import sys, json; print(json.dumps(sys.argv[1:]))"
    done = run(work, PYTHON, "-c", script, *ODD)
    assert json.loads(done.out) == ODD
    line = only_run(work).commands[0].line
    again = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert json.loads(again.stdout) == ODD


def test_from_an_inner_folder_the_line_leads_there(work: Project) -> None:
    work.write("sub/a dir/x.py", "import os; print(os.getcwd())\n")
    done = run(work, "python", "x.py", cwd="sub/a dir")
    assert done.out == f"{work.root / 'sub/a dir'}\n"
    found = only_run(work)
    assert found.commands[0].line == "cd 'sub/a dir' && python x.py"
    assert found.source
    assert found.source.entrypoint == "sub/a dir/x.py"
    again = work.run("sh", "-c", found.commands[0].line)
    assert again.out == done.out


def test_the_command_knows_its_card(work: Project) -> None:
    script = "import os; print(*(os.environ[f'CARDGEN_{x}'] for x in ('CODE','OUTPUT_DIR','RUN')))"
    done = python(work, script)
    assert done.out.split() == ["qa-1", str(work.root / "experiments/qa-1"), only_run(work).ref]


def test_variables_are_those_of_a_list(work: Project) -> None:
    line = "import subprocess,sys; sys.exit(subprocess.call(sys.argv[1:]))"
    environ = (
        "import os; os.environ.update(CUDA_VISIBLE_DEVICES='0,1', PYTHONHASHSEED='3', X_KEY='s')"
    )
    done = work.run(
        PYTHON, "-c", f"{environ}\n{line}", PYTHON, "-m", "cardgen", "run", "qa-1", "--", "true"
    )
    assert done.status == 0, done
    assert only_run(work).tags == {"env/CUDA_VISIBLE_DEVICES": "0,1", "env/PYTHONHASHSEED": "3"}


def test_secrets_of_the_line_are_masked(work: Project) -> None:
    token = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz01234567"
    assert run(work, "echo", "--hub_token", token).out == f"--hub_token {token}\n"
    assert token not in work.read("experiments/qa-1/evidence.json")
    assert "«masked:" in only_run(work).commands[0].line


def test_files_that_appear_are_listed(work: Project) -> None:
    work.write("experiments/qa-1/old.txt", "old")
    work.write("experiments/qa-1/changed.txt", "old")
    script = """
import os, pathlib
out = pathlib.Path(os.environ["CARDGEN_OUTPUT_DIR"])
(out / "deep").mkdir()
(out / "deep/metrics.txt").write_text("f1 0.5")
(out / "changed.txt").write_text("new!")
(out / "model.bin").write_bytes(b"x" * 2_000_000)
(out / "leak").symlink_to("/etc/passwd")
"""
    assert python(work, script).status == 0
    files = {file.path.removeprefix("experiments/qa-1/"): file for file in only_run(work).files}
    assert sorted(files) == ["changed.txt", "deep/metrics.txt", "model.bin"]
    assert files["model.bin"].size == 2_000_000
    assert files["model.bin"].digest == ""
    digest = hashlib.sha256(b"f1 0.5").hexdigest()
    assert files["deep/metrics.txt"].digest == f"sha256:{digest}"


# How it ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "status", "recorded", "exit_status"),
    [
        ("raise SystemExit(7)", 7, "failed", 7),
        ("import os; os.kill(os.getpid(), 9)", 137, "failed", -9),
    ],
)
def test_the_exit_status_is_the_command_s_own(
    work: Project, script: str, status: int, recorded: str, exit_status: int
) -> None:
    assert python(work, script).status == status
    found = only_run(work)
    assert (found.status, found.exit_status) == (recorded, exit_status)


def test_a_command_that_is_not_there(work: Project) -> None:
    done = run(work, "no-such-command")
    assert done.status == 127
    assert done.err.startswith("cardgen: There is no command 'no-such-command'.")
    assert not (work.root / "experiments/qa-1/evidence.json").exists()


def test_a_command_that_cannot_be_executed(work: Project) -> None:
    done = run(work, "./train.py")
    assert done.status == 126
    assert "chmod +x ./train.py" in done.err
    work.write("noline", "echo x\n").chmod(0o755)
    done = run(work, "./noline")
    assert done.status == 126
    assert "cannot be started" in done.err
    assert evidence_of(work).runs == ()
    assert not list((work.root / ".cardgen/running").iterdir())


def test_no_card_and_a_broken_card_start_nothing(work: Project) -> None:
    done = work.cardgen("run", "new-1", "--", "touch", "started")
    assert done.status == 2
    assert "cardgen new new-1" in done.err
    work.write("experiments/qa-1/card.md", "---\ncode: [\n---\n")
    done = run(work, "touch", "started")
    assert done.status == 2
    assert "broken" in done.err
    assert not (work.root / "started").exists()


def test_evidence_that_cannot_be_written_costs_neither_run_nor_status(work: Project) -> None:
    path = work.root / "experiments/qa-1/evidence.json"
    script = f"import os; os.remove({str(path)!r}); os.mkdir({str(path)!r}); print('done'); exit(3)"
    token = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz01234567"
    done = run(work, PYTHON, "-c", script, "--token", token)
    assert (done.status, done.out) == (3, "done\n")
    assert "could not be recorded" in done.err
    assert "Traceback" not in done.err
    path.rmdir()
    assert "filled  qa-1: captured runs" in work.ok("fill", "qa-1")
    found = only_run(work)
    assert (found.status, found.exit_status) == ("failed", 3)
    assert token not in work.read("experiments/qa-1/evidence.json")
    assert "same  qa-1" in work.ok("fill", "qa-1")


# Input, output, signals ----------------------------------------------------------------------


def test_input_and_large_output_pass_through(work: Project) -> None:
    script = "import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(d * 3)"
    done = subprocess.run(
        [PYTHON, "-m", "cardgen", "run", "qa-1", "--", PYTHON, "-c", script],
        input=b"\x00\xff\r\n" * 500_000, capture_output=True, cwd=work.root,
        env=environ_of(work), check=True,
    )  # fmt: skip
    assert done.stdout == b"\x00\xff\r\n" * 1_500_000


def read_terminal(terminal: int, until: str, seconds: float = 30) -> str:
    """What appears on a terminal, up to a text."""
    text = b""
    end = time.monotonic() + seconds
    while until.encode() not in text and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                text += os.read(terminal, 4096)
            except OSError:
                break
    return text.decode("utf-8", "replace")


def in_terminal(project: Project, *command: str) -> tuple[int, int]:
    """A ``cardgen run`` as a terminal's foreground: its process id and the terminal."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(project.root)
        line = [PYTHON, "-m", "cardgen", "run", "qa-1", "--", *command]
        os.execve(PYTHON, line, environ_of(project) | {"TERM": "xterm"})  # noqa: S606
    return pid, terminal


COUNT = """
import signal, sys, time
count = []
signal.signal(signal.SIGINT, lambda *_: count.append(1))
print('ready', *(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)), flush=True)
end = time.monotonic() + 30
while not count and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.3)
print('got', len(count), flush=True)
sys.exit(5)
"""


def test_a_terminal_stays_one_and_ctrl_c_arrives_once(work: Project) -> None:
    pid, terminal = in_terminal(work, PYTHON, "-c", COUNT)
    assert "ready True True True" in read_terminal(terminal, "ready True True True")
    os.write(terminal, b"\x03")
    assert "got 1\r\n" in read_terminal(terminal, "recorded")
    _, state = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(state) == 5
    found = only_run(work)
    assert (found.status, found.exit_status) == ("aborted", 5)


def test_ctrl_c_ends_a_command_and_cardgen_records_it(work: Project) -> None:
    script = "import time; print('ready', flush=True); time.sleep(60)"
    pid, terminal = in_terminal(work, PYTHON, "-c", script)
    read_terminal(terminal, "ready")
    os.write(terminal, b"\x03")
    os.write(terminal, b"\x03")
    assert "(aborted)" in read_terminal(terminal, "(aborted)")
    _, state = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(state) == 130
    found = only_run(work)
    assert (found.status, found.exit_status) == ("aborted", -2)


def test_what_a_person_types_reaches_the_command(work: Project) -> None:
    pid, terminal = in_terminal(work, PYTHON, "-c", "print('hello', input('name? '))")
    read_terminal(terminal, "name? ")
    os.write(terminal, b"ann\n")
    assert "hello ann" in read_terminal(terminal, "recorded")
    os.waitpid(pid, 0)
    os.close(terminal)


def test_ctrl_z_stops_both_and_they_go_on(work: Project) -> None:
    script = "print('ready', flush=True); input(); print('on', flush=True)"
    pid, terminal = in_terminal(work, PYTHON, "-c", script)
    read_terminal(terminal, "ready")
    (child,) = find_children(pid)
    # A group without a parent outside its session is not stopped by Ctrl-Z: send what it sends.
    for one in (pid, child):
        os.kill(one, signal.SIGSTOP)
    wait_for(lambda: state_of(pid) == state_of(child) == "T")
    os.killpg(pid, signal.SIGCONT)
    os.write(terminal, b"\n")
    assert "on" in read_terminal(terminal, "recorded")
    _, state = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(state) == 0


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


def find_children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


@pytest.mark.parametrize(
    ("number", "to_group"),
    [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGHUP, True)],
)
def test_a_signal_arrives_once_away_from_a_terminal(
    work: Project, number: int, to_group: bool
) -> None:
    script = COUNT.replace("signal.SIGINT", str(int(number)))
    if signal.getsignal(number) is signal.SIG_IGN:  # as 'nohup' starts the tests
        signal.signal(number, signal.SIG_DFL)
    process = start(work, PYTHON, "-c", script, start_new_session=True)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline().startswith(b"ready False")
    (os.killpg if to_group else os.kill)(process.pid, number)
    assert process.stdout.read() == b"got 1\n"
    process.communicate()
    assert process.returncode == 5
    assert only_run(work).status == "aborted"


def test_a_signal_that_is_ignored_stays_so(work: Project) -> None:
    script = "import signal; print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, flush=True)"
    sleep = f"{script}\nimport time; time.sleep(1)"
    line = shlex.join([PYTHON, "-m", "cardgen", "run", "qa-1", "--", PYTHON, "-c", sleep])
    process = subprocess.Popen(
        ["sh", "-c", f"trap '' HUP; exec {line}"], cwd=work.root, env=environ_of(work),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == b"True\n"
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode == 0
    assert only_run(work).status == "finished"


def test_default_signals_of_a_command(work: Project) -> None:
    """Python ignores SIGPIPE; a command that a shell started would not."""
    script = (
        "said = open('/proc/self/status').read()\n"
        "print(*(said.split(f'{name}:')[1].split()[0] for name in ('SigIgn', 'SigBlk')))"
    )
    plain = subprocess.run(
        [PYTHON, "-c", script], capture_output=True, text=True, check=True, cwd=work.root
    )
    done = python(work, script)
    # The C library has a new process ignore the two signals that it keeps for itself.
    ours, theirs = (
        [int(word, 16) & ~(3 << 31) for word in out.split()] for out in (done.out, plain.stdout)
    )
    assert ours == theirs


# Killed, and several at once -----------------------------------------------------------------


def test_cardgen_killed_meanwhile(work: Project) -> None:
    process = start(work, PYTHON, "-c", "import time; print('ready', flush=True); time.sleep(60)")
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    assert only_run(work).status == "running"
    assert "same  qa-1" in work.ok("fill", "qa-1")
    (child,) = find_children(process.pid)
    process.kill()
    process.wait()
    # Its command goes on, so the run does.
    assert "same  qa-1" in work.ok("fill", "qa-1")
    os.kill(child, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{child}").exists() or state_of(child) == "Z")
    process.communicate()
    assert run(work, "true").status == 0
    assert [one.status for one in evidence_of(work).runs] == ["aborted", "finished"]
    assert not list((work.root / ".cardgen/running").iterdir())
    assert "same  qa-1" in work.ok("fill", "qa-1")


def test_two_at_once_are_both_recorded(work: Project) -> None:
    script = "import time; time.sleep(0.5)"
    processes = [start(work, PYTHON, "-c", script) for _ in range(3)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [one.status for one in evidence_of(work).runs] == ["finished"] * 3
    assert not list((work.root / ".cardgen/running").iterdir())


# Trackers inside -----------------------------------------------------------------------------

MLFLOW = """
import os, sys, warnings
warnings.simplefilter("ignore")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("digits")
with mlflow.start_run(run_name=sys.argv[1]) as run:
    mlflow.log_param("lr", 0.1)
    for step in range(3):
        mlflow.log_metric("eval/f1", step / 10, step=step)
"""


@pytest.mark.slow
def test_a_tracker_s_run_inside_is_linked_and_counted_once(work: Project) -> None:
    work.write("log.py", MLFLOW)
    work.write(".gitignore", work.read(".gitignore") + "mlflow.db\nmlruns/\n")
    before = work.run(PYTHON, "log.py", "earlier")
    assert before.status == 0, before
    done = run(work, PYTHON, "log.py", "inside")
    assert done.status == 0, done
    captured, inside = evidence_of(work).runs
    assert captured.contains == (inside.ref,)
    assert inside.ref.startswith("mlflow:")
    assert inside.name == "inside"
    assert inside.tags["cardgen.run"] == captured.ref
    assert captured.unavailable == ()
    assert not captured.metrics
    assert not captured.params
    assert inside.metrics["eval/f1"].value == 0.2
    assert "same  qa-1" in work.ok("fill", "qa-1")
    text = work.read("experiments/qa-1/evidence.json")
    assert format_evidence(parse_evidence(text)) == text
    rules = {
        p["rule"] for p in json.loads(work.cardgen("check", "--format", "json").out)["problems"]
    }
    assert not {"run-ref", "run-not-named", "run-not-filled", "not-recorded"} & rules


def test_an_output_folder_is_a_run_inside(work: Project) -> None:
    shutil.copytree(DATA / "hf" / "qa-1", work.root / "prepared")
    script = """
import os, shutil
shutil.copytree("prepared", os.environ["CARDGEN_OUTPUT_DIR"], dirs_exist_ok=True)
for folder, _, names in os.walk(os.environ["CARDGEN_OUTPUT_DIR"]):
    for name in names:
        os.utime(os.path.join(folder, name))
"""
    assert python(work, script).status == 0
    captured, inside = evidence_of(work).runs
    assert inside.ref == "hf:experiments/qa-1"
    assert captured.contains == (inside.ref,)
    assert inside.checkpoints
    assert "same  qa-1" in work.ok("fill", "qa-1")
    assert python(work, "pass").status == 0
    assert [one.contains for one in evidence_of(work).runs] == [(inside.ref,), (), ()]
    assert python(work, script).status == 0
    assert [one.contains for one in evidence_of(work).runs if one.captured] == [
        (inside.ref,), (), (inside.ref,)
    ]  # fmt: skip


def test_an_output_folder_that_the_line_names(work: Project) -> None:
    shutil.copytree(DATA / "hf" / "qa-1", work.root / "other/earlier")
    script = (
        "import sys, shutil as s; s.copytree('other/earlier', sys.argv[2], copy_function=s.copy)"
    )
    done = run(work, PYTHON, "-c", script, "--output_dir", "other/new", "--from=other/earlier")
    assert done.status == 0, done
    captured, *inside = evidence_of(work).runs
    assert captured.contains == ("hf:other/new",)
    assert [one.ref for one in inside] == ["hf:other/new"]
    assert "same  qa-1" in work.ok("fill", "qa-1")


def test_a_store_that_others_use_at_the_same_time(work: Project) -> None:
    """Without a mark of its own, nothing tells whose a run in a shared store is."""
    work.ok("new", "qa-2")
    shutil.copytree(DATA / "mlflow" / "filestore" / "mlruns", work.root / "prepared")
    script = """
import pathlib, re, shutil, time
shutil.copytree("prepared", "mlruns")
now = str(int(time.time() * 1000))
for path in pathlib.Path("mlruns").glob("*/*/meta.yaml"):
    text = re.sub(r"(start_time|end_time): \\d+", rf"\\1: {now}", path.read_text())
    path.write_text(text)
time.sleep(1)
"""
    work.write("shared.py", script)
    other = subprocess.Popen(
        [PYTHON, "-m", "cardgen", "run", "qa-2", "--", "sleep", "4"], cwd=work.root,
        env=environ_of(work), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for((work.root / "experiments/qa-2/evidence.json").exists)
    done = run(work, PYTHON, "shared.py")
    other.wait()
    assert done.status == 0
    assert "at the same time" in done.err
    assert "cardgen set qa-1 runs+=mlflow:" in done.err
    assert only_run(work).contains == ()
    shutil.rmtree(work.root / "mlruns")
    assert run(work, PYTHON, "shared.py").status == 0
    assert len(evidence_of(work).runs[1].contains) > 1


# Filling afterwards --------------------------------------------------------------------------


def test_filling_keeps_what_was_captured(work: Project) -> None:
    shutil.copytree(DATA / "mlflow" / "filestore" / "mlruns", work.root / "mlruns")
    assert run(work, "true").status == 0
    captured = only_run(work)
    work.ok("set", "qa-1", "runs+=mlflow:58f7d2f8562b4d21a205bb45b5e9cb48", f"runs+={captured.ref}")
    assert "filled" in work.ok("fill", "qa-1")
    assert evidence_of(work).runs[0] == captured
    assert len(evidence_of(work).runs) == 2
    assert "same  qa-1" in work.ok("fill", "qa-1")
    rules = {
        p["rule"] for p in json.loads(work.cardgen("check", "--format", "json").out)["problems"]
    }
    assert not {"run-ref", "run-not-named", "run-not-filled"} & rules
    work.ok("set", "qa-1", f"runs-={captured.ref}")
    assert "same  qa-1" in work.ok("fill", "qa-1")
    assert evidence_of(work).runs[0] == captured


def test_a_captured_run_that_is_not_there(work: Project) -> None:
    work.ok("set", "qa-1", "runs+=run:20261121T101500Z-abcdef")
    done = work.cardgen("fill", "qa-1")
    assert done.status == 2
    assert done.err == (
        "qa-1: run:20261121T101500Z-abcdef: It is not in the evidence. "
        "Restore evidence.json from git.\n"
    )
    problems = json.loads(work.cardgen("check", "--format", "json").out)["problems"]
    assert [p["rule"] for p in problems if p["rule"].startswith("run-")] == ["run-not-filled"]


def test_the_card_is_never_written(work: Project) -> None:
    path = work.root / "experiments/qa-1/card.md"
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    assert run(work, "true").status == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_runs_of_one_second_stand_in_their_order() -> None:
    moment = dt.datetime(2026, 11, 21, 5, 57, 33, tzinfo=dt.UTC)
    refs = [
        make_ref(moment + dt.timedelta(microseconds=n)) for n in (0, 1, 15, 16, 99_999, 999_999)
    ]
    assert refs == sorted(refs)
    assert re.fullmatch(r"run:20261121T055733Z-[0-9a-f]{6}", refs[-1])


def test_a_run_that_cannot_be_written_is_not_said_to_be_recorded(work: Project) -> None:
    shutil.rmtree(work.root / ".cardgen/locks")
    work.write(".cardgen/locks", "no folder\n")
    done = run(work, "sh", "-c", "exit 3")
    assert done.status == 3
    assert done.err.count("could not be recorded") == 1
    assert "cardgen: not recorded: run:" in done.err
    assert "cardgen: recorded" not in done.err
