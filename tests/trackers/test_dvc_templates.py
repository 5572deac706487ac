"""Templates, foreach and matrix, beside DVC's own resolver; and what a stage is for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cardgen.errors import TrackerError
from cardgen.trackers.dvc.documents import parse_document, parse_file, parse_lock
from cardgen.trackers.dvc.entries import make_entries
from cardgen.trackers.dvc.files import Files
from cardgen.trackers.dvc.history import find_repository, list_refs
from cardgen.trackers.dvc.roles import find_roles, find_scripts, find_seed, is_data, is_model
from cardgen.trackers.dvc.stages import Entry, Stage, sort_stages
from cardgen.trackers.dvc.templates import MAX_STAGES, expand_stages, load_context
from cardgen.trackers.dvc.trees import WorkTree, is_inside, join
from tests.trackers.dvc_projects import git, write_files

PROJECTS: list[dict[str, Any]] = [
    {"stages": {"a": {"cmd": "x", "deps": ["data/${n}"], "outs": ["${deep.er}.txt"]}}},
    {"stages": {"a": {"foreach": ["x", "y"], "do": {"cmd": "c", "outs": ["${item}.txt"]}}}},
    {"stages": {"a": {"foreach": [1, True, 0.5], "do": {"cmd": "c", "outs": ["o${item}"]}}}},
    {"stages": {"a": {"foreach": "${items}", "do": {"cmd": "c", "outs": ["${item.p}"]}}}},
    {"stages": {"a": {"foreach": "${map}", "do": {"cmd": "c", "outs": ["${key}-${item}"]}}}},
    {"stages": {"a": {"foreach": {"k": {"z": 1}}, "do": {"cmd": "c", "outs": ["${item[z]}"]}}}},
    {"stages": {"a": {"matrix": {"m": ["x", "y"], "n": [1, 2]}, "cmd": "c",
                      "outs": ["${key}", "d/${item.m}${item.n}"]}}},
    {"stages": {"a": {"matrix": {"m": [{"q": 1}, {"q": 2}]}, "cmd": "c", "outs": ["${item.m.q}"]}}},
    {"vars": ["v.json", {"inline": {"a": "z"}}],
     "stages": {"a": {"cmd": "c", "outs": ["${inline.a}/${fromfile[0]}.${fromfile[1]}"]}}},
    {"vars": ["v.json:some"], "stages": {"a": {"cmd": "c", "outs": ["${some.x}"]}}},
    {"stages": {"a": {"vars": [{"own": 5}], "cmd": "c", "outs": ["o${own}"]}}},
    {"stages": {"a": {"cmd": "c", "wdir": "${deep.er}", "outs": [r"\\${n}"]}}},
]  # fmt: skip
FILES = {
    "params.yaml": "n: 3\ndeep: {er: here}\nitems: [{p: one}, {p: two}]\nmap: {k: v, l: 2}\n",
    "v.json": '{"fromfile": ["f", 7], "some": {"x": "s"}}',
    "here/.keep": "",
}


@pytest.mark.parametrize("number", range(len(PROJECTS)))
def test_stages_are_those_that_dvc_resolves(number: int, tmp_path: Path) -> None:
    from dvc.parsing import DataResolver
    from dvc.repo import Repo

    written = PROJECTS[number]
    write_files(tmp_path, FILES)
    git(tmp_path, "init", "-q")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").touch()
    with Repo(str(tmp_path)) as repo:
        expected = DataResolver(repo, str(tmp_path), written).resolve()["stages"]
    files = Files(WorkTree(tmp_path, tmp_path))
    context = load_context(files, "", written.get("vars"))
    found = {}
    for name, definition, inner in expand_stages(written["stages"], context):
        variables = load_context(files, "", definition.get("vars"), inner)
        found[name] = {k: variables.resolve(v) for k, v in definition.items() if k != "vars"}
    assert found == expected


def test_what_names_nothing_stays_as_written(tmp_path: Path) -> None:
    files = Files(WorkTree(tmp_path, tmp_path))
    context = load_context(files, "", [{"a": {"b": 1}, "l": [1]}, 7, "../../etc/passwd", None])
    for text in ("${none}", "x${a}", "${}", "${a.b.c}", "${l[9]}", "${l.x}", "${__import__('os')}"):
        assert context.resolve(text) == text
    assert context.resolve({"${a.b}": ["${l}", None, 2]}) == {1: [[1], None, 2]}


def test_a_huge_matrix_is_bounded(tmp_path: Path) -> None:
    files = Files(WorkTree(tmp_path, tmp_path))
    axes = {f"a{i}": list(range(50)) for i in range(8)}
    stages = {"a": {"matrix": axes, "cmd": "x"}, "b": {"foreach": "${none}", "do": {}}, "c": 3}
    assert len(list(expand_stages(stages, load_context(files, "", None)))) == MAX_STAGES


def test_stages_come_after_what_they_need_and_else_as_written() -> None:
    stages = [
        Stage("d", "", deps=(Entry("c.out/inner/file"),)),
        Stage("c", "", deps=(Entry("folder"),), outs=(Entry("c.out"),)),
        Stage("b", "", outs=(Entry("folder/b.txt"),)),
        Stage("a", ""),
    ]
    assert [stage.name for stage in sort_stages(stages)] == ["b", "c", "d", "a"]
    circle = [
        Stage("x", "", deps=(Entry("1"),), outs=(Entry("2"),)),
        Stage("y", "", deps=(Entry("2"),), outs=(Entry("1"),)),
    ]
    assert list(sort_stages(circle)) == circle


def test_what_a_stage_is_for_is_told_by_its_names() -> None:
    def role(name: str, command: str, others: int = 1) -> str:
        stages = [Stage(name, "", commands=(command,))]
        stages += [Stage(f"s{i}", "", commands=("x",)) for i in range(others)]
        return find_roles(stages)[name]

    assert role("train", "python a.py") == "train"
    assert role("sub/train@large", "python a.py") == "train"
    assert role("finetune", "python a.py") == "train"
    assert role("step-2", "python src/train_model.py --x") == "train"
    assert role("step-3", "python -m qa.predict --model trained/x") == "predict"
    assert role("predict", "python src/train.py") == "predict"
    assert role("inference", "./run.sh") == "predict"
    assert role("split", "python src/train_test_split.py") == "other"
    assert role("evaluate", "python src/evaluate.py train.csv") == "other"
    assert role("main", "python main.py", others=0) == "train"
    assert role("predict", "python main.py", others=0) == "predict"
    assert role("benefit", "python a.py") == "other"
    assert role("prepare_train", "python prepare_train_data.py") == "other"
    assert find_scripts("python 'unclosed.py") == ["'unclosed.py"]
    assert find_scripts("env A=1 torchrun -m pkg.train --x y.py") == ["pkg.train", "y.py"]


@pytest.mark.parametrize(
    ("path", "data", "model"),
    [
        ("data/train.csv", True, False),
        ("data/images", True, False),
        ("raw.parquet", True, False),
        ("src/train.py", False, False),
        ("src", False, False),
        ("config.json", False, False),
        ("data/clean.py", False, False),
        ("s3://bucket/x", True, False),
        ("models/bert", False, True),
        ("bert.pt", False, True),
        ("data/vectors.bin", True, False),
        ("requirements.txt", False, False),
    ],
)
def test_what_a_file_is_is_told_by_its_name(path: str, data: bool, model: bool) -> None:
    assert is_data(Entry(path), made=False) is data
    assert is_model(Entry(path)) is model
    assert is_model(Entry(path, notes={"type": "model"}))


def test_one_seed_is_a_seed_and_two_are_none() -> None:
    assert find_seed({"train.seed": 3, "split.random_state": 3, "seeds": 5}) == 3
    assert find_seed({"train.seed": 3, "split.seed": 4}) is None
    assert find_seed({"seed": True, "x.seed": "3"}) is None


def test_paths_are_joined_and_kept_inside() -> None:
    assert join("a", "../b.txt") == "b.txt"
    assert join("", ".") == ""
    assert join("a", "b\\c") == "a/b/c"
    assert is_inside(join("a", "../b"))
    assert not any(map(is_inside, (join("a", "../../b"), join("", "/etc/passwd"), "..", "a\0")))
    entries = list(make_entries("a", ["../../x", {"y": None}, 7, "s3://b/k", "/abs"]))
    assert [entry.path for entry in entries] == ["../x", "a/y", "s3://b/k", "/abs"]


def test_python_is_read_by_its_literals_alone() -> None:
    text = b"""
