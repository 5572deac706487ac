"""Entries, the pages of the plain list, and the data of the table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cardgen.config import Settings
from cardgen.languages import load_labels
from cardgen.models import Checkpoint, Curve, Metric, Run
from cardgen.site.columns import TABLE, TEXTS, format_table, format_texts
from cardgen.site.index import Entry, EntryCache, make_entries, make_entry
from cardgen.site.listing import PAGE, format_row, render_list, render_table
from cardgen.site.plain import make_plain
from cardgen.site.prose import ProseRenderer
from cardgen.site.sparks import MAX_POINTS, encode_spark, make_spark
from tests.site import entries as generated
from tests.site.cards import assert_inert, make_context, make_facts, parse

HEAD = "---\ncode: {0}\nmetric: eval/f1\nstatus: finished\ndate: 2026-01-02\n{1}---\n{2}"
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer()
    yield renderer
    renderer.close()


def make_run(values: list[float], ref: str = "mlflow:1", **more: Any) -> Run:
    rows = tuple(
        Checkpoint(step=100 * n, metrics={"eval/f1": value}) for n, value in enumerate(values, 1)
    )
    return Run(ref=ref, tracker="mlflow", checkpoints=rows, **more)


def make_pair(prose: ProseRenderer, goal: str = "") -> tuple[Entry, ...]:
    base = make_facts(HEAD.format("qa-0", "", ""), [make_run([0.7, 0.75])], code="qa-0")
    front = (
        "title: T\nbaseline: qa-0\ntags: [b, a, b]\nauthors: Ann\nmodel: org/m\ndata: [d1, d2]\n"
    )
    text = HEAD.format("qa-1", f"{front}source: {{commit: '{'ab' * 20}'}}\n", goal)
    card = make_facts(text, [make_run([0.5, 0.8, 0.6])])
    return make_entries([base, card], make_context(prose))


# Entries ---------------------------------------------------------------------------------------


def test_an_entry_holds_the_card_in_brief(prose: ProseRenderer) -> None:
    entry = make_pair(prose, "## Goal\n\nA *bold* [idea](x.md).\n\n## Conclusions\n\nIt did.\n")[1]
    assert (entry.code, entry.title, entry.status, entry.date) == (
        "qa-1", "T", "finished", "2026-01-02",
    )  # fmt: skip
    assert (entry.tags, entry.authors, entry.data) == (("b", "a"), ("Ann",), ("d1", "d2"))
    assert (entry.metric, entry.direction, entry.value, entry.shown) == (
        "eval/f1", "max", 0.8, "0.8000",
    )  # fmt: skip
    assert (entry.origin, entry.place) == ("mlflow:1 step 200", "step 200")
    assert entry.difference == pytest.approx(0.05)
    assert (entry.difference_shown, entry.verdict, entry.baseline) == ("+0.0500", "better", "qa-0")
    assert entry.spark == (0.5, 0.8, 0.6)
    assert (entry.goal, entry.conclusions) == ("A bold idea.", "It did.")
    assert (entry.model, entry.commit) == ("org/m", "ab" * 20)


def test_a_bare_card_has_an_entry(prose: ProseRenderer) -> None:
    entry = make_entry(make_facts("---\ncode: qa-1\n---\n"), make_context(prose))
    assert (entry.value, entry.difference, entry.metric, entry.verdict) == (None, None, "", "")
    assert (entry.shown, entry.spark, entry.goal, entry.date) == ("", (), "", "")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_shown_and_not_compared(prose: ProseRenderer, value: float) -> None:
    facts = make_facts("---\ncode: qa-1\nmetric: x\n---\n", [
        Run(ref="mlflow:1", tracker="mlflow", metrics={"x": Metric(value=value)})
    ])  # fmt: skip
    entry = make_entry(facts, make_context(prose))
    assert entry.value is None
    assert entry.shown in ("NaN", "∞", "-∞")
    json.loads(format_table([entry], make_context(prose)), parse_constant=pytest.fail)


def test_an_entry_is_made_again_only_where_it_may_differ(prose: ProseRenderer) -> None:
    base = make_facts(HEAD.format("qa-0", "", ""), [make_run([0.75])], code="qa-0")
    card = make_facts(HEAD.format("qa-1", "baseline: qa-0\n", ""), [make_run([0.8])])
    cache, context = EntryCache(), make_context(prose, base, card)
    first = cache.make_entries([base, card], context)
    again = cache.make_entries([base, card], context)
    assert all(one is other for one, other in zip(first, again, strict=True))
    worse = make_facts(HEAD.format("qa-0", "", ""), [make_run([0.6])], code="qa-0")
    later = cache.make_entries([worse, card], replace(context, cards={"qa-0": worse, "qa-1": card}))
    assert later[1].difference == pytest.approx(0.2)
    assert later == make_entries([worse, card], make_context(prose, worse, card))


# Tiny curves -----------------------------------------------------------------------------------


def test_a_curve_is_thinned_and_keeps_its_ends() -> None:
    values = [n / 1000 for n in range(500)]
    spark = make_spark(make_facts(HEAD.format("qa-1", "", ""), [make_run(values)]))
    assert len(spark) == MAX_POINTS
    assert (spark[0], spark[-1]) == (0.0, 0.499)
    assert list(spark) == sorted(spark)


def test_a_curve_is_of_the_run_that_the_value_comes_from() -> None:
    runs = [make_run([0.1, 0.2]), make_run([0.8, 0.9, 0.7], "mlflow:2")]
    assert make_spark(make_facts(HEAD.format("qa-1", "", ""), runs)) == (0.8, 0.9, 0.7)


def test_a_metric_without_checkpoints_has_its_own_curve() -> None:
    curve = Curve(metric="eval/f1", steps=(1, 2, 3), values=(0.1, math.nan, 0.3))
    run = Run(
        ref="mlflow:1", tracker="mlflow", metrics={"eval/f1": Metric(value=0.3)}, curves=(curve,)
    )
    assert make_spark(make_facts(HEAD.format("qa-1", "", ""), [run])) == (0.1, 0.3)


def test_heights_of_a_curve() -> None:
    assert encode_spark([0.0, 1.0, 0.5]) in ("0Zu", "0Zv")
    assert encode_spark([2.0, 2.0]) == "vv"
    assert encode_spark([-1e308, 1e308]) == "0Z"
    assert encode_spark([]) == ""


# Plain text ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Use `lr=1e-4` **now**, _not_ later", "Use lr=1e-4 now, not later"),
        ("# A\n\n- one\n- two\n\n1. three", "A one two three"),
        ("![fig](a.png) and [b](c.md \"t\") and [d][e]", "fig and b and d"),
        ("snake_case_name * 2", "snake_case_name * 2"),
        ("<!-- hint -->text <b>bold</b>", "text bold"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", "| a | b | | 1 | 2 |"),
        ("```sh\nrun me\n```", "run me"),
    ],
)  # fmt: skip
def test_markdown_as_plain_text(markdown: str, text: str) -> None:
    assert make_plain(markdown, 300) == text


def test_plain_text_is_cut_behind_a_word() -> None:
    assert make_plain("word " * 200, 20) == "word word word…"
    assert len(make_plain("x" * 900, 300)) == 300


@pytest.mark.parametrize("sign", list("[]()*_`<>!#~|\\ -"))
def test_hostile_text_takes_no_time(sign: str) -> None:
    assert len(make_plain(sign * 60_000, 300)) <= 300


# Pages of the plain list -----------------------------------------------------------------------


def test_no_page_grows_with_the_number_of_cards(prose: ProseRenderer) -> None:
    count = 2 * PAGE + 1
    pages = list(render_list(generated.make_entries(count), make_context(prose)))
    assert [page.path for page in pages] == ["cards/", "list/2/", "list/3/"]
    rows = [parse(page.body).one("tbody").all("tr") for page in pages]
    assert [len(one) for one in rows] == [PAGE, PAGE, 1]
    codes = [row.attributes["data-code"] for page in rows for row in page]
    assert codes == [f"qa-{number}" for number in range(count)]
    assert [page.searched for page in pages] == [False] * 3
    assert [sorted(page.data) for page in pages] == [[TABLE, TEXTS], [], []]


def test_pages_of_the_list_lead_to_each_other(prose: ProseRenderer) -> None:
    pages = list(render_list(generated.make_entries(2 * PAGE + 1), make_context(prose)))
    ways = [parse(page.body).one("p", "cg-pages").all("a") for page in pages]
    links = [{a.attributes["rel"]: a.attributes["href"] for a in way} for way in ways]
    assert links == [
        {"next": "../list/2/"},
        {"prev": "../../cards/", "next": "../../list/3/"},
        {"prev": "../../list/2/"},
    ]
    row = parse(pages[2].body).one("tbody").one("tr")
    assert row.one("a").attributes["href"] == f"../../cards/qa-{2 * PAGE}/"


def test_the_list_of_another_page_begins_at_its_root(prose: ProseRenderer) -> None:
    html = parse(render_table(generated.make_entries(PAGE + 1), make_context(prose), "./"))
    assert html.one("tbody").all("a")[0].attributes["href"] == "./cards/qa-0/"
    assert html.one("p", "cg-pages").one("a").attributes["href"] == "./list/2/"


def test_a_short_list_has_one_page(prose: ProseRenderer) -> None:
    pages = list(render_list(generated.make_entries(3), make_context(prose)))
    assert len(pages) == 1
    assert not parse(pages[0].body).all("p", "cg-pages")


def test_no_text_of_an_entry_becomes_markup(prose: ProseRenderer) -> None:
    entry = replace(
        generated.make_entries(2)[1],
        code=EVIL, title=EVIL, tags=(EVIL,), model=EVIL, metric=EVIL, shown=EVIL, full=EVIL,
        origin=EVIL, place=EVIL, baseline=EVIL, date=EVIL, difference_shown=EVIL, verdict="better",
    )  # fmt: skip
    html = format_row(entry, f"../{EVIL}", make_context(prose))
    assert_inert(f"<table>{html}</table>")


# Data for the table ----------------------------------------------------------------------------


def test_columns_say_the_same_as_entries(prose: ProseRenderer) -> None:
    entries = (*make_pair(prose), *generated.make_entries(50))
    table = json.loads(format_table(entries, make_context(prose)))
    assert table["count"] == 52
    for number, entry in enumerate(entries):
        for name in ("model", "date", "metric", "verdict", "baseline", "place", "direction"):
            column = table["one"][name]
            at = column["at"][number]
            assert (column["values"][at] if at >= 0 else "") == getattr(entry, name), name
        for name, values in (("tag", entry.tags), ("data", entry.data), ("author", entry.authors)):
            column = table["many"][name]
            assert tuple(column["values"][at] for at in column["at"][number]) == values
        assert table["texts"]["code"][number] == entry.code
        assert table["texts"]["shown"][number] == entry.shown
        assert table["numbers"]["value"][number] == entry.value
        assert table["numbers"]["difference"][number] == entry.difference


def test_dates_and_numbers_are_those_of_the_language(prose: ProseRenderer) -> None:
    base = make_facts(HEAD.format("qa-0", "", ""), [make_run([0.75])], code="qa-0")
    card = make_facts(HEAD.format("qa-1", "baseline: qa-0\n", ""), [make_run([0.8])])
    context = make_context(prose, base, card, settings=Settings(lang="pl"))
    entries = make_entries([base, card], context)
    assert (entries[1].shown, entries[1].difference_shown) == ("0,8000", "+0,0500")
    assert (entries[1].full, entries[1].value) == ("0.8", 0.8)
    date = json.loads(format_table(entries, context))["one"]["date"]
    assert (date["values"], date["days"]) == (["2026-01-02"], ["2 sty 2026"])
    cell = parse(render_table(entries, context)).all("td", "cg-at-date")[0].one("time")
    assert (cell.attributes["datetime"], cell.text) == ("2026-01-02", "2 sty 2026")


def test_each_repeated_text_stands_once(prose: ProseRenderer) -> None:
    text = format_table(generated.make_entries(500), make_context(prose))
    assert text.count("allegro/plt5-base") == 1
    assert text.count('"polqa"') == 1
    assert "conclusions" not in json.loads(text)["texts"]


def test_texts_lie_in_a_file_of_their_own() -> None:
    entries = generated.make_entries(20)
    texts = json.loads(format_texts(entries))
    assert texts["goal"] == [entry.goal for entry in entries]
    assert texts["commit"] == [entry.commit for entry in entries]


def test_the_table_has_all_its_words(prose: ProseRenderer) -> None:
    labels = json.loads(format_table((), make_context(prose)))["labels"]
    wanted = {key for key in load_labels("en") if key.startswith("table_")}
    assert wanted <= set(labels)
    assert {"experiment", "status", "count_cards", "status_finished", "baseline_worse"} <= set(
        labels
    )


def test_a_lone_surrogate_does_not_end_the_build(prose: ProseRenderer) -> None:
    entry = replace(generated.make_entries(1)[0], title="a\udc80b")
    text = format_table([entry], make_context(prose))
    assert json.loads(text.encode())["texts"]["title"] == ["a\udc80b"]
