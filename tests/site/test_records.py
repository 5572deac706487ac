"""Records of cards for programs, and the columns of all cards for plots."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Settings, load_config
from cardgen.describe import describe_json
from cardgen.facts import Facts
from cardgen.models import Checkpoint, Curve, Metric, Run, Source
from cardgen.resolve import resolve
from cardgen.site.context import RenderContext
from cardgen.site.paramtable import (
    MAX_METRICS,
    MAX_PARAMS,
    Column,
    format_param_table,
    make_brief,
    make_param_table,
)
from cardgen.site.prose import ProseRenderer
from cardgen.site.records import (
    FEW_POINTS,
    MAX_CURVES,
    MAX_POINTS,
    choose_points,
    format_record,
    make_record,
)
from cardgen.store import load_cards
from tests.site.cards import make_context, make_facts

HEAD = "---\ncode: qa-1\nmetric: eval/f1\nbaseline: qa-0\nsupersedes: [old-1]\n---\n"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


def make_run(number: int = 1, best: float = 0.8, **fields: Any) -> Run:
    base: dict[str, Any] = {
        "ref": f"mlflow:{number}",
        "tracker": "mlflow",
        "name": f"run-{number}",
        "status": "finished",
        "params": {"lr": 0.1},
        "checkpoints": tuple(
            Checkpoint(step=100 * n, metrics={"eval/f1": best - off, "eval/loss": 1 - off})
            for n, off in ((1, 0.2), (2, 0.0), (3, 0.1))
        ),
    }
    return Run.model_validate({**base, **fields})


def record(
    prose: ProseRenderer, *runs: Run, text: str = HEAD, settings: Settings | None = None
) -> dict[str, Any]:
    """A card's record, read back from its text as a browser would."""
    facts = make_facts(text, runs, settings=settings)
    context = make_context(prose, facts, settings=settings)
    read = json.loads(format_record(facts, context), parse_constant=pytest.fail)
    assert read == make_record(facts, context)
    assert isinstance(read, dict)
    return read


def own_cards() -> tuple[Facts, ...]:
    """This project's own cards, of real runs."""
    config = load_config(Path(__file__).parent)
    cards = load_cards(config)
    return tuple(resolve(card, config.settings, config.label(card.path)) for card in cards)


def test_a_record_says_all_that_show_says(prose: ProseRenderer) -> None:
    for facts in own_cards():
        context = make_context(prose, facts)
        read = json.loads(format_record(facts, context))
        said = json.loads(describe_json(facts))
        assert said.items() <= read.items()
        assert read["baseline"] == facts.card.front.baseline
        assert read["measures"][0]["metric"] == facts.metric
        assert read["measures"][0]["value"] == facts.primary.value  # type: ignore[union-attr]


def test_a_measure_is_chosen_as_the_page_chooses_it(prose: ProseRenderer) -> None:
    run = make_run(
        checkpoints=(
            Checkpoint(step=1, epoch=0.5, metrics={"eval/f1": 0.5, "eval/loss": 0.2}),
            Checkpoint(step=2, epoch=1.0, metrics={"eval/f1": 0.8, "eval/loss": 0.4}),
            Checkpoint(step=3, epoch=1.5, metrics={"test/loss": 0.3}),
            Checkpoint(step=4, epoch=2.0, metrics={"test/loss": 0.1}),
        ),
        metrics={"train/examples": Metric(value=1078, step=4), "perf/runtime": Metric(value=9.5)},
    )
    found = {one["metric"]: one for one in record(prose, run)["measures"]}
    assert list(found) == ["eval/f1", "eval/loss", "test/loss", "train/examples", "perf/runtime"]
    assert found["eval/f1"] == {
        "metric": "eval/f1", "direction": "max", "kind": "best", "value": 0.8, "step": 2,
        "epoch": 1.0, "origin": "mlflow:1", "judged": True,
    }  # fmt: skip
    # Where the card's metric is best, though this one was lower elsewhere.
    assert (found["eval/loss"]["value"], found["eval/loss"]["direction"]) == (0.4, "min")
    assert (found["test/loss"]["kind"], found["test/loss"]["value"]) == ("own", 0.1)
    assert (found["train/examples"]["kind"], found["train/examples"]["step"]) == ("last", 4)
    assert "judged" not in found["train/examples"]
    assert found["perf/runtime"]["process"]
    assert "judged" not in found["perf/runtime"]


def test_of_several_seeds_the_mean_counts(prose: ProseRenderer) -> None:
    runs = [make_run(n, best, params={"lr": 1, "seed": n}) for n, best in ((1, 0.8), (2, 0.9))]
    first = record(prose, *runs)["measures"][0]
    assert (first["kind"], first["seeds"]) == ("mean", 2)
    assert first["value"] == pytest.approx(0.85)
    assert first["std"] == pytest.approx(0.0707, abs=1e-4)


