"""``import``: runs that real clients recorded become cards, each once, whatever happens."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cardgen.codes import find_fault
from cardgen.config import Settings, load_config
from cardgen.errors import StoreError, UsageError
from cardgen.fetch import fetch_run
from cardgen.imports import cache, find
from cardgen.imports.find import find_listing
from cardgen.imports.group import bundle_runs, find_stem
from cardgen.imports.name import Codes, choose_code, clean_title, make_safe
from cardgen.imports.select import parse_condition, select_runs
from cardgen.models import Run
from cardgen.output import progress
from cardgen.safeyaml import parse_yaml
from cardgen.store import load_cards
from tests.projects import Project
from tests.trackers.mlflow_runs import make_client
from tests.trackers.test_mlflow_server import MISSING, PROOF, run_server

DATA = Path(__file__).parent / "data"
CASES = sorted((Path(__file__).parent / "cases" / "select").glob("*.yaml"))

pytestmark = pytest.mark.filterwarnings("ignore")


# Conditions --------------------------------------------------------------------------------------


def list_cases() -> list[Any]:
    cases = []
    for path in CASES:
        table: Any = parse_yaml(path.read_text(encoding="utf-8"))
        runs = [Run.model_validate(values) for values in table["runs"]]
        cases += [
            pytest.param(runs, case, id=f"{path.stem}:{'&'.join(case['select'])}")
            for case in table["cases"]
        ]
    return cases


@pytest.mark.parametrize(("runs", "case"), list_cases())
def test_select(runs: list[Run], case: dict[str, Any]) -> None:
    def select() -> list[str]:
        conditions = [parse_condition(text) for text in case["select"]]
        return [run.ref for run in select_runs(runs, conditions, Settings())]

    if "found" in case:
        assert select() == case["found"]
    else:
        with pytest.raises(UsageError) as caught:
            select()
        assert str(caught.value) == case["error"]


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("qa mt5 (seed 3)", "qa-mt5-seed-3"),
        ("Żółć/łódź", "Zolc-lodz"),
        ("日本", ""),
        ("日本 v2", "v2"),
        ("con", "run-con"),
        ("AUX.txt", "run-AUX.txt"),
        ("../../etc/passwd", "etc-passwd"),
        ("a" * 80, "a" * 64),
        (f"{'a' * 63}. b", "a" * 63),
        ("-rf", "rf"),
        ("trailing.", "trailing"),
        ("straße", "strasse"),
        ("x\x00y\u202e", "x-y"),
        ("", ""),
    ],
)
def test_a_name_becomes_a_code(name: str, code: str) -> None:
    assert make_safe(name) == code
    assert not code or not find_fault(code)


def test_codes_are_given_once_whatever_their_case() -> None:
    codes = Codes({"qa", "old-1"}, {"Full"})
    assert [codes.name(name) for name in ("QA", "qa", "b", "full")] == [
        "QA-2", "qa-3", "b", "full-2",
    ]  # fmt: skip
    assert codes.name("a" * 64) == "a" * 64
    assert codes.name("A" * 64) == "A" * 62 + "-2"


def test_a_prefix_numbers_on_from_the_highest() -> None:
    codes = Codes({"qa-007", "QA-9x", "qa-b"}, {"qa-011"})
    assert [codes.number("qa-") for _ in range(2)] == ["qa-012", "qa-013"]
    assert [codes.number("t") for _ in range(2)] == ["t1", "t2"]


def test_runs_without_a_name_are_numbered_by_experiment() -> None:
    codes = Codes(())
    nameless = [Run(ref=f"mlflow:{n}", tracker="mlflow", experiment="big one") for n in range(2)]
    bare = Run(ref="mlflow:x", tracker="mlflow")
    given = [choose_code(codes, "", [run], "experiments") for run in (*nameless, bare)]
    assert given == ["big-one-1", "big-one-2", "run-1"]


def test_runs_in_a_folder_of_experiments_take_its_name() -> None:
    codes = Codes({"made"}, {"made", "free", "b d"})
    refs = ["free/out", "free/out2", "made", "b d"]
    runs = [Run(ref=f"hf:experiments/{ref}", tracker="hf", name="n") for ref in refs]
    given = [choose_code(codes, run.name, [run], "experiments") for run in runs]
    assert given == ["free", "n", "n-2", "n-3"]


def test_a_title_is_one_visible_line() -> None:
    assert clean_title(" a\nb\u202e\x1b[2J ") == "a b [2J"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("qa-mt5-seed3", "qa-mt5"),
        ("qa mt5 seed 3", "qa mt5"),
        ("qa_mt5_s1", "qa_mt5"),
        ("qa-12", "qa"),
        ("mt5 (seed=4)", "mt5"),
        ("t5", "t5"),
        ("plt5-base", "plt5-base"),
        ("seed 3", "seed"),
        ("3", "3"),
        ("run/2", "run"),
        ("", ""),
    ],
)
def test_stem(name: str, stem: str) -> None:
    assert find_stem(name) == stem


# Groups ------------------------------------------------------------------------------------------


def make_run(ref: str, **values: Any) -> Run:
    return Run.model_validate({"ref": ref, "tracker": "mlflow", **values})


NESTED = [
    make_run("p", name="sweep", params={"lr": 1}),
    make_run("a", name="a-1", parent="p", metrics={"f1": {"value": 1}}, params={"k": 1}),
    make_run("b", name="b-1", parent="p", metrics={"f1": {"value": 2}}, params={"k": 2}),
    make_run("c", name="a-2", metrics={"f1": {"value": 3}}, params={"k": "1.0"}),
]


@pytest.mark.parametrize(
    ("key", "bundles", "left_out"),
    [
        ("", [["a"], ["b"], ["c"]], ["p"]),
        ("parent", [["p", "a", "b"], ["c"]], []),
        ("name", [["a", "c"], ["b"]], ["p"]),
        ("param.k", [["a", "c"], ["b"]], ["p"]),
        ("experiment", [["a"], ["b"], ["c"]], ["p"]),
        ("seed", [["a"], ["b"], ["c"]], ["p"]),
    ],
)
def test_runs_are_put_together(key: str, bundles: list[list[str]], left_out: list[str]) -> None:
    made = bundle_runs(NESTED, key)
    assert [[run.ref for run in bundle.runs] for bundle in made.bundles] == bundles
    assert [run.ref for run in made.left_out] == left_out


def test_a_parent_goes_where_all_its_children_are() -> None:
    runs = [run.model_copy(update={"experiment": "e"}) for run in NESTED]
    made = bundle_runs(runs, "experiment")
    assert [[run.ref for run in bundle.runs] for bundle in made.bundles] == [["p", "a", "b", "c"]]


def test_a_parent_is_left_out_whichever_of_its_children_are_wanted(small: Project) -> None:
    out = small.ok("import", ".", "--select", "name!=child", "--dry-run")
    assert "11 cards would be made with 11 runs, 1 parent without metrics left out." in out


def test_a_parent_of_runs_on_cards_is_left_out() -> None:
    assert not bundle_runs(NESTED[:1], parents=["p"]).bundles


def test_a_key_that_no_run_has_is_refused() -> None:
    with pytest.raises(UsageError, match=r"No run that was found has 'tag\.stage'") as caught:
        bundle_runs(NESTED, "tag.stage")
    assert "param.k" in caught.value.hint


# Whole imports -----------------------------------------------------------------------------------

ODD_NAMES = ("baseline", "Baseline", "baseline", "con", "Żółć 日本", "日本")


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store and a file store that MLflow's client wrote: 13 runs each."""
    root = tmp_path_factory.mktemp("stores")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        for uri in (f"sqlite:///{root / 'mlflow.db'}", (root / "mlruns").as_uri()):
            record(uri)
    return root


