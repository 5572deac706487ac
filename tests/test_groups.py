"""Which runs differ in their seed only, and what they are together."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Settings
from cardgen.documents import parse_card
from cardgen.facts import Facts, Group, Spread
from cardgen.groups import find_groups, find_leading, label_group
from cardgen.groups.identity import split_line, strip_words
from cardgen.groups.names import is_label, is_seed, mask_path, read_seed, without_index
from cardgen.groups.spread import find_mean, make_spread
from cardgen.models import (
    Checkpoint,
    Command,
    Dataset,
    Environment,
    Evidence,
    Metric,
    Model,
    Run,
    Source,
)
from cardgen.resolve import resolve
from tests.projects import Project, make_project
from tests.strategies import EVIDENCE

LABEL = "experiments/qa-1/card.md"


def run(number: int, value: float = 0.5, seed: int | None = None, **fields: Any) -> Run:
    """A run of one checkpoint; its parameters are those given and the seed."""
    params = {"lr": 0.1, **fields.pop("params", {}), **({} if seed is None else {"seed": seed})}
    base: dict[str, Any] = {
        "ref": f"mlflow:{number}",
        "tracker": "mlflow",
        "params": params,
        "checkpoints": (Checkpoint(step=10, metrics={"f1": value}),),
    }
    return Run.model_validate({**base, **fields})


def facts_of(runs: Sequence[Run], front: str = "metric: f1\n") -> Facts:
    card = parse_card(f"---\ncode: qa-1\n{front}---\n", Path(LABEL), "qa-1", LABEL)
    assert card.problems == ()
    evidence = Evidence(code="qa-1", runs=tuple(runs))
    return resolve(card.__class__(**{**vars(card), "evidence": evidence}), Settings(), LABEL)


def members(facts: Facts) -> list[list[str]]:
    """The numbers of the runs of each group."""
    return [[m.ref.removeprefix("mlflow:") for m in group.members] for group in facts.groups]


def together(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return len(facts_of([run(1, seed=1, **first), run(2, seed=2, **second)]).groups) == 1


# Names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "seed", "random_state", "random_seed", "data_seed", "torch_seed", "np_seed", "numpy.seed",
        "trainer/seed", "seed_everything", "randomSeed", "optim.rng_seed", "PYTHONHASHSEED",
        "model/random_state", "prng_key", "Seed",
    ],
)  # fmt: skip
def test_names_of_seeds(name: str) -> None:
    assert is_seed(name)


@pytest.mark.parametrize("name", ["num_seeds", "n_seed", "seeds", "seeded", "use_seed", "state"])
def test_names_of_no_seeds(name: str) -> None:
    assert not is_seed(name)


@pytest.mark.parametrize(
    ("value", "seed"), [(3, 3), ("42", 42), (7.0, 7), (True, None), (None, None), ("a", None),
                        (0.5, None), (math.nan, None), (math.inf, None)]
)  # fmt: skip
def test_a_seed_is_a_whole_number(value: object, seed: int | None) -> None:
    assert read_seed(value) == seed


@pytest.mark.parametrize(
    "name",
    [
        "run_name", "output_dir", "training_args/output_dir", "logging_dir", "experiment_name",
        "run_id", "timestamp", "exp/timestamp", "hostname", "host", "port", "main_process_port",
        "local_rank", "hub_model_id", "wandb/entity", "wandb_run_id", "gpu_id", "cache_dir",
        "report_to", "Trainer.default_root_dir",
    ],
)  # fmt: skip
def test_names_that_only_label_a_run(name: str) -> None:
    assert is_label(name)


@pytest.mark.parametrize(
    "name",
    [
        "lr", "model_name", "name", "teacher_output_dir", "teacher/output_dir", "lora_rank", "rank",
        "data_dir", "task_name", "task_description", "start_time", "resume_from_checkpoint",
        "logging_steps", "fold", "", "transport",
    ],
)  # fmt: skip
def test_names_that_may_decide(name: str) -> None:
    assert not is_label(name)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("device", "cuda:1", "cuda"), ("device", "cpu", "cpu"), ("train/device", "mps", "mps"),
        ("device", "tpu-v4", "tpu-v4"), ("gpu_ids", [0, 3], "2 devices"),
        ("CUDA_VISIBLE_DEVICES", "2", "1 devices"), ("devices", 2, 2), ("lr", "cuda:1", "cuda:1"),
    ],
)  # fmt: skip
def test_which_device_decides_nothing_how_many_do(name: str, value: object, kept: object) -> None:
    assert without_index(name, value) == kept


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("data/seed-3/train.csv", "data/{seed}/train.csv"), ("out/s3", "out/{seed}"),
        ("runs/3/x", "runs/{seed}/x"), ("models/t5-3", "models/t5-3"), ("out/seed33", "out/seed33"),
        ("v3/x", "v3/x"), ("seed3", "seed3"), ("ck/0a1b2c3d4e/last", "ck/{run}/last"),
        ("out/seed_3.5/x", "out/seed_3.5/x"), ("out/seed_3.pt", "out/{seed}.pt"),
        ("C:\\out\\seed=3", "C:\\out\\{seed}"),
    ],
)  # fmt: skip
def test_a_run_s_own_seed_and_id_in_a_path(path: str, kept: str) -> None:
    assert mask_path(path, "0a1b2c3d4e", frozenset((3,))) == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("python t.py --seed 3 --lr 1e-4", "python t.py --lr 1e-4"),
        ("/usr/bin/python3.11 t.py --seed=3", "python t.py"),
        ("t.py --output_dir out/a data.csv", "t.py data.csv"),
        ("CUDA_VISIBLE_DEVICES=3 python t.py seed=1", "CUDA_VISIBLE_DEVICES=1 devices python t.py"),
        ("t.py --seed -1 x", "t.py x"), ("t.py --run-name --lr 1", "t.py --lr 1"),
        ("t.py port", "t.py port"), ("t.py 'a b", "t.py 'a b"), ("", ""),
    ],
)  # fmt: skip
def test_what_of_a_command_decides(line: str, kept: str) -> None:
    assert " ".join(strip_words(split_line(line))) == kept


# Which runs belong together --------------------------------------------------------------------


COMMIT = Source(commit="3bde138")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({"name": "a"}, {"name": "b"}),
        ({"params": {"run_name": "a", "output_dir": "x"}}, {"params": {"run_name": "b"}}),
        ({"params": {"batch": 16}}, {"params": {"batch": "16"}}),
        ({"params": {"data_seed": 1}}, {"params": {"data_seed": 5}}),
        ({"params": {"data_seed": None}}, {"params": {}}),
        ({"params": {"device": "cuda:0"}}, {"params": {"device": "cuda:1"}}),
        ({"source": COMMIT}, {"source": Source(commit="3BDE138")}),
        ({"commands": (Command(line="t --seed 1"),)}, {"commands": (Command(line="t --seed 2"),)}),
        ({"environment": Environment(host="a")}, {"environment": Environment(host="b")}),
        ({"model": Model(name="t5")}, {"model": Model(name="t5", url="https://a.example.com")}),
    ],
)  # fmt: skip
def test_runs_that_differ_in_their_seed_only(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert together(first, second)
    assert together(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"params": {"lr": 0.2}}, {}),
        ({"params": {"batch": 16}}, {}),
        ({"params": {"fold": 1}}, {"params": {"fold": 2}}),
        ({"params": {"seed_name": "a"}}, {"params": {"seed_name": "b"}}),
        ({"params": {"model": {"depth": 1}}}, {"params": {"model": {"depth": 2}}}),
        ({"params": {"init": "models/t5-1"}}, {"params": {"init": "models/t5-2"}}),
        ({"params": {"data_seed": 5}}, {}),
        ({"source": COMMIT}, {"source": Source(commit="abc")}),
        ({"source": COMMIT}, {}),
        ({"source": COMMIT}, {"source": Source(commit="3bde138", dirty=True)}),
        ({"model": Model(name="t5")}, {"model": Model(name="mt5")}),
        ({"model": Model(name="t5")}, {}),
        ({"data": (Dataset(name="d", digest="1"),)}, {"data": (Dataset(name="d", digest="2"),)}),
        ({"commands": (Command(line="t --lr 1"),)}, {"commands": (Command(line="t --lr 2"),)}),
        ({"commands": (Command(line="t"),)}, {}),
        ({"parent": "mlflow:x"}, {"parent": "mlflow:y"}),
    ],
)
def test_runs_that_differ_in_more(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert not together(first, second)
    assert not together(second, first)


def test_a_path_with_a_run_s_own_seed_separates_no_runs() -> None:
    first = {"params": {"resume": "out/seed1/ck"}}
    second = {"params": {"resume": "out/seed2/ck"}}
    assert together(first, second)
    assert not together(second, first)  # another run's checkpoint


def test_a_seed_must_be_known_and_be_another() -> None:
    assert members(facts_of([run(1), run(2)])) == [["1"], ["2"]]
    assert members(facts_of([run(1, seed=1), run(2)])) == [["1"], ["2"]]
    again = facts_of([run(1, 0.1, seed=1), run(2, 0.3, seed=2), run(3, 0.9, seed=1)])
    (group,) = again.groups
    assert [m.left_out for m in group.members] == ["", "", "repeat"]
    assert group.best["f1"].mean == pytest.approx(0.2)


def test_of_runs_with_one_seed_the_first_that_started_counts() -> None:
    late, early = dt.datetime(2026, 2, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    runs = [run(1, 0.1, 1, started=late), run(2, 0.3, 1, started=early), run(3, 0.5, 2)]
    (group,) = facts_of(runs).groups
    assert [m.ref for m in group.counted] == ["mlflow:2", "mlflow:3"]


@pytest.mark.parametrize(
    "fields",
    [
        {"commands": lambda n: (Command(line=f"python t.py --seed {n}"),)},
        {"environment": lambda n: Environment(seed=n)},
        {"tags": lambda n: {"seed": str(n)}},
        {"params": lambda n: {"trainer": {"random_state": n}}},
    ],
)
def test_where_a_seed_may_be_said(fields: dict[str, Any]) -> None:
    runs = [run(n, **{key: make(n) for key, make in fields.items()}) for n in (1, 2, 3)]
    (group,) = facts_of(runs).groups
    assert [member.seed for member in group.members] == ["1", "2", "3"]


def test_the_seed_that_varies_is_shown() -> None:
    runs = [run(n, seed=7, params={"data_seed": n}) for n in (1, 2)]
    assert [m.seed for m in facts_of(runs).groups[0].members] == ["1", "2"]
    runs = [run(n, seed=n, params={"data_seed": 2 * n}) for n in (1, 2)]
    assert [m.seed for m in facts_of(runs).groups[0].members] == ["2 · 1", "4 · 2"]


def test_one_run_is_no_group() -> None:
    assert facts_of([run(1, seed=1)]).groups == ()
    assert facts_of([]).groups == ()
    bare = Run(ref="mlflow:9", tracker="mlflow", params={"seed": 9})
    assert facts_of([run(1, seed=1), bare]).groups == ()


def test_what_differs_is_named() -> None:
    runs = [
        run(1, seed=1, source=COMMIT, params={"name": "x"}),
        run(2, seed=1, source=Source(commit="abc"), params={"lr": 0.30000000000000004}),
    ]
    first, second = facts_of(runs).groups
    assert (dict(first.params), dict(first.inputs)) == (
        {"lr": 0.1, "name": "x"}, {"commit": "3bde138"}
    )  # fmt: skip
    assert label_group(first) == "lr=0.1, name=x, commit 3bde138"
    assert label_group(second) == "lr=0.3, commit abc"


# Captured, nested ------------------------------------------------------------------------------


def captured(number: int, seed: int, contains: str, **fields: Any) -> Run:
    line = f"python train.py --seed {seed} --output_dir out/{seed}"
    base: dict[str, Any] = {
        "ref": f"run:{number}", "tracker": "run", "contains": (contains,),
        "commands": (Command(line=line),), "source": COMMIT, "status": "finished",
    }  # fmt: skip
    return Run.model_validate({**base, **fields})


def test_a_captured_run_is_the_run_that_it_contains() -> None:
    """The tracker knows the numbers, the capture the command, its seed and the commit."""
    runs = [item for n in (1, 2, 3) for item in (captured(n, n, f"mlflow:{n}"), run(n, n / 10))]
    (group,) = facts_of(runs).groups
    assert [m.ref for m in group.members] == ["mlflow:1", "mlflow:2", "mlflow:3"]
    assert [m.seed for m in group.members] == ["1", "2", "3"]
    runs[0] = captured(1, 1, "mlflow:1", source=Source(commit="other"))
    assert members(facts_of(runs)) == [["1"], ["2", "3"]]


def test_what_a_capture_knows_of_the_same_commit_counts() -> None:
    runs = [run(n, source=COMMIT) for n in (1, 2)]
    around = [
        captured(n, n, f"mlflow:{n}", source=Source(commit="3bde138", dirty=n == 2)) for n in (1, 2)
    ]
    assert members(facts_of([*around, *runs])) == [["1"], ["2"]]


def test_children_take_from_their_parent_what_they_lack() -> None:
    parent = Run(ref="mlflow:p", tracker="mlflow", params={"depth": 2}, source=COMMIT)
    other = Run(ref="mlflow:q", tracker="mlflow", params={"depth": 3}, source=COMMIT)
    runs = [parent, run(1, seed=1, parent="mlflow:p"), run(2, seed=2, parent="mlflow:p")]
    assert members(facts_of(runs)) == [["1", "2"]]
    (group,) = facts_of(runs).groups
    assert group.parents == ("mlflow:p",)
    runs += [other, run(3, seed=3, parent="mlflow:q")]
    assert members(facts_of(runs)) == [["1", "2"], ["3"]]
    assert [dict(group.params) for group in facts_of(runs).groups] == [{"depth": 2}, {"depth": 3}]


def test_seeds_under_parents_that_are_alike_belong_together() -> None:
    parents = [Run(ref=f"mlflow:p{n}", tracker="mlflow", params={"seed": n}) for n in (1, 2)]
    runs = [run(n, parent=f"mlflow:p{n}") for n in (1, 2)]
    (group,) = facts_of([*parents, *runs]).groups
    assert group.parents == ("mlflow:p1", "mlflow:p2")
    assert [m.seed for m in group.members] == ["1", "2"]


def test_a_parent_is_no_member_with_its_children() -> None:
    runs = [run(0, 0.9, seed=0), *(run(n, seed=n, parent="mlflow:0") for n in (1, 2))]
    facts = facts_of(runs)
    assert members(facts) == [["0"], ["1", "2"]]
    assert [group.parents for group in facts.groups] == [("mlflow:0",), ("mlflow:0",)]


def test_parents_in_a_circle_end() -> None:
    runs = [run(1, seed=1, parent="mlflow:2"), run(2, seed=2, parent="mlflow:1"),
            run(3, seed=3, parent="mlflow:3")]  # fmt: skip
    assert len(facts_of(runs).groups) == 2


def test_a_sweep_is_named() -> None:
    (group,) = facts_of([run(n, seed=n, group="sweep-7") for n in (1, 2)]).groups
    assert group.parents == ("sweep-7",)


# Means -----------------------------------------------------------------------------------------


FIVE = (0.8123, 0.8071, 0.8190, 0.8012, 0.8155)


def spread_of(values: Sequence[float]) -> Spread:
    (group,) = facts_of([run(n, value, seed=n) for n, value in enumerate(values)]).groups
    return group.best["f1"]


def test_mean_and_deviation_are_those_of_the_sample() -> None:
    facts = facts_of([run(n, value, seed=n) for n, value in enumerate(FIVE)])
    spread = facts.headline
    assert spread is not None
    assert spread.mean == statistics.fmean(FIVE)
    assert spread.std == pytest.approx(statistics.stdev(FIVE), rel=1e-14)
    assert spread.std == pytest.approx(float(np.std(FIVE, ddof=1)), rel=1e-12)
    assert (spread.n, spread.of, spread.low, spread.high) == (5, 5, 0.8012, 0.8190)
    assert facts.primary is not None
    assert facts.primary.value == 0.8190
    assert facts.primary.origin.ref == "mlflow:2"


def test_what_is_no_number_is_kept_apart_and_named() -> None:
    spread = spread_of((0.5, math.nan, 0.7, math.inf))
    assert (spread.n, spread.of, spread.mean) == (2, 4, pytest.approx(0.6))
    assert [ref for ref, _ in spread.odd] == ["mlflow:1", "mlflow:3"]
    assert (spread_of((math.nan, math.nan)).mean, spread_of((math.nan, math.nan)).n) == (None, 0)
    assert spread_of((0.5, math.nan)).std is None


@pytest.mark.parametrize("status", ["failed", "aborted", "running"])
def test_unfinished_runs_are_not_averaged_in_unless_all_are(status: str) -> None:
    done = [run(n, n / 10, seed=n, status="finished") for n in (1, 2)]
    undone = [run(n, n / 10, seed=n, status=status) for n in (3, 4)]
    (group,) = facts_of([*done, *undone]).groups
    assert [m.left_out for m in group.members] == ["", "", status, status]
    assert group.best["f1"].mean == pytest.approx(0.15)
    (group,) = facts_of(undone).groups
    assert group.best["f1"].mean == pytest.approx(0.35)


def test_each_run_counts_with_its_best_checkpoint() -> None:
    def curve(*values: float) -> dict[str, Any]:
        return {
            "checkpoints": tuple(
                Checkpoint(step=10 * n, metrics={"f1": v, "loss": 1 - v})
                for n, v in enumerate(values, 1)
            ),
            "metrics": {"f1": Metric(value=values[-1]), "test": Metric(value=values[0])},
        }

    runs = [run(1, seed=1, **curve(0.1, 0.5, 0.3)), run(2, seed=2, **curve(0.2, 0.4, 0.7, 0.6))]
    (group,) = facts_of(runs).groups
    assert [m.best.step for m in group.members if m.best] == [20, 30]
    assert group.best["f1"].mean == pytest.approx(0.6)
    assert group.best["loss"].mean == pytest.approx(0.4)
    assert group.best["test"].mean == pytest.approx(0.15)
    assert group.finals["f1"].mean == pytest.approx(0.45)
    steps = {one.step: one.metrics["f1"] for one in group.steps}
    assert list(steps) == [10, 20, 30, 40]
    assert (steps[20].mean, steps[20].n) == (pytest.approx(0.45), 2)
    assert (steps[40].mean, steps[40].n, steps[40].of) == (0.6, 1, 2)
    (group,) = facts_of(runs, "metric: loss\n").groups
    assert [m.best.step for m in group.members if m.best] == [20, 30]


def test_without_checkpoints_last_values_count() -> None:
    runs = [
        run(n, seed=n, checkpoints=(), metrics={"f1": Metric(value=v)})
        for n, v in ((1, 0.4), (2, 0.8))
    ]
    facts = facts_of(runs)
    assert facts.headline is not None
    assert facts.headline.mean == pytest.approx(0.6)
    assert facts.primary is not None
    assert (facts.primary.value, facts.primary.origin.ref) == (0.8, "mlflow:2")
    worst = facts_of(runs, "metric: f1\ndirection: min\n").primary
    assert worst is not None
    assert worst.value == 0.4


def test_the_group_with_the_best_mean_leads() -> None:
    spread = [run(n, v, seed=n) for n, v in ((1, 0.9), (2, 0.3))]
    even = [run(n, v, seed=n, params={"lr": 0.2}) for n, v in ((3, 0.7), (4, 0.8))]
    failed = run(5, 0.99, seed=5, params={"lr": 0.3}, status="failed")
    facts = facts_of([*spread, *even, failed])
    assert facts.leading is facts.groups[1]
    assert facts.headline is not None
    assert facts.headline.mean == pytest.approx(0.75)
    assert facts.primary is not None
    assert facts.primary.origin.ref == "mlflow:5"
    alone = run(6, 0.95, seed=6, params={"lr": 0.4})
    facts = facts_of([*spread, *even, failed, alone])
    assert facts.leading is facts.groups[3]
    assert facts.headline is None
    low = facts_of([*spread, *even], "metric: f1\ndirection: min\n")
    assert low.leading is low.groups[0]


def test_a_person_s_correction_is_in_the_mean() -> None:
    front = "metric: f1\nresults: [{step: 10, f1: 0.9}]\n"
    facts = facts_of([run(1, 0.5, seed=1), run(2, 0.7, seed=2)], front)
    assert facts.headline is not None
    assert facts.headline.mean == pytest.approx(0.8)


def test_a_written_row_lies_over_the_run_that_says_the_same() -> None:
    front = "metric: f1\nresults: [{step: 10, f1: 0.7, path: out/2}]\n"
    facts = facts_of([run(1, 0.5, seed=1), run(2, 0.7, seed=2)], front)
    assert facts.conflicts == ()
    assert [row.path for row in facts.rows] == ["", "out/2"]


# Numbers of any kind ---------------------------------------------------------------------------


NUMBERS = st.floats(-1e6, 1e6).map(lambda x: round(x, 6))
SEVERAL = st.lists(NUMBERS, min_size=2, max_size=12)


@given(SEVERAL)
def test_means_are_as_statistics_has_them(values: list[float]) -> None:
    mean, std = find_mean(values)
    assert mean == statistics.fmean(values)
    assert std == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-12)


@given(SEVERAL, st.randoms(use_true_random=False))
def test_no_order_changes_a_mean(values: list[float], rng: random.Random) -> None:
    other = rng.sample(values, len(values))
    assert find_mean(values) == find_mean(other)


@given(st.lists(st.integers(-999, 999), min_size=2, max_size=12), st.integers(-(10**9), 10**9))
def test_a_shift_moves_the_mean_and_leaves_the_deviation(values: list[int], by: int) -> None:
    mean, std = find_mean([float(v) for v in values])
    moved, same = find_mean([float(v + by) for v in values])
    assert std is not None
    assert moved == pytest.approx(mean + by, rel=1e-15, abs=1e-9)
    assert same == pytest.approx(std, rel=1e-6, abs=1e-6)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
def test_numbers_of_any_size(values: list[float]) -> None:
    mean, std = find_mean(values)
    assert min(values) <= mean <= max(values) or mean == pytest.approx(values[0])
    assert (std is None) == (len(values) == 1)
    assert std is None or std >= 0
    assert std is None or (std == 0) == (min(values) == max(values)) or std < 5e-324 * 10


@given(st.lists(st.floats(), max_size=6))
def test_a_spread_loses_no_value(values: list[float]) -> None:
    spread = make_spread([(str(n), v) for n, v in enumerate(values)], len(values))
    assert spread.n + len(spread.odd) == len(values)
    assert (spread.mean is None) == (spread.n == 0)


RUNS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from((0.1, 0.5, 0.9, math.nan))),
    min_size=1,
    max_size=8,
).map(lambda items: [run(n, v, seed, params={"lr": lr}) for n, (lr, seed, v) in enumerate(items)])


@given(RUNS, st.randoms(use_true_random=False))
def test_no_order_of_the_runs_changes_the_groups(runs: list[Run], rng: random.Random) -> None:
    def group(some: list[Run]) -> tuple[Group, ...]:
        return facts_of(some).groups

    def plain(groups: tuple[Group, ...]) -> set[Any]:
        return {
            (
                frozenset((m.ref, m.left_out) for m in g.members),
                tuple((n, s.n, s.mean, s.std, s.low) for n, s in sorted(g.best.items())),
                frozenset(ref for s in g.best.values() for ref, _ in s.odd),
            )
            for g in groups
        }

    assert plain(group(runs)) == plain(group(rng.sample(runs, len(runs))))
    for one in group(runs):
        assert one.averaged == bool(one.best)
        assert all(spread.of == len(one.counted) > 1 for spread in one.best.values())


@given(EVIDENCE)
def test_any_evidence_has_groups(evidence: Evidence) -> None:
    facts = facts_of(evidence.runs)
    found = find_groups(facts.runs, facts.rows, "f1", "max")
    refs = [member.ref for group in found for member in group.members]
    assert len(refs) == len(set(refs)) != 1
    assert find_leading(found, "f1", "max") in (None, *found)


# From a tracker to a page ----------------------------------------------------------------------


RECORD = """
import math, sys
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

