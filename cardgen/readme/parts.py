"""What a card ran on and with, as the tables of its README."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from cardgen.config import Settings
from cardgen.differences.values import show_value
from cardgen.facts import Fact, Facts
from cardgen.markdown import make_table, quote_block, quote_span, quote_text
from cardgen.measures import same_value
from cardgen.models import Dataset, Model, Source
from cardgen.readme.results import link_card
from cardgen.readme.words import Origins, Words
from cardgen.repositories import Repository, commit_url, parse_repository, without_password

MAX_PARAMS = 200
MAX_RUNS = 60


class Parts:
    """Makes the further tables of one card."""

    def __init__(
        self, facts: Facts, base: Facts | None, settings: Settings, words: Words, origins: Origins
    ) -> None:
        self.facts, self.base, self.settings = facts, base, settings
        self.words, self.origins = words, origins

    def commands(self) -> Iterator[str]:
        for kind in ("train", "predict"):
            facts: tuple[Fact[str], ...] = getattr(self.facts, kind)
            for fact in facts:
                yield f"{self.words[f'command_{kind}']} ({self.origins.say(fact.origin)}):"
                yield quote_block(fact.value, "sh")

    def model_and_data(self) -> str:
        facts, words = self.facts, self.words
        models = [(words["model_start"], facts.model)] if facts.model else []
        models += [(words["model_output"], fact) for fact in facts.output]
        rows = [(label, *self._say_model(fact)) for label, fact in models]
        rows += [(self._say_use(fact.value), *self._say_data(fact)) for fact in facts.data]
        headers = ("", words["name"], words["detail_version"], words["detail_kind"],
                   words["part_sources"])  # fmt: skip
        return make_table(headers, rows) if rows else ""

    def _say_model(self, fact: Fact[Model]) -> tuple[str, ...]:
        model = fact.value
        name = quote_span(model.name or model.path or model.url)
        version = " ".join(part for part in (model.version, model.digest[:19]) if part)
        named = ", ".join((version, *model.aliases) if version else model.aliases)
        return name, quote_text(named), quote_text(model.kind), self.origins.say(fact.origin)

    def _say_use(self, data: Dataset) -> str:
        label = self.words["data"]
        return f"{label}: {quote_text(data.context)}" if data.context else label

    def _say_data(self, fact: Fact[Dataset]) -> tuple[str, ...]:
        data = fact.value
        version = " ".join(part for part in (data.version, data.digest[:19]) if part)
        name = quote_span(data.name or data.path or data.url)
        return name, quote_text(version), "", self.origins.say(fact.origin)

    def params(self) -> Iterator[str]:
        """All parameters; beside those that the baseline had otherwise, its value."""
        facts, words = self.facts, self.words
        if not facts.params:
            return
        other = self.base.params if self.base and self.base.params else {}
        rows = [
            (
                quote_text(name),
                self._say_values(fact),
                *self._say_other(fact, other.get(name)),
                self.origins.say(fact.origin),
            )
            for name, fact in list(facts.params.items())[:MAX_PARAMS]
        ]
        headers = [words["name"], words["value"], words["part_sources"]]
        if self.base is not None and other:
            headers.insert(2, words["differs_from"].format(link_card(self.base.code)))
        yield make_table(headers, rows)
        if len(facts.params) > MAX_PARAMS:
            yield words["more_params"].format(len(facts.params) - MAX_PARAMS)

    def _say_values(self, fact: Fact[object]) -> str:
        values = dict.fromkeys(self.words.value(one.value) for one in (fact, *fact.others[:8]))
        return ", ".join(values) + (", …" if len(fact.others) > 8 else "")

    def _say_other(self, fact: Fact[object], other: Fact[object] | None) -> tuple[str, ...]:
        if self.base is None or not self.base.params:
            return ()
        if other is None:
            return ("–",)
        same = same_value(fact.value, other.value) and not (fact.others or other.others)
        return ("",) if same else (f"**{self._say_values(other)}**",)

    def source(self) -> Iterator[str]:
        fact = self.facts.source
        if fact is None:
            return
        for one in (fact, *fact.others[:8]):
            said = [part for part in self._say_source(one.value) if part]
            yield f"- {' · '.join(said)} ({self.origins.say(one.origin)})"

    def _say_source(self, source: Source) -> Iterator[str]:
        words = self.words
        for label, value in (("repository", without_password(source.repository)),
                             ("branch", source.branch)):  # fmt: skip
            if value:
                yield f"{words[f'source_{label}']} {quote_span(value)}"
        if source.commit:
            url = find_commit_url(self.settings.repository, source)
            commit = quote_span(source.commit)
            yield f"{words['source_commit']} {f'[{commit}]({url})' if url else commit}"
        if source.dirty:
            patch = f" {words['source_patch']} {quote_span(source.patch)}" if source.patch else ""
            yield f"**{words['source_dirty']}**{patch}"

    def environments(self) -> str:
        words = self.words
        rows = [
            (
                self.origins.run(fact.origin.ref),
                quote_text(fact.value.python),
                quote_text(fact.value.os),
                quote_text(fact.value.accelerator),
                "" if fact.value.seed is None else str(fact.value.seed),
                str(len(fact.value.packages) or ""),
            )
            for fact in self.facts.environments[:MAX_RUNS]
        ]
        names = ("python", "os", "accelerator", "seed")
        packages = words["packages"].format("").strip().rstrip(":：").strip()
        headers = (words["run"], *(words[f"environment_{name}"] for name in names), packages)
        filled = [n for n in range(len(headers)) if any(row[n] for row in rows)]
        cells = [[row[n] for n in filled] for row in rows]
        return make_table([headers[n] for n in filled], cells) if rows else ""

    def runs(self) -> Iterator[str]:
        words = self.words
        rows = [
            (
                str(number),
                quote_span(run.ref),
                quote_text(run.name),
                words[f"status_{run.status}"] if run.status else "",
                _say_times(run.started, run.finished),
            )
            for number, run in enumerate(self.facts.runs[:MAX_RUNS], 1)
        ]
        if rows:
            headers = ("", words["run"], words["name"], words["status"], words["times"])
            yield make_table(headers, rows, (0,))
        if len(self.facts.runs) > MAX_RUNS:
            yield words["rows_cut"].format(MAX_RUNS, len(self.facts.runs))

    def conflicts(self) -> str:
        words = self.words
        rows = [
            (
                quote_text(one.key),
                f"{words.value(one.written.value)} ({self.origins.say(one.written.origin)})",
                f"{words.value(one.recorded.value)} ({self.origins.say(one.recorded.origin)})",
            )
            for one in self.facts.conflicts[:MAX_PARAMS]
        ]
        headers = ("", words["card_says"], words["run_says"])
        return make_table(headers, rows) if rows else ""

    def accepted(self) -> str:
        words = self.words
        rows = [
            (quote_span(one.rule), quote_text(one.about), quote_text(one.reason))
            for one in self.facts.card.front.accepted
        ]
        headers = (words["accepted_rule"], words["accepted_about"], words["accepted_reason"])
        return make_table(headers, rows) if rows else ""


def _say_times(started: dt.datetime | None, finished: dt.datetime | None) -> str:
    if started is None:
        return ""
    said = f"{started:%Y-%m-%d %H:%M}"
    if finished is not None:
        same = started.date() == finished.date()
        said += f" – {finished:%H:%M}" if same else f" – {finished:%Y-%m-%d %H:%M}"
    return f"{said} UTC"


def find_commit_url(trusted: str, source: Source) -> str:
    """The page of a commit in the repository of the settings; empty where it is in another."""
    base, own = parse_repository(trusted), parse_repository(source.repository)
    if base is None or (source.repository and (own is None or not _is_same(own, base))):
        return ""
    return commit_url(trusted, show_value(source.commit))


def _is_same(one: Repository, other: Repository) -> bool:
    return one.url.casefold() == other.url.casefold()
