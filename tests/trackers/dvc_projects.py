"""Projects that the real DVC runs: every kind of file that its formats know, small and quick."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from cardgen.evidence import format_evidence, parse_evidence
from cardgen.models import Evidence, Run, TrackerConfig
from cardgen.trackers import dvc as dvc_adapter

DATA = Path(__file__).parents[1] / "data" / "dvc"

PIPELINE = """\
vars:
  - conf/extra.yaml
  - heads: {small: {size: 1}, large: {size: 2}}
stages:
  predict:
    cmd: python src/step.py predict model/model.pt
    deps: [model/model.pt, src/step.py]
    outs: [predictions.csv]
  train:
    wdir: model
    desc: Trains it
    cmd:
      - python ../src/step.py train --lr ${train.lr}
      - echo trained
    deps: [../data/prepared, ../src/step.py, start.pt]
    params:
      - ../params.yaml: [train]
      - ../conf/p.json:
      - ../conf/p.toml: [a.b]
      - ../conf/p.py: [Train.lr, SIZES]
    outs:
      - model.pt
    metrics:
      - scores.json: {cache: false}
      - scores.toml: {cache: false}
      - cached.yaml
    plots:
      - log.csv: {cache: false, x: epoch}
      - roc.json: {cache: false, x: fpr, y: tpr}
      - plain.tsv
  prepare:
    cmd: python src/step.py prepare
    deps: [data/raw.csv, src/step.py]
    params: [prepare]
    outs: [data/prepared]
  head:
    foreach: ${heads}
    do:
      cmd: python src/step.py head ${key} ${item.size} ${depth}
      deps: [src/step.py]
      metrics: ["out/${key}/score.json": {cache: false}]
  sweep:
    matrix: {a: [1, 2], b: [x]}
    cmd: python src/step.py sweep ${item.a} ${item.b}
    outs: ["out/${key}.bin"]
metrics: [extra.json]
artifacts:
  qa:
    path: model/model.pt
    type: model
    desc: Answers
    labels: [tiny, polish]
    meta: {framework: torch}