def record(uri: str) -> None:
    """Five seeds, six odd names, and a parent of one child."""
    client = make_client(uri)
    experiment = client.create_experiment("digits")
    record_seeds(client, experiment)
    for number, name in enumerate(ODD_NAMES):
        log(client, experiment, name, 0.5, {"lr": str(number)}, stage="odd")
    parent = client.create_run(experiment, run_name="sweep").info.run_id
    client.set_terminated(parent)
    log(client, experiment, "child", 0.4, {}, **{"mlflow.parentRunId": parent})


def record_seeds(client: Any, experiment: str) -> None:
    for seed in range(5):
        params = {"lr": "1e-4", "seed": str(seed)}
        note = {"mlflow.note.content": "# Does it\nreach 0.9?", "polqa": ""}
        log(client, experiment, f"mt5 seed {seed}", 0.8 + seed / 100, params, **note)


def log(
    client: Any, experiment: str, name: str, f1: float, params: dict[str, str], **tags: str
) -> None:
    from mlflow.entities import Metric, Param

    run_id = client.create_run(experiment, run_name=name, tags=tags).info.run_id
    points = [Metric("eval/f1", f1 - 0.1 / step, 1_700_000_000_000, step) for step in range(1, 4)]
    client.log_batch(run_id, points, [Param(key, value) for key, value in params.items()])
    client.set_terminated(run_id)


