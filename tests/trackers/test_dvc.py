"""DVC's projects as DVC itself left them: unpacked from what real clients wrote.

``dvc-repo`` is by DVC 3.67 with DVCLive and GTO; ``old`` by DVC 1.11 and 2.58, and by five
versions of DVCLive.
"""

from __future__ import annotations

import datetime as dt
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from cardgen.config import Config
from cardgen.errors import TrackerError
from cardgen.fetch import Failure, fetch_run, find_runs
from cardgen.models import Checkpoint, Command, Dataset, Metric, Model, Source
from cardgen.trackers.dvc import trees
from tests.trackers.dvc_projects import (
    ask_api,
    fetch,
    find,
    flatten,
    git,
    run,
    show_experiments,
    unpack,
    write_files,
)

BASE = "d52c909872ac719cfbb8c4271f9447e07c629e08"
NAMES = ("qa-1", "qa-2", "qa-3", "qa-4")


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("dvc-repo.tar.gz", tmp_path_factory.mktemp("dvc")) / "repo"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("old.tar.gz", tmp_path_factory.mktemp("old"))


@pytest.fixture
def own(repo: Path, tmp_path: Path) -> Path:
    """The same project, to be changed."""
    shutil.copytree(repo, tmp_path / "repo", symlinks=True)
    return tmp_path / "repo"


def test_an_experiment_is_read_whole(repo: Path) -> None:
    found = fetch(repo, "qa-2")
    assert (found.ref, found.name, found.status) == ("dvc:qa-2", "qa-2", "finished")
    assert found.author == "Ann Example"
    assert found.description == "qa-2: alpha 0.0002"
    assert found.started is None
    assert found.finished == dt.datetime(2026, 11, 21, 5, 55, 48, tzinfo=dt.UTC)
    assert found.source == Source(
        repository="https://git.example.com/team/qa-dvc.git",
        branch="main",
        commit="69bdb5998586bd2d3eb710ae245a7adf2d487875",
        dirty=False,
        entrypoint="src/train.py",
    )
    assert found.tags == {
        "base_commit": BASE,
        "baseline": "",
        "stage.train": "Train the digits SGD classifier",
        "artifact.qa-digits": "digits SGD",
    }
    assert found.commands == (
        Command(line="python src/split.py", kind="other"),
        Command(line="python src/train.py", kind="train"),
    )
    assert found.params == {
        "split.test_size": 0.25,
        "split.seed": 0,
        "train.alpha": 0.0002,
        "train.epochs": 6,
        "train.batch_size": 64,
        "train.seed": 13,
        "optimizer": "sgd",
    }
    assert isinstance(found.params["train.epochs"], int)
    assert found.environment is not None
    assert found.environment.seed == 13
    assert found.data == (
        Dataset(
            name="data/digits.csv",
            path="data/digits.csv",
            digest="md5:ceb77b7ab4ce49c63ebcaa3e34a838a5",
        ),
        Dataset(
            name="data/split",
            path="data/split",
            digest="md5:179e447b1b9262e8545ae5155a38cd18.dir",
            context="training",
        ),
    )
    assert found.output == (
        Model(
            name="qa-digits",
            kind="sklearn",
            path="model.pkl",
            digest="md5:1cfa09b97cd3df93459663661dcb9f1d",
        ),
    )
    assert found.metrics == {
        "eval/accuracy": Metric(value=0.9466666666666667, step=5),
        "eval/f1_macro": Metric(value=0.9507673043857254, step=5),
        "train/loss": Metric(value=0.1683871789461791, step=5),
    }
    assert len(found.checkpoints) == 6
    assert found.checkpoints[0] == Checkpoint(
        step=0, metrics={"eval/accuracy": 0.9333333333333333, "eval/f1_macro": 0.9391848706965142}
    )
    assert [(c.metric, c.steps) for c in found.curves] == [("train/loss", (0, 1, 2, 3, 4, 5))]
    files = {file.path: file for file in found.files}
    assert files["model.pkl"].size == 6259
    assert files["data/split"].digest.endswith(".dir")
    assert files["dvclive/plots/metrics/train/loss.tsv"].size == 138
    assert found.unavailable == ("started",)


