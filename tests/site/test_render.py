"""Pages of cards: real ones against golden files, and each promise by itself."""

from __future__ import annotations

import datetime as dt
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.languages import find_languages, load_labels
from cardgen.models import (
    Checkpoint,
    Command,
    Curve,
    Dataset,
    Environment,
    Evidence,
    Metric,
    Model,
    Problem,
    Run,
    RunFile,
    Source,
)
from cardgen.site import render as render_module
from cardgen.site.context import RenderContext, read_drawing
from cardgen.site.page import Page
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import (
    CannotRender,
    render_broken,
    render_card,
    render_card_table,
    render_cards,
)
from tests.site.cards import (
    GOLDEN,
    assert_inert,
    load_case,
    make_context,
    make_facts,
    parse,
    render,
)
from tests.strategies import CARDS, EVIDENCE

CASES = sorted(folder.name for folder in GOLDEN.iterdir() if folder.is_dir())
REWRITE = "CARDGEN_REWRITE_GOLDEN"
BARE = "---\ncode: qa-1\n---\n"
HEAD = "---\ncode: qa-1\nmetric: eval/f1\n---\n"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


def make_run(ref: str = "mlflow:8c1f", best: float = 0.8, **more: object) -> Run:
    """A run of three checkpoints, the second best."""
    values = (best - 0.2, best, best - 0.1)
    points = tuple(
        Checkpoint(step=100 * n, epoch=float(n), metrics={"eval/f1": v, "eval/loss": 1 - v})
        for n, v in enumerate(values, 1)
    )
    return Run.model_validate({"ref": ref, "tracker": "mlflow", "checkpoints": points, **more})


