"""From a card to others: earlier versions, the same model, data or tag, and what was changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.models import Checkpoint, Curve, Dataset, Model, Run
from cardgen.site.anchors import make_folder
from cardgen.site.prose import ProseRenderer
from cardgen.site.related import MOST_COUNTED, find_earlier, find_links
from cardgen.site.render import render_card
from tests.site.cards import Element, make_context, make_facts, parse


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer()
    yield renderer
    renderer.close()


def make_card(code: str, head: str = "", value: float = 0.5, **values: object) -> Facts:
    rows = (Checkpoint(step=1, metrics={"eval/f1": value, "eval/loss": 1 - value}),)
    run = Run(ref=f"hf:{code}", tracker="hf", checkpoints=rows, **values)
    text = f"---\ncode: {code}\nmetric: eval/f1\n{head}---\n\n## Goal\n\ng\n"
    return make_facts(text, [run], code=code)


def page_of(prose: ProseRenderer, *cards: Facts, settings: Settings | None = None) -> Element:
    context = make_context(prose, *cards, settings=settings)
    return parse(render_card(cards[0], context).body)


def test_versions_go_back_to_the_first(prose: ProseRenderer) -> None:
    cards = (
        make_card("qa-3", "supersedes: [qa-2]\n", 0.7),
        make_card("qa-2", "supersedes: [qa-1]\ntitle: Second\n", 0.6),
        make_card("qa-1", "", 0.5),
        make_card("qa-9"),
    )
    rows = page_of(prose, *cards).one("table", "cg-versions").one("tbody").all("tr")
    assert [row.one("th").text for row in rows] == ["qa-3 this card", "qa-2 Second", "qa-1"]
    assert [row.one("td", "cg-number").text for row in rows] == ["0.7000", "0.6000", "0.5000"]
    assert [a.attributes["href"] for row in rows for a in row.all("a")] == ["../qa-2/", "../qa-1/"]


def test_versions_in_a_circle_end(prose: ProseRenderer) -> None:
    cards = (make_card("a", "supersedes: [b]\n"), make_card("b", "supersedes: [a, b, gone]\n"))
    context = make_context(prose, *cards)
    assert [one.code for one in find_earlier(cards[0], context)] == ["b"]


def test_what_others_have_too_is_a_link_to_its_page(prose: ProseRenderer) -> None:
    model, data = Model(name="allegro/plt5-base"), (Dataset(name="polqa"), Dataset(name="own"))
    cards = (
        make_card("qa-1", "tags: [żółw, alone]\n", model=model, data=data),
        make_card("qa-2", "tags: [żółw]\n", model=model, data=data[:1]),
    )
    found = find_links(cards[0], make_context(prose, *cards))
    assert {kind: [(one.name, one.cards) for one in links] for kind, links in found.items()} == {
        "models": [("allegro/plt5-base", "2")],
        "data": [("polqa", "2")],
        "tags": [("żółw", "2")],
    }
    assert found["models"][0].url == f"../../models/{make_folder('allegro/plt5-base')}/"
    tags = page_of(prose, *cards).one("div", "cg-head").all("span", "cg-tag")
    assert [tag.one("a").attributes["href"] for tag in tags] == [
        f"../../tags/{make_folder('żółw')}/",
        "../../tags/alone/",
    ]


def test_a_page_does_not_change_with_each_card_of_a_popular_tag(prose: ProseRenderer) -> None:
    cards = [make_card(f"qa-{n}", "tags: [all]\n") for n in range(MOST_COUNTED + 5)]
    few, more = make_context(prose, *cards[:-1]), make_context(prose, *cards)
    assert find_links(cards[0], few) == find_links(cards[0], more)
    assert find_links(cards[0], more)["tags"][0].cards == f"{MOST_COUNTED}+"


# Beside the baseline ------------------------------------------------------------------------


def test_each_metric_stands_beside_the_baselines(prose: ProseRenderer) -> None:
    cards = (make_card("qa-1", "baseline: qa-0\n", 0.75), make_card("qa-0", "", 0.5))
    table = page_of(prose, *cards).one("table", "cg-against").one("tbody")
    assert [[cell.text for cell in row.all()[0:1] + row.all("td")] for row in table.all("tr")] == [
        ["eval/f1", "0.7500", "0.5000", "+0.2500 better"],
        ["eval/loss", "0.2500", "0.5000", "−0.2500 better"],
    ]
    own = table.all("tr")[0].all("td")[0].one("span", "cg-v")
    assert own.attributes["data-origin"] == "hf:qa-1 step 1"
    base = table.all("tr")[0].all("td")[1].one("span", "cg-v")
    assert base.attributes["data-origin"] == "hf:qa-0 step 1"


def test_worse_is_a_word_and_not_a_colour_alone(prose: ProseRenderer) -> None:
    cards = (make_card("qa-1", "baseline: qa-0\n", 0.25), make_card("qa-0", "", 0.5))
    cells = page_of(prose, *cards).one("table", "cg-against").all("span", "cg-worse")
    assert [cell.text for cell in cells] == ["−0.2500 worse", "+0.2500 worse"]


def test_no_baseline_no_table(prose: ProseRenderer) -> None:
    for head in ("", "baseline: gone\n", "baseline: qa-1\n"):
        assert not page_of(prose, make_card("qa-1", head)).all("table", "cg-against")


def test_what_was_changed_stands_at_the_head(prose: ProseRenderer) -> None:
    cards = (
        make_card("qa-1", "baseline: qa-0\n", params={"lr": 0.1, "seed": 1, "new": "x"}),
        make_card("qa-0", params={"lr": 1e-4, "seed": 1, "gone": True}),
    )
    root = page_of(prose, *cards)
    changes = [change.text for change in root.one("p", "cg-why").all("span", "cg-change")]
    assert changes == ["lr 0.0001 → 0.1", "new – → x", "gone true → –"]
    names = [row.all("th")[0].text for row in root.one("table", "cg-params").all("tr")[1:]]
    assert names == ["lr", "new", "gone", "seed"]


def test_nothing_changed_is_said(prose: ProseRenderer) -> None:
    cards = (
        make_card("qa-1", "baseline: qa-0\n", params={"lr": 0.1}),
        make_card("qa-0", params={"lr": "1e-1"}),
    )
    assert "No parameter differs from qa-0" in page_of(prose, *cards).one("p", "cg-why").text


def test_the_test_split_stands_beside_the_one_that_chose(prose: ProseRenderer) -> None:
    rows = (
        Checkpoint(step=1, metrics={"val/f1": 0.9, "test/f1": 0.7}),
        Checkpoint(step=2, metrics={"val/f1": 0.8, "test/f1": 0.99}),
    )
    run = Run(ref="hf:x", tracker="hf", checkpoints=rows)
    facts = make_facts("---\ncode: qa-1\nmetric: val/f1\n---\n", [run])
    tile = page_of(prose, facts).one("div", "cg-tile-primary")
    assert tile.all("dd")[0].text == "0.9000"
    assert tile.all("dd")[1].text == (
        "evaluation split · best of 2 checkpoints, step 1 · test/f1: 0.7000"
    )


# Actions ------------------------------------------------------------------------------------


def test_the_card_can_be_compared_and_edited(prose: ProseRenderer) -> None:
    cards = (make_card("qa-1", "baseline: qa-0\n"), make_card("qa-0"))
    own = Settings(repository="git@github.com:team/lab.git")
    actions = page_of(prose, *cards, settings=own).one("p", "cg-actions")
    links = {a.text: a.attributes["href"] for a in actions.all("a")}
    assert links["Compare with qa-0"] == "../../compare/?cards=qa-0,qa-1"
    edit = "https://github.com/team/lab/edit/main/experiments/qa-1/card.md"
    assert links["Edit this card"] == edit
    assert {"card.md", "evidence.json", "card.json"} <= set(links)
    assert actions.one("input").attributes["data-cg-pick"] == "qa-1"


@pytest.mark.parametrize(
    ("repository", "way"),
    [
        ("https://gitlab.example.org/a/b", "/-/edit/main/experiments/qa-1/card.md"),
        ("https://codeberg.org/a/b.git", "/_edit/main/experiments/qa-1/card.md"),
        ("https://bitbucket.org/a/b", "/src/main/experiments/qa-1/card.md?mode=edit"),
        ("https://git.example.org/a/b", ""),
        ("javascript:alert(1)//github.com/a/b", ""),
        (str(Path("/srv/git")), ""),
    ],
)
def test_each_host_has_its_own_page_to_edit_on(
    prose: ProseRenderer, repository: str, way: str
) -> None:
    root = page_of(prose, make_card("qa-1"), settings=Settings(repository=repository))
    links = [a.attributes["href"] for a in root.one("p", "cg-actions").all("a")]
    edits = [link for link in links if "edit" in link]
    assert [link.endswith(way) for link in edits] == [True] * bool(way)


def test_curves_alone_have_nothing_to_compare(prose: ProseRenderer) -> None:
    run = Run(ref="hf:x", tracker="hf", curves=(Curve(metric="loss", steps=(1,), values=(1.0,)),))
    facts = make_facts("---\ncode: qa-1\nbaseline: qa-0\n---\n", [run])
    assert not page_of(prose, facts, make_card("qa-0")).all("table", "cg-against")
