"""The whole card as plain Markdown: what GitHub and GitLab show of an experiment's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cardgen.config import Settings
from cardgen.documents import has_text
from cardgen.facts import Fact, Facts
from cardgen.livevalues import FindFacts, LiveValue, fill, format_live
from cardgen.markdown import quote_span, quote_text
from cardgen.models import Section
from cardgen.readme.parts import Parts
from cardgen.readme.prose import clean_prose
from cardgen.readme.results import Results, is_plain, link_card
from cardgen.readme.words import Origins, Words, load_words

MAX_BYTES = 500_000
"""GitHub shows no more than 512 KB of a file."""

MAX_PROSE = 60_000
_FIRST = ("", "goal", "conclusions")


@dataclass(frozen=True)
class Folder:
    """What lies beside a card: whether there is evidence, and which files are pictures."""

    has_evidence: bool = False
    pictures: frozenset[str] = frozenset()


def render_card(facts: Facts, find_facts: FindFacts, settings: Settings, folder: Folder) -> str:
    """A card's README without its mark; the same card gives the same text.

    ``find_facts`` gives the facts of the baseline and of cards that the text quotes.
    """
    code = facts.card.front.baseline
    base = find_facts(code) if code and code != facts.code else None
    page = _Page(facts, base, find_facts, settings, folder)
    text = "\n\n".join(part for part in page.parts() if part.strip()) + "\n"
    return _bound(text, page.words)


def _bound(text: str, words: Words) -> str:
    data = text.encode("utf-8", "replace")
    if len(data) <= MAX_BYTES:
        return text
    kept = data[:MAX_BYTES].decode("utf-8", "ignore").rpartition("\n\n")[0]
    # A fence may have been cut through: this line then stands in it, which shows it as well.
    return f"{kept}\n\n… [card.md](card.md), [evidence.json](evidence.json)\n"


class _Page:
    def __init__(
        self,
        facts: Facts,
        base: Facts | None,
        find_facts: FindFacts,
        settings: Settings,
        folder: Folder,
    ) -> None:
        self.facts, self.find_facts, self.folder = facts, find_facts, folder
        self.words = load_words(settings.lang)
        origins = Origins(facts, self.words)
        self.results = Results(facts, base, settings, self.words, origins)
        self.made = Parts(facts, base, settings, self.words, origins)

    def parts(self) -> Iterator[str]:
        title = self.facts.card.front.title
        yield f"# {quote_text(self.facts.code)}{': ' + quote_text(title) if title else ''}"
        yield self.status()
        yield from self.results.headline()
        sections = self.facts.card.sections
        yield from self.prose([s for s in sections if s.key in _FIRST and (s.key or not s.title)])
        yield from self.part("part_results", *self.list_results())
        yield from self.prose([s for s in sections if s.key == "problems"])
        yield from self.part("part_commands", *self.made.commands())
        yield from self.part("part_model", self.made.model_and_data())
        yield from self.part("part_params", *self.made.params())
        yield from self.part("part_source", "\n".join(self.made.source()))
        yield from self.part("part_environment", self.made.environments())
        yield from self.part("part_runs", *self.made.runs())
        yield from self.part("part_differences", self.made.conflicts())
        yield from self.part("part_accepted", self.made.accepted())
        yield from self.prose([s for s in sections if not s.key and s.title])

    def status(self) -> str:
        """One line: how it stands, since when, by whom, its tags, and the two files."""
        facts, words = self.facts, self.words
        said = [f"**{words[f'status_{facts.status.value}']}**"] if facts.status else []
        said += [facts.date.value.isoformat()] if facts.date else []
        said += [quote_text(fact.value) for fact in facts.authors]
        tags = " ".join(quote_span(fact.value) for fact in facts.tags)
        said += [tags] if tags else []
        said += [f"{words['supersedes']} {link_card(code)}" for code in facts.card.front.supersedes]
        said.append("[card.md](card.md)")
        said += ["[evidence.json](evidence.json)"] if self.folder.has_evidence else []
        return " · ".join(said)

    def list_results(self) -> Iterator[str]:
        yield self.results.against()
        yield from self.results.groups()
        yield from self.results.checkpoints()
        yield self.results.last_values()

    def part(self, label: str, *texts: str) -> Iterator[str]:
        """A heading and what stands below it, where anything does."""
        if any(text.strip() for text in texts):
            yield f"## {self.words[label]}"
            yield from texts

    def prose(self, sections: list[Section]) -> Iterator[str]:
        for section in sections:
            if not has_text(section.body):
                continue
            if section.title:
                yield f"## {quote_text(section.title)}"
            if section.suggested:
                yield f"_{self.words['suggested'].format(quote_span(section.suggested))}_"
            body = fill(section.body[:MAX_PROSE], self.facts, self.find_facts, self._write)
            yield clean_prose(body, self.folder.pictures.__contains__)
            if len(section.body) > MAX_PROSE:
                yield "… [card.md](card.md)"

    def _write(self, value: LiveValue, fact: Fact[Any]) -> str:
        """A value quoted in the text, which leads to the card that it is from."""
        said = quote_text(self.words.number(format_live(value, fact)))
        other = value.code and value.code != self.facts.code and is_plain(value.code)
        return f"[{said}](../{value.code}/)" if other else said


Render = Callable[[Facts, FindFacts, Settings, Folder], str]
