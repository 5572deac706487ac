"""Digests: what is shown of many cards at once, computed from real and generated cards."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from posixpath import normpath

import pytest

from cardgen.config import Config, load_config
from cardgen.facts import Facts
from cardgen.languages import find_languages
from cardgen.models import Checkpoint, Dataset, Model, Run
from cardgen.resolve import resolve
from cardgen.site.anchors import make_folder
from cardgen.site.context import RenderContext
from cardgen.site.digests import render_digests, render_tabs
from cardgen.site.digests.forest import cut_family, grow
from cardgen.site.digests.leaderboards import Ranker
from cardgen.site.digests.survey import Survey
from cardgen.site.digests.timeline import find_records
from cardgen.site.excerpts import BREAK, Passage, make_excerpts, root_links, split_problems
from cardgen.site.index import Entry, make_entries
from cardgen.site.page import Page
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card
from cardgen.site.scores import Score
from cardgen.store import find_cards, load_card
from tests.site.cards import Element, make_context, make_facts, parse

ROOT = Path(__file__).parents[2]
EVIL = """---
code: evil-1
title: "<script>window.ran=1</script><img src=x onerror=window.ran=1>"
tags: ["<svg onload=window.ran=1>", "'\\"><img src=x onerror=window.ran=1>"]
authors: ['" autofocus onfocus="window.ran=1']
model: "javascript:window.ran=1"
data: ["https://example.com/\\"onmouseover=\\"window.ran=1"]
results: [{step: 1, "<b onclick=window.ran=1>f1": 0.5}]
---

## Goal

<script>window.ran=1</script> <img src=x onerror="window.ran=1">

## Conclusions

[click](javascript:window.ran=1) [data](data:text/html,x) [root](cardgen-root:/javascript:x)
<iframe srcdoc="<script>parent.ran=1</script>"></iframe> <style>body{display:none}</style>

## Problems

- <form action="javascript:window.ran=1"><button>go</button></form>
- <b title="</div><script>window.ran=1</script>">b</b>
"""
SCRIPT = re.compile(r'<script type="application/json" id="cg-[a-z]+">[^<]*</script>')


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer()
    yield renderer
    renderer.close()


def render_all(context: RenderContext, facts: Mapping[str, Facts]) -> dict[str, Page]:
    """All digests of cards by their address."""
    excerpts = {code: render_card(one, context).excerpts for code, one in facts.items()}
    entries = make_entries(tuple(facts.values()), context)
    return collect(render_digests(entries, excerpts, context))


def collect(pages: Iterator[Page]) -> dict[str, Page]:
    found: dict[str, Page] = {}
    for page in pages:
        assert page.path not in found
        assert not page.searched
        found[page.path] = page
    return found


def take_apart(page: Page) -> Element:
    return parse(SCRIPT.sub("", page.body))


@pytest.fixture(scope="module")
def digits(prose: ProseRenderer) -> dict[str, Page]:
    """The digests of this project's own cards."""
    config = load_config(ROOT)
    cards = [load_card(config, path) for path in find_cards(config)]
    facts = {c.code: resolve(c, config.settings, config.label(c.path)) for c in cards}
    return render_all(RenderContext(config, prose, facts), facts)


def make_run(ref: str, values: Mapping[str, float], **changes: object) -> Run:
    given: dict[str, object] = {"ref": f"mlflow:{ref}", "tracker": "mlflow", "status": "finished"}
    given["checkpoints"] = (Checkpoint(step=10, metrics=dict(values)),)
    return Run(**(given | changes))  # type: ignore[arg-type]


def make_card(code: str, *runs: Run, head: str = "", text: str = "") -> Facts:
    refs = "".join(f"\n  - {run.ref}" for run in runs)
    body = text or "## Goal\n\nA goal.\n\n## Conclusions\n\nIt works.\n"
    listed = f"runs:{refs}\n" if runs else ""
    return make_facts(f"---\ncode: {code}\n{head}{listed}---\n\n{body}", runs, code=code)


def survey(prose: ProseRenderer, *facts: Facts) -> Survey:
    context = make_context(prose, *facts)
    entries = {entry.code: entry for entry in make_entries(facts, context)}
    return Survey(context, entries, {})


# This project's own cards --------------------------------------------------------------------


def test_the_best_card_on_a_data_set_is_the_first_thing_on_its_page(
    digits: dict[str, Page],
) -> None:
    page = take_apart(digits["data/digits-eval/"])
    winner = page.one("section", "cg-winner")
    first = next(child for child in page.children if child.tag not in ("h1", "nav"))
    assert first is winner
    for part in ("digits-5", "0.9805", "val/accuracy", "step 612", "+0.0139", "vs digits-2"):
        assert part in winner.text, part
    assert "lead over the linear model" in winner.text  # why: its conclusions
    assert winner.all("a")[0].attributes["href"] == "../../cards/digits-5/"


def test_a_leaderboard_ranks_all_cards_by_the_declared_metric_first(
    digits: dict[str, Page],
) -> None:
    page = take_apart(digits["tags/mlp/"])
    board = page.all("table", "cg-board")[0]
    rows = board.all("tr")[1:]
    assert [row.attributes["data-code"] for row in rows] == [
        "digits-5", "digits-8", "digits-7", "digits-6",
    ]  # fmt: skip
    assert rows[1].all("td")[-1].text == "−0.0028"
    cell = rows[0].all("td")[1]
    assert cell.attributes["data-value"] == "0.9805013927576601"
    assert cell.attributes["data-origin"].startswith("mlflow:eb6e39")
    titles = [summary.text for summary in page.all("summary")]
    assert any(title.startswith("val/loss lower is better") for title in titles)


def test_conclusions_are_newest_first_with_their_numbers(digits: dict[str, Page]) -> None:
    page = take_apart(digits["conclusions/"])
    stories = page.all("article", "cg-story")
    assert [s.attributes["data-code"] for s in stories] == [f"digits-{n}" for n in range(8, 0, -1)]
    text = stories[3].text
    for part in ("One hidden layer, trained with Adam", "0.9805", "+0.0139", "finished", "mlp"):
        assert part in text, part
    assert "A hidden layer of 128 units" in stories[3].one("p", "cg-asked").text
    assert "so the loss is the stronger evidence." in text


def test_each_problem_stands_alone_and_none_is_no_problem(digits: dict[str, Page]) -> None:
    page = take_apart(digits["problems/"])
    stories = {s.attributes["data-code"]: s for s in page.all("article", "cg-story")}
    assert "digits-1" not in stories
    parts = [part.text for part in stories["digits-7"].all("div", "cg-learnt")]
    assert len(parts) == 2
    assert parts[0].startswith("The crash: after epoch 17")
    assert parts[1].startswith("The accuracy:")


def test_the_tree_nests_cards_below_their_baselines(digits: dict[str, Page]) -> None:
    tree = take_apart(digits["tree/"]).one("ul", "cg-tree")

    def read(item: Element) -> tuple[str, list[object]]:
        node = item.children[0]
        below = [child for child in item.children[1:] if child.tag == "ul"]
        found = [read(li) for ul in below for li in ul.children if li.tag == "li"]
        return node.attributes["data-code"][-1], list(found)

    assert [read(li) for li in tree.children] == [
        ("1", [("2", [("3", []), ("5", [("6", []), ("7", []), ("8", [])])]), ("4", [])])
    ]


def test_the_timeline_marks_what_was_the_best_so_far(digits: dict[str, Page]) -> None:
    page = take_apart(digits["timeline/"])
    moments = page.all("li", "cg-moment")
    assert [m.attributes["data-code"] for m in moments if "cg-record" in m.classes] == [
        "digits-5",
        "digits-2",
    ]
    assert page.one("svg").all("a")[0].attributes["href"] == "../cards/digits-5/"


def test_every_link_leads_to_a_page(digits: dict[str, Page]) -> None:
    known = {*digits, "cards/", *(f"cards/digits-{n}/" for n in range(1, 9))}
    for path, page in digits.items():
        for link in take_apart(page).all("a"):
            href = link.attributes["href"].partition("#")[0].partition("?")[0]
            target = normpath(path + href) + "/" if href else path
            assert target in known, (path, link.attributes)


def test_tabs_name_the_page_they_stand_on(prose: ProseRenderer) -> None:
    tabs = parse(str(render_tabs("tree", make_context(prose), "../")))
    here = [a for a in tabs.all("a") if a.attributes.get("aria-current") == "page"]
    assert [a.attributes["href"] for a in here] == ["../tree/"]
    assert tabs.all("a")[0].attributes["href"] == "../cards/"


@pytest.mark.parametrize("language", find_languages())
def test_every_language_has_all_digests(prose: ProseRenderer, language: str) -> None:
    facts = make_card("qa-1", make_run("a", {"f1": 0.5}), head="tags: [a]\ndate: 2026-02-03\n")
    context = make_context(prose, facts)
    settings = context.settings.model_copy(update={"lang": language})
    context = replace(context, config=Config(root=context.config.root, settings=settings))
    pages = render_all(context, {"qa-1": facts})
    assert {"conclusions/", "problems/", "models/", "data/", "tags/a/", "tree/"} <= pages.keys()
    assert "2026" in take_apart(pages["timeline/"]).all("h2")[0].text


# Excerpts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "parts"),
    [
        ("<p>One.</p><p>Still one.</p>", ["<p>One.</p><p>Still one.</p>"]),
        ("<ul><li>a</li><li>b</li></ul>", ["<div>a</div>", "<div>b</div>"]),
        ("<p>Lead.</p><ul><li><p>a</p></li></ul>", ["<p>Lead.</p>", "<p>a</p>"]),
        ("<p>We tried:</p><ol><li>a</li></ol>", ["<p>We tried:</p><ol><li>a</li></ol>"]),
        ("<h3>A</h3><p>a</p><h4>x</h4><h3>B</h3>", ["<h3>A</h3><p>a</p><h4>x</h4>", "<h3>B</h3>"]),
        ('<p title="<li>">x</p>', ['<p title="<li>">x</p>']),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", ["<div>a<ul><li>b</li></ul></div>"]),
    ],
)
def test_problems_are_told_apart(html: str, parts: list[str]) -> None:
    assert split_problems(html) == parts