# Golden pages --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden() -> dict[str, tuple[Facts, Settings]]:
    return {name: load_case(GOLDEN / name) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_golden_page(
    name: str, golden: dict[str, tuple[Facts, Settings]], prose: ProseRenderer
) -> None:
    """Set CARDGEN_REWRITE_GOLDEN=1 to write the pages anew, then read the difference."""
    facts, own = golden[name]
    known = (one for one, _ in golden.values())
    page = render_card(facts, make_context(prose, *known, settings=own, root=GOLDEN))
    text, path = describe_page(page), GOLDEN / name / "expected.html"
    if os.environ.get(REWRITE):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
    assert_inert(page.body)


def describe_page(page: Page) -> str:
    """All of a page as text; a line a block, so that a difference reads."""
    head = [
        f"path: {page.path}",
        f"title: {page.title}",
        f"description: {page.description}",
        f"language: {page.language}",
        f"facets: {page.facets}",
        f"files: {sorted(page.files)}",
        *(f"{'  ' * heading.level}#{heading.anchor} {heading.text}" for heading in page.contents),
    ]
    return "\n".join(head) + "\n\n" + re.sub(r"\n\s*\n+", "\n", page.body) + "\n"


# What stands where ---------------------------------------------------------------------------


def test_parts_stand_in_their_order(prose: ProseRenderer) -> None:
    run = make_run(
        commands=(Command(line="python train.py"),),
        params={"lr": 0.1},
        model=Model(name="allegro/plt5-base"),
        source=Source(commit="3bde138342e4"),
        environment=Environment(python="3.11.7"),
        curves=(Curve(metric="train/loss", steps=(1, 2), values=(2.0, 1.0)),),
    )
    text = HEAD + "# Notes\n\nx\n\n## Problems\n\np\n\n## Conclusions\n\nc\n\n## Goal\n\ng\n"
    facts = make_facts(text, [run])
    page = render_card(facts, make_context(prose, facts))
    assert [heading.anchor for heading in page.contents] == [
        "goal", "conclusions", "problems", "results", "curves", "notes", "commands", "params",
        "model", "source", "environment", "runs", "sources",
    ]  # fmt: skip
    assert page.body.startswith("<h1>")
    titles = [heading.text for heading in page.contents]
    assert titles[:2] == ["Goal", "Conclusions"]


def test_headings_are_those_of_the_contents_and_unique(prose: ProseRenderer) -> None:
    sections = (
        "## Results\n\n### Goal\n\n### Goal\n\n## Results\n\n### Run 1\n\n## Goal\n\n### Results"
    )
    facts = make_facts(HEAD + sections + "\n\nx\n", [make_run()])
    page = render_card(facts, make_context(prose, facts))
    root = parse(page.body)
    ids = [element.attributes["id"] for element in root.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    headings = [element for element in root.all() if element.tag in ("h2", "h3")]
    assert [h.attributes["id"] for h in headings] == [h.anchor for h in page.contents]
    assert [h.text.removesuffix("¶") for h in headings] == [h.text for h in page.contents]


def test_a_card_without_anything(prose: ProseRenderer) -> None:
    facts = make_facts(BARE)
    page = render_card(facts, make_context(prose, facts))
    root = parse(page.body)
    assert [element.text for element in root.all("p", "cg-missing")] == [
        "No goal is written yet.",
        "No conclusions are written yet.",
    ]
    assert (page.title, page.description, page.facets) == ("qa-1", "", {})
    assert page.files == {"card.md": facts.card.folder / "card.md"}


def test_hints_of_the_template_are_not_shown(prose: ProseRenderer) -> None:
    text = (
        BARE + "## Goal\n\n<!-- One hypothesis -->\n\n## Conclusions\n\n<!-- two\n\nthree -->Yes.\n"
    )
    root = render(prose, text)
    assert "hypothesis" not in root.text
    assert "three" not in root.text
    assert root.part("conclusions").text == "Yes."
    assert root.part("goal").text == "No goal is written yet."


def test_title_description_and_facets(prose: ProseRenderer) -> None:
    text = (
        "---\ncode: qa-1\ntitle: A & B\nstatus: finished\ntags: [x, y]\n---\n"
        "## Goal\n\nWhy?\n\n## Conclusions\n\n**Because** of `it`. " + "word " * 80
    )
    facts = make_facts(text)
    page = render_card(facts, make_context(prose, facts))
    assert page.title == "qa-1 · A & B"
    assert page.description.startswith("Because of it. word word")
    assert len(page.description) <= 201
    assert page.facets == {"status": ("finished",), "tag": ("x", "y")}


# Results -------------------------------------------------------------------------------------


def test_the_best_checkpoint_is_marked_and_the_declared_metric_first(prose: ProseRenderer) -> None:
    table = render(prose, "---\ncode: qa-1\nmetric: eval/loss\n---\n", [make_run()]).one(
        "table", "cg-results"
    )
    assert [th.text for th in table.one("thead").all("th")] == [
        "step", "epoch", "eval/loss", "eval/f1",
    ]  # fmt: skip
    best = table.one("tr", "cg-best-row")
    assert best.one("th").text == "200"
    assert best.one("span", "cg-star").attributes["title"] == "best"
    assert "cg-declared" in best.all("td")[1].classes


def test_a_cell_has_few_digits_and_the_full_value_with_its_origin(prose: ProseRenderer) -> None:
    cell = render(prose, HEAD, [make_run(best=0.81234567)]).one("tr", "cg-best-row").all("td")[1]
    assert cell.text == "★ best 0.8123"
    assert cell.attributes["data-value"] == "0.81234567"
    assert cell.attributes["data-origin"] == "mlflow:8c1f step 200"
    assert cell.attributes["title"] == "0.81234567 · mlflow:8c1f, step 200"


def test_only_columns_that_exist(prose: ProseRenderer) -> None:
    text = BARE.replace("---\n", "---\nresults: [{epoch: 1, f1: 0.5}]\n", 1)
    heads = render(prose, text).one("table", "cg-results").one("thead").all("th")
    assert [th.text for th in heads] == ["epoch", "f1"]


def test_odd_numbers_are_shown_as_such(prose: ProseRenderer) -> None:
    run = Run(
        ref="mlflow:8c1f",
        tracker="mlflow",
        checkpoints=(
            Checkpoint(step=1, metrics={"f1": math.nan, "loss": math.inf}),
            Checkpoint(step=2, metrics={"f1": 0.5}),
            Checkpoint(step=3, metrics={"loss": -math.inf}),
        ),
    )
    rows = render(prose, BARE, [run]).one("table", "cg-results").one("tbody").all("tr")
    assert [[cell.text for cell in row.all("td")] for row in rows] == [
        ["NaN", "∞"],
        ["★ best 0.5000", "–"],
        ["–", "-∞"],
    ]


def test_runs_are_grouped_under_their_names(prose: ProseRenderer) -> None:
    runs = [make_run("mlflow:a", name="first"), make_run("mlflow:b", 0.9, name="second")]
    root = render(prose, HEAD, runs)
    table = root.all("table", "cg-results")[1]
    assert [group.text for group in table.all("tr", "cg-group")] == ["first 1", "second 2"]
    best = table.one("tr", "cg-best-row")
    assert best.attributes["data-origin"] == "mlflow:b step 200"
    assert {a.attributes["href"] for a in table.all("a", "cg-mark")} == {"#run-1", "#run-2"}
    assert [e.attributes["id"] for e in root.all("span", "cg-mark")] == ["run-1", "run-2"]


def test_last_values_stand_apart_unless_the_table_ends_with_them(prose: ProseRenderer) -> None:
    run = make_run(
        metrics={
            "eval/f1": Metric(value=0.8 - 0.1, step=300),
            "test/f1": Metric(value=0.75),
            "train/runtime": Metric(value=12.5),
        }
    )
    grid = render(prose, HEAD, [run]).one("dl", "cg-grid")
    assert [dt_.text for dt_ in grid.all("dt")] == ["test/f1", "train/runtime"]
    assert [dd.text for dd in grid.all("dd")] == ["0.7500", "12.500"]


def test_many_last_values_are_folded(prose: ProseRenderer) -> None:
    run = Run(ref="hf:x", tracker="hf", metrics={f"m{n:02}": Metric(value=n) for n in range(20)})
    part = render(prose, BARE, [run]).part("results")
    assert part.one("summary").text == "More metrics: 8"
    assert len(part.all("dt")) == 20


def test_a_declared_metric_that_nobody_recorded_is_said(prose: ProseRenderer) -> None:
    root = render(prose, "---\ncode: qa-1\nmetric: bleu\n---\n", [make_run()])
    assert "The declared metric, bleu, was not recorded." in root.part("results").text
    assert not root.all("tr", "cg-best-row")


def test_a_long_table_scrolls_in_its_box(prose: ProseRenderer) -> None:
    points = tuple(Checkpoint(step=n, metrics={"f1": n / 100}) for n in range(60))
    root = render(prose, BARE, [Run(ref="hf:x", tracker="hf", checkpoints=points)])
    box = root.one("div", "cg-tall")
    assert len(box.one("tbody").all("tr")) == 60
    assert box.attributes["tabindex"] == "0"


# Summary and baseline ------------------------------------------------------------------------


def tile(html: str, label: str) -> tuple[str, str]:
    """A tile's value and the line below it."""
    (found,) = (
        element for element in parse(html).all("div", "cg-tile") if element.one("dt").text == label
    )
    value, *below = found.all("dd")
    return value.text, below[0].text if below else ""


def render_beside(prose: ProseRenderer, own: float, other: float, extra: str = "") -> str:
    base = make_facts("---\ncode: qa-0\n---\n", [make_run(best=other)], code="qa-0")
    text = f"---\ncode: qa-1\nbaseline: qa-0\nmetric: eval/f1\n{extra}---\n"
    facts = make_facts(text, [make_run(best=own)])
    return render_card(facts, make_context(prose, facts, base)).body


def test_the_primary_value_is_large_and_says_where_it_was_measured(prose: ProseRenderer) -> None:
    facts = make_facts(HEAD, [make_run()])
    body = render_card(facts, make_context(prose, facts)).body
    assert tile(body, "eval/f1") == (
        "0.8000",
        "evaluation split · best of 3 checkpoints, step 200, epoch 2",
    )


def test_an_assumed_metric_is_said_to_be_assumed(prose: ProseRenderer) -> None:
    facts = make_facts(BARE, [make_run()])
    body = render_card(facts, make_context(prose, facts)).body
    assert tile(body, "eval/f1")[1].endswith("no metric is declared, so the first one was taken")


@pytest.mark.parametrize(
    ("best", "extra", "text", "verdict"),
    [
        ((0.8, 0.75), "", "+0.0500", "better"),
        ((0.7, 0.75), "", "−0.0500", "worse"),
        # With less being better, each card's best is its lowest: 0.6 beside 0.55.
        ((0.8, 0.75), "direction: min\n", "+0.0500", "worse"),
        ((0.75, 0.75), "", "±0", "equal"),
    ],
)
def test_the_baseline_s_difference_knows_what_is_better(
    prose: ProseRenderer, best: tuple[float, float], extra: str, text: str, verdict: str
) -> None:
    body = render_beside(prose, *best, extra)
    value, below = tile(body, "vs qa-0")
    assert value == text
    assert below.startswith(verdict)
    assert f"cg-tile-{verdict}" in body
    assert 'href="../qa-0/"' in body


def test_a_baseline_that_is_not_at_hand_is_only_named(prose: ProseRenderer) -> None:
    root = render(prose, "---\ncode: qa-1\nbaseline: qa-0\n---\n", [make_run()])
    assert "baseline qa-0" in root.one("div", "cg-head").text
    assert not [a for a in root.all("a") if "qa-0" in a.attributes.get("href", "")]
    assert not root.all("div", "cg-tile-better")


def test_a_baseline_of_itself_is_no_comparison(prose: ProseRenderer) -> None:
    root = render(prose, "---\ncode: qa-1\nbaseline: qa-1\n---\n", [make_run()])
    assert not root.all("div", "cg-tile-equal")


def test_what_supersedes_and_what_is_superseded_are_linked(prose: ProseRenderer) -> None:
    old = make_facts("---\ncode: qa-0\nstatus: superseded\n---\n", code="qa-0")
    new = make_facts("---\ncode: qa-1\nsupersedes: qa-0\n---\n")
    context = make_context(prose, old, new)
    heads = [parse(render_card(one, context).body).one("div", "cg-head") for one in (old, new)]
    assert "superseded by qa-1" in heads[0].text
    assert "supersedes qa-0" in heads[1].text
    assert [head.one("a").attributes["href"] for head in heads] == ["../qa-1/", "../qa-0/"]


# Commands, model, data, parameters -----------------------------------------------------------


def test_commands_are_exact_and_can_be_copied(prose: ProseRenderer) -> None:
    line = "python  train.py --name \"a 'b'\" --x '<y>' && echo $HOME \\\n  --lr 1e-4"
    root = render(prose, BARE, [make_run(commands=(Command(line=line),))])
    block = root.part("commands").one("div", "highlight")
    assert "copy" in block.classes
    assert block.children[0].tag == "pre"
    code = block.one("code")
    assert "".join(piece for piece in code.pieces if isinstance(piece, str)) == line
    # The theme names the block after the nearest id, and two of one name copy the same.
    assert not [e for e in root.part("commands").all() if "id" in e.attributes]


def test_commands_of_each_kind_have_their_name(prose: ProseRenderer) -> None:
    commands = tuple(Command(line=kind, kind=kind) for kind in ("other", "predict", "train"))
    part = render(prose, BARE, [make_run(commands=commands)]).part("commands")
    captions = [p.text for p in part.all("p", "cg-caption")]
    assert captions == ["Training", "Prediction", "Other", "Not recorded: 6"]
    assert [code.text for code in part.all("code")] == ["train", "predict", "other"]


def test_ids_of_the_hub_are_links_and_paths_are_not(prose: ProseRenderer) -> None:
    run = make_run(
        model=Model(name="allegro/plt5-base"),
        data=(Dataset(name="ipipan/polqa", context="training"), Dataset(name="data/dev.csv")),
        output=(Model(name="out/model", path="out/model"), Model(name="x", url="https://a.org/m")),
    )
    part = render(prose, BARE, [run]).part("model")
    assert [a.attributes["href"] for a in part.all("a")] == [
        "https://huggingface.co/allegro/plt5-base",
        "https://huggingface.co/datasets/ipipan/polqa",
        "https://a.org/m",
    ]
    assert [row.text for row in part.all("dt")] == [
        "Starting model", "Data · training", "Data", "Resulting model", "Resulting model",
    ]  # fmt: skip


def test_many_parameters_are_folded_and_telling_ones_come_first(prose: ProseRenderer) -> None:
    params = {f"a{n:02}": n for n in range(30)} | {"learning_rate": 1e-4, "optim/name": "adam"}
    text = BARE.replace("---\n", "---\nparams: {zz: 1}\n", 1)
    part = render(prose, text, [make_run(params=params)]).part("params")
    shown, folded = part.all("table")
    names = [th.text for th in shown.one("tbody").all("th")]
    assert names[:2] == ["zz", "learning_rate"]
    assert len(names) == 12
    assert len(folded.one("tbody").all("th")) == 33 - 12
    assert part.one("summary").text == "More parameters: 21"


def test_parameters_beside_the_baseline_s(prose: ProseRenderer) -> None:
    base = make_facts("---\ncode: qa-0\nparams: {lr: 0.1, depth: 2}\n---\n", code="qa-0")
    text = "---\ncode: qa-1\nbaseline: qa-0\nparams: {lr: 0.2, depth: 2, width: 4}\n---\n"
    part = render(prose, text, (), base).part("params")
    rows = {
        row.one("th").text: [td.text for td in row.all("td")] for row in part.one("tbody").all("tr")
    }
    assert rows == {"depth": ["2", ""], "lr": ["0.2", "0.1"], "width": ["4", "–"]}
    assert part.one("thead").all("th")[2].text == "In qa-0"


def test_runs_that_differ_in_a_parameter_are_told_apart(prose: ProseRenderer) -> None:
    runs = [
        make_run("mlflow:a", params={"lr": 1, "b": 2}),
        make_run("mlflow:b", params={"lr": 3, "b": 2}),
    ]
    body = render(prose, BARE, runs).part("params").one("tbody")
    assert [td.text for td in body.all("td")] == ["2", "1 1 · 3 2"]


def test_values_of_many_runs_are_cut(prose: ProseRenderer) -> None:
    runs = [Run(ref=f"mlflow:{n}", tracker="mlflow", params={"lr": n}) for n in range(40)]
    cell = render(prose, BARE, runs).part("params").one("td")
    assert len(cell.all("span", "cg-v")) == 13
    assert cell.text.endswith("and 28 more")


# Origins and differences ---------------------------------------------------------------------


def test_every_value_says_where_it_comes_from(prose: ProseRenderer) -> None:
    run = make_run(params={"lr": 0.1}, model=Model(name="m"), status="finished")
    root = render(prose, "---\ncode: qa-1\ndate: 2026-01-02\n---\n", [run])
    values = root.all("span", "cg-v")
    assert values
    for value in values:
        assert value.attributes["data-origin"]
        assert value.attributes["title"]
    date = next(value for value in values if value.text == "Jan 2, 2026")
    assert date.attributes["data-origin"] == "experiments/qa-1/card.md:3"
    assert date.attributes["title"] == "2026-01-02 · card.md:3"
    assert "cg-written" in date.classes
    status = next(value for value in values if value.text == "finished")
    assert status.attributes["data-origin"] == "mlflow:8c1f"


def test_sources_list_the_card_s_lines_and_what_each_run_gave(prose: ProseRenderer) -> None:
    run = make_run(params={"lr": 0.1, "b": 2}, unavailable=("commands", "source.commit", "odd"))
    text = "---\ncode: qa-1\nstatus: failed\nparams:\n  b: 2\n---\n"
    part = render(prose, text, [run]).part("sources")
    said = [dd.text for dd in part.all("dd")]
    assert said[0] == "status (line 3), parameters: b (line 5)"
    assert said[1] == "mlflow:8c1f parameters, results (6)"
    assert part.one("p", "cg-below").text == (
        "What mlflow left here cannot hold: commands, commit, odd."
    )
    assert [a.attributes["href"] for a in part.one("p", "cg-links").all("a")] == [
        "card.md",
        "evidence.json",
    ]


def test_where_card_and_run_differ_the_card_s_word_is_shown(prose: ProseRenderer) -> None:
    text = (
        "---\ncode: qa-1\nmetric: eval/f1\nstatus: finished\nparams: {lr: 0.2}\n"
        "results: [{step: 200, eval/f1: 0.9}]\ntrain: python other.py\n---\n"
    )
    run = make_run(params={"lr": 0.1}, status="failed", commands=(Command(line="python a.py"),))
    root = render(prose, text, [run])
    cell = root.one("tr", "cg-best-row").all("td")[1]
    assert "0.9000" in cell.text
    assert "cg-written" in cell.classes
    assert cell.one("a", "cg-differs").attributes["title"] == "mlflow:8c1f, step 200 recorded 0.8"
    rows = root.part("differences").one("tbody").all("tr")
    assert {row.one("th").text for row in rows} == {
        "results.eval/f1", "params.lr", "status", "train",
    }  # fmt: skip
    assert root.one("a", "cg-warn").text == "≠ differences: 4"
    assert "mlflow:8c1f recorded python a.py" in root.part("commands").text
    assert root.part("params").one("a", "cg-differs").attributes["title"].endswith("recorded 0.1")


# Source, environment, runs -------------------------------------------------------------------


def test_the_commit_is_a_link_and_uncommitted_changes_are_said(prose: ProseRenderer) -> None:
    source = Source(
        repository="https://user:secret@github.com/team/qa.git", commit="3bde138342e4", dirty=True
    )
    part = render(prose, BARE, [make_run(source=source)]).part("source")
    assert [a.attributes["href"] for a in part.all("a")] == [
        "https://github.com/team/qa",
        "https://github.com/team/qa/commit/3bde138342e4",
    ]
    assert "secret" not in str(part)
    assert part.all("dd")[-1].text == "yes"


def test_a_commit_without_a_repository_is_linked_by_the_settings(prose: ProseRenderer) -> None:
    own = Settings(repository="https://gitlab.com/team/qa")
    facts = make_facts(BARE, [make_run(source=Source(commit="3bde138342e4"))])
    body = render_card(facts, make_context(prose, facts, settings=own)).body
    assert "https://gitlab.com/team/qa/-/commit/3bde138342e4" in body


def test_runs_tell_their_times_files_and_tags(prose: ProseRenderer) -> None:
    run = make_run(
        name="polqa",
        url="javascript:alert(1)",
        started=dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC),
        finished=dt.datetime(2026, 1, 2, 5, 34, tzinfo=dt.UTC),
        tags={"gpu": "a100", "plain": ""},
        files=(RunFile(path="a.bin", size=1_500_000, digest="md5:1"),),
        environment=Environment(packages={"torch": "2.1", "Accelerate": "1"}),
        description="Two <b>lines</b>",
    )
    root = render(prose, BARE, [run])
    part = root.part("runs")
    assert "Jan 2, 2026, 03:04 UTC → Jan 2, 2026, 05:34 UTC (2 h 30 min)" in part.text
    assert not part.all("a")
    assert [chip.text for chip in part.all("span", "cg-tag")] == ["gpu: a100", "plain"]
    assert part.one("summary").text == "Files: 1"
    assert "1.5 MB" in part.text
    assert "Two <b>lines</b>" in part.text
    packages = root.part("environment").one("ul", "cg-packages")
    assert [li.text for li in packages.all("li")] == ["Accelerate 1", "torch 2.1"]


def test_a_run_that_is_part_of_another_names_it(prose: ProseRenderer) -> None:
    runs = [
        make_run("mlflow:a", name="sweep"),
        make_run("mlflow:b", name="fold", parent="mlflow:a"),
        make_run("mlflow:c", name="fold", parent="mlflow:z"),
    ]
    root = render(prose, BARE, runs)
    rows = [row.text for row in root.part("runs").all("div") if row.text.startswith("part of")]
    assert [row.split()[-1] for row in rows] == ["sweep", "mlflow:z"]
    by_run, by_step = root.all("table", "cg-results")
    assert [group.text for group in by_run.all("tr", "cg-group")] == ["sweep 1", "mlflow:z"]
    groups = [group.text for group in by_step.all("tr", "cg-group")]
    assert groups == ["sweep 1", "fold (2) 2", "fold (3) 3"]


def test_a_run_s_page_is_a_link_where_it_is_one(prose: ProseRenderer) -> None:
    root = render(prose, BARE, [make_run(url="https://mlflow.example.com/#/runs/8c1f")])
    assert root.part("runs").one("a").attributes["href"] == "https://mlflow.example.com/#/runs/8c1f"


# Files beside the page -----------------------------------------------------------------------


def test_figures_and_files_of_the_folder_are_published(prose: ProseRenderer) -> None:
    text = BARE + (
        "## Goal\n\n![a](figures/a%20b.png) ![b](./c.jpg) [d](data.csv) [e](../../secret.txt)\n"
        "![f](../qa-0/x.png) [g](.env) [h](run.sh) ![i](/etc/x.png) [j](card.md) ![k](a/../b.gif)\n"
    )
    facts = make_facts(text)
    page = render_card(facts, make_context(prose, facts))
    folder = facts.card.folder
    names = ("card.md", "figures/a b.png", "c.jpg", "data.csv", "b.gif")
    assert page.files == {name: folder / name for name in names}


def test_a_drawing_stands_in_the_page_and_has_no_address(
    prose: ProseRenderer, tmp_path: Path
) -> None:
    folder = tmp_path / "experiments" / "qa-1"
    folder.mkdir(parents=True)
    (folder / "a.svg").write_text("<svg><script>alert(1)</script></svg>", encoding="utf-8")
    (tmp_path / "out.svg").write_text("<svg/>", encoding="utf-8")
    (folder / "link.svg").symlink_to(tmp_path / "out.svg")
    text = BARE + "## Goal\n\n![a](a.svg) ![b](link.svg) ![c](no.svg) [d](a.svg)\n"
    facts = make_facts(text, root=tmp_path)
    page = render_card(facts, make_context(prose, facts, root=tmp_path))
    images = parse(page.body).part("goal").all("img")
    assert [image.attributes.get("src", "")[:26] for image in images] == [
        "data:image/svg+xml;base64,", "", "",
    ]  # fmt: skip
    assert [image.attributes["alt"] for image in images] == ["a", "b", "c"]
    assert set(page.files) == {"card.md"}
    assert 'href="a.svg"' not in page.body


def test_a_drawing_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("x" * 600_000, encoding="utf-8")
    assert read_drawing(tmp_path, "a.svg") is None


# Problems ------------------------------------------------------------------------------------


def test_prose_that_cannot_be_converted_says_which(prose: ProseRenderer) -> None:
    facts = make_facts(BARE + "## Goal\n\nx\n\n## Notes\n\n" + "y" * 70_000 + "\n")
    context = make_context(prose, facts)
    with pytest.raises(CannotRender) as caught:
        render_card(facts, context)
    (problem,) = caught.value.problems
    assert (problem.path, problem.line, problem.rule) == ("experiments/qa-1/card.md", 8, "prose")
    assert problem.message == (
        "The text of the section 'Notes' is over the 64 KB that a card may have."
    )
    page = render_broken(facts.card, caught.value.problems, context)
    assert problem.message in parse(page.body).text


def test_a_broken_card_s_page_says_all_that_is_wrong(prose: ProseRenderer) -> None:
    facts = make_facts("---\ncode: qa-1\ntitel: x\n---\n")
    problems = (*facts.card.problems, Problem("a.json", 0, "evidence", "warning", "<b>", "Go."))
    page = render_broken(facts.card, problems, make_context(prose))
    items = parse(page.body).all("li", "cg-problem")
    assert items[0].text == (
        "experiments/qa-1/card.md:3 unknown-key 'titel' is no key of a card. Did you mean 'title'?"
    )
    assert items[1].text == "a.json evidence <b> Go."
    assert page.path == "cards/qa-1/"
    assert page.title == "qa-1 · cannot be shown"
    assert_inert(page.body)


# The list ------------------------------------------------------------------------------------


def test_the_list_has_a_row_a_card(prose: ProseRenderer) -> None:
    base = make_facts("---\ncode: qa-0\n---\n", [make_run(best=0.75)], code="qa-0")
    text = (
        "---\ncode: qa-1\ntitle: <T>\nstatus: finished\ndate: 2026-01-02\ntags: [x]\n"
        "baseline: qa-0\nmetric: eval/f1\nmodel: org/m\n---\n"
    )
    card = make_facts(text, [make_run()])
    page = render_cards([base, card], make_context(prose))
    rows = parse(page.body).one("tbody").all("tr")
    assert rows[1].one("th").one("a").attributes["href"] == "../cards/qa-1/"
    assert rows[1].one("th").text == "qa-1 <T> x"
    cells = [td.text for td in rows[1].all("td")]
    assert cells == [
        "finished", "0.8000 eval/f1 step 200", "+0.0500 qa-0", "org/m", "Jan 2, 2026",
    ]  # fmt: skip
    assert rows[1].attributes["data-status"] == "finished"
    value = rows[1].one("td", "cg-at-value").attributes
    assert (value["data-metric"], value["data-value"]) == ("eval/f1", "0.8")
    assert page.path == "cards/"
    assert page.description == "Experiments: 2"


def test_the_table_for_the_home_page_leads_to_the_cards(prose: ProseRenderer) -> None:
    card = make_facts(BARE)
    html = render_card_table([card], make_context(prose), "./")
    assert parse(html).one("tbody").one("a").attributes["href"] == "./cards/qa-1/"
    assert "<h1" not in html


def test_a_broken_card_is_in_the_list(prose: ProseRenderer) -> None:
    card = make_facts("no front matter")
    html = render_card_table([card], make_context(prose))
    row = parse(html).one("tbody").one("tr")
    assert row.attributes["data-status"] == "broken"
    assert "cannot be shown" in row.text


def test_no_cards(prose: ProseRenderer) -> None:
    assert "There are no experiments yet." in render_cards([], make_context(prose)).body


def test_codes_that_need_quoting(prose: ProseRenderer) -> None:
    card = make_facts("---\ncode: x\n---\n", code="50% off #1?")
    html = render_card_table([card], make_context(prose))
    assert parse(html).one("tbody").one("a").attributes["href"] == (
        "./cards/50%25%20off%20%231%3F/"
    )


# Nothing runs, nothing breaks ----------------------------------------------------------------

PAYLOAD = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}javascript:alert(1)"