def lay(project: Project, stores: Path, name: str) -> Project:
    if name == "mlflow.db":
        shutil.copy(stores / name, project.root / name)
    else:
        shutil.copytree(stores / name, project.root / name)
    return project


@pytest.fixture(params=["mlflow.db", "mlruns"])
def filled(project: Project, stores: Path, request: pytest.FixtureRequest) -> Project:
    """A project with one of the two stores."""
    return lay(project, stores, request.param)


@pytest.fixture
def small(project: Project, stores: Path) -> Project:
    return lay(project, stores, "mlflow.db")


def find_refs(project: Project) -> Counter[str]:
    """How many cards name each run; each card has the evidence of all its runs."""
    named: Counter[str] = Counter()
    for card in load_cards(load_config(project.root)):
        assert not card.problems
        assert card.evidence is not None, card.code
        assert sorted(run.ref for run in card.evidence.runs) == sorted(card.front.runs)
        named.update(card.front.runs)
    return named


def test_runs_are_listed_and_nothing_is_written(filled: Project) -> None:
    before = sorted(filled.root.rglob("*"))
    out = filled.ok("import", ".")
    assert "mt5 seed 3" in out
    assert "Next: cardgen import . --all" in out
    assert len([line for line in out.splitlines() if "mlflow:" in line]) == 13
    runs = json.loads(filled.ok("import", ".", "--json"))["runs"]
    assert len(runs) == 13
    first = next(run for run in runs if run["name"] == "mt5 seed 4")
    assert first["experiment"] == "digits"
    assert first["status"] == "finished"
    assert (first["metric"], round(first["value"], 3)) == ("eval/f1", 0.807)
    assert [p for p in sorted(filled.root.rglob("*")) if ".cardgen" not in p.parts] == before


def test_every_run_becomes_a_card_with_evidence(filled: Project) -> None:
    out = filled.ok("import", ".", "--all", "--tag", "old")
    assert "12 cards made with 12 runs, 1 parent without metrics left out." in out
    assert set(find_refs(filled).values()) == {1}
    codes = {card.code: card for card in load_cards(load_config(filled.root))}
    assert set(codes) == {
        "mt5-seed-0", "mt5-seed-1", "mt5-seed-2", "mt5-seed-3", "mt5-seed-4",
        "baseline", "Baseline-2", "baseline-3", "run-con", "Zolc", "digits-1", "child",
    }  # fmt: skip
    card = codes["mt5-seed-1"]
    assert card.front.title == "mt5 seed 1"
    assert card.front.tags == ("polqa", "old")
    goal = next(section for section in card.sections if section.key == "goal")
    assert goal.suggested == card.front.runs[0]
    assert "Does it\nreach 0.9?" in goal.body
    assert codes["Zolc"].front.title == "Żółć 日本"
    assert codes["digits-1"].front.title == "日本"
    done = filled.cardgen("fill")
    assert done.status == 0
    assert {line.split()[0] for line in done.out.splitlines()} == {"same"}
    problems = json.loads(filled.cardgen("check", "--format", "json").out)["problems"]
    # What no run can say is all that is left for a person to do.
    assert {p["rule"] for p in problems if p["severity"] == "error"} == {
        "goal-missing",
        "conclusions-missing",
    }