def test_an_excerpt_can_stand_on_any_page(prose: ProseRenderer) -> None:
    text = (
        "## Conclusions\n\n### A heading\n\n"
        "See [qa-2](../qa-2/), [the log](loss.csv), [above](#a-heading), ![](fig.png) and "
        "a note[^1]."
        "\n\n[^1]: The note.\n"
    )
    facts = make_card("qa-1", text=text)
    excerpt = render_card(facts, make_context(prose, facts)).excerpts["conclusions"]
    html = parse(root_links(excerpt, "../../"))
    assert all("id" not in element.attributes for element in html.all())
    assert not html.all("img")
    links = [a.attributes["href"] for a in html.all("a")]
    assert links[:3] == [
        "../../cards/qa-2/", "../../cards/qa-1/loss.csv", "../../cards/qa-1/#a-heading",
    ]  # fmt: skip
    assert all(link.startswith("../../cards/qa-1/#") for link in links[3:])


def test_an_endless_text_is_cut_and_what_says_nothing_is_left_out() -> None:
    long = Passage("conclusions", f"<p>{'word ' * 10_000}</p>", "word word")
    found = make_excerpts("cards/a/", [long, Passage("problems", "<p>Brak.</p>", "Brak.")])
    assert found == {"conclusions": "<p>word word…</p>"}