def test_no_field_of_card_or_evidence_becomes_markup(prose: ProseRenderer) -> None:
    run = Run(
        ref=f"mlflow:{PAYLOAD}", tracker=PAYLOAD, name=PAYLOAD, experiment=PAYLOAD, author=PAYLOAD,
        url=PAYLOAD, parent=PAYLOAD, description=PAYLOAD, tags={PAYLOAD: "", "a": PAYLOAD},
        commands=tuple(Command(line=PAYLOAD, kind=k) for k in ("train", "predict", "other")),
        source=Source(repository=PAYLOAD, branch=PAYLOAD, commit=PAYLOAD, entrypoint=PAYLOAD),
        params={PAYLOAD: PAYLOAD, "b": [PAYLOAD]}, metrics={PAYLOAD: Metric(value=1.0)},
        checkpoints=tuple(
            Checkpoint(step=n, path=PAYLOAD, metrics={PAYLOAD: n, "x": 1}) for n in (1, 2)
        ),
        curves=(Curve(metric=PAYLOAD + "/y", steps=(1, 2), values=(1.0, 2.0)),),
        model=Model(
            name=PAYLOAD, version=PAYLOAD, kind=PAYLOAD, url=PAYLOAD, path=PAYLOAD, digest=PAYLOAD
        ),
        data=(Dataset(name=PAYLOAD, url=PAYLOAD, context=PAYLOAD),),
        environment=Environment(python=PAYLOAD, os=PAYLOAD, packages={PAYLOAD: PAYLOAD}),
        files=(RunFile(path=PAYLOAD, digest=PAYLOAD),), unavailable=(PAYLOAD,),
    )  # fmt: skip
    quoted = "'" + PAYLOAD.replace("'", "''") + "'"
    text = (
        f"---\ncode: qa-1\ntitle: {quoted}\nauthors: [{quoted}]\ntags: [{quoted}]\n"
        f"baseline: {quoted}\nmetric: {quoted}\nparams: {{b: {quoted}}}\ntrain: {quoted}\n---\n"
        f"## {PAYLOAD}\n\n{PAYLOAD}\n"
    )
    facts = make_facts(text, [run])
    assert facts.title == PAYLOAD
    context = make_context(prose, facts)
    page = render_card(facts, context)
    assert_inert(page.body)
    assert "49" not in parse(page.body).one("h1").text
    assert page.body.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 30
    assert_inert(render_cards([facts], context).body)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(text=CARDS, evidence=EVIDENCE)
