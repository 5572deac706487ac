"""A card's claims together with what is behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import islice

from cardgen.claims.concepts import understand
from cardgen.claims.evidence import Ledger, open_ledger
from cardgen.claims.lexicon import find_firsts, find_tongues, fold, load_glue
from cardgen.claims.mentions import Own
from cardgen.claims.naming import name_things
from cardgen.claims.numbers import find_numbers
from cardgen.claims.places import find_positions
from cardgen.claims.quiet import silence
from cardgen.claims.reading import Claim, read_claims
from cardgen.claims.sentences import Sentence, cut
from cardgen.claims.support import Court, Verdict
from cardgen.claims.tables import Table, find_tables
from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.models import Section

_CODE = re.compile(r"(?<![\w.-])[A-Za-z0-9][\w.-]{0,62}[\w-](?![\w-])", re.ASCII)
_QUOTED = re.compile(r"`([\w.-]{1,64})`|\[([\w.-]{1,64})\]\(|\(\.\./([\w.-]{1,64})/")
_WORDS = re.compile(r"[^\W_\u3400-\u9fff]+")
_VERDICT = re.compile(r"[\s*_`>]*[:：.,!—–(（。，]|[\s*_`]*$")
_MOST_CARDS = 12
_MOST_GOAL = 4000
_RESULTS = load_glue("results_headings")


@dataclass(frozen=True)
class Part:
    """One section as it was read."""

    section: Section
    sentences: tuple[Sentence, ...]
    tables: tuple[Table, ...] = ()

    def line(self, at: int) -> int:
        """The line of a place in the section's text, counted in the card's file."""
        if not self.section.start:
            return self.section.line
        return self.section.start + self.section.body.count("\n", 0, at)


@dataclass(frozen=True)
class Ruling:
    """A claim, where it stands, and what became of it."""

    verdict: Verdict
    part: Part

    @property
    def claim(self) -> Claim:
        return self.verdict.claim

    @property
    def line(self) -> int:
        return self.part.line(self.claim.number.start)


class Analysis:
    """All that rules about claims ask of one card; each part is worked out when it is asked for."""

    def __init__(
        self,
        facts: Facts,
        settings: Settings,
        codes: Collection[str] = (),
        find_facts: Callable[[str], Facts | None] = lambda code: None,
    ) -> None:
        self.facts = facts
        self.settings = settings
        self._codes = codes
        self._find_facts = find_facts

    @cached_property
    def own(self) -> Ledger:
        return open_ledger(self.facts, self.settings)

    @cached_property
    def judged(self) -> bool:
        """Whether there is any evidence that claims could be held against."""
        return any(not understand(name).counts for name in self.own.names)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The codes of the cards that this one names: first the baseline."""
        front = self.facts.card.front
        named = [front.baseline, *front.supersedes]
        for section in self._find_sections():
            named += _find_codes(section.body, self._codes)
        others = (code for code in dict.fromkeys(named) if code and code != self.facts.code)
        return tuple(islice((code for code in others if code in self._codes), _MOST_CARDS))

    @cached_property
    def court(self) -> Court:
        """The evidence of this card and of those it names."""
        return Court(self.ledgers, self._find_wishes)

    @cached_property
    def ledgers(self) -> tuple[Ledger, ...]:
        """The card's own numbers and those of the cards that it names."""
        others = (self._find_facts(code) for code in self.names)
        return (self.own, *(open_ledger(one, self.settings) for one in others if one))

    def _find_wishes(self) -> tuple[float, ...]:
        goal = silence(self.facts.card.section("goal")[:_MOST_GOAL])[0]
        return tuple(one.value for one in find_numbers(goal)[:20])

    @cached_property
    def known(self) -> Own:
        """What the card itself calls its metrics, parameters and neighbours."""
        return name_things(self.facts, self.ledgers, self.names)

    def _find_sections(self) -> tuple[Section, ...]:
        return tuple(
            one
            for one in self.facts.card.sections
            if one.key in ("conclusions", "goal") or fold(one.title.strip()) in _RESULTS
        )

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The conclusions and the goal's verdict."""
        return tuple(self._read_part(section) for section in self._find_sections())

    def _read_part(self, section: Section) -> Part:
        if section.key == "goal" and not _may_have_verdict(section.body):
            return Part(section, ())
        quiet, words = silence(section.body)
        tables = tuple(find_tables(quiet, words)) if section.key != "goal" else ()
        for table in tables:
            blank = re.sub(r"[^\n]", " ", quiet[table.start : table.end])
            quiet = quiet[: table.start] + blank + quiet[table.end :]
            words = words[: table.start] + blank + words[table.end :]
        tongues = find_tongues(words)
        sentences = cut(quiet, words, find_numbers(quiet, tongues), tongues, self.known)
        sentences = [_place(one) for one in sentences]
        if section.key == "goal":
            sentences = list(_find_verdict(sentences))
        return Part(section, tuple(sentences), tables)

    @cached_property
    def rulings(self) -> tuple[Ruling, ...]:
        """Every claim of the prose with its verdict."""
        if not self.judged:
            return ()
        found = []
        for part in self.parts:
            for sentence in part.sentences:
                claims = list(read_claims(sentence))
                for claim in claims:
                    others = [one for one in claims if one is not claim]
                    found.append(Ruling(self.court.judge(claim, others), part))
        return tuple(found)


def _find_codes(text: str, codes: Collection[str]) -> Iterator[str]:
    """The cards that a text names: quoted, linked, or as a word with a digit or dash in it."""
    for match in _QUOTED.finditer(text) if "`" in text or "(" in text else ():
        yield next(filter(None, match.groups()))
    for found in dict.fromkeys(_CODE.findall(text)):
        word = found.rstrip(".")
        if word in codes and re.search(r"[A-Za-z]", word) and re.search(r"[\d_-]", word):
            yield word


def _place(sentence: Sentence) -> Sentence:
    """A sentence with the steps and epochs that it names."""
    if not sentence.of("step", "epoch"):
        return sentence
    return replace(sentence, positions=tuple(find_positions(sentence)))


def _may_have_verdict(goal: str) -> bool:
    """Whether a goal has a word at all with which a verdict begins; most only ask."""
    if re.search(r"[\u3400-\u9fff]", goal):
        return True
    return _find_begin().search(fold(goal)) is not None


@cache
def _find_begin() -> re.Pattern[str]:
    words = "|".join(sorted(map(re.escape, find_firsts("verdict")), key=len, reverse=True))
    return re.compile(rf"(?:^|[.!?…:\n])[\s*_>`#|)\"'»”\d.-]{{0,20}}(?:{words})(?!\w)")


_PAST = load_glue("past")


def _find_verdict(sentences: list[Sentence]) -> Iterator[Sentence]:
    """The sentences of a goal from the one on that says how it ended."""
    begun = False
    for sentence in sentences:
        begun = begun or _is_verdict(sentence)
        if begun:
            yield sentence


def _is_verdict(sentence: Sentence) -> bool:
    for one in sentence.of("verdict"):
        if sentence.between(sentence.start, one.start).strip(" \n*_>-`#|\u2022"):
            continue
        word = fold(sentence.between(one.start, one.end))
        behind = sentence.between(one.end, sentence.end)
        if _VERDICT.match(behind) or word in _PAST or sentence.text[one.start] == "已":
            return True
    return False