def test_an_unconfirmed_text_says_so() -> None:
    passage = Passage("problems", "<ul><li>a</li><li>b</li></ul>", "a b", "Suggested by <x>")
    found = make_excerpts("cards/a/", [passage])["problems"].split(BREAK)
    assert found == [
        '<p class="cg-suggested">Suggested by &lt;x&gt;</p><div>a</div>',
        "<div>b</div>",
    ]


# Leaderboards ----------------------------------------------------------------------------------


def test_equals_share_a_rank_and_what_is_no_number_comes_last(prose: ProseRenderer) -> None:
    values = {"a": 0.5, "b": math.nan, "c": 0.7, "d": 0.7, "e": 0.1, "f": math.inf}
    facts = [
        make_card(code, make_run(code, {"eval/f1": value}), head="metric: eval/f1\n")
        for code, value in values.items()
    ]
    board = Ranker(survey(prose, *facts)).rank(values)[0].boards[0]
    assert [(one.code, one.rank) for one in board.standings] == [
        ("c", "1"), ("d", "1"), ("a", "3"), ("e", "4"), ("b", ""), ("f", ""),
    ]  # fmt: skip
    assert board.equals == ("d",)
    assert [one.value for one in board.standings[4:]] == ["NaN", "∞"]


def test_less_is_better_where_a_card_says_so_or_the_name_does(prose: ProseRenderer) -> None:
    one = make_card("a", make_run("a", {"eval/loss": 0.5, "eval/odd": 3.0}))
    two = make_card(
        "b",
        make_run("b", {"eval_loss": 0.4, "eval/odd": 2.0}),
        head="metric: eval/odd\ndirection: min\n",
    )
    field = Ranker(survey(prose, one, two)).rank(["a", "b"])[0]
    boards = {board.metric.key: board for board in field.boards}
    assert boards["eval/loss"].first.code == "b"  # type: ignore[union-attr]
    assert boards["eval/odd"].first.code == "b"  # type: ignore[union-attr]
    assert boards["eval/loss"].total == 2  # one metric, however it is written


