"""Files for programs: the index of all cards, llms.txt and the feed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cardgen.config import Config, Settings, SiteConfig
from cardgen.facts import Facts
from cardgen.site.cardset import CardSet
from cardgen.site.context import RenderContext
from cardgen.site.index import Entry, make_entries
from cardgen.site.programs import make_feed, make_index, make_llms
from cardgen.site.prose import ProseRenderer
from tests.site.cards import make_context, make_facts
from tests.site.payloads import PAYLOADS

ROOT = Path(__file__).parents[2]
ATOM = "{http://www.w3.org/2005/Atom}"
EVIL = "</title><script>alert(1)</script> ]]> [x](javascript:alert(1)) \x08\ud800 & \n# heading"


@pytest.fixture
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer()
    yield renderer
    renderer.close()


def make(
    prose: ProseRenderer, *cards: Facts, url: str = ""
) -> tuple[tuple[Entry, ...], RenderContext]:
    settings = Settings(title="Lab", site=SiteConfig(url=url))
    context = make_context(prose, *cards, settings=settings)
    return make_entries(cards, context), context


def card(code: str, date: str, conclusions: str = "It works.", title: str = "A title") -> Facts:
    front = f"code: {code}\ntitle: {json.dumps(title)}\ndate: {date}\nmetric: f1"
    front += "\nresults: [{step: 1, f1: 0.5}]"
    body = f"## Goal\n\nWhether it works.\n\n## Conclusions\n\n{conclusions}\n"
    return make_facts(f"---\n{front}\n---\n\n{body}", code=code)


def test_the_index_holds_every_card_of_this_project(prose: ProseRenderer) -> None:
    cards = CardSet(Config(root=ROOT, settings=Settings(metric="val/accuracy")))
    entries, context = make(prose, *cards.sequence())
    index = json.loads(make_index(entries, context))
    assert index["schema"] == 1
    assert [one["code"] for one in index["cards"]] == [f"digits-{n}" for n in range(1, 9)]
    first = index["cards"][0]
    assert first["url"] == "cards/digits-1/"
    assert first["record"] == "cards/digits-1/card.json"
    assert first["value"] == float(first["full"])
    assert re.fullmatch(r"mlflow:\w+", first["origin"].split()[0])
    assert {"goal", "conclusions", "tags", "commit", "baseline"} <= first.keys()
    assert not {"spark", "shown"} & first.keys()


def test_a_card_of_the_index_is_a_line(prose: ProseRenderer) -> None:
    entries, context = make(prose, card("qa-1", "2026-01-01"), card("qa-2", "2026-01-02"))
    lines = make_index(entries, context).decode().splitlines()
    assert len(lines) == 4
    assert all(json.loads(line.rstrip(","))["code"] for line in lines[1:3])


def test_llms_txt_lists_the_youngest_first(prose: ProseRenderer) -> None:
    entries, context = make(prose, card("qa-1", "2026-01-01"), card("qa-2", "2026-01-02", "No."))
    lines = make_llms(entries, context).decode().splitlines()
    assert lines[0] == "# Lab"
    assert lines[-2:] == [
        "- [qa-2 · A title](cards/qa-2/card.md): f1 0.5000. No.",
        "- [qa-1 · A title](cards/qa-1/card.md): f1 0.5000. It works.",
    ]


def parse_feed(entries: tuple[Entry, ...], context: RenderContext) -> ElementTree.Element:
    return ElementTree.fromstring(make_feed(entries, context, {}))  # noqa: S314  # our own bytes


def test_the_feed_has_the_newest_conclusions_and_nothing_else(prose: ProseRenderer) -> None:
    cards = [card(f"qa-{n}", f"2026-01-{n:02}") for n in range(1, 29)]
    cards.append(card("qa-99", "2026-02-01", ""))
    entries, context = make(prose, *cards, url="https://lab.example/runs")
    feed = parse_feed(entries, context)
    assert feed.findtext(f"{ATOM}updated") == "2026-01-28T00:00:00Z"
    found = feed.findall(f"{ATOM}entry")
    assert len(found) == 28
    link = found[0].find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == "https://lab.example/runs/cards/qa-28/"
    assert found[0].findtext(f"{ATOM}summary") == "It works."
    ids = [one.findtext(f"{ATOM}id") for one in (feed, *found)]
    assert len(set(ids)) == 29


def test_ids_stay_where_the_site_moves(prose: ProseRenderer) -> None:
    here, moved = (
        parse_feed(*make(prose, card("qa-1", "2026-01-01"), url=url))
        for url in ("https://a.example", "")
    )
    assert [e.findtext(f"{ATOM}id") for e in here.iter()] == [
        e.findtext(f"{ATOM}id") for e in moved.iter()
    ]


def test_a_hostile_title_stays_text(prose: ProseRenderer) -> None:
    title = EVIL.replace("\x08", "").replace("\ud800", "")
    entries, context = make(prose, card("qa-1", "2026-01-01", title=title))
    feed = parse_feed(entries, context)
    assert feed.findtext(f"{ATOM}entry/{ATOM}title") == " · ".join(["qa-1", title])
    line = make_llms(entries, context).decode().splitlines()[-1]
    assert line.startswith("- [qa-1 · </title>")
    assert line.count("](") == 1 + line.count("\\](")


def test_no_payload_breaks_the_feed_or_the_index(prose: ProseRenderer) -> None:
    cards = [card(f"x-{n}", "2026-01-01", text, text) for n, text in enumerate(PAYLOADS[::15])]
    entries, context = make(prose, *cards)
    parse_feed(entries, context)
    assert len(json.loads(make_index(entries, context))["cards"]) == len(cards)
