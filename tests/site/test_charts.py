"""Charts: what is drawn where, and which charts a card has."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.languages import load_labels
from cardgen.models import Checkpoint, Curve, Run
from cardgen.site.charts import HEIGHT, WIDTH, Chart, Series, render_chart
from cardgen.site.curves import (
    MAX_CHARTS,
    WORDS,
    Curves,
    find_groups,
    make_chart,
    make_curves,
    split_groups,
)
from cardgen.site.lines import split_metric
from cardgen.site.paths import MAX_POINTS, thin_points
from cardgen.site.prose import ProseRenderer
from cardgen.site.scales import find_scale, find_ticks, format_ticks
from cardgen.site.series import MAX_SERIES
from tests.site.cards import Element, assert_inert, make_context, make_facts, parse

BARE = "---\ncode: qa-1\n---\n"
FLOATS = st.floats() | st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float)


def draw(*series: Series, may_log: bool = False) -> Element:
    svg = render_chart(Chart("Title <b>", "What is seen", "step", series, may_log))
    assert_inert(svg)
    return parse(svg).one("svg")


def line(ys: Sequence[float], xs: Sequence[float] | None = None, **more: object) -> Series:
    return Series("m", xs or [float(n) for n in range(len(ys))], ys, **more)  # type: ignore[arg-type]


def labels_of(svg: Element) -> list[str]:
    return [text.text for group in svg.all("g", "cg-ticks") for text in group.all("text")]


def trace(path: Element) -> list[list[tuple[int, int]]]:
    """The points of a path's lines; a dot is a line of one point."""
    lines: list[list[tuple[int, int]]] = []
    x = y = 0
    for verb, numbers in re.findall(r"([a-zA-Z])([-+ \d]*)", path.attributes["d"]):
        values = [int(number) for number in re.findall(r"[-+]?\d+", numbers)]
        for across, down in zip(values[::2], values[1::2], strict=True):
            x, y = (across, down) if verb == "M" else (x + across, y + down)
            if verb in "Mm":
                lines.append([])
            lines[-1].append((x, y))
    return lines


def trace_all(svg: Element, kind: str) -> list[tuple[int, int]]:
    paths = [path for path in svg.all("path", kind) if kind in path.classes]
    return [point for path in paths for line in trace(path) for point in line]


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
    assert svg.attributes["aria-label"] == "Title <b>: What is seen"


def test_a_line_goes_from_point_to_point_within_the_picture() -> None:
    (points,) = trace(draw(line([0.0, 1.0, 0.5])).one("path", "cg-line"))
    (x0, y0), (x1, y1), (x2, y2) = points
    assert 0 < x0 < x1 < x2 <= WIDTH
    assert 0 < y1 < y2 < y0 < HEIGHT
    assert x1 - x0 == pytest.approx(x2 - x1, abs=1)
    assert y2 == pytest.approx((y0 + y1) / 2, abs=1)


def test_a_missing_value_is_a_gap_and_a_cross_says_what_it_was() -> None:
    svg = draw(line([1, 2, math.nan, math.nan, 3, 4, math.inf, 5]))
    assert [len(points) for points in trace(svg.one("path", "cg-line"))] == [2, 2]
    assert [cross.text for cross in svg.all("path", "cg-cross")] == ["2–3: NaN", "6: ∞"]
    # The point behind the last gap stands alone; no line would show it.
    assert len(trace_all(svg, "cg-dots")) == 5


def test_points_alone_are_seen_in_long_lines_too() -> None:
    values = [float(n) for n in range(100)]
    values[40] = values[42] = math.nan
    assert len(trace_all(draw(line(values)), "cg-dots")) == 1


def test_a_long_line_is_thinned_but_keeps_its_spikes_gaps_and_best_point() -> None:
    values = [math.sin(n / 500) for n in range(4000)]
    values[1234], values[2345], values[3000] = 50.0, -50.0, math.nan
    svg = draw(line(values, best=1777))
    lines = trace(svg.one("path", "cg-line"))
    points = [point for one in lines for point in one]
    assert len(points) <= MAX_POINTS + 10
    assert len(lines) == 2
    assert len(svg.all("path", "cg-cross")) == 1
    whole = [y for _, y in points]
    assert min(whole) < HEIGHT / 5 < HEIGHT / 2 < max(whole)
    ring = svg.one("circle", "cg-best").attributes
    assert (int(ring["cx"]), int(ring["cy"])) in points


@given(
    st.lists(FLOATS, min_size=MAX_POINTS + 1, max_size=3 * MAX_POINTS), st.integers(0, MAX_POINTS)
)
def test_thinned_points_hold_ends_extremes_and_all_kinds(values: list[float], best: int) -> None:
    kept = thin_points([float(n) for n in range(len(values))], values, best)
    assert kept == sorted(set(kept))
    assert {0, best, len(values) - 1} <= set(kept)
    finite = [value for value in values if math.isfinite(value)]
    there = [values[at] for at in kept]
    for value in (min(finite, default=None), max(finite, default=None)):
        assert value is None or value in there
    for odd in (math.inf, -math.inf):
        assert (odd in values) == (odd in there)
    assert any(map(math.isnan, values)) == any(map(math.isnan, there))


