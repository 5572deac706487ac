"""This project's own cards: real runs, and conclusions that their numbers bear out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.config import load_config
from cardgen.models import Card
from cardgen.store import load_cards
from demo.demo import Experiment, load_experiments

CONFIG = load_config(Path(__file__).resolve().parents[1])
EXPERIMENTS = tuple(load_experiments())
CARDS = {card.code: card for card in load_cards(CONFIG)}
PERCENTAGE = re.compile(r"(\d+\.\d)\s%")
LOSS = re.compile(r"(?<![\d.])\d\.\d\d(?!\d)")


def find_values(card: Card, suffix: str) -> Iterator[float]:
    """All values of such metrics in the card, its baseline, and the cards that it names."""
    words = f"{card.section('goal')} {card.section('conclusions')}"
    codes = {card.code, card.front.baseline, *re.findall(r"`([\w-]+)`", words)}
    for evidence in (CARDS[code].evidence for code in codes & set(CARDS)):
        assert evidence is not None
        for row in (row for run in evidence.runs for row in run.checkpoints):
            yield from (value for name, value in row.metrics.items() if name.endswith(suffix))


def test_every_experiment_of_the_demo_has_its_card() -> None:
    assert {experiment.code for experiment in EXPERIMENTS} <= set(CARDS)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.code)
def test_card_is_of_the_run_that_the_demo_describes(experiment: Experiment) -> None:
    card = CARDS[experiment.code]
    assert card.evidence is not None
    (run,) = card.evidence.runs
    assert run.status == ("failed" if experiment.crashes else "finished")
    assert run.source is not None
    assert re.fullmatch(r"[0-9a-f]{40}", run.source.commit)
    assert card.front.train == (
        f"python demo/train.py --code {experiment.code} {experiment.options}",
    )
    assert card.front.baseline == experiment.baseline


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.code)
def test_numbers_in_the_conclusions_were_measured(experiment: Experiment) -> None:
    card = CARDS[experiment.code]
    conclusions = card.section("conclusions")
    accuracies = {f"{100 * value:.1f}" for value in find_values(card, "/accuracy")}
    losses = {f"{value:.2f}" for value in find_values(card, "/loss")}
    assert set(PERCENTAGE.findall(conclusions)) <= accuracies
    assert set(LOSS.findall(conclusions)) <= losses
