"""Quoted values and accepted findings on the site: shown with their origin, never stale."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardgen.config import Settings, load_config
from cardgen.evidence import format_evidence
from cardgen.facts import Facts
from cardgen.models import Checkpoint, Evidence, Run
from cardgen.site.index import EntryCache, make_entry
from cardgen.site.links import line_url
from cardgen.site.live import LiveSite
from cardgen.site.livevalues import LiveTexts
from cardgen.site.page import Page
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card
from cardgen.site.server import Server
from cardgen.site.speech import speaking
from tests.projects import Project
from tests.site.cards import Element, make_context, make_facts, parse
from tests.site.payloads import PAYLOADS
from tests.site.test_browser_shell import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as BrowserPage

RUN = Run(
    ref="mlflow:b",
    tracker="mlflow",
    checkpoints=(
        Checkpoint(step=100, metrics={"eval/f1": 0.5}),
        Checkpoint(step=200, metrics={"eval/f1": 0.612}),
    ),
    params={"optimizer": "adamw", "lr": 3e-5},
)
BASE = make_facts(
    "---\ncode: qa-0\nmetric: eval/f1\nruns: [mlflow:b]\n---\n## Goal\nIt is [[eval/f1]].\n",
    [RUN],
    code="qa-0",
)
HEAD = "code: qa-1\nmetric: eval/f1\nresults: [{step: 7, eval/f1: 0.75}]\n"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


def write(body: str, head: str = "") -> Facts:
    return make_facts(f"---\n{HEAD}{head}---\n{body}")


def make_page(prose: ProseRenderer, facts: Facts, *others: Facts, lang: str = "en") -> Page:
    context = make_context(prose, facts, *others, settings=Settings(lang=lang))
    return render_card(facts, context)


def goal(prose: ProseRenderer, text: str, head: str = "", lang: str = "en") -> Element:
    page = make_page(prose, write(f"## Goal\n{text}\n", head), BASE, lang=lang)
    return parse(page.body).part("goal")


# The card's page -------------------------------------------------------------------------------


def test_a_value_of_another_card_is_a_number_with_its_origin_and_a_link(
    prose: ProseRenderer,
) -> None:
    shown = goal(prose, "More than [[qa-0:eval/f1|.1%]]?")
    assert shown.text == "More than 61.2% ?"
    value = shown.one("span", "cg-live")
    assert value.attributes["data-origin"] == "mlflow:b step 200"
    assert value.attributes["title"] == "qa-0 eval/f1: 0.612 · mlflow:b, step 200"
    assert value.attributes["data-card"] == "qa-0"
    assert value.one("a").attributes["href"] == "../qa-0/"


def test_a_value_of_the_card_itself_has_no_link_and_says_who_wrote_it(prose: ProseRenderer) -> None:
    value = goal(prose, "It is [[eval/f1]].").one("span", "cg-live")
    assert value.text == "0.7500"
    assert value.attributes["title"] == "eval/f1: 0.75 · card.md:4"
    assert "cg-written" in value.classes
    assert not value.all("a")


def test_a_difference_has_a_sign_and_both_origins(prose: ProseRenderer) -> None:
    shown = goal(prose, "[[eval/f1 - qa-0:eval/f1]] and [[qa-0:eval/f1 - eval/f1|.1%]]")
    assert shown.text == "+0.1380 and −13.8%"
    value = shown.all("span", "cg-live")[0]
    assert value.attributes["data-origin"] == "experiments/qa-1/card.md:4, mlflow:b step 200"
    assert "0.75 − qa-0 eval/f1: 0.612" in value.attributes["title"]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "0.6120 61.2% 3.0e-05"),
        ("pl", "0,6120 61,2% 3,0e-05"),
        ("fr", "0,6120 61,2 % 3,0e-05"),
        ("ru", "0,6120 61,2 % 3,0e-05"),
        ("zh", "0.6120 61.2% 3.0e-05"),
    ],
)
def test_numbers_are_written_as_the_page_writes_them(
    prose: ProseRenderer, lang: str, said: str
) -> None:
    text = "[[qa-0:eval/f1]] [[qa-0:eval/f1|.1%]] [[qa-0:params/lr|.1e]]"
    assert goal(prose, text, lang=lang).text == said


@pytest.mark.parametrize("written", ["1e-4", "0.0001", "2e-5", "32", "adamw", "true"])
def test_a_parameter_is_written_as_in_the_table_of_parameters(
    prose: ProseRenderer, written: str
) -> None:
    page = make_page(prose, write("## Goal\nWith [[params/x]].\n", f"params: {{x: {written}}}\n"))
    parsed = parse(page.body)
    (cell,) = (row.one("td").text for row in parsed.part("params").all("tr") if row.all("td"))
    assert parsed.part("goal").one("span", "cg-live").text == cell


def test_what_is_not_there_stays_and_is_marked(prose: ProseRenderer) -> None:
    for inner in ("qa-9:eval/f1", "eval/f9", "eval/f1@8", "eval/f1|wide", "qa-0:params/a<b>"):
        page = make_page(prose, write(f"## Goal\nIt is [[{inner}]].\n"), BASE)
        found = parse(page.body).part("goal").all("span", "cg-live-missing")
        if "<" in inner:  # no name of anything
            assert not found
            continue
        assert found[0].text.startswith(f"[[{inner}]]"), inner
        assert found[0].attributes["title"] == "No such value is known"
        assert page.description == f"It is [[{inner}]]."


def test_code_comments_and_links_keep_what_was_written(prose: ProseRenderer) -> None:
    text = (
        "`[[eval/f1]]` and <code>[[eval/f1]]</code> and <!-- [[eval/f1]] --> "
        "[[x]](https://example.com)\n\n```\n[[eval/f1]]\n```\n"
    )
    shown = goal(prose, text)
    assert [code.text for code in shown.all("code")] == ["[[eval/f1]]"] * 3
    assert not shown.all("span", "cg-live")
    assert shown.one("a").text == "[x]"


def test_values_stand_in_tables_headings_links_formulas_and_attributes(
    prose: ProseRenderer,
) -> None:
    text = (
        "### From [[eval/f1]]\n\n| a | b |\n| - | - |\n| [[eval/f1|.1%]] | [[qa-0:eval/f1]] |\n\n"
        '[the [[qa-0:eval/f1]]](https://example.com "is [[eval/f1]]")\n\n$x = [[eval/f1]]$\n'
    )
    page = make_page(prose, write(f"## Goal\n{text}\n"), BASE)
    shown = parse(page.body).part("goal")
    assert [cell.text for cell in shown.all("td")] == ["75.0%", "0.6120"]
    heading = next(one for one in page.contents if one.level == 3)
    assert (heading.text, heading.anchor) == ("From 0.7500", "from-value-0")
    assert shown.one("h3").attributes["id"] == "from-value-0"
    link = next(one for one in shown.all("a") if "example" in one.attributes["href"])
    assert (link.text, link.attributes["title"]) == ("the 0.6120", "is 0.7500")
    assert not link.all("a")
    assert shown.one("span", "arithmatex").text == r"\(x = 0.7500\)"


@pytest.mark.parametrize("payload", PAYLOADS[::7])
def test_parameters_reasons_and_names_are_text(prose: ProseRenderer, payload: str) -> None:
    quoted = json.dumps(payload)
    head = (
        f"params: {{bad: {quoted}}}\n"
        f"accepted: [{{rule: live-value, about: {quoted}, reason: {quoted}}}]\n"
    )
    facts = write(f"## Goal\nIt is [[params/bad]] and [[{payload}]] and [[a{payload}]].\n", head)
    page = make_page(prose, facts, BASE)
    for element in parse(page.body).all():
        allowed = element.tag not in ("script", "svg", "object", "iframe", "math", "style", "form")
        assert allowed or element.attributes.get("id", "").startswith("cg-"), element
        assert not [name for name in element.attributes if name.startswith("on")], element
        assert not element.attributes.get("href", "").strip().lower().startswith("javascript")


@given(text=st.text(st.sampled_from("[]`*_<>&\"'|\\\n -:@ae1x(){}!#"), max_size=60))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_marked_texts_lose_their_marks_again(prose: ProseRenderer, text: str) -> None:
    said = f"[[qa-0:eval/f1]] {text} [[eval/f1|.1%]]"
    facts = write(f"## Goal\n{said}\n")
    context = make_context(prose, facts, BASE)
    live = LiveTexts([said], facts, context)
    with speaking("en"):
        (done,) = prose.render(live.marked)
        filled = live.fill_prose(done)
    word = re.compile(r"lv[0-9a-f]{12}x")
    assert word.search(live.marked[0])
    assert not word.search(filled.html + filled.text)


def test_a_mark_cannot_be_forged(prose: ProseRenderer) -> None:
    facts = write("## Goal\nx\n")
    context = make_context(prose, facts, BASE)
    mark = LiveTexts(["a [[eval/f1]]"], facts, context).marked[0].removeprefix("a ")
    forged = f"a [[eval/f1]] {mark} <a title='{mark}' href='{mark}'>b</a>"
    with speaking("en"):
        html = LiveTexts([forged], facts, context).fill_html(forged)
    assert html.count(mark) == 3  # no word of this text


def test_only_so_many_values_are_filled_in(prose: ProseRenderer) -> None:
    facts = write("## Goal\nx\n")
    live = LiveTexts(["[[eval/f1]] " * 600], facts, make_context(prose, facts))
    with speaking("en"):
        assert live.fill_text(live.marked[0]).count("[[eval/f1]]") == 100


def test_a_text_that_is_cut_within_a_mark_shows_none_of_it(prose: ProseRenderer) -> None:
    facts = write("## Goal\nx\n")
    live = LiveTexts(["It is [[eval/f1]]"], facts, make_context(prose, facts))
    for length in range(len("It is lv"), len(live.marked[0])):
        shown = live.fill_text(live.marked[0][:length])
        assert "x" not in shown or length < len("It is lv") + 13


# What repeats prose ----------------------------------------------------------------------------


def test_entries_descriptions_excerpts_and_records_have_the_values(prose: ProseRenderer) -> None:
    body = (
        "## Goal\nBeat [[qa-0:eval/f1|.1%]].\n## Conclusions\n- It is [[eval/f1]].\n"
        "- See [[qa-0:eval/f1]].\n## Problems\n1. At [[eval/f1@7]].\n"
    )
    facts = write(body)
    context = make_context(prose, facts, BASE)
    entry = make_entry(facts, context)
    assert entry.goal == "Beat 61.2%."
    assert entry.conclusions == "It is 0.7500. See 0.6120."
    page = render_card(facts, context, entry)
    assert page.description == "It is 0.7500. See 0.6120."
    assert ">0.7500<" in page.excerpts["conclusions"]
    assert 'href="cardgen-root:/cards/qa-0/"' in page.excerpts["conclusions"]
    assert 'data-origin="mlflow:b step 200"' in page.excerpts["conclusions"]
    assert ">0.7500<" in page.excerpts["problems"]


def test_an_entry_is_made_again_where_a_quoted_card_was_read_anew(prose: ProseRenderer) -> None:
    facts = write("## Goal\nBeat [[qa-0:eval/f1]].\n")
    cache, context = EntryCache(), make_context(prose, facts, BASE)
    (first,) = cache.make_entries([facts], context)
    assert cache.make_entries([facts], context)[0] is first
    other = make_facts("---\ncode: qa-0\nresults: {eval/f1: 0.25}\n---\n", code="qa-0")
    (second,) = cache.make_entries([facts], make_context(prose, facts, other))
    assert (first.goal, second.goal) == ("Beat 0.6120.", "Beat 0.2500.")


# What a person accepted ------------------------------------------------------------------------

ACCEPTED = (
    'accepted:\n  - {rule: unsupported-number, about: "55.3", reason: By hand.}\n'
    "  - {rule: conclusions-long, reason: Two questions.}\n"
)


def test_accepted_findings_are_listed_and_marked_in_the_text(prose: ProseRenderer) -> None:
    text = "55.3 is not 155.3, 55.31, `55.3` or [55.3](https://example.com); it is 55.3."
    page = make_page(prose, write(f"## Goal\n{text}\n", ACCEPTED), BASE)
    body = parse(page.body)
    marks = body.part("goal").all("a", "cg-accepted")
    assert [mark.attributes.get("id", "") for mark in marks] == ["accepted-at-1", ""]
    assert {mark.attributes["href"] for mark in marks} == {"#accepted-1"}
    assert marks[0].attributes["aria-label"] == "Accepted: By hand."
    assert body.part("goal").text.startswith("55.3†")
    rows = body.part("accepted").all("tr")[1:]
    assert [row.attributes["id"] for row in rows] == ["accepted-1", "accepted-2"]
    assert rows[0].all("a")[0].attributes["href"] == "#accepted-at-1"
    assert rows[0].text.endswith("By hand. line 6")
    assert "accepted" in [heading.anchor for heading in page.contents]
    assert "†" not in page.description


def test_a_card_that_accepts_nothing_has_no_such_part(prose: ProseRenderer) -> None:
    page = make_page(prose, write("## Goal\n55.3\n"), BASE)
    assert "accepted" not in page.body


@pytest.mark.parametrize(
    ("repository", "url"),
    [
        (
            "git@github.com:team/qa.git",
            "https://github.com/team/qa/blob/main/experiments/q%20a/card.md?plain=1#L6",
        ),
        (
            "https://gitlab.com/team/qa",
            "https://gitlab.com/team/qa/-/blob/main/experiments/q%20a/card.md?plain=1#L6",
        ),
        ("/srv/qa.git", ""),
        ("https://example.com/qa", ""),
    ],
)
def test_the_line_of_a_card_on_its_host(repository: str, url: str) -> None:
    assert line_url(repository, "main", "experiments/q a/card.md", 6) == url
    assert not line_url(repository, "main", "experiments/qa/card.md", 0)


# Never stale -----------------------------------------------------------------------------------


def save_evidence(project: Project, code: str, best: float) -> Path:
    run = RUN.model_copy(update={"checkpoints": (Checkpoint(step=100, metrics={"eval/f1": best}),)})
    text = format_evidence(Evidence(code=code, runs=(run,)))
    return project.write(f"experiments/{code}/evidence.json", text)


@pytest.fixture
def lab(project: Project) -> Project:
    """qa-2 quotes qa-1 in its text alone; qa-3 quotes nobody."""
    head = "metric: eval/f1\nruns: [mlflow:b]\n"
    project.write("experiments/qa-1/card.md", f"---\ncode: qa-1\n{head}---\n## Goal\nOne.\n")
    save_evidence(project, "qa-1", 0.5)
    project.write(
        "experiments/qa-2/card.md",
        "---\ncode: qa-2\ndate: 2023-08-09\n---\n## Goal\nTwo.\n"
        "## Conclusions\nMore than [[qa-1:eval/f1|.1%]]; [[qa-9:eval/f1]].\n"
        "## Problems\n- Only [[qa-1:eval/f1]].\n",
    )
    project.write("experiments/qa-3/card.md", "---\ncode: qa-3\n---\n## Goal\nThree.\n")
    return project


SHOWING = (
    "cards/qa-2/index.html",
    "cards/qa-2/card.json",
    "cards/index.json",
    "conclusions/index.html",
    "feed.xml",
    "llms.txt",
)


def list_pages(project: Project) -> dict[str, int]:
    site = project.root / "_site"
    return {str(p.relative_to(site)): p.stat().st_mtime_ns for p in site.rglob("*.html")}


def list_changed(project: Project, before: dict[str, int]) -> set[str]:
    now = list_pages(project)
    return {path for path in now if now[path] != before.get(path)}


def test_a_build_after_other_evidence_writes_what_quotes_it(lab: Project) -> None:
    lab.ok("build")
    for path in SHOWING:
        assert "50.0%" in lab.read(f"_site/{path}"), path
    assert 'content="More than 50.0%; [[qa-9:eval/f1]]."' in lab.read("_site/cards/qa-2/index.html")
    assert "(0 files written" in lab.ok("build")
    save_evidence(lab, "qa-1", 0.625)
    before = list_pages(lab)
    lab.ok("build")
    for path in SHOWING:
        assert "62.5%" in lab.read(f"_site/{path}"), path
        assert "50.0%" not in lab.read(f"_site/{path}"), path
    assert ">0.6250<" in lab.read("_site/problems/index.html")
    changed = list_changed(lab, before)
    assert {"cards/qa-1/index.html", "cards/qa-2/index.html"} <= changed
    assert "cards/qa-3/index.html" not in changed
    assert "(0 files written" in lab.ok("build")


def test_a_quoted_card_that_comes_and_goes_changes_the_page(lab: Project) -> None:
    lab.ok("build")
    assert "cg-live-missing" in lab.read("_site/cards/qa-2/index.html")
    text = "---\ncode: qa-9\nresults: {eval/f1: 0.875}\n---\n## Goal\nNine.\n"
    card = lab.write("experiments/qa-9/card.md", text)
    lab.ok("build")
    page = lab.read("_site/cards/qa-2/index.html")
    assert '<a href="../qa-9/">0.8750</a>' in page
    assert "cg-live-missing" not in page
    card.unlink()
    lab.ok("build")
    assert "cg-live-missing" in lab.read("_site/cards/qa-2/index.html")


def test_briefs_of_another_version_are_not_taken_over(lab: Project) -> None:
    import sqlite3

    lab.ok("build")
    with sqlite3.connect(lab.root / ".cardgen/cards.db") as data:
        for code, text in data.execute("SELECT code, brief FROM cards").fetchall():
            brief = json.loads(text)
            del brief["quoted"]
            data.execute("UPDATE cards SET brief = ? WHERE code = ?", (json.dumps(brief), code))
    data.close()
    save_evidence(lab, "qa-1", 0.625)
    lab.ok("build")
    assert "62.5%" in lab.read("_site/cards/qa-2/index.html")


def test_the_server_writes_what_quotes_an_edited_card_at_once(lab: Project) -> None:
    live = LiveSite(load_config(lab.root))
    try:
        before = list_pages(lab)
        changed = list(live.update_cards((save_evidence(lab, "qa-1", 0.625),)))
        assert set(changed) == {"cards/qa-1/", "cards/qa-2/"}
        assert "62.5%" in lab.read("_site/cards/qa-2/index.html")
        list(live.catch_up())
        assert "62.5%" in lab.read("_site/conclusions/index.html")
        assert "cards/qa-3/index.html" not in list_changed(lab, before)
    finally:
        live.close()


# In a browser ----------------------------------------------------------------------------------

BOX = "#cg-origin"


@contextmanager
def open_card(chromium: Browser, lab: Project, **options: object) -> Iterator[BrowserPage]:
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    with Server(lab.root / "_site", port=0) as server:
        tab = Tab(context.new_page(), server.url)
        page = tab.open("cards/qa-2/")
        page.wait_for_selector(BOX, state="attached")
        yield page
        context.close()
        assert tab.complaints == []


@pytest.fixture
def site(lab: Project) -> Project:
    lab.ok("set", "qa-2", "accepted+={rule: live-value, about: More, reason: By hand.}")
    lab.ok("build")
    return lab


@pytest.mark.browser
def test_pointing_at_a_value_tells_its_run_and_leads_to_its_card(
    chromium: Browser, site: Project
) -> None:
    with open_card(chromium, site) as page:
        page.locator(".cg-live").first.hover()
        page.wait_for_selector(f"{BOX}:not([hidden])")
        said = page.locator(BOX).inner_text()
        assert "qa-1 eval/f1: 0.5" in said
        assert "mlflow:b" in said
        assert page.locator(f"{BOX} a", has_text="qa-1").get_attribute("href").endswith("/qa-1/")
        page.locator("a.cg-accepted").hover()
        page.locator(BOX, has_text="By hand.").wait_for()


@pytest.mark.browser
def test_a_finger_is_told_first_and_led_by_the_second_tap(chromium: Browser, site: Project) -> None:
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with open_card(chromium, site, **options) as page:
        value = page.locator(".cg-live > a").first
        value.tap()
        page.wait_for_selector(f"{BOX}:not([hidden])")
        assert page.url.endswith("/cards/qa-2/")
        assert "qa-1 eval/f1: 0.5" in page.locator(BOX).inner_text()
        missing = page.locator(".cg-live-missing").first
        missing.tap()
        page.locator(BOX, has_text="No such").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        value.tap()
        value.tap()
        page.wait_for_url("**/cards/qa-1/")


@pytest.mark.browser
def test_every_quoted_value_can_be_reached_by_the_keyboard(
    chromium: Browser, site: Project
) -> None:
    with open_card(chromium, site) as page:
        wanted = page.locator(".cg-live, .cg-live-missing, a.cg-accepted").count()
        told = set()
        for _ in range(80):
            page.keyboard.press("Tab")
            found = page.evaluate(
                "document.activeElement.closest('.cg-live, .cg-live-missing, a.cg-accepted')"
                "?.getBoundingClientRect().toJSON()"
            )
            if found:
                assert page.locator(BOX).is_visible()
                told.add((found["x"], found["y"] + page.evaluate("scrollY")))
        assert len(told) == wanted == 4