def test_nothing_but_nan_is_drawn_without_a_line() -> None:
    svg = draw(line([math.nan, math.nan]))
    assert not svg.all("path", "cg-line")
    assert len(svg.all("path", "cg-cross")) == 1


def test_the_best_point_has_a_ring_and_its_value() -> None:
    svg = draw(line([0.1, 0.87654, 0.5], best=1, hint="b <"))
    ring = svg.one("circle", "cg-best")
    assert ring.text == "b <"
    dots = trace_all(svg, "cg-dots")
    assert (int(ring.attributes["cx"]), int(ring.attributes["cy"])) == dots[1]
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
        for points in trace(path):
            for x, y in points:
                assert 0 <= x <= WIDTH
                assert 0 <= y <= HEIGHT
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


# The baseline beneath -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


OWN = "---\ncode: qa-1\nbaseline: qa-0\nmetric: eval/f1\n---\n"
BASE = "---\ncode: qa-0\nmetric: eval_f1\n---\n"


def curves_of(prose: ProseRenderer, run: Run, *others: Facts, text: str = OWN) -> Curves:
    facts = make_facts(text, [run])
    curves = make_curves(facts, make_context(prose, facts, *others), {run.ref: "own"})
    assert curves
    return curves


def test_the_baseline_s_curve_lies_beneath_the_declared_metric_alone(prose: ProseRenderer) -> None:
    base = make_facts(BASE, [make_run("mlflow:b", eval_f1=0.2, eval__loss=0.5)], code="qa-0")
    curves = curves_of(prose, make_run(eval__f1=0.1, eval__loss=1.0), base)
    first, second = (parse(figure.svg) for figure in curves.shown)
    drawn = [group.classes for group in first.all("g") if group.all("path", "cg-line")]
    assert drawn == [{"cg-base", "cg-dashed"}, {"cg-c0"}]
    assert [key.name for key in curves.shown[0].keys] == ["eval/f1", "qa-0 · baseline"]
    assert "qa-0 · baseline: first 0.2" in first.one("svg").attributes["aria-label"]
    assert not second.all("g", "cg-base")
    live = json.loads(curves.live)
    assert (live["code"], live["base"]) == ("qa-1", "qa-0")
    assert [chart.get("over") for chart in live["charts"]] == [1, None]


def test_of_a_baseline_with_seeds_the_mean_lies_beneath(prose: ProseRenderer) -> None:
    runs = [
        make_run(f"mlflow:{seed}", eval__f1=value).model_copy(
            update={"params": {"lr": 1, "seed": seed}, "status": "finished"}
        )
        for seed, value in ((1, 0.1), (2, 0.3))
    ]
    base = make_facts(BASE.replace("eval_f1", "eval/f1"), runs, code="qa-0")
    svg = parse(curves_of(prose, make_run(eval__f1=0.2), base).shown[0].svg)
    own, below = (trace_all(svg.all("g", kind)[0], "cg-line") for kind in ("cg-c0", "cg-base"))
    assert own == below  # (0.1 + 0.3) / 2 is 0.2


def test_a_much_longer_baseline_is_cut(prose: ProseRenderer) -> None:
    long = Run(
        ref="mlflow:b",
        tracker="mlflow",
        checkpoints=tuple(Checkpoint(step=n, metrics={"eval/f1": 0.1}) for n in range(1, 100)),
    )
    base = make_facts(BASE, [long], code="qa-0")
    svg = parse(curves_of(prose, make_run(eval__f1=0.1), base).shown[0].svg)
    assert len(trace_all(svg.one("g", "cg-base"), "cg-line")) == 6  # twice the own three steps


@pytest.mark.parametrize("metric", ["eval/em", "eval/loss"])
def test_a_baseline_without_the_metric_is_not_drawn(prose: ProseRenderer, metric: str) -> None:
    base = make_facts(BASE, [make_run("mlflow:b", **{metric.replace("/", "__"): 0.2})], code="qa-0")
    curves = curves_of(prose, make_run(eval__f1=0.1, eval__loss=1.0), base)
    assert not any(parse(figure.svg).all("g", "cg-base") for figure in curves.shown)
    assert json.loads(curves.live)["base"] == "qa-0"  # other charts may be laid over it


def test_a_card_that_is_its_own_baseline_or_whose_baseline_is_missing(prose: ProseRenderer) -> None:
    for code in ("qa-1", "qa-9"):
        text = OWN.replace("baseline: qa-0", f"baseline: {code}")
        curves = curves_of(prose, make_run(eval__f1=0.1), text=text)
        assert json.loads(curves.live)["base"] == ""
        assert not parse(curves.shown[0].svg).all("g", "cg-base")


def test_what_scripts_are_given_cannot_leave_its_attribute(prose: ProseRenderer) -> None:
    name = "'><img src=x onerror=run()>&quot;<!--"
    run = make_run(eval__f1=0.1)
    curve = Curve(metric=name, steps=(1, 2), values=(1.0, 2.0))
    curves = curves_of(prose, run.model_copy(update={"curves": (curve,)}))
    for text in (curves.live, curves.words):
        assert not set("<>&'") & set(text)
    metrics = [line["m"] for chart in json.loads(curves.live)["charts"] for line in chart["lines"]]
    assert name in metrics
    assert set(json.loads(curves.words)) == set(WORDS)