def test_all_runs_of_a_project_are_found(repo: Path) -> None:
    assert find(repo) == (*(f"dvc:{name}" for name in NAMES), "dvc:.")
    assert find(repo) == find(repo)
    above = find(repo.parent)
    assert above == (*(f"dvc:repo#{name}" for name in NAMES), "dvc:repo")
    assert find(repo.parent, repo) == above
    assert find(repo, repo / "src") == ()
    assert find(repo, repo / "dvclive") == ("dvc:dvclive",)


def test_a_project_below_the_root_is_read_alike(repo: Path) -> None:
    inner = fetch(repo.parent, "repo#qa-2")
    assert inner.ref == "dvc:repo#qa-2"
    assert inner.model_copy(update={"ref": "dvc:qa-2"}) == fetch(repo, "qa-2")
    assert fetch(repo.parent, "repo").params == fetch(repo, ".").params


def test_the_same_bytes_each_time(repo: Path) -> None:
    for ref in find(repo):
        locator = ref.partition(":")[2]
        assert fetch(repo, locator) == fetch(repo, locator)


def test_revisions_are_read_from_git(repo: Path) -> None:
    main = fetch(repo, "main")
    assert main.ref == "dvc:main"
    assert main.source == Source(
        repository="https://git.example.com/team/qa-dvc.git",
        branch="main",
        commit=BASE,
        dirty=False,
        entrypoint="src/train.py",
    )
    assert main.description == "qa-0: baseline run"
    assert main.tags["committed"] == "2026-11-21T05:55:26Z"
    assert (main.status, main.finished) == ("finished", None)
    for name in ("HEAD", "qa-digits@v0.1.0", ".#main", "HEAD^0"):
        assert fetch(repo, name).params == main.params
    short = fetch(repo, BASE[:8])
    assert short.ref == f"dvc:{BASE}"
    with pytest.raises(TrackerError, match=r"Nothing was run in commit 12d821780054 below '\.'"):
        fetch(repo, "HEAD~1")


def test_a_tag_with_a_mark_of_its_own_needs_the_folder_before_it(repo: Path) -> None:
    assert fetch(repo, ".#qa-digits#staging#1").ref == "dvc:.#qa-digits#staging#1"


def test_an_experiment_may_be_named_by_its_commit(repo: Path) -> None:
    by_commit = fetch(repo, "69bdb5998586")
    assert by_commit == fetch(repo, "qa-2")


def test_the_workspace_is_that_of_head(repo: Path) -> None:
    found = fetch(repo, ".")
    assert (found.ref, found.name, found.status) == ("dvc:.", "repo", "finished")
    assert found.source is not None
    assert (found.source.commit, found.source.dirty) == (BASE, False)
    assert found.params == fetch(repo, "main").params
    assert found.metrics == fetch(repo, "main").metrics


# Value by value beside DVC --------------------------------------------------------------------


