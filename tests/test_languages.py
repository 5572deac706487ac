"""The languages: each complete, none confusing two sections."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen import languages
from cardgen.documents import parse_sections
from cardgen.errors import ConfigError
from cardgen.languages import (
    SECTIONS,
    find_languages,
    find_section,
    heading,
    load_hints,
    load_labels,
)

FOLDER = Path(languages.__file__).parent
CODES = find_languages()


def test_the_languages_that_cardgen_speaks() -> None:
    assert CODES == ("en", "fr", "pl", "ru", "zh")


@pytest.mark.parametrize("code", CODES)
def test_a_file_holds_headings_labels_and_hints(code: str) -> None:
    text = (FOLDER / f"{code}.json").read_text(encoding="utf-8")
    language = json.loads(text)
    assert set(language) == {"headings", "labels", "hints"}
    assert set(language["headings"]) == set(SECTIONS)
    assert text == json.dumps(language, ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize("code", CODES)
def test_a_language_has_the_words_of_english(code: str) -> None:
    for load in (load_labels, load_hints):
        words, english = load(code), load("en")
        assert set(words) == set(english)
        for name, word in words.items():
            assert word.strip() == word != ""
            # The same blanks, in any order.
            blanks = re.findall(r"\{\w*\}", word)
            assert sorted(blanks) == sorted(re.findall(r"\{\w*\}", english[name])), (name, word)
    assert set(SECTIONS) <= set(load_hints(code))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("section", SECTIONS)
def test_a_new_card_s_heading_opens_its_section(code: str, section: str) -> None:
    title = heading(section, code)
    assert find_section(title) == section
    (found,) = parse_sections(f"## {title}\n\nx", 1)
    assert (found.key, found.body) == (section, "x")


def test_no_heading_means_two_sections() -> None:
    meant: dict[str, str] = {}
    for code in CODES:
        headings = json.loads((FOLDER / f"{code}.json").read_text(encoding="utf-8"))["headings"]
        for section, titles in headings.items():
            for title in titles:
                assert meant.setdefault(title.casefold(), section) == section


@pytest.mark.parametrize(
    ("title", "section"),
    [
        ("Goal", "goal"),
        ("GOAL:", "goal"),
        ("  Cel   eksperymentu ", "goal"),
        ("Wnioski :", "conclusions"),
        ("结论：", "conclusions"),
        ("ПРОБЛЕМЫ", "problems"),
        ("But de l'expérience", "goal"),
        ("Goal line", ""),
        ("", ""),
    ],
)
def test_headings_as_people_write_them(title: str, section: str) -> None:
    assert find_section(title) == section


@given(st.text())
def test_any_title_is_some_section_or_none(title: str) -> None:
    assert find_section(title) in (*SECTIONS, "")


def test_a_language_that_is_not_spoken() -> None:
    with pytest.raises(ConfigError, match=r"does not speak 'xx'\. Choose one of en, fr"):
        load_labels("xx")
    with pytest.raises(ConfigError):
        load_hints("../en")


def test_what_is_loaded_cannot_be_changed_for_others() -> None:
    load_hints("en")["goal"] = "changed"
    assert load_hints("en")["goal"] != "changed"
