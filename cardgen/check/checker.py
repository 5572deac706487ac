"""Checks cards out of their files, a batch at a time, in whatever process it is put."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cardgen.check.asking import Asked, CodeAnswers, digest_text
from cardgen.check.cards import check_card
from cardgen.check.results import Result
from cardgen.config import Config
from cardgen.facts import Facts
from cardgen.models import Card
from cardgen.resolve import resolve
from cardgen.rules import Codes, Project
from cardgen.store import CARD_NAME, load_card
from cardgen.surroundings import Questions, Surroundings
from cardgen.surroundings.look import answer_questions, find_questions

HELD = 300
"""Cards whose facts are held: those of ten thousand do not fit in memory."""

BATCH = 250
"""At most so many are asked about at once, and no more than are held: git takes its time to start.
"""


@dataclass(frozen=True)
class World:
    """What all cards of a check have in common: ``codes`` are all there are."""

    config: Config
    codes: tuple[str, ...]
    trackers: tuple[str, ...] = ()


class CardChecker:
    """Checks batches of codes; made once in each process."""

    def __init__(self, world: World, surroundings: Surroundings | None = None) -> None:
        self._world = world
        self._around = surroundings
        self._asked: dict[Asked, None] = {}
        self._facts = FactsHeld(world)
        self._codes = Codes(world.codes, self._note)

    def close(self) -> None:
        """Nothing is open."""

    def __call__(self, batch: Sequence[str]) -> list[Result]:
        """The results of these cards; digests of the cards behind ``facts`` are left open."""
        config = self._world.config
        found = [self._facts.find(code) for code in batch]
        cards = [facts.card for facts in found if facts is not None]
        questions = {card.code: find_questions(config, card) for card in cards}
        around = self._around or self._look_around(questions.values())
        return [self._check(card, questions[card.code], around) for card in cards]

    def _look_around(self, questions: Iterable[Questions]) -> Surroundings:
        return answer_questions(self._world.config, questions)

    def _check(self, card: Card, questions: Questions, around: Surroundings) -> Result:
        world = self._world
        self._asked = {}
        project = Project(
            world.config.settings, self._codes, world.trackers, self._find_facts, around
        )
        problems = tuple(check_card(card, world.config, project))
        facts = tuple(
            (one.subject, "")
            for one in self._asked
            if one.kind == "facts" and one.subject != card.code
        )
        said = digest_text(around.tell(questions))
        packed, codes = self._pack()
        return Result(card.code, problems, questions, said, facts, packed, codes)

    def _pack(self) -> tuple[str, str]:
        """What was asked about codes, and a digest of them."""
        answers = self._answers
        return answers.pack(one for one in self._asked if one.kind != "facts"), answers.all

    @cached_property
    def _answers(self) -> CodeAnswers:
        return CodeAnswers(self._world.codes)

    def _note(self, kind: str, subject: str) -> None:
        self._asked[Asked(kind, subject)] = None

    def _find_facts(self, code: str) -> Facts | None:
        self._note("facts", code)
        return self._facts.find(code)


class FactsHeld:
    """The facts of cards, loaded when they are asked for; the last few hundred are held."""

    def __init__(
        self, world: World, load: Callable[[str], Card | None] | None = None, held: int = HELD
    ) -> None:
        self._config = world.config
        self._codes = frozenset(world.codes)
        self._load = load or self._load_file
        self._limit = held
        self._held: OrderedDict[str, Facts | None] = OrderedDict()

    def find(self, code: str) -> Facts | None:
        """The facts of one card; None where there is none."""
        if code in self._held:
            self._held.move_to_end(code)
            return self._held[code]
        if code not in self._codes:
            return None
        card = self._load(code)
        label = self._config.label(card.path) if card else ""
        found = resolve(card, self._config.settings, label) if card else None
        self._held[code] = found
        if len(self._held) > self._limit:
            self._held.popitem(last=False)
        return found

    def _load_file(self, code: str) -> Card:
        return load_card(self._config, self._config.experiments / code / CARD_NAME)
