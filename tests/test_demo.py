"""The demo's own part in the cards: it writes what is empty, and never over a person's words."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from cardgen.codes import find_fault
from cardgen.documents import parse_sections
from cardgen.scaffold import NewCard, make_card
from cardgen.sentences import count_sentences
from demo.demo import HERE, Experiment, load_experiments, write_sections

EXPERIMENTS = tuple(load_experiments())
WORDS = "## Goal\n\nOne hypothesis.\n"


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.md"
    new = NewCard("digits-1", title="A # title", runs=("mlflow:abc",))
    path.write_text(make_card(new, "en", dt.date(2026, 11, 21), "card.schema.json"))
    return path


def test_fresh_card_gets_the_sections(card: Path) -> None:
    head = card.read_text().partition("\n## ")[0]
    write_sections(card, WORDS)
    assert card.read_text() == f"{head}\n{WORDS}"


@pytest.mark.parametrize("section", ["Goal", "Conclusions", "Problems"])
def test_card_with_one_written_word_stays_as_it_is(card: Path, section: str) -> None:
    text = card.read_text().replace(f"## {section}\n", f"## {section}\n\nMine.\n")
    assert "Mine." in text
    card.write_text(text)
    write_sections(card, WORDS)
    assert card.read_text() == text


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.code)
def test_experiment_has_its_words_and_an_earlier_baseline(experiment: Experiment) -> None:
    earlier = [e.code for e in EXPERIMENTS[: EXPERIMENTS.index(experiment)]]
    assert find_fault(experiment.code) == ""
    assert experiment.baseline in (earlier or [""])
    words = (HERE / "cards" / f"{experiment.code}.md").read_text(encoding="utf-8")
    sections = {section.key: section.body for section in parse_sections(words, 1)}
    assert list(sections) == ["goal", "conclusions", "problems"]
    assert all(body.strip() for body in sections.values())
    assert count_sentences(sections["conclusions"]) <= 3
