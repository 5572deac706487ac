"""A card's claims together with what is behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from cardgen.claims.concepts import understand
from cardgen.claims.evidence import Ledger, open_ledger
from cardgen.claims.lexicon import find_tongues, fold, load_glue
from cardgen.claims.numbers import find_numbers
from cardgen.claims.places import find_positions
from cardgen.claims.quiet import silence
from cardgen.claims.reading import Claim, read_claims
from cardgen.claims.sentences import Sentence, cut
from cardgen.claims.support import Court, Verdict
from cardgen.claims.tables import Table, find_tables
from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.measures import as_number
from cardgen.models import Section

_CODE = re.compile(r"(?<![\w.-])[A-Za-z0-9][\w.-]{0,62}[\w-](?![\w-])")
_QUOTED = re.compile(r"`([\w.-]{1,64})`|\[([\w.-]{1,64})\]\(|\(\.\./([\w.-]{1,64})/")
_WORDS = re.compile(r"[^\W_\u3400-\u9fff]+")
_VERDICT = re.compile(r"[\s*_`>]*[:：.,!—–(（。，]|[\s*_`]*$")
_MOST_CARDS = 12
_MOST_GOAL = 4000

Known = Mapping[str, tuple[tuple[str, str], ...]]


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
        return any(not one.meaning.counts for one in self.own.measures)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The codes of the cards that this one names: first the baseline."""
        front = self.facts.card.front
        named = [front.baseline, *front.supersedes]
        for section in self._find_sections():
            named += _find_codes(section.body)
        others = (code for code in dict.fromkeys(named) if code and code != self.facts.code)
        return tuple(islice((code for code in others if code in self._codes), _MOST_CARDS))

    @cached_property
    def court(self) -> Court:
        """The evidence of this card and of those it names."""
        others = (self._find_facts(code) for code in self.names)
        ledgers = [open_ledger(one, self.settings) for one in others if one]
        goal = silence(self.facts.card.section("goal")[:_MOST_GOAL])[0]
        return Court([self.own, *ledgers], (one.value for one in find_numbers(goal)[:20]))

    @cached_property
    def known(self) -> Known:
        """What the card itself calls its metrics, parameters and neighbours."""
        known: dict[str, tuple[tuple[str, str], ...]] = {}
        keys = (name for ledger in self.court.ledgers for name in _name_measures(ledger))
        codes = ((code, "code", code) for code in self.names)
        for text, kind, name in (*_name_params(self.facts), *keys, *codes):
            words = " ".join(_WORDS.findall(fold(text)))
            if words:
                known[words] = (*known.get(words, ()), (kind, name))
        return known

    def _find_sections(self) -> tuple[Section, ...]:
        return tuple(s for s in self.facts.card.sections if s.key in ("conclusions", "goal"))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The conclusions and the goal's verdict."""
        return tuple(self._read_part(section) for section in self._find_sections())

    def _read_part(self, section: Section) -> Part:
        quiet, words = silence(section.body)
        tables = tuple(find_tables(quiet, words)) if section.key == "conclusions" else ()
        for table in tables:
            blank = re.sub(r"[^\n]", " ", quiet[table.start : table.end])
            quiet = quiet[: table.start] + blank + quiet[table.end :]
            words = words[: table.start] + blank + words[table.end :]
        tongues = find_tongues(words)
        sentences = cut(quiet, words, find_numbers(quiet, tongues), tongues, self.known)
        sentences = [replace(one, positions=tuple(find_positions(one))) for one in sentences]
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


def _name_params(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """What parameters that are numbers may be called: their keys, whole and the last word."""
    for name, fact in facts.params.items():
        if as_number(fact.value) is not None and not understand(name).concepts:
            for text in {name, re.split(r"[/.]", name)[-1]}:
                if len(text) > 1:
                    yield text, "param", ""


def _name_measures(ledger: Ledger) -> Iterator[tuple[str, str, str]]:
    """What metrics may be called: their keys, and what is behind the last slash of them."""
    for one in ledger.measures:
        if one.meaning.counts:
            continue
        yield one.key, "key", one.meaning.squeezed
        last = one.key.rpartition("/")[2]
        plain = understand(last)
        if last != one.key and not (plain.concepts and len(_WORDS.findall(last)) == 1):
            yield last, "key", plain.squeezed


def _find_codes(text: str) -> Iterator[str]:
    """What may be a card's code: a quoted or linked name, or a word with a digit or dash in it."""
    for match in _QUOTED.finditer(text):
        yield next(filter(None, match.groups()))
    count = 0
    for match in _CODE.finditer(text):
        word = match[0].rstrip(".")
        if re.search(r"[A-Za-z]", word) and re.search(r"[\d_-]", word):
            yield word
            count += 1
            if count > 200:
                return


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
        if sentence.between(sentence.start, one.start).strip(" \n*_>-`#|"):
            continue
        word = fold(sentence.between(one.start, one.end))
        behind = sentence.between(one.end, sentence.end)
        if _VERDICT.match(behind) or word in _PAST or sentence.text[one.start] == "已":
            return True
    return False
