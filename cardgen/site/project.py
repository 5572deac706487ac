"""A project's cards as a site: look, load, resolve, render, stamp."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from cardgen.config import Config
from cardgen.models import Problem
from cardgen.pool import suggest, work_on
from cardgen.site.build import Insert, Site
from cardgen.site.cache import Brief, CardCache, Made, hash_package
from cardgen.site.cardset import CardSet
from cardgen.site.collection import list_parts
from cardgen.site.context import RenderContext
from cardgen.site.gathered import gather_cards
from cardgen.site.history import Change, find_checkout, find_head, find_history
from cardgen.site.index import Entry, make_entry
from cardgen.site.kept import Excerpts
from cardgen.site.listing import render_table
from cardgen.site.looks import digest
from cardgen.site.making import CardMaker, Job, Looker, Place, look_at, scan_folder, start_maker
from cardgen.site.paramtable import Brief as Plotted
from cardgen.site.paramtable import read_brief
from cardgen.site.registered import find_registered
from cardgen.site.related import MOST_COUNTED
from cardgen.site.search import describe
from cardgen.site.shared import Overview
from cardgen.site.theme import load_assets
from cardgen.site.whole import (
    CORE,
    WHOLE_NAME,
    Part,
    Signs,
    Turn,
    Whole,
    chunk,
    sign_all,
    sign_card,
)
from cardgen.versions import find_registry

_ROOT = "cardgen-way-to-root/"
_ALIKE = 12  # earlier versions that a page shows
_KEPT_AT_ONCE = 200
_AT_ONCE = 20  # pages that show something of an edited card and are made with it
_KEYS = 500  # made in one turn: a few milliseconds


class ProjectSite:
    """The cards of a project and the site made of them.

    ``processes`` is how many make cards at once: 0 means as many as pay.
    """

    def __init__(self, config: Config, site: Site, processes: int = 0) -> None:
        self.config = config
        self.site = site
        self._collection = gather_cards(config)
        self.cards = CardSet(config, self._collection)
        self.cache = CardCache(site.settings.work)
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.entries: dict[str, Entry] = {}
        self.whole = Whole(site.settings.work / WHOLE_NAME)
        self.context = RenderContext.make(
            config, self.cards, site.shell.extensions, find_registry(config.root)
        )
        self._head = find_head(config.root)
        self.context = replace(
            self.context,
            history=self._find_history(),
            checkout=find_checkout(config.root),
            lives=self._collection.lives,
        )
        site.warnings += self._collection.warnings
        self._processes = processes
        self._briefs: dict[str, Brief] = {}
        self._keys: dict[str, str] = {}
        self._signs: dict[str, Signs] = {}
        self._table = ""
        self.use_shell()
        self._look(self.cards)

    def _find_history(self) -> Mapping[str, tuple[Change, ...]]:
        """The changes of the folder's own cards, and of those that branches have beside them."""
        own = find_history(self.config) if self._collection.here else {}
        return {**own, **self._collection.history}

    def use_shell(self) -> None:
        """Take over what the site's shell says: extensions for prose, and the pages' frame."""
        self.close()
        shell = self.site.shell
        self.context = replace(
            self.context,
            prose=RenderContext.make(self.config, {}, shell.extensions).prose,
        )
        frame = replace(shell, key="", folder=Path(), warnings=())
        self._stamp = digest(hash_package(), frame, describe() if self.site.texts else "")
        self._salt = digest(
            hash_package(),
            self.config.settings.model_dump_json(),
            sorted(shell.extensions.items()),
            self.context.checkout,
        )
        self.maker = CardMaker(self.context, self.site.writer, self._stamp)

    def close(self) -> None:
        """End the process that converts prose; the next card starts another."""
        self.context.prose.close()

    # What cards are ----------------------------------------------------------------------------

    def _look(self, codes: Iterable[str]) -> None:
        """Find out what cards are; of those that look as they did, it is remembered."""
        known = self.cache.load_briefs()
        now = time.time_ns()
        looks = {code: scan_folder(self.cards.path(code).parent, now) for code in codes}
        self._briefs = {
            code: known[code]
            for code, seen in looks.items()
            if seen and code in known and known[code].look == seen
        }
        others = [code for code in looks if code not in self._briefs]
        items = [(self.cards.path(code), looks[code]) for code in others]
        looker = work_on(items, Looker, self.config, processes=self._processes)
        found = dict(zip(others, looker, strict=True))
        self.cache.keep_briefs(found)
        self._briefs |= found
        self.cache.forget_others(looks)
        self._survey()

    def _survey(self) -> None:
        successors: dict[str, tuple[str, ...]] = {}
        for code in self.cards:
            for old in self._briefs[code].supersedes:
                successors[old] = (*successors.get(old, ()), code)
        shared = Counter(one for brief in self._briefs.values() for one in brief.shared)
        self.context = replace(
            self.context,
            overview=Overview(shared, successors),
            registered=find_registered(
                self.context.registry,
                {code: brief.commits for code, brief in self._briefs.items()},
                self.context.history,
            ),
        )
        self.maker.context = self.context

    def _make_key(self, code: str) -> str:
        """All that a card's page depends on, as one word."""
        brief, overview = self._briefs[code], self.context.overview
        counts = [min(self.context.shared[one], MOST_COUNTED) for one in brief.shared]
        others = [(c, self._briefs[c].digest) for c in self._find_shown(code)]
        return digest(
            self._salt,
            brief.digest,
            others,
            overview.successors.get(code) if overview else None,
            self.context.registry.select(brief.models),
            counts,
            self.context.history.get(code),
            self.context.lives.get(code),
            self.context.registered.get(code),
        )

    def _find_shown(self, code: str) -> list[str]:
        """The cards of which a card's page shows something.

        These are its baseline, its earlier versions, and the cards that its text quotes.
        """
        found: dict[str, None] = {}
        waiting = [self._briefs[code].baseline, *self._briefs[code].supersedes]
        while waiting and len(found) <= _ALIKE:
            other = waiting.pop(0)
            if other in self._briefs and other not in found:
                found[other] = None
                waiting += self._briefs[other].supersedes
        quoted = self._briefs[code].quoted
        return [*found, *(other for other in quoted if other in self._briefs)]

    # Making cards ------------------------------------------------------------------------------

    def write_cards(self) -> None:
        """Make the pages of all cards that are not in the site as they should be."""
        self._keys = {code: self._make_key(code) for code in self.cards}
        jobs = {code: self._make_job(code) for code in self.cards}
        for made in self.cache.load_made(self._keys):
            if made.code in jobs:
                job = self._check(made)
                if job is None:
                    del jobs[made.code]
                else:
                    jobs[made.code] = job
        self._make(list(jobs.values()))

    def _make_job(self, code: str, before: Made | None = None) -> Job:
        return Job(code, self._keys[code], self._briefs[code].look, before)

    def _check(self, made: Made) -> Job | None:
        """What is to be done about what an earlier build made of the same; None for nothing."""
        same = made.stamp == self._stamp and made.look == self._briefs[made.code].look != ""
        if not same or not self.site.is_intact(made.written):
            return self._make_job(made.code, made)
        self._adopt(replace(made, written=replace(made.written, count=0, changed=False)))
        return None

    def _make(self, jobs: Sequence[Job]) -> list[str]:
        """Do jobs; the addresses of the pages that are different now."""
        free = [job for job in jobs if not self._is_taken(job.code)]
        changed, waiting = [], []
        for new in self._work(free):
            made = _sign(new)
            self._adopt(made)
            waiting.append(made)
            if made.written.changed:
                changed.append(made.written.address)
            if len(waiting) == _KEPT_AT_ONCE:
                self.cache.keep_made(waiting)
                waiting = []
        self.cache.keep_made(waiting)
        return changed

    def _is_taken(self, code: str) -> bool:
        """Whether a hand-written page stands at the card's address; lists have the card anyway."""
        if not self.site.is_taken(self.context.page_path(code)):
            return False
        entry = make_entry(self.cards[code], self.context)
        self._list(code, entry, sign_card(entry, {}, ""))
        return True

    def _list(self, code: str, entry: Entry, signs: Signs) -> None:
        if self._signs.get(code, ("",))[CORE] != signs[CORE]:
            self._table = ""
        self.entries[code], self._signs[code] = entry, signs

    def _work(self, jobs: Sequence[Job]) -> Iterator[Made]:
        if (self._processes or suggest(len(jobs))) == 1:
            return map(self.maker, jobs)
        settings = self.site.settings
        texts = self.site.texts.folder if self.site.texts else None
        place = Place(settings.root, settings.output, texts)
        return work_on(
            jobs, start_maker, self.context, self.site.shell, self._stamp, place,
            processes=self._processes,
        )  # fmt: skip

    def _adopt(self, made: Made) -> None:
        self.site.adopt(made.written)
        self._list(made.code, made.entry, made.signs)
        self.problems.pop(made.code, None)
        if made.problems:
            self.problems[made.code] = made.problems

    # After an edit -----------------------------------------------------------------------------

    def update(self, codes: Collection[str]) -> list[str]:
        """Make edited cards, and those that show something of them; returns what differs.

        ``catch_up`` does the rest: lists, and cards that count what cards have in common.
        """
        known = {code for code in codes if code in self.cards}
        self.cards.refresh(codes)
        there = [code for code in codes if code in self.cards]
        for code in known.difference(there):
            self._forget(code)
        self._look_again(there)
        return self._make_again(self.find_dependents(codes)[: len(there) + _AT_ONCE])

    def _make_again(self, codes: Iterable[str]) -> list[str]:
        keys = {code: self._make_key(code) for code in codes}
        self._keys |= keys
        return self._make([self._make_job(code) for code in keys])

    def _forget(self, code: str) -> None:
        self.site.remove_pages([self.context.page_path(code)])
        for known in (self._briefs, self._keys, self.entries, self.problems, self._signs):
            known.pop(code, None)
        self._table = ""

    def _look_again(self, codes: Sequence[str]) -> None:
        now = time.time_ns()
        for code in codes:
            facts = self.cards[code]
            look = scan_folder(facts.card.folder, now)
            self._briefs[code] = look_at(facts.card, self.config, look)
        self.cache.keep_briefs({code: self._briefs[code] for code in codes})

    def catch_up(self, turn: Turn = nullcontext) -> Iterator[str]:
        """Make again all else that depends on edited cards; the addresses of what differs.

        Takes a ``turn`` for each page, so that an edit never waits for more than one; raises
        Overtaken, as ``turn`` does, where there was one, and is called again then.
        """
        head = find_head(self.config.root)
        history = self.context.history if head == self._head else self._find_history()
        with turn():
            self._head, self.context = head, replace(self.context, history=history)
            self._survey()
            codes = tuple(self.cards)
        for code in self._find_stale(codes, turn):
            with turn():
                changed = self._make_again([code])
            yield from changed
        yield from self.write_whole(turn)
        with turn():
            inserted = self.site.write_inserts(self.inserts())
        yield from inserted

    def _find_stale(self, codes: Sequence[str], turn: Turn) -> Iterator[str]:
        """Cards whose pages depend on something that is not any more what it was."""
        for some in chunk(codes, _KEYS):
            with turn():
                stale = [code for code in some if self._make_key(code) != self._keys.get(code)]
            yield from stale

    def find_dependents(self, codes: Collection[str]) -> tuple[str, ...]:
        """These cards, where they are, and those whose pages show something of them."""
        own = [code for code in codes if code in self.cards]
        olds = {old for code in own for old in self._briefs[code].supersedes}
        shown = [
            code
            for code, brief in self._briefs.items()
            if brief.baseline in codes
            or code in olds
            or any(other in codes for other in (*brief.supersedes, *brief.quoted))
        ]
        return tuple(dict.fromkeys((*own, *shown)))

    # Pages about all cards ---------------------------------------------------------------------

    def list_entries(self) -> tuple[Entry, ...]:
        """All cards in brief, in their order."""
        return tuple(self.entries[code] for code in self.cards if code in self.entries)

    def adopt_whole(self) -> None:
        """Take over what an earlier build wrote of the same cards."""
        self.whole.adopt(self.site, self._list_parts(nullcontext), self._sign_all())

    def write_whole(self, turn: Turn = nullcontext) -> Iterator[str]:
        """Write what is about all cards, where it repeats something that is different now."""
        with turn():
            signs = self._sign_all()
            parts = self._list_parts(turn)
        yield from self.whole.write(self.site, parts, signs, turn)

    def _sign_all(self) -> Signs:
        assets = next(iter(load_assets()))  # named by their content
        signs = {code: self._signs[code] for code in self.cards if code in self.entries}
        return sign_all(digest(self._salt, self._stamp, assets), signs)

    def _list_parts(self, turn: Turn) -> tuple[Part, ...]:
        entries = self.list_entries()
        codes = tuple(entry.code for entry in entries)
        excerpts = Excerpts(self.cache, codes, turn)
        return list_parts(entries, excerpts, lambda: self._load_plotted(codes, turn), self.context)

    def _load_plotted(self, codes: Sequence[str], turn: Turn) -> Iterator[Plotted]:
        for some in chunk(codes, _KEYS):
            with turn():
                texts = list(self.cache.load_plotted(some))
            yield from map(read_brief, texts)

    def make_table(self, root: str) -> str:
        """The list's first page for any page; made once, since all differ in their root only."""
        if not self._table:
            self._table = render_table(self.list_entries(), self.context, _ROOT)
        return self._table.replace(_ROOT, root)

    def inserts(self) -> dict[str, Insert]:
        """What stands at the markers of hand-written pages."""
        return {"cards": self.make_table}


def _sign(made: Made) -> Made:
    """With its signs, where it was just made; a page that was stamped again has them."""
    if made.signs:
        return made
    return replace(made, signs=sign_card(made.entry, made.page.excerpts, made.plotted))
