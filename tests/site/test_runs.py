"""Pages of cards with several runs: results by run, means over seeds, their curves."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import pytest

from cardgen.config import Settings
from cardgen.languages import load_labels
from cardgen.models import Checkpoint, Command, Curve, Environment, Metric, Run
from cardgen.site.charts import COLOURS
from cardgen.site.curves import find_groups, make_chart
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card, render_cards
from cardgen.site.runtable import MAX_COLUMNS, MAX_DIFFERING, TALL
from cardgen.site.series import MAX_SERIES, MAX_THIN, count_drawn
from tests.site.cards import Element, assert_inert, make_context, make_facts, parse, render

HEAD = "---\ncode: qa-1\nmetric: eval/f1\n---\n"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


def make_run(number: int, best: float = 0.8, seed: int | None = None, **fields: Any) -> Run:
    """A run of three checkpoints, the second best."""
    params = {"lr": 0.1, **fields.pop("params", {}), **({} if seed is None else {"seed": seed})}
    base: dict[str, Any] = {
        "ref": f"mlflow:{number}",
        "tracker": "mlflow",
        "name": f"run-{number}",
        "status": "finished",
        "params": params,
        "checkpoints": tuple(
            Checkpoint(step=100 * n, metrics={"eval/f1": best - off, "eval/loss": 1 - best + off})
            for n, off in ((1, 0.2), (2, 0.0), (3, 0.1))
        ),
        "curves": (Curve(metric="train/loss", steps=(1, 2, 3), values=(2.0, 1.0 + best, best)),),
        "metrics": {"test/f1": Metric(value=best - 0.05)},
    }
    return Run.model_validate({**base, **fields})


def seeds(*values: float, first: int = 1, **fields: Any) -> list[Run]:
    return [make_run(n, value, n, **fields) for n, value in enumerate(values, first)]


def rows_of(table: Element) -> list[list[str]]:
    return [
        [cell.text for cell in row.children]
        for body in table.all("tbody")
        for row in body.all("tr")
        if "cg-group" not in row.classes
    ]


def test_runs_stand_below_their_mean(prose: ProseRenderer) -> None:
    part = render(prose, HEAD, seeds(0.8, 0.82, 0.81)).part("results")
    table = part.one("table", "cg-by-run")
    heads = [head.text for head in table.one("thead").all("th")]
    assert heads == ["Run", "seed", "step", "eval/f1", "eval/loss", "test/f1"]
    assert rows_of(table) == [
        ["Mean of 3 runs", "", "200", "★ best 0.810 ± 0.010", "0.190 ± 0.010", "0.760 ± 0.010"],
        ["run-1 1", "1", "200", "0.8000", "0.2000", "0.7500"],
        ["run-2 2", "2", "200", "★ best single run 0.8200", "0.1800", "0.7700"],
        ["run-3 3", "3", "200", "0.8100", "0.1900", "0.7600"],
    ]
    assert [row.one("th").text for row in table.all("tr", "cg-mean")] == ["Mean of 3 runs"]
    note = part.one("p", "cg-below").text
    assert "Each run is shown at its best checkpoint by eval/f1." in note
    assert "sample standard deviation over runs that differ in their seed only" in note
    assert "last values" in note


def test_the_tile_tells_the_mean_and_the_best_single_run(prose: ProseRenderer) -> None:
    root = render(prose, HEAD, seeds(0.8, 0.82, 0.81))
    value, below = root.one("div", "cg-tile-primary").all("dd")
    assert value.text == "0.810 ± 0.010"
    title = value.one("span").attributes["title"]
    assert title.startswith("mean 0.81")
    assert title.endswith("lowest 0.8 · highest 0.82 · Runs 3 of 3")
    assert below.text == (
        "evaluation split · mean ± standard deviation, seeds: 3 · "
        "best single run: 0.8200 (run-2, step 200) · test/f1: 0.760 ± 0.010"
    )


def test_what_is_no_number_and_what_is_left_out_are_named(prose: ProseRenderer) -> None:
    runs = seeds(0.8, 0.82, math.nan, 0.9)
    runs[3] = make_run(4, 0.9, 4, status="failed")
    root = render(prose, HEAD, runs)
    table = root.part("results").one("table", "cg-by-run")
    mean = table.one("tr", "cg-mean")
    assert mean.one("td", "cg-declared").text == "★ best 0.810 ± 0.014 2 of 3 · NaN: Run 3"
    assert "In no mean: run 4 (failed)." in root.part("results").text
    assert [row[0] for row in rows_of(table)][-1] == "run-4 4 failed"
    assert "2 of 3 · NaN: Run 3" in root.one("div", "cg-tile-primary").text


def test_runs_that_repeat_a_seed_or_never_finished_are_said(prose: ProseRenderer) -> None:
    runs = [*seeds(0.8, 0.82), make_run(3, 0.9, 2)]
    assert "In no mean: run 3 (repeats a seed)." in render(prose, HEAD, runs).part("results").text
    root = render(prose, HEAD, seeds(0.8, 0.82, status="running"))
    assert "its mean is over unfinished runs" in root.part("results").text


def test_what_runs_differ_in_are_columns(prose: ProseRenderer) -> None:
    names = [f"p{n}" for n in range(MAX_DIFFERING + 2)]
    runs = [make_run(n, n / 10, 1, params=dict.fromkeys(names, n)) for n in (1, 2)]
    runs[0] = runs[0].model_copy(update={"commands": (Command(line="t --x 1"),)})
    part = render(prose, HEAD, runs).part("results")
    table = part.one("table", "cg-by-run")
    heads = [head.text for head in table.one("thead").all("th")]
    assert heads[2 : 3 + MAX_DIFFERING] == [*names[:MAX_DIFFERING], "training command"]
    assert [row[0] for row in rows_of(table)] == ["run-2 2", "run-1 1"]
    assert f"Runs also differ in: {', '.join(names[MAX_DIFFERING:])}." in part.text
    assert not table.all("tr", "cg-mean")
    assert "standard deviation" not in part.text


def test_nested_runs_stand_under_their_parent(prose: ProseRenderer) -> None:
    parent = Run(ref="mlflow:p", tracker="mlflow", name="sweep")
    runs = [
        parent,
        *seeds(0.7, 0.72, parent="mlflow:p"),
        *seeds(0.8, 0.82, first=3, parent="mlflow:p", params={"lr": 0.2}),
        *seeds(0.6, 0.62, first=5, group="wandb-sweep", params={"lr": 0.3}),
    ]
    table = render(prose, HEAD, runs).part("results").one("table", "cg-by-run")
    assert [row.text for row in table.all("tr", "cg-group")] == ["sweep 1", "wandb-sweep"]
    assert [row[0] for row in rows_of(table)] == [
        "Mean of 2 runs", "run-3 4", "run-4 5", "Mean of 2 runs", "run-1 2", "run-2 3",
        "Mean of 2 runs", "run-5 6", "run-6 7",
    ]  # fmt: skip


def test_a_mean_over_several_sweeps_names_them(prose: ProseRenderer) -> None:
    runs = [*seeds(0.7, 0.72, group="a"), *seeds(0.8, 0.82, first=3, group="b")]
    table = render(prose, HEAD, runs).part("results").one("table", "cg-by-run")
    assert [row.text for row in table.all("tr", "cg-group")] == ["a, b"]


def test_means_by_step_and_checkpoints_are_folded(prose: ProseRenderer) -> None:
    runs = seeds(0.8, 0.82)
    runs[1] = runs[1].model_copy(update={"checkpoints": runs[1].checkpoints[:2]})
    part = render(prose, HEAD, runs).part("results")
    folds = part.all("details", "cg-fold")
    assert [fold.one("summary").text for fold in folds] == [
        "Means by step", "Checkpoints of each run",
    ]  # fmt: skip
    assert rows_of(folds[0].one("table")) == [
        ["100", "0.610 ± 0.014", "0.390 ± 0.014"],
        ["200", "0.810 ± 0.014", "0.190 ± 0.014"],
        ["300", "0.7000 1 of 2", "0.3000 1 of 2"],
    ]
    assert len(rows_of(folds[1].one("table"))) == 5


def test_last_values_that_differ_are_folded(prose: ProseRenderer) -> None:
    metrics = {"eval/f1": Metric(value=0.7), "train_runtime": Metric(value=12.0)}
    part = render(prose, HEAD, seeds(0.8, 0.82, metrics=metrics)).part("results")
    fold = part.all("details", "cg-fold")[-1]
    assert fold.one("summary").text == "Last values"
    assert [head.text for head in fold.one("thead").all("th")][2:] == ["eval/f1", "train_runtime"]
    assert rows_of(fold.one("table"))[0] == ["Mean of 2 runs", "", "0.7 ± 0", "12 ± 0"]


def test_hand_written_rows_are_not_hidden(prose: ProseRenderer) -> None:
    head = HEAD.replace("---\n", "---\nresults: [{step: 900, eval/f1: 0.99}]\n", 1)
    part = render(prose, head, seeds(0.8, 0.82)).part("results")
    fold = part.all("details", "cg-fold")[1]
    assert "open" in fold.attributes
    assert "0.9900" in fold.text


@pytest.mark.parametrize("count", [2, 5, 50, 200])
def test_pages_of_any_number_of_runs(count: int, prose: ProseRenderer) -> None:
    """Of many the means alone are shown at once, everything else folded or in its box."""
    runs = [
        make_run(
            n, 0.5 + n / 1000, n % 5, params={"lr": n // 5}, environment=Environment(host=f"h{n}"),
            commands=(Command(line=f"python t.py --lr {n // 5}"),),
        )
        for n in range(count)
    ]  # fmt: skip
    facts = make_facts(HEAD, runs)
    body = render_card(facts, make_context(prose, facts)).body
    assert_inert(body)
    root = parse(body)
    table = root.part("results").all("table", "cg-by-run")[0]
    groups = -(-count // 5)
    shown = rows_of(table)
    assert len(shown) == (groups if count > TALL else count + groups * (count > 1))
    marks = {a.attributes["href"] for a in root.all("a", "cg-mark")}
    ids = {e.attributes["id"] for e in root.all("span", "cg-mark") if "id" in e.attributes}
    assert marks <= {f"#{one}" for one in ids}
    assert len(ids) == count
    folded = [s.text for s in root.all("summary")]
    assert (f"Runs: {count}" in folded) == (f"Environments: {count}" in folded) == (count > 10)
    assert (f"Commands: {groups}" in folded) == (groups > 10)
    assert len(body) < 40_000 + 12_000 * count


def test_environments_that_differ_in_the_seed_are_one(prose: ProseRenderer) -> None:
    runs = [make_run(n, environment=Environment(python="3.11", seed=n)) for n in (1, 2, 3)]
    part = render(prose, HEAD, runs).part("environment")
    assert part.text == "Python 3.11"
    runs = [make_run(n, environment=Environment(python="3.11", seed=1)) for n in (1, 2, 3)]
    assert render(prose, HEAD, runs).part("environment").text == "Python 3.11 seed 1"
    runs = [make_run(n, environment=Environment(seed=n)) for n in (1, 2)]
    assert not render(prose, HEAD, runs).part("environment").children


def test_time_inside_another_run_counts_once(prose: ProseRenderer) -> None:
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def times(start: int, end: int) -> dict[str, Any]:
        after = dt.timedelta(minutes=start), dt.timedelta(minutes=end)
        return {"started": day + after[0], "finished": day + after[1]}

    outer = Run(ref="run:1", tracker="run", contains=("mlflow:1",), **times(0, 10))
    parent = Run(ref="mlflow:p", tracker="mlflow", **times(20, 40))
    runs = [
        outer, make_run(1, **times(1, 9)), parent, make_run(2, parent="mlflow:p", **times(21, 30)),
        make_run(3, parent="mlflow:p", **times(35, 50)),
    ]  # fmt: skip
    root = render(prose, HEAD, runs)
    tile = next(t for t in root.all("div", "cg-tile") if t.one("dt").text == "Run time")
    assert [dd.text for dd in tile.all("dd")] == ["45 min", "runs: 3"]


def test_columns_are_bounded(prose: ProseRenderer) -> None:
    metrics = {f"m{n:02}": Metric(value=n) for n in range(60)}
    part = render(prose, HEAD, seeds(0.8, 0.82, metrics=metrics)).part("results")
    heads = part.all("table", "cg-by-run")[0].one("thead").all("th")
    assert len(heads) == 3 + MAX_COLUMNS
    assert heads[3].text == "eval/f1"


# Lists and baselines ---------------------------------------------------------------------------


def test_the_list_shows_the_mean(prose: ProseRenderer) -> None:
    facts = make_facts(HEAD, seeds(0.8, 0.82, math.nan))
    cell = parse(render_cards([facts], make_context(prose, facts)).body).one("td", "cg-at-value")
    assert cell.text == "0.810 ± 0.014 eval/f1 seeds: 2 of 3"
    assert cell.attributes["data-value"] == "0.81"
    assert "best single run: 0.8200 (mlflow:2 step 200)" in cell.attributes["title"]


@pytest.mark.parametrize(
    ("own", "base", "text", "below"),
    [
        ((0.8, 0.82), (0.7, 0.72), "+0.1000", "better · qa-0: 0.710 ± 0.014 (runs: 2)"),
        ((0.8, 0.82), (0.9,), "−0.0900", "worse · qa-0: 0.9000"),
        ((0.8,), (0.7, 0.9), "±0", "equal · qa-0: 0.80 ± 0.14 (runs: 2)"),
    ],
)
def test_means_are_compared_with_means(
    own: tuple[float, ...], base: tuple[float, ...], text: str, below: str, prose: ProseRenderer
) -> None:
    other = make_facts("---\ncode: qa-0\nmetric: eval/loss\n---\n", seeds(*base), code="qa-0")
    head = HEAD.replace("---\n", "---\nbaseline: qa-0\n", 1)
    facts = make_facts(head, seeds(*own))
    root = parse(render_card(facts, make_context(prose, facts, other)).body)
    tile = next(t for t in root.all("div", "cg-tile") if t.one("dt").text == "vs qa-0")
    assert [dd.text for dd in tile.all("dd")] == [text, below]


# Curves ----------------------------------------------------------------------------------------


def chart_of(runs: list[Run], name: str = "f1") -> Any:
    facts = make_facts(HEAD, runs)
    group = next(group for group in find_groups(facts) if group.name == name)
    names = {run.ref: run.name for run in runs}
    return make_chart(group, facts, names, load_labels("en"), Settings())


def test_a_mean_has_a_band_and_thin_lines_behind_it() -> None:
    chart = chart_of(seeds(0.8, 0.82))
    *thin, mean = chart.series
    assert [one.thin for one in thin] == [True, True]
    assert mean.name == "Mean of 2 runs"
    assert list(mean.ys) == pytest.approx([0.61, 0.81, 0.71])
    deviation = math.sqrt(2) / 100
    assert [high - y for high, y in zip(mean.high, mean.ys, strict=True)] == pytest.approx(
        [deviation] * 3
    )
    assert count_drawn(chart.series) == 2
    assert "Mean of 2 runs: first 0.61" in chart.description
    assert "single runs: 2" in chart.description
    assert [one.best for one in thin] == [1, None]


def test_a_mean_is_over_steps_that_all_runs_have() -> None:
    runs = seeds(0.8, 0.82)
    runs[1] = runs[1].model_copy(update={"checkpoints": runs[1].checkpoints[:2]})
    *_, mean = chart_of(runs).series
    assert list(mean.xs) == [100, 200]
    runs[1] = runs[1].model_copy(
        update={"checkpoints": (Checkpoint(step=150, metrics={"eval/f1": 0.5}),)}
    )
    assert not any(one.low or one.thin for one in chart_of(runs).series)


def test_runs_whose_steps_differ_have_no_mean_and_one_entry_in_the_legend() -> None:
    curves = [
        (Curve(metric="train/loss", steps=(n, n + 10, n + 20), values=(2.0, 1.5, 1.0)),)
        for n in (1, 2, 3)
    ]
    runs = [make_run(n, 0.8, n, curves=curves[n - 1]) for n in (1, 2, 3)]
    series = chart_of(runs, "loss").series
    assert [one.name for one in series if one.low] == ["eval/loss · Mean of 3 runs"]
    listed = [one for one in series if one.listed]
    assert [(one.name, one.colour) for one in listed] == [("train/loss · single runs", 0)]
    assert {one.colour for one in series if one.name == listed[0].name} == {0}


def test_a_gap_where_a_run_is_no_number_and_no_run_without_any() -> None:
    runs = seeds(0.8, 0.82, math.nan)
    points = list(runs[0].checkpoints)
    points[1] = Checkpoint(step=200, metrics={"eval/f1": math.nan})
    runs[0] = runs[0].model_copy(update={"checkpoints": tuple(points)})
    *_, mean = chart_of(runs).series
    assert mean.name == "Mean of 2 runs"
    assert [math.isnan(y) for y in mean.ys] == [False, True, False]


def test_groups_have_a_colour_each_and_training_is_dashed() -> None:
    runs = [*seeds(0.8, 0.82), *seeds(0.7, 0.72, first=3, params={"lr": 0.2})]
    means = [one for one in chart_of(runs, "loss").series if one.low]
    assert [(one.name, one.colour, one.dashed) for one in means] == [
        ("train/loss · lr=0.1 (n = 2)", 0, True), ("train/loss · lr=0.2 (n = 2)", 1, True),
        ("eval/loss · lr=0.1 (n = 2)", 0, False), ("eval/loss · lr=0.2 (n = 2)", 1, False),
    ]  # fmt: skip


def test_a_run_that_is_in_no_mean_is_drawn_behind_it() -> None:
    runs = [*seeds(0.8, 0.82), make_run(3, 0.5, 3, status="failed")]
    assert [one.thin for one in chart_of(runs).series] == [True, True, True, False]


def test_lines_of_many_runs_are_cut_to_the_best() -> None:
    many = [make_run(n, n / 100, 1, params={"lr": n}) for n in range(30)]
    chart = chart_of(many)
    assert len(chart.series) == MAX_SERIES
    assert {one.name for one in chart.series} == {f"run-{n}" for n in range(20, 30)}
    groups = [r for n in range(20) for r in seeds(n / 40, n / 40 + 0.01, first=5 * n + 1,
                                                  params={"lr": n})]  # fmt: skip
    series = chart_of(groups).series
    assert sum(bool(one.low) for one in series) == COLOURS
    assert count_drawn(series) == 2 * COLOURS <= MAX_THIN
    assert any(one.best is not None for one in series)


def test_bands_are_drawn_and_explained(prose: ProseRenderer) -> None:
    part = render(prose, HEAD, seeds(0.8, 0.82)).part("curves")
    assert "band: ± standard deviation" in part.one("p", "cg-below").text
    band = part.all("path", "cg-band")[0].attributes["d"]
    assert band.startswith("M")
    assert band.endswith("z")
    assert len(part.all("g", "cg-thin")) == 2 * 3
    assert not render(prose, HEAD, [make_run(1)]).part("curves").all("path", "cg-band")
