"""A run that is worth a card becomes one: experiments of the real DVC, and any other run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cardgen.config import load_config
from cardgen.store import load_cards
from tests.projects import Project
from tests.trackers.dvc_projects import commit_all, dvc, git

PIPELINE = """\
stages:
  train:
    cmd: python train.py
    deps: [train.py, data.csv]
    params: [lr, epochs]
    metrics: [metrics.json: {cache: false}]
"""
TRAIN = """\
import json, re
lr = float(re.search(r"lr: (.*)", open("params.yaml").read())[1])
json.dump({"f1": 0.5 + lr}, open("metrics.json", "w"))
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that DVC ran an experiment in, which lies in refs/exps alone."""
    root = tmp_path_factory.mktemp("dvc")
    project = Project(root)
    git(root, "init", "-q", "-b", "main", ".")
    project.ok("init")
    dvc(root, "init", "-q")
    dvc(root, "config", "core.analytics", "false")
    for name, text in (
        ("dvc.yaml", PIPELINE),
        ("train.py", TRAIN),
        ("params.yaml", "lr: 0.1\nepochs: 3\n"),
        ("data.csv", "a\n1\n"),
    ):
        project.write(name, text)
    commit_all(root, "Add the pipeline")
    dvc(root, "exp", "run", "-q", "-n", "exp-333c9", "-m", "three times the rate", "-S", "lr=0.3")
    git(root, "checkout", "-q", ".")
    return root


@pytest.fixture
def experiment(template: Path, tmp_path: Path) -> Project:
    shutil.copytree(template, tmp_path / "p", symlinks=True)
    return Project(tmp_path / "p")


def test_a_card_is_made_and_filled_in_one_step(experiment: Project) -> None:
    done = experiment.cardgen("promote", "dvc:exp-333c9", "qa-7", "--tag", "rate")
    assert done.status == 0, done
    assert done.out.splitlines() == [
        "made  experiments/qa-7/card.md",
        "filled  qa-7: dvc:exp-333c9",
        "Next: confirm or write its goal in experiments/qa-7/card.md",
    ]
    (card,) = load_cards(load_config(experiment.root))
    assert card.front.runs == ("dvc:exp-333c9",)
    assert (card.front.title, card.front.tags) == ("exp-333c9", ("rate",))
    assert card.evidence is not None
    (run,) = card.evidence.runs
    assert run.params["lr"] == 0.3
    assert run.metrics["f1"].value == pytest.approx(0.8)
    assert "three times the rate" in card.section("goal")
    assert experiment.cardgen("fill", "qa-7").out.startswith("same")  # what fill itself would read


def test_a_run_that_a_card_names_is_refused_with_its_code(experiment: Project) -> None:
    experiment.ok("promote", "dvc:exp-333c9", "qa-7")
    listed = experiment.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps")
    commit = next(line.split()[0] for line in listed.splitlines() if line.endswith("exp-333c9"))
    for ref in ("dvc:exp-333c9", " dvc:exp-333c9 ", "dvc:.#exp-333c9", f"dvc:{commit}"):
        done = experiment.cardgen("promote", ref, "qa-8")
        assert done.status == 2, ref
        assert "is on the card qa-7 already. Read it again: cardgen fill qa-7" in done.err
    assert not (experiment.root / "experiments/qa-8").exists()


def test_what_cannot_be_read_makes_no_card(experiment: Project) -> None:
    for ref, said in (
        ("dvc:exp-none", "is no experiment"),
        ("exp-333c9", "is no run ref"),
        ("nobody:x", "No tracker is called 'nobody'"),
    ):
        done = experiment.cardgen("promote", ref, "qa-8")
        assert done.status == 2
        assert said in done.err
    assert "is no card" in experiment.cardgen(
        "promote", "dvc:exp-333c9", "qa-8", "--baseline", "none"
    ).err  # fmt: skip
    assert not (experiment.root / "experiments/qa-8").exists()


def test_codes_are_numbered_and_words_are_the_persons(experiment: Project) -> None:
    experiment.ok("new", "qa-4", "--reuse", "--goal", "Does a triple rate help?")
    done = experiment.cardgen(
        "promote", "dvc:exp-333c9", "qa-", "--title", "Triple",
        "--goal", "Does the triple rate help?",
        "--baseline", "qa-4",
    )  # fmt: skip
    assert "made  experiments/qa-5/card.md" in done.out
    assert done.err == "similar: qa-4 (a goal in like words)\n"
    card = load_cards(load_config(experiment.root), ["qa-5"])[0]
    assert (card.front.title, card.front.baseline) == ("Triple", "qa-4")
    assert card.section("goal") == "Does the triple rate help?"
    assert not next(s for s in card.sections if s.key == "goal").suggested


def test_a_branch_of_the_pipeline_and_other_trackers_work_alike(experiment: Project) -> None:
    dvc(experiment.root, "exp", "branch", "-q", "exp-333c9", "exp/rate")
    experiment.ok("promote", "dvc:exp/rate", "qa-8")
    experiment.write("runs/x/metrics.json", json.dumps({"f1": 0.5}))
    experiment.ok("promote", "json:runs/x/metrics.json", "qa-9")
    codes = [card.code for card in load_cards(load_config(experiment.root)) if card.evidence]
    assert codes == ["qa-8", "qa-9"]
