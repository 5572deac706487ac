"""Versions as git holds them: git-lfs, DVC, MLEM and GTO, by files that these wrote."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cardgen.models import Dataset, Model, Run, Source
from cardgen.versions import Registered, Registry, Version, complete_runs, find_registry
from cardgen.versions import find_versions as find
from cardgen.versions.pointers import (
    find_folders,
    parse_dvc,
    parse_lock,
    parse_mlem,
    parse_pointer,
)
from cardgen.versions.registry import Tag, make_registry
from tests.trackers.damage import cut, mutate

DATA = Path(__file__).parent / "data"
WRITER = Path(__file__).parent / "gto_writer.py"
SEEDS = tuple(map(str, range(40)))
LFS = "637a6daf88d2ef8775d1665b9263b8375aa3750c4e3226f70e228fa0372af39a"
MLEM = "445c1b4681e0663349ba8c7b2c7991b8"
ENVIRON = {
    **os.environ, "GIT_AUTHOR_NAME": "Anna", "GIT_AUTHOR_EMAIL": "anna@example.com",
    "GIT_COMMITTER_NAME": "Anna", "GIT_COMMITTER_EMAIL": "anna@example.com",
    "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": "/nonexistent",
}  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ("git", *arguments), cwd=folder, env=ENVIRON, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def commit(folder: Path, files: Mapping[str, str | bytes], message: str = "x") -> str:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main", ".")
    return tmp_path


def make_run(sha: str, dirty: bool | None = False, **values: Any) -> Run:
    source = Source(commit=sha, dirty=dirty)
    return Run(ref="mlflow:1", tracker="mlflow", source=source, **values)


# The files that stand for others ---------------------------------------------------------------


def test_a_pointer_of_git_lfs() -> None:
    content = (DATA / "lfs" / "m.bin.pointer").read_bytes()
    expected = Version("m.bin", f"sha256:{LFS}", "m.bin", 3000)
    assert parse_pointer(content, "m.bin") == expected
    assert parse_pointer(content.replace(b"\n", b"\r\n"), "m.bin") == expected
    extended = content.replace(b"oid", b"ext-0-foo sha256:" + b"0" * 64 + b"\noid", 1)
    assert parse_pointer(extended, "m.bin") == expected
    for damaged in cut(content.rstrip(b"\n")):
        found = parse_pointer(damaged, "m.bin")
        assert found is None or found.digest == expected.digest  # a size that is cut is a size
    for other in (b"", b"{}", content + b"x", content.replace(b"sha256", b"sha1"), b"\xff" * 200):
        assert parse_pointer(other, "m.bin") is None


def test_mlems_metadata() -> None:
    content = (DATA / "mlem" / "models" / "qa-digits.mlem").read_bytes()
    found = parse_mlem(content, "models/qa-digits", "models/qa-digits.mlem")
    expected = Version("models/qa-digits", f"md5:{MLEM}", "models/qa-digits.mlem", 5963)
    assert found == expected
    several = b"artifacts:\n  a: {hash: 0123456789abcdef}\n  b: {hash: 0123456789abcdef}\n"
    for other in (b"", b"[]", several, b"artifacts: {data: {hash: 12}}", b"a: &x 1", b"\xff"):
        assert parse_mlem(other, "m", "m.mlem") is None


def test_old_and_odd_forms_of_dvcs_files() -> None:
    imported = b"""\