def test_what_is_imported_is_not_imported_again(small: Project) -> None:
    small.ok("import", ".", "--select", "name=mt5*")
    before = {path: path.read_bytes() for path in small.root.rglob("*.md")}
    assert len(json.loads(small.ok("import", ".", "--json"))["runs"]) == 8
    out = small.ok("import", "mlflow:", "--all", "--json")
    made = json.loads(out)
    assert len(made["cards"]) == 7
    assert len(made["left_out"]) == 1
    assert made["failures"] == []
    assert all(path.read_bytes() == text for path, text in before.items())
    again = json.loads(small.ok("import", "mlflow:mlflow.db", "--all", "--json"))
    assert again["cards"] == []
    assert set(find_refs(small).values()) == {1}
    assert not list((small.root / ".cardgen" / "imports").glob("*.json"))


def test_five_seeds_become_one_card(filled: Project) -> None:
    filled.ok("import", ".", "--select", "tag=polqa", "--group-by", "seed")
    (card,) = load_cards(load_config(filled.root))
    assert (card.code, card.front.title, len(card.front.runs)) == ("mt5", "", 5)
    assert find_refs(filled).total() == 5
    assert "(5 seeds)" in filled.ok("list")


def test_a_dry_run_writes_nothing(small: Project) -> None:
    small.write("experiments/qa-09/card.md", "---\ncode: qa-09\n---\n")
    before = sorted(small.root.rglob("*"))
    out = small.ok("import", ".", "--dry-run", "--prefix", "qa-", "--select", "eval/f1>=0.79")
    assert "would make  qa-10: mlflow:" in out
    assert "2 cards would be made with 2 runs." in out
    planned = json.loads(small.ok("import", ".", "--dry-run", "--json"))
    assert planned["dry_run"] is True
    assert len(planned["cards"]) == 12
    assert [p for p in sorted(small.root.rglob("*")) if ".cardgen" not in p.parts] == before


def test_a_code_of_a_card_that_was_is_not_taken(small: Project) -> None:
    small.write("experiments/Child/card.md", "---\ncode: Child\n---\n")
    small.git("add", "-A")
    small.git("commit", "-qm", "x")
    shutil.rmtree(small.root / "experiments" / "Child")
    small.write("experiments/mt5-seed-0/model.bin", "")
    small.ok("import", ".", "--all")
    folders = {path.parent.name for path in small.root.glob("experiments/*/card.md")}
    assert {"child-2", "mt5-seed-0-2"} <= folders
    assert not folders & {"child", "mt5-seed-0"}


def test_outputs_of_a_trainer_take_their_folders(project: Project) -> None:
    for name in ("qa-1", "epochs"):
        shutil.copytree(DATA / "hf" / name, project.root / "experiments" / name)
    shutil.copytree(DATA / "hf" / "st", project.root / "out" / "st")
    project.ok("new", "epochs")
    runs = json.loads(project.ok("import", ".", "--json"))["runs"]
    assert {run["ref"] for run in runs} == {"hf:experiments/qa-1", "hf:out/st"}
    project.ok("import", "out/st", "--all")
    project.ok("import", ".", "--all")
    refs = find_refs_named(project)
    assert refs["qa-1"] == ("hf:experiments/qa-1",)
    assert sorted(refs) == ["epochs", "qa-1", "st"]


def find_refs_named(project: Project) -> dict[str, tuple[str, ...]]:
    return {card.code: card.front.runs for card in load_cards(load_config(project.root))}


def test_a_run_that_cannot_be_read_keeps_no_other(project: Project, stores: Path) -> None:
    lay(project, stores, "mlruns")
    broken = next(
        path.parents[1]
        for path in (project.root / "mlruns").glob("*/*/tags/mlflow.runName")
        if path.read_text(encoding="utf-8") == "child"
    )
    (broken / "meta.yaml").write_bytes(b"\xff\xfe\0")
    done = project.cardgen("import", ".", "--all")
    named = {card.code for card in load_cards(load_config(project.root))}
    assert done.status == 2
    assert f"mlflow:{broken.name}: " in done.err
    assert len(named) == 12  # the parent of an unreadable child is a run like others
    assert "child" not in named