client = MlflowClient(sys.argv[1])
experiment = client.create_experiment("polqa")
tags = {"mlflow.source.git.commit": "3bde138342e4"}
parent = client.create_run(experiment, run_name="five seeds", tags=tags).info.run_id
client.log_batch(parent, params=[Param("epochs", "3")])
print(parent)
for seed, best in enumerate((0.8123, 0.8071, 0.8190, 0.8012, 0.8155), 1):
    nested = {"mlflow.parentRunId": parent, **tags}
    run = client.create_run(experiment, run_name=f"seed {seed}", tags=nested).info.run_id
    values = [best - 0.1, best, best - 0.01]
    metrics = [Metric("eval/f1", v, 1000 * n, 100 * n) for n, v in enumerate(values, 1)]
    metrics.append(Metric("test/f1", best - 0.02, 9000, 0))
    params = {"lr": "0.0003", "seed": str(seed), "output_dir": f"out/seed-{seed}"}
    client.log_batch(run, metrics=metrics, params=[Param(*item) for item in params.items()])
    client.set_terminated(run)
    print(run)
client.set_terminated(parent)
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of one card, filled from nested runs that MLflow's own client wrote."""
    project = make_project(tmp_path_factory.mktemp("seeds"))
    uri = f"sqlite:///{project.root}/mlflow.db"
    done = subprocess.run(
        [sys.executable, "-c", RECORD, uri], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    refs = [f"mlflow:{line}" for line in done.stdout.split()]
    assert len(refs) == 6
    project.ok("new", "qa-1", *(word for ref in refs for word in ("--run", ref)))
    project.ok("set", "qa-1", "metric=eval/f1")
    return project


def test_show_and_list_tell_the_mean(recorded: Project) -> None:
    assert "0.8110 ± 0.0070 (5 seeds)" in recorded.ok("list")
    text = recorded.ok("show", "qa-1")
    assert "Mean eval/f1 ± standard deviation: 0.8110 ± 0.0070 (5 seeds)" in text
    (mean,) = (line for line in text.splitlines() if line.startswith("mean "))
    assert mean.split() == ["mean", "5", "seeds", "0.8110", "±", "0.0070", "0.7910", "±", "0.0070",
                            "[1]"]  # fmt: skip
    shown = json.loads(recorded.ok("show", "qa-1", "--json"))
    assert shown["headline"]["mean"] == statistics.fmean(FIVE)
    assert shown["headline"]["std"] == pytest.approx(statistics.stdev(FIVE), rel=1e-14)
    (group,) = shown["groups"]
    assert [run["seed"] for run in group["runs"]] == ["1", "2", "3", "4", "5"]
    assert [run["step"] for run in group["runs"]] == [200] * 5
    assert group["parents"] == [shown["runs"][0]]
    assert [one["step"] for one in group["steps"]] == [100, 200, 300]
    (listed,) = json.loads(recorded.ok("list", "--json"))["cards"]
    assert (listed["value"], listed["runs"], listed["single"]) == (
        statistics.fmean(FIVE), 5, 0.8190
    )  # fmt: skip


def test_the_built_page_tells_the_mean(recorded: Project) -> None:
    recorded.ok("build")
    page = recorded.read("_site/cards/qa-1/index.html")
    assert "0.8110 ± 0.0070" in page
    assert "Mean of 5 runs" in page
    assert 'class="cg-band ' in page
    assert "five seeds" in page
    assert "0.8110 ± 0.0070" in recorded.read("_site/cards/index.html")
