"""Charts: what is drawn where, and which charts a card has."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Settings
from cardgen.languages import load_labels
from cardgen.models import Checkpoint, Curve, Run
from cardgen.site.charts import HEIGHT, WIDTH, Chart, Series, render_chart
from cardgen.site.curves import (
    MAX_CHARTS,
    find_groups,
    make_chart,
    split_groups,
)
from cardgen.site.lines import split_metric
from cardgen.site.scales import find_scale, find_ticks, format_ticks
from cardgen.site.series import MAX_SERIES
from tests.site.cards import Element, assert_inert, make_facts, parse

BARE = "---\ncode: qa-1\n---\n"
FLOATS = st.floats() | st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float)


def draw(*series: Series, may_log: bool = False) -> Element:
    svg = render_chart(Chart("Title <b>", "What is seen", "step", "", series, may_log))
    assert_inert(svg)
    return parse(svg).one("svg")


def line(ys: Sequence[float], xs: Sequence[float] | None = None, **more: object) -> Series:
    return Series("m", xs or [float(n) for n in range(len(ys))], ys, **more)  # type: ignore[arg-type]


def labels_of(svg: Element) -> list[str]:
    return [text.text for text in svg.all("text", "cg-tick")]


# Axes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.12, 0.91], ["0.0", "0.2", "0.4", "0.6", "0.8"]),
        ([0.0, 1.0], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([2.3, 2.32], ["2.300", "2.305", "2.310", "2.315", "2.320"]),
        ([0, 24_000], ["0", "5k", "10k", "15k", "20k", "25k"]),
        ([0, 3.2e6], ["0", "1M", "2M", "3M"]),
        ([0, 5e-5], ["0", "1e-5", "2e-5", "3e-5", "4e-5", "5e-5"]),
        ([-2, 2], ["-2", "-1", "0", "1", "2"]),
        ([3, 3], ["2.8", "3.0", "3.2"]),
        ([0, 0], ["-0.4", "-0.2", "0.0", "0.2", "0.4"]),
        ([], ["-0.4", "-0.2", "0.0", "0.2", "0.4"]),
    ],
)
def test_round_numbers_stand_at_an_axis(values: list[float], labels: list[str]) -> None:
    assert format_ticks(find_ticks(find_scale(values, 200, 10), 5)) == labels


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.01, 10], ["0.01", "0.1", "1", "10"]),
        ([1, 5000], ["1", "10", "100", "1000"]),
        ([1e-8, 1], ["1e-8", "1e-6", "1e-4", "1e-2", "1"]),
    ],
)
def test_decades_make_a_logarithmic_axis(values: list[float], labels: list[str]) -> None:
    scale = find_scale(values, 200, 10, may_log=True)
    assert scale.log
    assert format_ticks(find_ticks(scale, 5)) == labels
    middle = math.sqrt(values[0] * values[1])
    assert scale.place(middle) == pytest.approx(105)


@pytest.mark.parametrize("values", [[0.1, 10], [0, 1000], [-1, 1000], [1, 299]])
def test_other_values_make_an_even_axis(values: list[float]) -> None:
    assert not find_scale(values, 200, 10, may_log=True).log


@given(st.lists(FLOATS, max_size=30), st.booleans())
def test_any_values_have_a_scale_that_holds_them(values: list[float], may_log: bool) -> None:
    scale = find_scale(values, 200.0, 10.0, may_log=may_log)
    for value in values:
        if math.isfinite(value):
            assert 9.99 <= scale.place(value) <= 200.01
    ticks = find_ticks(scale, 5)
    assert len(ticks) <= 11
    assert len(format_ticks(ticks)) == len(ticks)
    assert all(9.9 <= scale.place(tick) <= 200.1 for tick in ticks)


# Lines ---------------------------------------------------------------------------------------


def test_a_chart_tells_what_it_is_to_those_who_cannot_see_it() -> None:
    svg = draw(line([1, 2]))
    assert svg.attributes["role"] == "img"
    assert svg.children[0].tag == "title"
    assert svg.children[0].text == "Title <b>"
    assert svg.children[1].text == "What is seen"


def test_a_line_goes_from_point_to_point_within_the_picture() -> None:
    path = draw(line([0.0, 1.0, 0.5])).one("path", "cg-line").attributes["d"]
    points = [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]
    assert len(points) == 3
    (x0, y0), (x1, y1), (x2, y2) = points
    assert 0 < x0 < x1 < x2 <= WIDTH
    assert 0 < y1 < y2 < y0 < HEIGHT
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y2 == pytest.approx((y0 + y1) / 2, abs=0.1)


def test_a_missing_value_is_a_gap_and_a_cross_says_what_it_was() -> None:
    svg = draw(line([1, 2, math.nan, math.nan, 3, 4, math.inf, 5]))
    path = svg.one("path", "cg-line").attributes["d"]
    assert path.count("M") == 2
    assert path.count("L") == 2
    assert [cross.text for cross in svg.all("path", "cg-cross")] == ["2–3: NaN", "6: ∞"]
    # The point behind the last gap stands alone; no line would show it.
    assert len(svg.all("circle", "cg-dot")) == 5


def test_points_alone_are_seen_in_long_lines_too() -> None:
    values = [float(n) for n in range(100)]
    values[40] = values[42] = math.nan
    assert len(draw(line(values)).all("circle", "cg-dot")) == 1


def test_nothing_but_nan_is_drawn_without_a_line() -> None:
    svg = draw(line([math.nan, math.nan]))
    assert not svg.all("path", "cg-line")
    assert len(svg.all("path", "cg-cross")) == 1


def test_the_best_point_has_a_ring_and_its_value() -> None:
    svg = draw(line([0.1, 0.87654, 0.5], best=1, hints=["a", "b <", "c"]))
    ring = svg.one("circle", "cg-best")
    assert ring.text == "b <"
    dots = svg.all("circle", "cg-dot")
    assert (ring.attributes["cx"], ring.attributes["cy"]) == (
        dots[1].attributes["cx"],
        dots[1].attributes["cy"],
    )
    assert svg.one("text", "cg-value").text == "0.8765"


@given(
    st.lists(
        st.lists(st.tuples(FLOATS, FLOATS), max_size=12).map(
            lambda points: list(zip(*points, strict=True)) or [(), ()]
        ),
        max_size=4,
    ),
    st.booleans(),
)  # fmt: skip
def test_any_values_are_drawn_within_the_picture(
    lines: list[list[tuple[float, ...]]], may_log: bool
) -> None:
    svg = draw(*(Series("m", xs, ys) for xs, ys in lines), may_log=may_log)
    for path in svg.all("path", "cg-line"):
        for x, y in re.findall(r"([-\d.]+) ([-\d.]+)", path.attributes["d"]):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT
    assert "nan" not in str(svg)


# Which charts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "name", "split"),
    [
        ("eval/loss", "loss", "eval"),
        ("train_loss", "loss", "train"),
        ("loss", "loss", ""),
        ("val_accuracy", "accuracy", "val"),
        ("Accuracy/Validation", "accuracy", "validation"),
        ("finetuning/eval/f1", "finetuning/f1", "eval"),
        ("test", "test", ""),
        ("eval/polqa/f1", "polqa/f1", "eval"),
        ("evaluator_score", "evaluator/score", ""),
    ],
)
def test_metrics_that_differ_in_their_data_are_one(metric: str, name: str, split: str) -> None:
    assert split_metric(metric) == (name, split)


def make_run(ref: str = "mlflow:a", **metrics: float) -> Run:
    points = tuple(
        Checkpoint(step=n, metrics={name.replace("__", "/"): v * n for name, v in metrics.items()})
        for n in (1, 2, 3)
    )
    return Run(ref=ref, tracker="mlflow", checkpoints=points)


def charts_of(runs: Sequence[Run], text: str = BARE) -> list[Chart]:
    facts = make_facts(text, runs)
    names = {run.ref: run.ref for run in runs}
    return [
        make_chart(group, facts, names, load_labels("en"), Settings())
        for group in find_groups(facts)
    ]


def test_training_and_evaluation_share_a_chart() -> None:
    curve = Curve(metric="train/loss", steps=(0, 1, 2), values=(3.0, 2.0, 1.0))
    run = make_run(eval__loss=1.0, eval__f1=0.3).model_copy(update={"curves": (curve,)})
    charts = charts_of([run])
    assert [chart.title for chart in charts] == ["eval/f1", "loss"]
    assert [(s.name, s.colour, s.dashed) for s in charts[1].series] == [
        ("train/loss", 0, False),
        ("eval/loss", 1, False),
    ]
    assert charts[0].series[0].best == 2
    assert charts[1].description == (
        "train/loss: first 3, last 1, lowest 1, highest 3; "
        "eval/loss: first 1, last 3, lowest 1, highest 3"
    )


def test_runs_keep_their_colour_and_training_is_dashed() -> None:
    runs = [
        make_run(ref, eval__loss=1.0, train__x=1.0).model_copy(
            update={"curves": (Curve(metric="train/loss", steps=(1, 2), values=(2.0, 1.0)),)}
        )
        for ref in ("mlflow:a", "mlflow:b")
    ]
    chart = next(chart for chart in charts_of(runs) if chart.title == "loss")
    assert [(s.name, s.colour, s.dashed) for s in chart.series] == [
        ("train/loss · mlflow:a", 0, True),
        ("train/loss · mlflow:b", 1, True),
        ("eval/loss · mlflow:a", 0, False),
        ("eval/loss · mlflow:b", 1, False),
    ]


def test_the_declared_metric_comes_first_and_hardware_last() -> None:
    run = make_run(eval__a=1.0, eval__loss=1.0, eval__runtime=2.0, eval__z=1.0)
    titles = [chart.title for chart in charts_of([run], "---\ncode: x\nmetric: eval/z\n---\n")]
    assert titles == ["eval/z", "eval/loss", "eval/a", "eval/runtime"]


def test_one_point_is_no_curve() -> None:
    run = Run(ref="hf:x", tracker="hf", checkpoints=(Checkpoint(step=1, metrics={"f1": 1.0}),))
    assert charts_of([run]) == []


def test_a_single_point_is_drawn_beside_a_curve() -> None:
    run = Run(
        ref="hf:x",
        tracker="hf",
        checkpoints=(Checkpoint(step=2, metrics={"eval_loss": 1.0}),),
        curves=(Curve(metric="loss", steps=(1, 2), values=(2.0, 1.0)),),
    )
    (chart,) = charts_of([run])
    assert [s.name for s in chart.series] == ["loss", "eval_loss"]


def test_curves_over_steps_and_over_the_order_of_logging_stand_apart() -> None:
    curves = (
        Curve(metric="loss", steps=(1, 2), values=(2.0, 1.0)),
        Curve(metric="val_loss", axis="order", steps=(0, 1), values=(2.0, 1.0)),
    )
    charts = charts_of([Run(ref="hf:x", tracker="hf", curves=curves)])
    assert [chart.x_label for chart in charts] == ["step", "order of logging"]


def test_rows_without_steps_are_drawn_over_epochs_or_in_their_order() -> None:
    text = "---\ncode: x\nresults: [{epoch: 2, f1: 0.2}, {epoch: 1, f1: 0.1}]\n---\n"
    (chart,) = charts_of([], text)
    assert (chart.x_label, chart.series[0].xs, chart.series[0].best) == ("epoch", [1.0, 2.0], 1)
    text = "---\ncode: x\nresults: [{path: a, f1: 0.2}, {path: b, f1: 0.1}]\n---\n"
    (chart,) = charts_of([], text)
    assert chart.x_label == "order of logging"


def test_too_many_runs_are_cut_but_not_the_best_one() -> None:
    runs = [make_run(f"mlflow:{n:02}", eval__f1=n / 100) for n in range(30)]
    (chart,) = charts_of(runs)
    assert len(chart.series) == MAX_SERIES
    assert [s.name for s in chart.series if s.best is not None] == ["mlflow:29"]
    assert chart.description.endswith("10 of 30 lines are drawn")


def test_charts_are_folded_and_cut() -> None:
    metrics = {f"eval__m{n:02}": 1.0 for n in range(40)}
    run = make_run("mlflow:a", **metrics)
    shown, folded = split_groups(find_groups(make_facts(BARE, [run])))
    assert len(shown) == 6
    assert len(shown) + len(folded) == MAX_CHARTS


@pytest.mark.parametrize(
    ("metric", "values", "log"),
    [
        ("train/loss", (100.0, 0.1), True),
        ("accuracy", (0.0001, 0.9), False),
        ("eval/perplexity", (9000.0, 10.0), True),
        ("tokens", (1.0, 1000.0), True),
        ("loss", (2.0, 0.0), False),
    ],
)
def test_decades_of_losses_and_counts_but_not_of_shares(
    metric: str, values: tuple[float, ...], log: bool
) -> None:
    curve = Curve(metric=metric, steps=(1, 2), values=values)
    (chart,) = charts_of([Run(ref="hf:x", tracker="hf", curves=(curve,))])
    ticks = labels_of(parse(render_chart(chart)).one("svg"))
    decades = {"0.1", "1", "10", "100", "1000"} & set(ticks)
    assert (len(decades) >= 3) == log


def test_steps_that_no_double_holds() -> None:
    curve = Curve(metric="loss", steps=(1, 10**400), values=(1.0, 2.0))
    (chart,) = charts_of([Run(ref="hf:x", tracker="hf", curves=(curve,))])
    assert "<svg" in render_chart(chart)