def test_a_zero_is_a_value(prose: ProseRenderer) -> None:
    run = make_run(checkpoints=(Checkpoint(step=0, metrics={"eval/f1": 0.0}),))
    first = record(prose, run)["measures"][0]
    assert first["value"] == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_odd_numbers_are_texts_and_gaps(prose: ProseRenderer, value: float) -> None:
    curve = Curve(metric="loss", steps=(1, 2, 3), values=(1.0, value, 0.5))
    read = record(prose, make_run(curves=(curve,), metrics={"odd": Metric(value=value)}))
    assert read["curves"][-1]["ys"] == [1, None, 0.5]
    odd = next(one for one in read["measures"] if one["metric"] == "odd")
    assert odd["value"] == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]


@pytest.mark.parametrize("value", [2**53 + 1, -(10**400), "\ud800", "\u2028</script>", 0.1 + 0.2])
def test_any_param_survives(prose: ProseRenderer, value: Any) -> None:
    run = Run.model_construct(**{**make_run().__dict__, "params": {"p": value}})
    said = record(prose, run)["params"]["p"]["value"]
    assert said == (
        str(value).replace("\ud800", "\ufffd") if not isinstance(value, float) else value
    )


def test_curves_are_thinned_and_keep_the_best_point(prose: ProseRenderer) -> None:
    steps = 5000
    points = tuple(
        Checkpoint(step=n, metrics={"eval/f1": 0.9 if n == 1234 else 0.5}) for n in range(steps)
    )
    curve = record(prose, make_run(checkpoints=points))["curves"][0]
    assert len(curve["xs"]) == len(curve["ys"]) == MAX_POINTS
    assert (curve["xs"][0], curve["xs"][-1]) == (0, steps - 1)
    assert (curve["xs"][curve["best"]], curve["ys"][curve["best"]]) == (1234, 0.9)


def test_many_curves_have_fewer_points_and_an_end(prose: ProseRenderer) -> None:
    steps, values = tuple(range(1000)), tuple(1 / (1 + n) for n in range(1000))
    curves = tuple(Curve(metric=f"m{n}", steps=steps, values=values) for n in range(300))
    found = record(prose, make_run(curves=curves, checkpoints=()))["curves"]
    assert len(found) == MAX_CURVES
    assert {len(one["xs"]) for one in found} == {FEW_POINTS}


def test_a_single_point_is_no_curve(prose: ProseRenderer) -> None:
    points = (
        Checkpoint(step=1, metrics={"eval/f1": 0.5}),
        Checkpoint(step=2, metrics={"eval/f1": 0.6, "test/f1": 0.5}),
    )
    assert [c["metric"] for c in record(prose, make_run(checkpoints=points))["curves"]] == [
        "eval/f1"
    ]


@given(st.integers(0, 3000), st.integers(3, 500), st.data())
def test_points_are_chosen_evenly(count: int, most: int, data: st.DataObject) -> None:
    keep = data.draw(st.none() | st.integers(0, count - 1)) if count else None
    kept = choose_points(count, most, keep)
    assert len(kept) == min(count, most)
    assert kept == sorted(set(kept))
    assert not count or (kept[0] == 0 and kept[-1] == count - 1)
    assert keep is None or keep in kept


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("git@github.com:a/b.git", ("https://github.com/a/b", "/compare/{0}...{1}")),
        ("https://gitlab.com/a/b", ("https://gitlab.com/a/b", "/-/compare/{0}...{1}")),
        ("https://bitbucket.org/a/b", ("https://bitbucket.org/a/b", "/branches/compare/{1}..{0}")),
        ("https://git.example.com/a/b", ("https://git.example.com/a/b", None)),
        ("javascript:alert(1)//github.com/a/b", (None, None)),
        ("/home/ann/repository", (None, None)),
        ("", (None, None)),
    ],
)
def test_commits_can_be_looked_up_where_a_host_is_known(
    prose: ProseRenderer, address: str, expected: tuple[str | None, str | None]
) -> None:
    run = make_run(source=Source(repository=address, commit="a" * 40))
    found = record(prose, run)["repository"]
    assert (found.get("url"), found.get("range")) == expected


def test_the_projects_repository_stands_in(prose: ProseRenderer) -> None:
    settings = Settings(repository="https://github.com/a/b")
    assert record(prose, make_run(), settings=settings)["repository"]["url"].endswith("a/b")


# Columns of all cards ------------------------------------------------------------------------


