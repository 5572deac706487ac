"""From logged points to checkpoints, curves and last values."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.models import Checkpoint, Metric
from cardgen.trackers._series import (
    MAX_CHECKPOINTS,
    MAX_POINTS,
    Point,
    Series,
    is_evaluation,
    make_curve,
    split_series,
    thin,
)


def points(*pairs: tuple[float | None, float]) -> list[Point]:
    return [Point(value, step, float(order)) for order, (step, value) in enumerate(pairs)]


def logged(values: Iterable[float], every: int = 10) -> list[Point]:
    return points(*((number * every, value) for number, value in enumerate(values, 1)))


@pytest.mark.parametrize(
    "name",
    [
        "eval/f1", "eval_f1", "val_loss", "val-loss", "valid.acc", "validation/acc",
        "test accuracy", "metrics/test/f1", "dev:bleu", "predict_f1", "finetuning/eval/f1",
        "evaluation/x", "Eval F1", "f1/val", "val0/x", "eval",
    ],
)  # fmt: skip
def test_names_that_evaluate(name: str) -> None:
    assert is_evaluation(name)


@pytest.mark.parametrize(
    "name",
    [
        "loss", "train/loss", "train_eval_loss", "learning_rate", "epoch", "value", "retrieval",
        "eval_runtime", "eval_samples_per_second", "eval/steps_per_second", "system/val_gpu",
        "accuracy", "latest", "device", "",
    ],
)  # fmt: skip
def test_names_that_do_not(name: str) -> None:
    assert not is_evaluation(name)


def test_a_usual_training() -> None:
    series = split_series(
        {
            "loss": logged((3.0, 2.0, 1.0)),
            "learning_rate": logged((0.1, 0.05, 0.0)),
            "epoch": logged((0.5, 1.0, 1.5)),
            "eval/f1": points((20, 0.4), (30, 0.6)),
            "eval/loss": points((30, 0.9), (20, 1.1)),
            "test/f1": points((None, 0.55)),
            "total_flos": points((30, 1e12)),
        }
    )
    assert series.checkpoints == (
        Checkpoint(step=20, epoch=1.0, metrics={"eval/f1": 0.4, "eval/loss": 1.1}),
        Checkpoint(step=30, epoch=1.5, metrics={"eval/f1": 0.6, "eval/loss": 0.9}),
    )
    assert [curve.metric for curve in series.curves] == ["learning_rate", "loss"]
    assert series.curves[1].steps == (10, 20, 30)
    assert series.metrics["eval/loss"] == Metric(value=0.9, step=30)
    assert series.metrics["test/f1"] == Metric(value=0.55, step=None)
    assert set(series.metrics) >= {"loss", "epoch", "total_flos"}


def test_where_no_name_evaluates_what_is_no_process_makes_rows() -> None:
    series = split_series(
        {"accuracy": logged((0.5, 0.6)), "loss": logged((2, 1)), "n": logged([3])}
    )
    assert [dict(row.metrics) for row in series.checkpoints] == [
        {"accuracy": 0.5},
        {"accuracy": 0.6},
    ]
    assert [curve.metric for curve in series.curves] == ["loss"]
    assert series.metrics["n"].value == 3


def test_a_value_without_a_step_is_no_row() -> None:
    series = split_series({"eval/f1": points((0, 0.5)), "test/f1": points((None, 0.4))})
    assert series.checkpoints == ()
    assert {name: metric.value for name, metric in series.metrics.items()} == {
        "eval/f1": 0.5,
        "test/f1": 0.4,
    }


def test_the_last_of_a_step_counts_and_all_stay_in_the_curve() -> None:
    series = split_series({"eval/f1": points((10, 0.1), (10, 0.2), (20, 0.3))})
    assert [row.metrics["eval/f1"] for row in series.checkpoints] == [0.2, 0.3]
    (curve,) = series.curves
    assert (curve.axis, curve.steps, curve.values) == ("step", (10, 20), (0.2, 0.3))


def test_points_of_one_step_are_counted() -> None:
    series = split_series({"loss": points((0, 3.0), (0, 2.0), (0, 1.0))})
    (curve,) = series.curves
    assert (curve.axis, curve.steps, curve.values) == ("order", (0, 1, 2), (3.0, 2.0, 1.0))
    curve = make_curve("loss", points((None, 3.0), (None, 2.0)))
    assert (curve.axis, curve.steps) == ("order", (0, 1))


def test_too_many_rows_are_a_curve() -> None:
    series = split_series({"eval/f1": logged(range(MAX_CHECKPOINTS + 1))})
    assert series.checkpoints == ()
    assert len(series.curves[0].values) <= MAX_POINTS
    assert series.metrics["eval/f1"].value == MAX_CHECKPOINTS


def test_nan_is_kept_and_is_not_missing() -> None:
    series = split_series(
        {"eval/f1": logged((0.5, math.nan)), "loss": logged((math.inf, math.nan))}
    )
    assert math.isnan(series.checkpoints[1].metrics["eval/f1"])
    assert series.curves[0].values[0] == math.inf
    assert math.isnan(series.metrics["loss"].value)


def test_nothing_logged() -> None:
    assert split_series({}) == split_series({"loss": []}) == Series((), (), {})


VALUES = st.lists(st.floats(), min_size=1, max_size=1500)


@given(VALUES, st.integers(4, 500))
def test_thinned_lines_keep_their_ends_and_extremes(values: list[float], limit: int) -> None:
    kept = thin(values, limit)
    assert len(kept) <= max(limit, len(values) if len(values) <= limit else 0)
    assert kept == sorted(set(kept))
    assert kept[0] == 0
    assert kept[-1] == len(values) - 1
    numbers = [value for value in values if not math.isnan(value)]
    if numbers:
        shown = [values[i] for i in kept if not math.isnan(values[i])]
        assert (min(shown), max(shown)) == (min(numbers), max(numbers))
    if len(values) <= limit:
        assert kept == list(range(len(values)))


STEPS = st.none() | st.integers(-5, 60) | st.floats(0, 60)
LOGGED = st.dictionaries(
    st.sampled_from(("eval/f1", "loss", "accuracy", "epoch", "test_loss", "lr", "n")),
    st.lists(st.builds(Point, st.floats(), STEPS, st.floats(0, 100)), max_size=30),
)


@given(LOGGED)
def test_every_logged_metric_is_somewhere(held: dict[str, list[Point]]) -> None:
    series = split_series(held)
    filled = {name for name, points in held.items() if points}
    assert set(series.metrics) == filled
    steps = [row.step for row in series.checkpoints]
    assert None not in steps
    assert steps == sorted(set(steps), key=lambda step: step or 0)
    in_rows = {name for row in series.checkpoints for name in row.metrics}
    in_curves = {curve.metric for curve in series.curves}
    for name in filled:
        if len(held[name]) > 1 and name != "epoch":
            assert name in in_rows | in_curves
    for curve in series.curves:
        assert len(curve.steps) == len(curve.values) <= MAX_POINTS
        assert list(curve.steps) == sorted(curve.steps)
        assert {repr(v) for v in curve.values} <= {repr(p.value) for p in held[curve.metric]}
    for name, metric in series.metrics.items():
        assert any(
            repr(point.value) == repr(metric.value) and point.step == metric.step
            for point in held[name]
        )


@given(LOGGED, st.randoms())
def test_the_order_of_names_does_not_matter(held: dict[str, list[Point]], chance: object) -> None:
    turned = dict(reversed(held.items()))
    assert repr(split_series(held)) == repr(split_series(turned))