def test_a_card_that_cannot_be_made_keeps_no_other(small: Project) -> None:
    small.write("experiments/child", "in the way")
    done = small.cardgen("import", ".", "--all", "--json")
    assert done.status == 2
    made = json.loads(done.out)
    assert len(made["cards"]) == 11
    assert [failure["ref"] for failure in made["failures"]] == ["child"]
    assert "child: " in done.err
    (small.root / "experiments" / "child").unlink()
    assert "made  child: " in small.ok("import", ".", "--all")
    assert set(find_refs(small).values()) == {1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "There is no 'nowhere'."),
        (["nothing:x"], "No tracker is called 'nothing'."),
        (["..", "--all"], "lies outside the project"),
        ([".", "--select", "zzz>1"], "No run that was found has 'zzz'."),
        ([".", "--select", "name"], "'name' is no condition."),
        ([".", "--group-by", "color"], "Runs cannot be grouped by 'color'."),
        ([".", "--all", "--group-by", "tag.x"], "No run that was found has 'tag.x'."),
        (
            [".", "--all", "--prefix", "ü-"],
            "'ü-1' does not begin with a letter from a to z or a digit.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    small: Project, arguments: list[str], message: str
) -> None:
    done = small.cardgen("import", *arguments)
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert not list(small.root.glob("experiments/*/"))


def test_only_runs_that_may_be_wanted_are_read(small: Project) -> None:
    config = load_config(small.root)
    listing = find_listing(config, ".", small.root)
    wanted = tuple(map(parse_condition, ("name=child", "started>2020-01-01")))
    found = find(config, listing, wanted, progress)
    assert [run.name for run in found.runs] == ["child"]
    assert len(found.passed) == len(listing.refs) - 1
    assert len(find(config, listing, (parse_condition("accuracy>0"),), progress).passed) == 0


def test_runs_are_listed_without_reading_their_curves(small: Project) -> None:
    listed = small.ok("import", ".", "--json")
    with closing(sqlite3.connect(small.root / "mlflow.db")) as connection:
        connection.execute("DELETE FROM metrics")
        connection.commit()
    assert small.ok("import", ".", "--json") == listed
    assert any(line["value"] is not None for line in json.loads(listed)["runs"])


def test_a_damaged_store_keeps_no_other_tracker(project: Project) -> None:
    shutil.copytree(DATA / "hf" / "qa-1", project.root / "outputs" / "qa-1")
    (project.root / "mlflow.db").write_bytes(b"SQLite format 3\0 and no more")
    done = project.cardgen("import", ".", "--all", "--json")
    assert done.status == 2
    assert "mlflow.db cannot be read" in done.err
    assert [card["runs"] for card in json.loads(done.out)["cards"]] == [["hf:outputs/qa-1"]]
    alone = project.cardgen("import", "mlflow.db")
    assert alone.status == 2
    assert "mlflow.db cannot be read" in alone.err


def test_a_run_that_a_card_names_by_the_beginning_of_its_id_is_not_imported(
    small: Project,
) -> None:
    listed = json.loads(small.ok("import", ".", "--json"))["runs"]
    refs = [line["ref"] for line in listed]
    small.write("experiments/mine/card.md", f"---\ncode: mine\nruns: {refs[0][:20]}\n---\n")
    found = json.loads(small.ok("import", ".", "--json"))
    assert [line["ref"] for line in found["runs"]] == refs[1:]
    made = json.loads(small.ok("import", ".", "--all", "--json"))
    done = [ref for card in made["cards"] for ref in card["runs"]]
    assert sorted((*done, *made["left_out"])) == sorted(refs[1:])


def test_nothing_there_is_said(project: Project) -> None:
    assert "No runs were found in experiments." in project.ok("import", "experiments")
    assert project.ok("import", "experiments", "--all").startswith("0 cards made")


# Interrupted -------------------------------------------------------------------------------------


def start_import(project: Project, location: str = ".") -> subprocess.Popen[bytes]:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-m", "cardgen", "import", location, "--all"],
        cwd=project.root,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for_cards(process: subprocess.Popen[bytes], project: Project, count: int) -> None:
    while process.poll() is None:
        if len(list(project.root.glob("experiments/*/card.md"))) >= count:
            return
        time.sleep(0.0005)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize("seed", range(4))