def test_seeds_are_ranked_by_their_mean(prose: ProseRenderer) -> None:
    seeds = [
        make_run(f"s{n}", {"eval/f1": value}, params={"seed": n, "lr": 0.1})
        for n, value in enumerate((0.9, 0.5))
    ]
    several = make_card("a", *seeds, head="metric: eval/f1\n")
    single = make_card("b", make_run("b", {"eval/f1": 0.8}), head="metric: eval/f1\n")
    board = Ranker(survey(prose, several, single)).rank(["a", "b"])[0].boards[0]
    assert [one.code for one in board.standings] == ["b", "a"]
    assert board.standings[1].value == "0.70 ± 0.28"
    assert board.standings[1].place == "seeds: 2"


def test_only_what_was_measured_on_the_same_data_is_compared(prose: ProseRenderer) -> None:
    def on(code: str, data: str, value: float) -> Facts:
        sets = (Dataset(name="common", context="training"), Dataset(name=data, context="test"))
        run = make_run(code, {"f1": value}, data=sets, model=Model(name="m"))
        return make_card(code, run)

    facts = [on("a", "easy", 0.9), on("b", "hard", 0.5), on("c", "hard", 0.6)]
    ranker = Ranker(survey(prose, *facts))
    fields = ranker.rank(["a", "b", "c"])
    assert [(f.data, [s.code for s in f.boards[0].standings]) for f in fields] == [
        (("hard",), ["c", "b"]),
        (("easy",), ["a"]),
    ]
    assert ranker.rank(["a", "b", "c"], "easy")[0].data == ("easy",)
    pages = render_all(make_context(prose, *facts), {one.code: one for one in facts})
    headings = [h.text for h in take_apart(pages["models/m/"]).all("h2")]
    assert headings == ["Measured on hard", "Measured on easy"]
    assert "cg-winner" in pages["data/common/"].body