md5: 0123456789abcdef0123456789abcdef
frozen: true
deps:
- path: data/x.csv
  repo: {url: https://example.com/data.git, rev_lock: 3bde138342e460b378148dd4377bc4803be0f023}
outs:
- {md5: aaaaaaaabbbbbbbbccccccccdddddddd, path: x.csv, size: 3}
wdir: raw
"""
    assert parse_dvc(imported, "data/x.dvc") == (
        Version("data/raw/x.csv", "md5:aaaaaaaabbbbbbbbccccccccdddddddd", "data/x.dvc", 3,
                version="3bde138342e460b378148dd4377bc4803be0f023"),
    )  # fmt: skip
    first = b"train:\n  cmd: x\n  outs:\n  - {path: ../m.pkl, md5: aaaaaaaabbbbbbbb}\n"
    outs, deps = parse_lock(first, "sub/dvc.lock", {})
    assert (outs, deps) == ((Version("m.pkl", "md5:aaaaaaaabbbbbbbb", "sub/dvc.lock"),), ())
    stages = b"stages:\n  a: {wdir: src}\n  b: {do: {wdir: '${x}'}}\n  c: {cmd: wdir}\n"
    assert find_folders(stages) == {"a": "src", "b": None}
    entry = "{outs: [{path: m, md5: aaaaaaaabbbbbbbb}]}"
    lock = f"schema: '2.0'\nstages:\n  a@1: {entry}\n  b@1: {entry}\n  c: {entry}\n".encode()
    outs, _ = parse_lock(lock, "dvc.lock", find_folders(stages))
    assert [version.path for version in outs] == ["src/m", "m"]
    for other in (b"", b"[]", b"outs: 3", b"outs: [3, {md5: 1, path: 2}]", b"stages: []"):
        assert parse_dvc(other, "x.dvc") == ()
        assert parse_lock(other, "dvc.lock", {}) == ((), ())


@pytest.mark.parametrize("read", [lambda d: parse_dvc(d, "a/x.dvc"), find_folders,
                                  lambda d: parse_lock(d, "dvc.lock", {}),
                                  lambda d: parse_mlem(d, "m", "m.mlem")])  # fmt: skip
def test_damaged_files_raise_nothing(read: Any) -> None:
    for path in (DATA / "mlem" / "models" / "qa-digits.mlem", DATA / "lfs" / "m.bin.pointer"):
        for damaged in (*cut(path.read_bytes(), 40), *mutate(path.read_bytes(), 80)):
            read(damaged)


# At a commit ---------------------------------------------------------------------------------


def test_the_real_dvc_is_read_at_each_commit(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main", ".")
    script = """
import os, sys
from dvc.repo import Repo
repo = Repo.init()
os.makedirs("data/split")
for name in ("data/train.csv", "data/split/a.csv", "data/split/b.csv"):
    open(name, "w").write(name)
repo.add("data/train.csv"); repo.add("data/split")
open("dvc.yaml", "w").write('''
stages:
  train:
    wdir: src
    cmd: python -c "open('m.pkl', 'w').write(open('../data/train.csv').read())"
    deps: [../data/train.csv, given.txt]
    outs: [m.pkl]
''')
os.makedirs("src"); open("src/given.txt", "w").write("x")
repo.reproduce()
"""
    environ = {**ENVIRON, "DVC_SITE_CACHE_DIR": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=root, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    first = git(root, "rev-parse", "HEAD")
    digest = md5(b"data/train.csv")
    found = find(root, first, ["data/train.csv", "data/split", "src/m.pkl", "src/given.txt", "x"])
    assert found["data/train.csv"] == Version(
        "data/train.csv", f"md5:{digest}", "data/train.csv.dvc", 14
    )
    listing = json.dumps([
        {"md5": md5(f"data/split/{name}".encode()), "relpath": name}
        for name in ("a.csv", "b.csv")
    ])  # fmt: skip
    folder = found["data/split"]
    assert folder.digest == f"md5:{md5(listing.encode())}.dir"
    assert (folder.files, folder.size, folder.source) == (2, 32, "data/split.dvc")
    assert found["src/m.pkl"] == Version("src/m.pkl", f"md5:{digest}", "dvc.lock", 14)
    assert set(found) == {"data/train.csv", "data/split", "src/m.pkl"}  # git itself has the other
    second = commit(
        root, {"data/train.csv.dvc": "outs:\n- {md5: 0123456789abcdef, path: train.csv}\n"}
    )
    assert find(root, second, ["data/train.csv"])["data/train.csv"].digest == "md5:0123456789abcdef"
    assert find(root, first, ["data/train.csv.dvc"])["data/train.csv.dvc"].digest == f"md5:{digest}"


def test_pointers_of_git_lfs_and_mlem_at_a_commit(repo: Path) -> None:
    pointer = (DATA / "lfs" / "m.bin.pointer").read_bytes()
    mlem = (DATA / "mlem" / "models" / "qa-digits.mlem").read_bytes()
    files: dict[str, str | bytes] = {
        "sub/m.bin": pointer,
        "sub/models/qa-digits.mlem": mlem,
        "sub/plain.csv": "a\n",
    }
    sha = commit(repo, files)
    paths = ["m.bin", "./m.bin", "models/qa-digits", "plain.csv", "../sub/m.bin", "/m.bin", ""]
    found = find(repo / "sub", sha, paths)  # the project is a folder of the repository
    assert found == {
        "m.bin": Version("m.bin", f"sha256:{LFS}", "m.bin", 3000),
        "./m.bin": Version("m.bin", f"sha256:{LFS}", "m.bin", 3000),
        "models/qa-digits": Version(
            "models/qa-digits", f"md5:{MLEM}", "models/qa-digits.mlem", 5963
        ),
    }
    assert find(repo / "sub", sha[:8], ["m.bin"])
    for unknown in ("", "HEAD", "0" * 40, "--help", "main", f"{sha}:x"):
        assert find(repo / "sub", unknown, ["m.bin"]) == {}


def test_without_git_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run("a" * 40, data=(Dataset(path="m.bin"),))
    assert find(tmp_path, "a" * 40, ["m.bin"]) == {}
    assert complete_runs(tmp_path, [run]) == (run,)
    assert find_registry(tmp_path) == Registry()
    monkeypatch.setenv("PATH", "/nonexistent")
    assert complete_runs(tmp_path, [run]) == (run,)


# Runs ----------------------------------------------------------------------------------------


@pytest.fixture
def tracked(repo: Path) -> tuple[Path, str]:
    dvc = "outs:\n- {md5: 0123456789abcdef0123456789abcdef, path: train.csv}\n"
    pointer = (DATA / "lfs" / "m.bin.pointer").read_bytes()
    return repo, commit(repo, {"data/train.csv.dvc": dvc, "m.bin": pointer, "a b.bin": pointer})


DIGEST = "md5:0123456789abcdef0123456789abcdef"


def test_runs_of_a_clean_checkout_get_their_digests(tracked: tuple[Path, str]) -> None:
    root, sha = tracked
    run = make_run(
        sha,
        data=(Dataset(name="train", path="data/train.csv", context="train"), Dataset(name="x")),
        model=Model(path="m.bin", version="v1"),
        output=(Model(path="m.bin"),),
    )
    other = make_run(sha, data=(Dataset(path="data/train.csv", digest="known"),))
    done, same = complete_runs(root, (run, other))
    assert done.data[0] == Dataset(
        name="train", path="data/train.csv", context="train", digest=DIGEST
    )
    assert done.data[1:] == run.data[1:]
    assert done.model == Model(path="m.bin", version="v1", digest=f"sha256:{LFS}")
    assert done.output == run.output  # the commit is older than what the run made
    assert same is other
    assert complete_runs(root, (done, other)) == (done, other)


def test_what_a_run_may_have_changed_stays_unknown(tracked: tuple[Path, str]) -> None:
    root, sha = tracked
    data = (Dataset(path="data/train.csv"), Dataset(path="m.bin"), Dataset(path="a b.bin"))
    unknown = [make_run(sha, dirty, data=data) for dirty in (True, None)]
    unknown += [make_run("", data=data), Run(ref="x:1", tracker="x", data=data)]
    assert complete_runs(root, unknown) == tuple(unknown)


def test_a_known_patch_tells_what_was_changed(tracked: tuple[Path, str]) -> None:
    root, sha = tracked
    data = (Dataset(path="data/train.csv"), Dataset(path="m.bin"), Dataset(path="a b.bin"))
    run = make_run(sha, dirty=True, data=data)

    def digests(patch: str) -> list[str]:
        (done,) = complete_runs(root, [run], {run.ref: patch})
        return [dataset.digest for dataset in done.data]

    lfs = f"sha256:{LFS}"
    assert digests("") == [DIGEST, lfs, lfs]
    (root / "data" / "train.csv.dvc").write_text("outs: []\n", encoding="utf-8")
    assert digests(git(root, "diff")) == ["", lfs, lfs]
    (root / "a b.bin").write_text("x", encoding="utf-8")
    git(root, "mv", "m.bin", "n.bin")
    assert digests(git(root, "diff", "HEAD")) == ["", "", ""]
    assert digests(git(root, "diff", "HEAD", "--no-prefix", "--src-prefix=a/")) == ["", "", ""]


def test_names_that_git_quotes_are_known_too(repo: Path) -> None:
    pointer = (DATA / "lfs" / "m.bin.pointer").read_bytes()
    sha = commit(repo, {"zażółć.bin": pointer, 'q"t.bin': pointer})
    run = make_run(sha, dirty=True, data=(Dataset(path="zażółć.bin"), Dataset(path='q"t.bin')))
    (repo / "zażółć.bin").write_text("x", encoding="utf-8")
    (repo / 'q"t.bin').write_text("x", encoding="utf-8")
    patch = git(repo, "-c", "core.quotePath=true", "diff")
    assert '"a/za\\305' in patch
    assert complete_runs(repo, [run], {run.ref: patch}) == (run,)
    assert complete_runs(repo, [run], {run.ref: ""}) != (run,)


def test_many_runs_take_one_process(
    tracked: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, sha = tracked
    started: list[Any] = []
    real = subprocess.Popen.__init__

    def count(self: Any, *arguments: Any, **options: Any) -> None:
        started.append(arguments)
        real(self, *arguments, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", count)
    runs = [make_run(sha, data=(Dataset(path="data/train.csv"),)) for _ in range(500)]
    assert all(run.data[0].digest == DIGEST for run in complete_runs(root, runs))
    assert len(started) == 2  # one asks whether this is a repository


# GTO -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gto(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Registries that the real GTO wrote and read, and what it says of them."""
    folder = tmp_path_factory.mktemp("gto")
    done = subprocess.run(
        [sys.executable, str(WRITER), str(folder), *SEEDS],
        env=ENVIRON, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return folder, said


@pytest.mark.parametrize("name", ["real", *SEEDS])
def test_registries_are_as_gto_says(gto: tuple[Path, dict[str, Any]], name: str) -> None:
    folder, said = gto
    registry = find_registry(folder / name)
    active = [entry for entry in registry.versions if not entry.withdrawn]
    for model, state in said[name].items():
        own = [entry for entry in active if entry.name == model]
        assert {entry.version: entry.commit for entry in own} == state["versions"]
        assert {stage: e.version for e in own for stage in e.stages} == state["stages"]
        latest = registry.find_stage(model, "latest")
        assert (latest.version if latest else None) == state["latest"]
    assert {entry.name for entry in active} <= set(said[name])


def test_a_version_is_found_by_its_name_and_stage(gto: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = gto
    registry = find_registry(folder / "real")
    head = git(folder / "real", "rev-parse", "main~3")
    found = Registered("qa-digits", "v0.10.0", head, "qa-digits@v0.10.0", ("prod",))
    assert registry.find("qa-digits", "v0.10.0") == found
    assert registry.find_stage("qa-digits", "prod") == found
    assert registry.find_stage("qa-digits", "latest") == found
    assert registry.find_stage("qa-digits", "staging") is None
    assert registry.find("qa-digits", "v9.0.0") is None
    assert registry.select(["qa-digits#prod"]) == registry.select(["qa-digits@v0.9.0"])
    assert [entry.version for entry in registry.select(["qa-digits"])] == [
        "v0.9.0", "v0.10.0-rc.1", "v0.10.0"
    ]  # fmt: skip
    segmented = registry.find_stage("models:seg-net", "prod")
    assert segmented is not None
    assert segmented.tag == "models=seg-net@v1.2.0"
    withdrawn = registry.find("team/x", "v1.0.0"), registry.find("old", "v1.0.0")
    assert [entry and entry.withdrawn for entry in withdrawn] == [True, True]


def test_recorded_tags_of_gto() -> None:
    lines = (DATA / "gto" / "tags.txt").read_text(encoding="utf-8").splitlines()
    tags = []
    for number, line in enumerate(sorted(lines, key=lambda line: line.split()[3])):
        ref, _, sha, *_ = line.split()
        tags.append(Tag(ref.removeprefix("refs/tags/"), sha, number))
    sha = "d52c909872ac719cfbb8c4271f9447e07c629e08"
    assert make_registry(tags).versions == (
        Registered("models:seg-net", "v1.2.0-rc.1", sha, "models=seg-net@v1.2.0-rc.1"),
        Registered("qa-digits", "v0.1.0", sha, "qa-digits@v0.1.0", (), withdrawn=True),
        Registered("team/x", "v1.0.0", sha, "team/x@v1.0.0"),
    )


def test_only_annotated_tags_of_commits_count(repo: Path) -> None:
    commit(repo, {"a": "x"})
    git(repo, "tag", "qa@v1.0.0")
    git(repo, "tag", "-a", "qa@v2.0.0", "-m", "x", "HEAD:a")
    for name in ("v3.0.0", "qa@3.0.0", "qa@v3.0", "ż@v3.0.0", "qa@v03.0.0"):
        git(repo, "tag", "-a", "-m", "x", "--", name)
    assert find_registry(repo) == Registry()
    git(repo, "tag", "-a", "-m", "x", "qa@v3.0.0")
    assert [entry.version for entry in find_registry(repo).versions] == ["v3.0.0"]


def test_any_tags_make_a_registry() -> None:
    chance = random.Random(3)
    pieces = ("qa", "a/b", "x=", "@v1.0.0", "@v1.0.0!", "#prod", "#prod!", "@deprecated", "#3", "!")
    for _ in range(300):
        names = ["".join(chance.choices(pieces, k=chance.randint(1, 4))) for _ in range(8)]
        tags = [Tag(name, f"{n:040}", chance.randint(0, 3)) for n, name in enumerate(names)]
        registry = make_registry(tags)
        assert registry == make_registry(reversed(tags))
        stages = [(e.name, stage) for e in registry.versions for stage in e.stages]
        assert len(stages) == len(set(stages))


def test_the_bundle_of_git_itself_is_enough(
    gto: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    shutil.copytree(gto[0] / "real" / ".git", tmp_path / "bare.git")
    assert find_registry(tmp_path / "bare.git") == find_registry(gto[0] / "real")


def test_light_tags_are_read_where_they_are_asked_for(repo: Path) -> None:
    sha = commit(repo, {"a": "x"})
    git(repo, "tag", "qa@v1.0.0")
    git(repo, "tag", "qa#prod")
    git(repo, "tag", "qa@v2.0.0", "HEAD:a")
    assert find_registry(repo) == Registry()
    found = find_registry(repo, light=True).versions
    assert found == (Registered("qa", "v1.0.0", sha, "qa@v1.0.0", ("prod",)),)