def compare(found_params: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each param of each file, under its own name or, where files disagree, after its file's."""
    seen = set()
    for path, content in expected.items():
        for name, value in flatten(content["data"]).items():
            label = name if name in found_params else f"{path}:{name}"
            assert repr(found_params[label]) == repr(value), (path, name)
            seen.add(label)
    assert seen == set(found_params)


def test_every_value_is_the_one_that_dvc_shows(repo: Path) -> None:
    shown = show_experiments(repo)
    names = {**dict.fromkeys(NAMES), "workspace": ".", BASE: "main"}
    assert set(shown) == set(names)
    for name, locator in names.items():
        found = fetch(repo, locator or name)
        compare(dict(found.params), shown[name]["params"])
        values = flatten(shown[name]["metrics"]["dvclive/metrics.json"]["data"], "/")
        steps = values.pop("step")
        assert {key: metric.value for key, metric in found.metrics.items()} == values
        assert {metric.step for metric in found.metrics.values()} == {steps}
        entries = {**shown[name]["deps"], **shown[name]["outs"]}
        for item in (*found.data, *found.output):
            assert item.digest == f"md5:{entries[item.path]['hash']}"
        for file in found.files:
            if file.digest:
                assert file.size == entries[file.path]["size"]


def test_the_api_says_the_same(repo: Path) -> None:
    said = ask_api(repo, *NAMES, "main")
    for name in (*NAMES, "main"):
        found = fetch(repo, name)
        params = flatten(said["params"][name])
        assert params == found.params
        metrics = flatten(said["metrics"][name], "/")
        metrics.pop("step")
        assert metrics == {key: metric.value for key, metric in found.metrics.items()}
    rows = {row["Experiment"]: row for row in said["experiments"] if row["Experiment"]}
    assert set(rows) == set(NAMES)
    for name, row in rows.items():
        found = fetch(repo, name)
        assert found.source is not None
        assert found.source.commit.startswith(row["rev"])
        assert row["eval.accuracy"] == found.metrics["eval/accuracy"].value
        assert row["data/digits.csv"] == found.data[0].digest.removeprefix("md5:")


# What was changed since -------------------------------------------------------------------------


def test_other_params_than_those_of_the_run_are_no_params_of_it(own: Path) -> None:
    text = (own / "params.yaml").read_text()
    (own / "params.yaml").write_text(text.replace("0.0001", "0.5"))
    found = fetch(own, ".")
    assert found.params["train.alpha"] == 0.0001
    assert found.status is None
    assert found.tags["changed"] == "train"
    assert found.source is not None
    assert found.source.dirty is True


def test_other_code_than_that_of_the_run_is_said(own: Path) -> None:
    with (own / "src" / "split.py").open("a") as stream:
        stream.write("# more\n")
    found = fetch(own, ".")
    assert (found.status, found.tags["changed"]) == (None, "split")


def test_results_that_were_written_do_not_make_the_code_dirty(own: Path) -> None:
    (own / "dvclive" / "metrics.json").write_text('{"eval": {"accuracy": 0.5}, "step": 9}')
    (own / ".gitignore").write_text("model.pkl\n/data/split\n__pycache__/\n/new\n")
    (own / "notes.txt").write_text("not an input")
    found = fetch(own, ".")
    assert found.source is not None
    assert found.source.dirty is False
    assert found.metrics["eval/accuracy"] == Metric(value=0.5, step=9)


def test_an_untracked_input_makes_it_dirty(own: Path) -> None:
    git(own, "rm", "-q", "--cached", "src/train.py")
    git(own, "commit", "-qm", "Forget it")
    found = fetch(own, ".")
    assert found.source is not None
    assert found.source.dirty is True


# Names ------------------------------------------------------------------------------------------


def test_a_folder_of_an_experiments_name_does_not_hide_it(own: Path) -> None:
    experiment = fetch(own, "qa-1")
    shutil.copytree(own / "dvclive", own / "qa-1" / "dvclive")
    assert "dvc:.#qa-1" in find(own)
    assert fetch(own, ".#qa-1") == experiment.model_copy(update={"ref": "dvc:.#qa-1"})
    assert fetch(own, "qa-1/dvclive").ref == fetch(own, "qa-1").ref == "dvc:qa-1/dvclive"


def test_the_same_name_on_two_bases_is_told_apart(own: Path) -> None:
    git(own, "commit", "-q", "--allow-empty", "-m", "Another base")
    base = git(own, "rev-parse", "HEAD").strip()
    commit = git(
        own,
        "commit-tree",
        "main^{tree}",
        "-p",
        base,
        "-m",
        "again",
    ).strip()
    git(own, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/qa-2", commit)
    refs = find(own)
    assert f"dvc:{base[:10]}:qa-2" in refs
    assert f"dvc:{BASE[:10]}:qa-2" in refs
    with pytest.raises(TrackerError, match="Several experiments are called 'qa-2'") as caught:
        fetch(own, "qa-2")
    assert f"{base[:10]}:qa-2" in str(caught.value)
    assert fetch(own, f"{BASE[:10]}:qa-2").params["train.alpha"] == 0.0002
    again = fetch(own, f"{base[:4]}:qa-2")
    assert again.ref == f"dvc:{base[:10]}:qa-2"
    assert again.description == "again"


def test_what_dvc_keeps_for_itself_is_no_experiment(own: Path) -> None:
    for name in (
        "exec/EXEC_HEAD",
        "stash",
        "celery/stash",
        "celery/failed",
        "apply/ORIG_HEAD",
        "temp/x",
        "zz/nothex/name",
    ):
        git(own, "update-ref", f"refs/exps/{name}", "HEAD")
    assert find(own) == (*(f"dvc:{name}" for name in NAMES), "dvc:.")


def test_packed_refs_are_found(own: Path) -> None:
    git(own, "pack-refs", "--all")
    assert find(own) == (*(f"dvc:{name}" for name in NAMES), "dvc:.")


@pytest.mark.parametrize(
    ("locator", "message"),
    [
        ("nothing", "'nothing' is no experiment, revision or folder"),
        ("HEAD~99", "'HEAD~99' is no experiment"),
        ("--help", "is no experiment"),
        ("a b\nc", "is no experiment"),
        ("main:dvc.yaml", "is no experiment"),
        ("..", "lies outside the project"),
        ("/etc", "lies outside the project"),
        ("../..#main", "lies outside the project"),
        ("src#main", "Nothing was run in commit d52c909872ac below 'src'"),
        ("missing#main", "Nothing was run"),
        ("missing#", "There is no folder 'missing'"),
        ("src#", "holds nothing of DVC"),
        ("x\0y", "is no experiment"),
        ("x\0y#main", "Nothing was run|is no experiment|There is no"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(repo: Path, locator: str, message: str) -> None:
    with pytest.raises(TrackerError, match=message) as caught:
        fetch(repo, locator)
    assert caught.value.hint
    assert "\n" not in caught.value.message.replace(locator, "")


def test_a_clone_without_the_experiments_commits_says_so(own: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    run(tmp_path, "git", "clone", "-q", "--depth", "1", f"file://{own}", str(shallow))
    assert find(shallow) == ("dvc:.",)
    with pytest.raises(TrackerError, match="is no experiment") as caught:
        fetch(shallow, "qa-1")
    assert "dvc exp pull" in caught.value.hint
    lost = "a" * 40
    refs = shallow / ".git" / "refs" / "exps" / BASE[:2] / BASE[2:]
    refs.mkdir(parents=True)
    (refs / "gone").write_text(f"{lost}\n")
    with pytest.raises(TrackerError, match="aaaaaaaaaaaa of experiment 'gone' is not in"):
        fetch(shallow, "gone")


def test_an_object_that_is_missing_is_said(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "_RECENT", {})  # objects that other tests read
    blob = git(own, "rev-parse", "main:dvc.lock").strip()
    path = own / ".git" / "objects" / blob[:2] / blob[2:]
    if not path.exists():
        for pack in (own / ".git" / "objects" / "pack").glob("*.pack"):
            with pack.open("rb") as stream:
                moved = own / "moved.pack"
                moved.write_bytes(stream.read())
            pack.unlink()
            pack.with_suffix(".idx").unlink()
            run(own, "sh", "-c", "git unpack-objects -q < moved.pack")
    path.unlink()
    with pytest.raises(TrackerError, match="has not all files of commit d52c909872ac"):
        fetch(own, "main")


def test_a_repository_without_dvc_holds_no_runs(tmp_path: Path) -> None:
    bundle = Path(__file__).parents[1] / "data" / "dvc" / "proj.bundle"
    run(tmp_path, "git", "clone", "-q", str(bundle), str(tmp_path / "proj"))
    assert find(tmp_path) == ()
    for locator in ("exp/qa-1", "HEAD", "proj", "proj#HEAD"):
        with pytest.raises(TrackerError):
            fetch(tmp_path / "proj" if "#" not in locator else tmp_path, locator)


def test_without_git_only_what_is_on_disk_is_read(own: Path) -> None:
    shutil.rmtree(own / ".git")
    assert find(own) == ("dvc:.",)
    found = fetch(own, ".")
    assert found.source is None
    assert found.status == "finished"
    with pytest.raises(TrackerError, match="neither a folder of DVC nor in a git repository"):
        fetch(own, "qa-1")


def test_an_address_with_a_password_is_masked_on_the_way(own: Path) -> None:
    git(own, "remote", "set-url", "origin", "https://me:hunter2secret@example.org/x.git")
    write_files(own, {"cardgen.yaml": ""})
    found = fetch_run(Config(root=own), "dvc:qa-1")
    assert not isinstance(found, Failure)
    assert found.source is not None
    assert "hunter2secret" not in found.source.repository
    assert set(find_runs(Config(root=own), own)) >= {"dvc:qa-1", "dvc:."}


# Several projects in one repository ---------------------------------------------------------------


def test_each_experiment_belongs_to_the_project_that_it_changed(own: Path) -> None:
    for name in ("one", "two"):
        write_files(
            own,
            {
                f"{name}/.dvc/config": "",
                f"{name}/params.yaml": "lr: 1\n",
                f"{name}/dvc.yaml": "metrics: [m.json]\n",
                f"{name}/m.json": '{"a": 1}',
            },
        )
    git(own, "add", "-A", "-f")
    git(own, "commit", "-qm", "Two more")
    base = git(own, "rev-parse", "HEAD").strip()
    (own / "two" / "m.json").write_text('{"a": 2}')
    git(own, "commit", "-qam", "tuned two")
    git(own, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/tuned", "HEAD")
    git(own, "reset", "-q", "--hard", base)
    assert find(own) == (
        *(f"dvc:{name}" for name in NAMES),
        "dvc:two#tuned",
        "dvc:.",
        "dvc:one",
        "dvc:two",
    )
    assert fetch(own, "two#tuned").metrics == {"a": Metric(value=2.0)}
    assert fetch(own, "two").metrics == {"a": Metric(value=1.0)}
    assert "a" not in fetch(own, ".").metrics


# Old versions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dvc-1.11", "dvc-1.11-single"])
def test_projects_of_dvc_1_are_read(old: Path, name: str) -> None:
    assert [ref for ref in find(old) if "1.11" in ref] == ["dvc:dvc-1.11", "dvc:dvc-1.11-single"]
    found, committed = fetch(old, name), fetch(old, f"{name}#HEAD")
    for one in (found, committed):
        assert one.status == "finished"
        assert one.commands == (Command(line="python src/t.py", kind="train"),)
        assert one.params == {"train.lr": 0.1, "train.epochs": 2}
        assert one.metrics == {
            "auc": Metric(value=0.75),
            "f1.macro": Metric(value=0.5),
            "loss": Metric(value=0.5, step=1),
        }
        assert [(c.metric, c.steps, c.values) for c in one.curves] == [("loss", (0, 1), (1.5, 0.5))]
        assert [d.digest for d in one.data] == ["md5:e5ebd4c02cefbe7955977c67ada242b7"]
        assert [(m.path, m.digest) for m in one.output] == [
            ("model.pkl", "md5:6f8f57715090da2632453988d9a1501b")
        ]


def test_what_only_the_cache_of_dvc_2_holds_is_read_from_there(old: Path) -> None:
    expected = fetch(old, "dvc-2.58")
    shown = fetch(old, "dvc-2.58#main")
    assert expected.params == shown.params == {"lr": 0.5, "optim": "sgd"}
    assert expected.metrics == shown.metrics
    assert shown.checkpoints[-1] == Checkpoint(step=2, metrics={"eval/acc": 0.5})
    assert shown.tags["old"] == ""
    assert [model.path for model in shown.output] == ["model.pt"]


@pytest.mark.parametrize("version", ["0.0.10", "0.4.6", "0.12.0", "1.0", "2.0.0"])
def test_every_layout_of_dvclive_is_read(old: Path, version: str) -> None:
    assert find(old, old / "dvclive" / version) == (f"dvc:dvclive/{version}/dvclive",)
    found = fetch(old, f"dvclive/{version}/dvclive")
    assert found.name == version
    assert found.metrics == {
        "eval/acc": Metric(value=0.5, step=2),
        "loss": Metric(value=1 / 3, step=2),
    }
    assert [row.metrics["eval/acc"] for row in found.checkpoints] == [0.0, 0.25, 0.5]
    assert found.curves[0].values == (1.0, 0.5, 1 / 3)
    assert found.params == ({} if version in ("0.0.10", "0.4.6") else {"lr": 0.1})
    assert (found.started is None) == (version in ("1.0", "2.0.0"))
    assert set(found.unavailable) >= {"commands", "source"}
    assert not any(math.isnan(metric.value) for metric in found.metrics.values())