def test_the_best_of_each_model_on_a_data_set(prose: ProseRenderer) -> None:
    def by(code: str, model: str, value: float) -> Facts:
        run = make_run(code, {"f1": value}, data=(Dataset(name="d"),), model=Model(name=model))
        return make_card(code, run)

    facts = [by("a", "big", 0.9), by("b", "small", 0.5), by("c", "small", 0.7)]
    pages = render_all(make_context(prose, *facts), {one.code: one for one in facts})
    table = take_apart(pages["data/d/"]).all("table", "cg-board")[0]
    assert [row.all("th")[0].text for row in table.all("tr")[1:]] == ["big", "small"]
    assert "c" in table.all("tr")[2].text.split()


# Trees and times -------------------------------------------------------------------------------


def make_entry(code: str, **changes: object) -> Entry:
    given = dict.fromkeys(("model", "metric", "shown", "full", "origin", "place"), "")
    given |= dict.fromkeys(("difference_shown", "verdict", "goal", "conclusions", "commit"), "")
    given |= {"title": "", "status": "finished", "date": "2026-01-01", "baseline": ""}
    lists: dict[str, object] = dict.fromkeys(("authors", "tags", "data", "supersedes", "spark"), ())
    rest = {"broken": False, "direction": "max", "value": None, "difference": None}
    return Entry(code=code, **(given | lists | rest | changes))  # type: ignore[arg-type]


def list_shown(entries: list[Entry], depth: int = 12, nodes: int = 300) -> list[str]:
    forest = grow(entries)
    found = []
    for root in forest.roots:
        for piece in cut_family(root, forest, depth, nodes):
            assert piece.count <= nodes
            below = [child for children in piece.shown.values() for child in children]
            found += below if piece.spot != (root, 0) else [root, *below]
    return found


