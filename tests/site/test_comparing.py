"""The shell of the page that compares cards, and the words that its scripts write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cardgen.site
from cardgen.config import Settings
from cardgen.languages import find_languages, load_labels
from cardgen.site.comparing import render_compare
from cardgen.site.page import Page
from cardgen.site.prose import ProseRenderer
from tests.site.cards import make_context, make_facts

SCRIPTS = Path(cardgen.site.__file__).parent / "assets" / "js"
OWN = ("compare*.js", "scatter.js", "parallel.js", "picks.js")


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


def render(prose: ProseRenderer, count: int = 2, lang: str = "en") -> Page:
    cards = [make_facts(f"---\ncode: qa-{n}\n---\n", code=f"qa-{n}") for n in range(count)]
    return render_compare(cards, make_context(prose, *cards, settings=Settings(lang=lang)))


def read_data(page: Page) -> dict[str, dict[str, str]]:
    found = re.search(r'<script type="application/json" id="cg-compare">(.*?)</script>', page.body)
    assert found
    data = json.loads(found[1])
    assert isinstance(data, dict)
    return data


def list_words() -> set[str]:
    """The labels that the scripts name."""
    text = "".join(path.read_text("utf-8") for name in OWN for path in SCRIPTS.glob(name))
    names = set(re.findall(r"labels\.(?!json)([a-z_]+)", text))
    prefixes = re.findall(r"labels\[`([a-z]+_)\$\{", text)
    known = load_labels("en")
    return names | {name for name in known if name.startswith(tuple(prefixes))} & {
        "cmp_better", "cmp_worse", "cmp_equal", "baseline_better", "baseline_worse", "axis_step",
        "axis_epoch", "axis_order", "command_train", "command_predict", "source_commit",
        "environment_python", "part_goal", "part_conclusions", "data_train",
    }  # fmt: skip


def test_without_scripts_it_says_what_it_needs_and_leads_to_the_list(prose: ProseRenderer) -> None:
    page = render(prose)
    assert "JavaScript" in page.body
    assert 'href="../cards/"' in page.body
    assert page.path == "compare/"
    assert not page.searched


def test_it_is_as_large_for_ten_thousand_cards_as_for_two(prose: ProseRenderer) -> None:
    assert abs(len(render(prose, 2).body) - len(render(prose, 200).body)) < 10


@pytest.mark.parametrize("lang", find_languages())
def test_every_word_that_scripts_write_is_there(prose: ProseRenderer, lang: str) -> None:
    words = list_words()
    assert len(words) > 60
    page = render(prose, lang=lang)
    data = read_data(page)
    assert words <= set(data["labels"])
    assert all(data["labels"][word] for word in words)
    picks = json.loads(page.data["labels.json"])
    assert {"picks_title", "picks_compare", "picks_clear", "cmp_remove", "and_more"} == set(picks)


@pytest.mark.parametrize("lang", find_languages())
def test_words_have_the_same_places_in_every_language(lang: str) -> None:
    english, other = load_labels("en"), load_labels(lang)
    for name in (name for name in english if name.startswith(("cmp_", "picks_"))):
        places = [sorted(re.findall(r"\{\d\}", labels[name])) for labels in (english, other)]
        assert places[0] == places[1], (lang, name)


def test_no_script_makes_html_of_texts() -> None:
    for name in OWN:
        for path in SCRIPTS.glob(name):
            text = path.read_text("utf-8")
            for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
                assert word not in text, (path.name, word)
            assert "// @ts-check" in text[:400], path.name
