"""Looks around once for all cards: what they name is asked of git and of the folders."""

from __future__ import annotations

from collections.abc import Iterable

from cardgen.config import Config
from cardgen.models import Card
from cardgen.surroundings import Questions, Surroundings
from cardgen.surroundings.circles import find_circles
from cardgen.surroundings.commits import ask_commits, find_kept
from cardgen.surroundings.paths import find_states
from cardgen.surroundings.questions import find_questions

__all__ = ["answer_questions", "find_questions", "look_around"]


def look_around(config: Config, cards: Iterable[Card]) -> Surroundings:
    """What git and the file system say of all that the cards name."""
    return answer_questions(config, [find_questions(config, card) for card in cards])


def answer_questions(config: Config, questions: Iterable[Questions]) -> Surroundings:
    """Ask git and the file system; of all cards at once, since circles are made of several."""
    asked = list(questions)
    commits = dict.fromkeys(text for one in asked for text in one.commits)
    repository = ask_commits(config.root, commits, [config.settings.repository])
    files = find_states(config.root, (path for one in asked for path in one.paths))
    inputs = [pair for one in asked for pair in one.inputs]
    return Surroundings(
        commits=repository.commits,
        files=files,
        kept=find_kept(config.root, inputs, repository.commits),
        baselines=find_circles({one.code: [one.baseline] for one in asked}),
        replacements=find_circles({one.code: one.supersedes for one in asked}),
        repositories=repository.addresses,
        shallow=repository.shallow,
    )