@pytest.mark.parametrize("parent", [lambda n: n - 1, lambda _: 0, lambda n: (n - 1) // 2])
def test_any_family_is_cut_into_pieces_that_hold_each_card_once(parent) -> None:  # type: ignore[no-untyped-def]
    entries = [make_entry("c0")]
    entries += [make_entry(f"c{n}", baseline=f"c{parent(n)}") for n in range(1, 5000)]
    shown = list_shown(entries)
    assert len(shown) == 5000
    assert len(set(shown)) == 5000


def test_a_circle_of_baselines_is_cut_and_marked(prose: ProseRenderer) -> None:
    entries = [
        make_entry("a", baseline="c"), make_entry("b", baseline="a"),
        make_entry("c", baseline="b"), make_entry("d", baseline="b"),
        make_entry("e", baseline="e"), make_entry("f", baseline="gone"),
        make_entry("g", supersedes=("f",)),
    ]  # fmt: skip
    forest = grow(entries)
    assert forest.roots == ("a", "e", "f")
    assert forest.looped == {"a"}
    assert forest.children["f"] == ("g",)
    page = collect(render_digests(entries, {}, make_context(prose)))["tree/"]
    assert len(take_apart(page).all("span", "cg-node-loop")) == 1
    assert "Without relatives: e" in take_apart(page).text


def test_records_follow_the_direction_and_the_data() -> None:
    losses = [
        make_entry(f"l{n}", metric="eval/loss", direction="min", value=value, measured=("d",))
        for n, value in enumerate((3.0, 4.0, 2.0, 2.0))
    ]
    other = make_entry("x", metric="eval/loss", direction="min", value=1.0, measured=("other",))
    none = make_entry("y", metric="eval/loss", value=None)
    records = find_records([*losses, other, none])
    assert [(r.data, set(r.best)) for r in records] == [
        (("d",), {"l0", "l2"}),
        (("other",), {"x"}),
    ]


# Many cards and hostile ones -------------------------------------------------------------------


def test_no_page_grows_with_the_number_of_cards(prose: ProseRenderer) -> None:
    def make(count: int) -> dict[str, Page]:
        entries = [
            make_entry(
                f"qa-{n}",
                tags=("all", f"t{n}"),
                conclusions="c",
                troubled=True,
                metric="f1",
                value=n / count,
                shown="0.5",
                scores=(Score("f1", n / count), *(Score(f"m{k}", n / count) for k in range(20))),
                date=f"{2020 + n % 5}-0{1 + n % 9}-10",
                baseline=f"qa-{n - 1}" if n % 7 else "",
            )
            for n in range(count)
        ]
        excerpts = {e.code: {"conclusions": "<p>c</p>", "problems": "<p>p</p>"} for e in entries}
        return collect(render_digests(entries, excerpts, make_context(prose)))

    few, many = make(400), make(1000)
    for kind in ("conclusions/", "problems/", "tags/page", "tags/all", "tree/", "timeline/"):
        small, large = (
            max(len(page.body) for path, page in pages.items() if path.startswith(kind))
            for pages in (few, many)
        )
        assert large < 1.7 * small, kind
    assert "conclusions/10/" in many
    assert "tags/page/5/" in many
    for page in many.values():
        assert page.body.count("data-cg-item ") <= 250


def test_all_cards_stand_in_the_pages_of_a_digest_once(prose: ProseRenderer) -> None:
    entries = [make_entry(f"qa-{n}", conclusions="c", baseline="qa-0") for n in range(350)]
    pages = collect(render_digests(entries, {}, make_context(prose)))
    for kind in ("conclusions", "timeline", "tree"):
        held = [page for path, page in pages.items() if path.startswith(f"{kind}/")]
        codes = re.findall(r'data-code="([^"]+)"', "".join(page.body for page in held))
        if kind == "tree":  # a family that goes on begins with its first card again
            codes = list(dict.fromkeys(codes))
        assert sorted(codes) == sorted(e.code for e in entries), kind
    first = take_apart(pages["tree/"])
    rest = first.one("li", "cg-node-rest").one("a").attributes["href"]
    assert rest.startswith("./2/#")
    assert f'id="{rest.partition("#")[2]}"' in pages["tree/2/"].body


def test_nothing_of_a_hostile_card_is_markup(prose: ProseRenderer) -> None:
    evil = make_facts(EVIL, code="evil-1")
    rest = make_card("qa-1", head='baseline: evil-1\ntags: ["../../x", "page"]\n')
    pages = render_all(make_context(prose, evil, rest), {"evil-1": evil, "qa-1": rest})
    for page in pages.values():
        for element in take_apart(page).all():
            assert element.tag not in ("script", "img", "iframe", "style", "form", "svg"), page.path
            assert not [name for name in element.attributes if name.startswith("on")], page.path
            href = element.attributes.get("href", "")
            assert not href.lower().startswith(("javascript", "data:", "//")), href
    assert re.fullmatch(r"[a-z0-9-]+", make_folder("../../x"))


def test_a_card_that_cannot_be_shown_is_named(prose: ProseRenderer) -> None:
    entries = [
        make_entry("a", conclusions="Learnt <b>.", status="finished"),
        make_entry("b", broken=True),
        make_entry("c"),
    ]
    page = collect(render_digests(entries, {}, make_context(prose)))["conclusions/"]
    text = take_apart(page).text
    assert "Learnt <b>." in text  # its page's prose is not at hand
    assert "Nothing written yet: c" in text
    assert "Cannot be shown: b" in text


def test_without_cards_each_digest_says_so(prose: ProseRenderer) -> None:
    pages = collect(render_digests([], {}, make_context(prose)))
    assert set(pages) == {
        "conclusions/", "problems/", "models/", "data/", "tags/", "tree/", "timeline/",
    }  # fmt: skip
    assert all("cg-missing" in page.body for page in pages.values())