def make_columns(prose: ProseRenderer, *params: dict[str, Any], **fields: Any) -> list[Column]:
    cards = [
        make_facts(
            f"---\ncode: qa-{n}\n---\n", [make_run(n, 0.5 + n / 100, params=one, **fields)],
            code=f"qa-{n}",
        )
        for n, one in enumerate(params)
    ]  # fmt: skip
    context = make_context(prose, *cards)
    return list(make_param_table(make_brief(one, context) for one in cards).columns)


def read_table(text: bytes) -> dict[str, list[Any]]:
    """Columns as the page's script reads them."""
    data = json.loads(text)
    return {
        one["name"]: one.get("cells")
        or [None if at < 0 else one["words"][at] for at in one["at"]]
        for one in data["columns"]
    }  # fmt: skip


def test_only_what_differs_and_can_be_plotted_is_a_column(prose: ProseRenderer) -> None:
    params = [
        {"lr": "1e-3", "same": 1, "name": f"run-{n}", "opt": opt, "only": 3, "flag": n == 0}
        for n, opt in enumerate(("adam", "adam", "sgd"))
    ]
    params[1] |= {"lr": 0.001}  # equal, however written
    params[2] |= {"lr": 0.1}
    del params[0]["only"]
    found = {one.name: one for one in make_columns(prose, *params) if one.kind == "param"}
    assert set(found) == {"lr", "opt", "only", "flag"}
    assert found["lr"].cells == (0.001, 0.001, 0.1)
    assert found["lr"].numeric
    assert found["opt"].cells == ("adam", "adam", "sgd")
    assert found["only"].cells == (None, 3, 3)
    assert found["flag"].cells == ("true", "false", "false")


def test_names_of_several_trackers_are_one_column(prose: ProseRenderer) -> None:
    columns = make_columns(prose, {"learning_rate": 1}, {"learning.rate": 2}, {"Learning-Rate": 3})
    assert [(one.name, one.cells) for one in columns if one.kind == "param"] == [
        ("learning_rate", (1, 2, 3))
    ]


def test_a_column_of_numbers_and_words_is_of_words(prose: ProseRenderer) -> None:
    columns = make_columns(prose, {"depth": 3}, {"depth": "auto"}, {"depth": 3})
    assert next(one for one in columns if one.kind == "param").cells == ("3", "auto", "3")


def test_odd_numbers_are_no_places_on_an_axis(prose: ProseRenderer) -> None:
    columns = make_columns(prose, {"p": 1}, {"p": "inf"}, {"p": 10**400}, {"p": 1})
    text = format_param_table(make_param_table(())) + repr(columns).encode()
    assert b"Infinity" not in text
    assert [one.numeric for one in columns if one.kind == "param"] == [False]


def test_the_table_is_bounded_and_keeps_the_metric(prose: ProseRenderer) -> None:
    params = [{f"p{n}": n + card for n in range(100)} for card in range(3)]
    metrics = {f"m{n:02}": Metric(value=1.0) for n in range(50)}
    cards = [
        make_facts(
            f"---\ncode: qa-{n}\nmetric: zz\n---\n",
            [
                make_run(n, params=one, checkpoints=(), metrics={
                    **{name: Metric(value=n + 1.0) for name in metrics}, "zz": Metric(value=n)})
            ],
            code=f"qa-{n}",
        )
        for n, one in enumerate(params)
    ]  # fmt: skip
    context = make_context(prose, *cards)
    table = make_param_table(make_brief(one, context) for one in cards)
    kinds = [column.kind for column in table.columns]
    assert kinds.count("param") == MAX_PARAMS
    assert kinds.count("metric") == MAX_METRICS
    assert table.metric == "zz"
    assert next(one for one in table.columns if one.kind == "metric").name == "zz"


def test_own_cards_read_back_from_their_columns(prose: ProseRenderer) -> None:
    cards = own_cards()
    context: RenderContext = make_context(prose, *cards)
    table = make_param_table(make_brief(one, context) for one in cards)
    text = format_param_table(table)
    read = read_table(text)
    assert json.loads(text)["codes"] == [one.code for one in cards]
    assert read["learning_rate"] == [facts.params["learning_rate"].value for facts in cards]
    for facts, value in zip(cards, read["val/accuracy"], strict=True):
        assert facts.primary
        assert value == pytest.approx(facts.primary.value, rel=1e-5)
    assert "seed" not in read  # the same in all


def test_no_cards_are_an_empty_table() -> None:
    assert json.loads(format_param_table(make_param_table(()))) == {
        "codes": [], "titles": [], "metric": "", "columns": [],
    }  # fmt: skip