def test_any_card_with_any_evidence_has_a_page(
    text: str, evidence: Evidence, prose: ProseRenderer
) -> None:
    facts = make_facts(text, evidence.runs)
    context = make_context(prose, facts)
    assert_inert(render_card(facts, context).body)
    assert_inert(render_card_table([facts], context))


# Words ---------------------------------------------------------------------------------------


def find_used_labels() -> tuple[set[str], set[str]]:
    """The labels that templates and code name, and the beginnings of those they put together."""
    folder = Path(render_module.__file__).parent
    sources = [*folder.glob("templates/*.jinja"), *folder.rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    whole = set(re.findall(r"""labels\[f?["']([a-z_]+)["']\]""", text))
    whole |= set(re.findall(r"""labels\["([a-z_]+)" if""", text))
    begun = set(re.findall(r"""labels(?:\[|\.get\()f"([a-z_]+_)\{""", text))
    begun |= set(re.findall(r"""labels\['([a-z_]+_)' ~""", text))
    scripts = "\n".join(p.read_text(encoding="utf-8") for p in folder.glob("assets/js/*.js"))
    begun |= set(re.findall(r"labels\[`([a-z_]+_)\$", scripts))
    # Others are named in tuples, or handed to scripts by how they begin.
    quoted = set(re.findall(r"""["'.]([a-z]+(?:_[a-z]+)*_?)\b""", text + scripts))
    whole |= quoted & set(load_labels("en"))
    begun |= {name for name in quoted if name.endswith("_") and name != "_"}
    return whole, begun


def test_every_word_that_is_used_is_there_and_every_word_is_used() -> None:
    known = set(load_labels("en"))
    whole, begun = find_used_labels()
    assert whole - known == set()
    assert len(begun) > 5
    chosen = {"only_checkpoint", "best_checkpoint", "dirty_yes", "dirty_no"}
    left = known - whole - chosen
    assert {label for label in left if not label.startswith(tuple(begun))} == set()


@pytest.mark.parametrize("language", find_languages())
def test_a_page_in_each_language(language: str, prose: ProseRenderer) -> None:
    own = Settings(lang=language)
    facts = make_facts(HEAD.replace("metric", "status: failed\nmetric"), [make_run()], settings=own)
    page = render_card(facts, make_context(prose, facts, settings=own))
    labels = load_labels(language)
    assert page.language == language
    assert [heading.text for heading in page.contents][:3] == [
        labels["part_goal"], labels["part_conclusions"], labels["part_results"],
    ]  # fmt: skip
    assert page.facets["status"] == (labels["status_failed"],)


def test_a_context_of_its_own_converts_prose() -> None:
    facts = make_facts(BARE + "## Goal\n\n*x*\n")
    config = make_context(ProseRenderer()).config
    context = RenderContext.make(config, {facts.code: facts})
    try:
        assert "<em>x</em>" in render_card(facts, context).body
    finally:
        context.prose.close()


def test_a_suggested_goal_says_so_until_it_is_confirmed(prose: ProseRenderer) -> None:
    mark = '<!-- suggested by "mlflow:<b>": confirm it -->'
    page = render(prose, f"{BARE}## Goal\n\n{mark}\n\nDoes plT5 beat mT5?\n")
    assert "mlflow:<b>" in page.one("p", "cg-suggested").text
    page = render(prose, f"{BARE}## Goal\n\nDoes plT5 beat mT5?\n")
    assert not page.all("p", "cg-suggested")