def test_a_killed_import_goes_on(small: Project, seed: int) -> None:
    chance = random.Random(seed)
    process = start_import(small)
    wait_for_cards(process, small, chance.randrange(1, 10))
    time.sleep(chance.random() * 0.01)
    process.kill()
    process.communicate()
    small.ok("import", ".", "--all")
    refs = find_refs(small)
    assert len(refs) == 12
    assert set(refs.values()) == {1}
    codes = {path.parent.name for path in small.root.glob("experiments/*/card.md")}
    assert codes == {path.name for path in small.root.glob("experiments/*/")}
    assert not list(small.root.glob("experiments/*/.*.tmp"))
    assert "same" in small.ok("fill")


def test_a_card_that_was_left_without_evidence_is_completed(small: Project) -> None:
    small.ok("import", ".", "--all")
    (small.root / "experiments" / "child" / "evidence.json").unlink()
    shutil.rmtree(small.root / "experiments" / "run-con")
    (small.root / "experiments" / "run-con").mkdir()
    config = load_config(small.root)
    cache.save_journal(config, ["child", "run-con", "../x"])
    out = small.ok("import", ".", "--all")
    assert "filled  child" in out
    assert "made  run-con: " in out
    assert len(find_refs(small)) == 12


def test_a_card_of_somebody_without_evidence_is_left_alone(small: Project) -> None:
    ref = json.loads(small.ok("import", ".", "--json"))["runs"][0]["ref"]
    small.write("experiments/mine/card.md", f"---\ncode: mine\nruns: ['{ref}']\n---\n")
    small.ok("import", ".", "--all")
    assert not (small.root / "experiments" / "mine" / "evidence.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for one process")
def test_an_interrupted_import_says_so(small: Project) -> None:
    process = start_import(small)
    wait_for_cards(process, small, 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    if process.returncode:  # it may have ended before the signal came
        assert process.returncode == 130, err
        assert b"Traceback" not in err
    small.ok("import", ".", "--all")
    assert set(find_refs(small).values()) == {1}


def test_one_import_at_a_time(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cardgen.files.LOCK_SECONDS", 0.1)
    config = load_config(project.root)
    with (
        cache.importing(config),
        pytest.raises(StoreError, match="import is being written by another cardgen"),
        cache.importing(config),
    ):
        pass


def test_a_run_of_a_server_is_kept_until_the_import_ends(small: Project) -> None:
    config = load_config(small.root)
    ref = find_listing(config, ".", small.root).refs[0]
    kept = cache.make_cache(config, frozenset([ref]))
    run = fetch_run(config, ref)
    assert isinstance(run, Run)
    assert kept.load(ref) is None
    kept.save(ref, run)
    assert kept.load(ref) == run
    kept.save("mlflow:other", run)
    assert kept.load("mlflow:other") is None
    (path,) = (small.root / ".cardgen" / "imports").glob("*.json")
    os.utime(path, (0, 0))
    assert kept.load(ref) is None
    path.write_bytes(b"{")
    assert kept.load(ref) is None
    cache.clear(config)
    assert not path.exists()


def test_a_run_that_goes_on_is_not_kept(small: Project) -> None:
    kept = cache.make_cache(load_config(small.root), frozenset(["mlflow:x"]))
    kept.save("mlflow:x", make_run("mlflow:x", status="running"))
    assert kept.load("mlflow:x") is None


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"'mlflow server' needs {', '.join(MISSING)}")
def test_runs_of_a_server_are_read_once(project: Project, tmp_path_factory: Any) -> None:
    obstacle = project.write("experiments/mt5-seed-3", "in the way")
    with (
        run_server(tmp_path_factory.mktemp("server")) as url,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {**PROOF, "MLFLOW_TRACKING_URI": url}.items():
            patch.setenv(name, value)
        client = make_client(url)
        experiment = client.create_experiment("digits")
        record_seeds(client, experiment)
        process = start_import(project, "mlflow:")
        _, err = process.communicate()
        assert (process.returncode, len(find_refs(project))) == (2, 4), err
        for run in client.search_runs([experiment]):
            client.set_tag(run.info.run_id, "mlflow.runName", "renamed")
        obstacle.unlink()
        process = start_import(project, "mlflow:")
        out, err = process.communicate()
        assert process.returncode == 0, err
    assert out.decode().startswith("made  mt5-seed-3: mlflow:")
    refs = find_refs(project)
    assert len(refs) == 5
    assert set(refs.values()) == {1}
    assert not list((project.root / ".cardgen" / "imports").glob("*.json"))
