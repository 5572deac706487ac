"""Makes cards' pages: what one process does for each card, apart from all others.

``look_at`` says what a card is without rendering it; ``CardMaker`` loads, resolves, renders, stamps
and writes it. Both can run in several processes (see ``pool``), which is why nothing here is kept
from one card to the next.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from cardgen.config import Config
from cardgen.facts import Facts
from cardgen.livevalues import list_quoted
from cardgen.models import Card, Problem
from cardgen.resolve import resolve_names
from cardgen.site.cache import Brief, Made
from cardgen.site.context import RenderContext
from cardgen.site.index import Entry, make_entry
from cardgen.site.looks import digest, is_settled, look
from cardgen.site.output import Output, read_file
from cardgen.site.page import Page
from cardgen.site.paramtable import dump_brief, make_brief
from cardgen.site.records import RECORD, format_record
from cardgen.site.registered import list_commits
from cardgen.site.render import CannotRender, render_broken, render_card
from cardgen.site.shared import name_shared
from cardgen.site.shell import Shell
from cardgen.site.stamp import make_stamper
from cardgen.site.writer import Writer, Written
from cardgen.store import CARD_NAME, EVIDENCE_NAME, load_card


@dataclass(frozen=True)
class Job:
    """A card to make. ``before`` is what an earlier build made under the same key, if any."""

    code: str
    key: str
    look: str = ""
    before: Made | None = None


@dataclass(frozen=True)
class Place:
    """Where pages are written to; ``texts`` is None where nothing is searched."""

    root: Path
    output: Path
    texts: Path | None


def scan_folder(folder: Path, now: int) -> str:
    """What a card's folder looks like without reading it; empty where that says too little.

    ``now`` is the time in ns before anything of it is read.
    """
    found = sorted(look(folder))
    return digest(found) if is_settled(found, now) else ""


class Looker:
    """Looks at cards: their paths, and what their folders look like."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def __call__(self, item: tuple[Path, str], /) -> Brief:
        path, seen = item
        return look_at(load_card(self._config, path), self._config, seen)

    def close(self) -> None:
        pass


def look_at(card: Card, config: Config, seen: str) -> Brief:
    """What keys and other pages need to know of a card; ``seen`` is ``scan_folder``'s word."""
    facts = resolve_names(card, config.label(card.path))
    return Brief(
        look=seen,
        digest=digest_card(card.folder),
        baseline=card.front.baseline,
        supersedes=tuple(card.front.supersedes),
        shared=tuple(name_shared(facts)),
        models=_name_models(facts),
        quoted=list_quoted(card),
        commits=list_commits(card),
    )


def digest_card(folder: Path) -> str:
    """A digest of what a card's page shows: its text, its evidence and its drawings."""
    total = blake2b(digest_size=16)
    files = [folder / CARD_NAME, folder / EVIDENCE_NAME, *sorted(_find_drawings(folder))]
    for path in files:
        total.update(f"\0{path.relative_to(folder)}\0".encode("utf-8", "surrogateescape"))
        if path.is_file() and not path.is_symlink():
            total.update(path.read_bytes())
    return total.hexdigest()


def _find_drawings(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names if name.endswith(".svg"))


def _name_models(facts: Facts) -> tuple[str, ...]:
    start = (facts.model, *facts.model.others) if facts.model else ()
    return tuple(sorted({fact.value.name for fact in (*start, *facts.output)}))


class CardMaker:
    """Makes one card after another; ``context`` may be replaced between two."""

    def __init__(self, context: RenderContext, writer: Writer, stamp: str) -> None:
        self.context, self._writer, self._stamp = context, writer, stamp

    def close(self) -> None:
        """End the process that converts prose."""
        self.context.prose.close()

    def __call__(self, job: Job, /) -> Made:
        if job.before is not None:
            body = _find_body(self._writer.output.folder, job.before.written)
            if body is not None:
                return self._stamp_again(job, job.before, body)
        facts = self.context.cards[job.code]
        entry = make_entry(facts, self.context)
        page, problems = render(facts, self.context, entry)
        written = self._writer.write_page(page)
        slim = replace(page, body="", data={})
        plotted = dump_brief(make_brief(facts, self.context))
        return Made(
            job.code, job.key, self._stamp, job.look, entry, slim, written, problems, plotted
        )

    def _stamp_again(self, job: Job, before: Made, body: str) -> Made:
        """Put a page into another shell, or publish its files again."""
        written = self._writer.write_page(replace(before.page, body=body))
        files = {**before.written.files, **written.files}
        written = replace(written, files=files)
        return replace(before, stamp=self._stamp, look=job.look, written=written)


def start_maker(context: RenderContext, shell: Shell, stamp: str, place: Place) -> CardMaker:
    """A maker for a process of its own, beside the one that knows the whole site."""
    texts = Output(place.texts, known=True) if place.texts else None
    output = Output(place.output, known=True)
    return CardMaker(context, Writer(place.root, make_stamper(shell), output, texts), stamp)


def _find_body(output: Path, written: Written) -> str | None:
    """The page's body as it stands in the site, where all of the page is as it was left."""
    start, length = written.body
    if not _is_intact(output, written.files):
        return None
    try:
        data = read_file(output / written.address / "index.html")
        return data[start : start + length].decode()
    except (OSError, UnicodeDecodeError):
        return None


def _is_intact(output: Path, files: Mapping[str, tuple[int, int, int]]) -> bool:
    try:
        found = {name: os.lstat(output / name) for name in files}
    except OSError:
        return False
    return all((s.st_size, s.st_mtime_ns, s.st_ino) == files[name] for name, s in found.items())


def render(facts: Facts, context: RenderContext, entry: Entry) -> tuple[Page, tuple[Problem, ...]]:
    """A card's page, or the page that says why there is none, with its problems."""
    card = facts.card
    if card.broken:
        return render_broken(card, card.problems, context), card.problems
    try:
        page = render_card(facts, context, entry)
        return replace(page, data={**page.data, RECORD: format_record(facts, context)}), ()
    except CannotRender as error:
        problems = error.problems
    except Exception as error:  # one card must not end the build of the others
        problems = (_as_problem(card, context.config, error),)
    return render_broken(card, problems, context), problems


def _as_problem(card: Card, config: Config, error: Exception) -> Problem:
    what = f"{type(error).__name__}: {error}."
    hint = "Simplify the card's text; if it is in order, report this as a fault of cardgen."
    return Problem(
        config.label(card.path), 0, "render", "error", f"The card cannot be rendered: {what}", hint
    )