import os
LR = 0.1
A = B = 2
C, D = 1, 2
SIZES: list = [1, 2]
KEYS = {"a": (1, 2), "s": {3}}
RUN = os.system("false")
class Train:
    epochs: int = 3
    def __init__(self):
        self.deep = -1
        local = 2
    def other(self):
        self.no = 1
LR = 0.2
"""
    from dvc.utils.serialize import parse_py

    found = parse_file(text, "p.py")
    assert found == parse_py(text.decode(), "p.py")
    assert found["Train"] == {"epochs": 3, "deep": -1}
    assert found["LR"] == 0.2


LOCKS = [
    "schema: '2.0'\nstages:\n  a:\n    cmd: x && y *.txt\n  b@c-1:\n    deps:\n    - path: p\n",
    "schema: '2.0'\nstages:\n  a:\n    cmd: &x 1\n  b:\n    cmd: *x\n",
    "schema: '2.0'\nstages:\n  a:\n    cmd: 1\n  a:\n    cmd: 2\n",
    "schema: '2.0'\nstages:\n  a:\n    cmd: 'x\n  b:\n    y'\n",
    "schema: '2.0'\nstages:\n  a:\n    cmd: |\n      x\n\n      y\n  b:\n    cmd: z\n",
    "schema: '2.0'\nstages:\n  a:\n    cmd: x\n  1:\n    cmd: y\n  1.0:\n    cmd: z\n",
    "schema: '2.0'\nstages:\n  a:\n    cmd: x\ndatasets:\n  b:\n    c: d\n",
    "stages:\n  a:\n    cmd: x\n",
    "schema: '2.0'\nstages:\n  a:\n    - 1\n    b: 2\n",
    "schema: '2.0'\nstages:\n  a: b:\n    c: d\n",
    "",
]  # fmt: skip


@pytest.mark.parametrize("text", LOCKS, ids=range(len(LOCKS)))
def test_a_lock_that_is_read_by_stage_is_the_same_as_whole(text: str) -> None:
    def read(parse: Callable[[bytes, str], Any]) -> object:
        try:
            return parse(text.encode(), "dvc.lock")
        except TrackerError as error:
            return error.message

    assert repr(read(parse_lock)) == repr(read(parse_document))


def test_refs_are_listed_anew_when_one_was_changed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", ".")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    base = git(tmp_path, "rev-parse", "HEAD").strip()
    repository = find_repository(tmp_path)
    assert repository
    names: list[str] = []
    for number in range(8):
        name = f"exp-{number}"
        git(tmp_path, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", base)
        names.append(name)
        if number == 4:
            time.sleep(0.15)  # long enough for the listing to be kept
            assert list_refs(repository) is list_refs(repository)
        assert [e.name for e in list_refs(repository).experiments] == names
    git(tmp_path, "pack-refs", "--all")
    assert [e.name for e in list_refs(repository).experiments] == names
    git(tmp_path, "branch", "deep/er")
    assert set(list_refs(repository).branches) == {"main", "deep/er"}
    git(tmp_path, "update-ref", "-d", f"refs/exps/{base[:2]}/{base[2:]}/exp-0")
    assert [e.name for e in list_refs(repository).experiments] == names[1:]