"""

STEP = """\
import json, pathlib, sys, tomllib
what, rest = sys.argv[1], sys.argv[2:]
def write(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
if what == "prepare":
    write("data/prepared/train.csv", "a,b\\n1,2\\n")
elif what == "head":
    write(f"out/{rest[0]}/score.json", json.dumps({"score": int(rest[1]) / 10}))
elif what == "sweep":
    write(f"out/{'-'.join(rest)}.bin", " ".join(rest))
elif what == "predict":
    write("predictions.csv", "x\\n")
elif what == "train":
    lr = float(rest[1])
    if lr > 9:
        write("scores.json", '{"acc": ')
        sys.exit(3)
    write("model.pt", f"weights {lr}")
    write("scores.json", json.dumps({"acc": 1 - lr, "eval": {"f1": lr, "bad": float("nan")},
                                     "note": "fine", "ok": True, "list": [1]}))
    write("scores.toml", f"rouge = {lr}\\ncount = 7\\n")
    write("cached.yaml", f"eval:\\n  bleu: {lr * 2}\\n")
    write("log.csv", "epoch,loss,val_acc\\n0,1.0,0.1\\n1,0.5,0.2\\n2,nan,0.3\\n")
    write("roc.json", json.dumps([{"fpr": 0.0, "tpr": 0.0}, {"fpr": 1.0, "tpr": lr}]))
    write("plain.tsv", "step\\tgrad\\n1\\t3.5\\n2\\t2.5\\n")
"""

FILES = {
    "dvc.yaml": PIPELINE,
    "src/step.py": STEP,
    "params.yaml": (
        "prepare: {seed: 3}\ndefaults: &d {dropout: 0.1, layers: [1, 2]}\n"
        "train: {<<: *d, lr: 1e-2, seed: 7, none: ~, on: no}\n"
    ),
    "conf/extra.yaml": "depth: 4\nunused: 5\n",
    "conf/p.json": '{"j": {"k": [1, 2]}, "nan": NaN}',
    "conf/p.toml": "[a]\nb = 3\nc = 4\n",
    "conf/p.py": (
        "import os\nSIZES: list = [1, 2]\nHOME = os.getcwd()\nclass Train:\n    lr = 5\n"
        "    def __init__(self):\n        self.wide = {'a': {1}}\n"
    ),
    "model/start.pt": "start",
    "extra.json": '{"outside": 0.25}',
    ".gitignore": "__pycache__/\n",
}


def write_files(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def make_environ(home: Path) -> dict[str, str]:
    """An environment in which DVC asks nobody, and git knows who commits."""
    names = {"GIT_AUTHOR_NAME": "Ann Example", "GIT_COMMITTER_NAME": "Ann Example"}
    mails = {"GIT_AUTHOR_EMAIL": "ann@example.org", "GIT_COMMITTER_EMAIL": "ann@example.org"}
    quiet = {"DVC_NO_ANALYTICS": "1", "DVC_STUDIO_OFFLINE": "1", "HOME": str(home)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, **names, **mails, **quiet, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def run(root: Path, *command: str, check: bool = True) -> str:
    environ = make_environ(root.parent)
    done = subprocess.run(
        command, cwd=root, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done.stdout


def git(root: Path, *arguments: str) -> str:
    return run(root, "git", *arguments)


def dvc(root: Path, *arguments: str, check: bool = True) -> str:
    """Run DVC itself; each call starts a Python of about a second."""
    return run(root, sys.executable, "-m", "dvc", *arguments, check=check)


def commit_all(root: Path, message: str) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)


def make_project(root: Path) -> None:
    """A project that was run, with two experiments."""
    write_files(root, FILES)
    (root / "data").mkdir()
    (root / "data" / "raw.csv").write_text("a,b\n1,2\n")
    git(root, "init", "-q", "-b", "main", ".")
    dvc(root, "init", "-q")
    dvc(root, "config", "core.analytics", "false")
    dvc(root, "add", "-q", "data/raw.csv")
    commit_all(root, "Add the pipeline")
    dvc(root, "repro", "-q")
    commit_all(root, "Run it\n\nWith two lines.")
    git(root, "tag", "v1.0")
    dvc(root, "exp", "run", "-q", "-n", "exp-half", "-m", "half the rate", "-S", "train.lr=0.5")
    git(root, "checkout", "-q", ".")
    dvc(root, "exp", "run", "-q", "--temp", "-n", "exp-temp", "-S", "prepare.seed=9")
    dvc(root, "checkout", "-q")


def ask_api(root: Path, *revisions: str) -> dict[str, Any]:
    """What ``dvc.api`` says of revisions, in a process of its own."""
    script = Path(__file__).with_name("dvc_peer.py")
    answer: dict[str, Any] = json.loads(run(root, sys.executable, str(script), ".", *revisions))
    return answer


def show_experiments(root: Path) -> dict[str, dict[str, Any]]:
    """What ``dvc exp show --json`` says: by experiment's name, else by commit or 'workspace'."""
    found = {}
    for state in json.loads(dvc(root, "exp", "show", "--json")):
        found[state["rev"]] = state["data"]
        for experiment in state["experiments"] or ():
            found[experiment["name"]] = experiment["revs"][0]["data"]
    return found


def flatten(value: dict[str, Any], separator: str = ".") -> dict[str, Any]:
    """Nested mappings as one level."""
    found = {}
    for key, item in value.items():
        inner = flatten(item, separator) if isinstance(item, dict) and item else {"": item}
        found |= {f"{key}{separator}{name}" if name else key: v for name, v in inner.items()}
    return found


def unpack(name: str, folder: Path) -> Path:
    """A committed archive, unpacked into a new folder."""
    with tarfile.open(DATA / name) as archive:
        # Python 3.11 before 3.11.4 knows no filter, Python 3.12 asks for one.
        options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder, **options)  # noqa: S202  # our own archives
    return folder


def fetch(root: Path, locator: str) -> Run:
    """The run, which can become evidence and be read again."""
    found = dvc_adapter.fetch_run(locator, TrackerConfig(root))
    text = format_evidence(Evidence(code="qa-1", runs=(found,)))
    assert format_evidence(parse_evidence(text)) == text
    return found


def find(root: Path, location: Path | None = None) -> tuple[str, ...]:
    return dvc_adapter.find_runs(location or root, TrackerConfig(root))
