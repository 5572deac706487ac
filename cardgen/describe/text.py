"""One card as text for a terminal, each value with its origin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cardgen.describe.common import know_nobody, show
from cardgen.documents import has_text, strip_comments
from cardgen.facts import Fact, Facts, Origin, Row
from cardgen.groups.text import describe_groups
from cardgen.livevalues import FindFacts, fill
from cardgen.measures import format_number, format_spread

MAX_ROWS = 40


def describe(facts: Facts, find_facts: FindFacts = know_nobody) -> str:
    """A card in the terminal; what is behind ``←`` is where a value comes from.

    ``find_facts`` gives the facts of the cards whose values its text quotes.
    """
    return "\n".join(_Text(facts, find_facts).lines()).rstrip()


class _Text:
    """One card's lines; runs are numbered once and quoted by their numbers."""

    def __init__(self, facts: Facts, find_facts: FindFacts) -> None:
        self.facts = facts
        self.find_facts = find_facts
        self.numbers = {run.ref: n for n, run in enumerate(facts.runs, 1)}

    def origin(self, origin: Origin) -> str:
        if origin.written:
            return f"card.md:{origin.line}" if origin.line else "card.md"
        step = "" if origin.step is None else f" step {format_number(origin.step)}"
        return f"[{self.numbers.get(origin.ref, origin.ref)}]{step}"

    def value(self, fact: Fact[Any]) -> str:
        return f"{show(fact.value)}  ← {self.origin(fact.origin)}"

    def lines(self) -> Iterator[str]:
        facts = self.facts
        yield f"{facts.code}  {facts.card.front.title}".rstrip()
        yield from self.head()
        for section in facts.card.sections:
            if has_text(section.body):
                yield from _heading(section.title or "Text")
                if section.suggested:
                    yield f"(suggested by {section.suggested}; nobody has confirmed it)"
                said = fill(section.body, facts, self.find_facts, mark=" (no such value)")
                yield strip_comments(said).strip()
        yield from self.accepted()
        yield from self.results()
        yield from self.table("Parameters", facts.params.items())
        yield from self.commands("Training", facts.train)
        yield from self.commands("Prediction", facts.predict)
        for conflict in facts.conflicts:
            yield ""
            yield f"! {conflict.key}: written {self.value(conflict.written)}"
            yield f"  {'':{len(conflict.key)}}  recorded {self.value(conflict.recorded)}"

    def head(self) -> Iterator[str]:
        facts = self.facts
        if facts.runs:
            yield ""
        yield from (f"[{number}] {ref}" for ref, number in self.numbers.items())
        entries: list[tuple[str, Fact[Any]]] = []
        for name in ("status", "date", "model", "source"):
            fact = getattr(facts, name)
            entries += [(name, fact)] if fact else []
        for name in ("authors", "tags", "data", "output"):
            entries += [(name, fact) for fact in getattr(facts, name)]
        entries += [("environment", fact) for fact in facts.environments]
        width = max((len(name) for name, _ in entries), default=0)
        yield ""
        for name, fact in entries:
            yield f"{name:{width}}  {self.value(fact)}"
            yield from (f"{'':{width}}  {self.value(other)}" for other in fact.others)

    def accepted(self) -> Iterator[str]:
        """Findings of checks that a person lets stand."""
        entries = self.facts.card.front.accepted
        if entries:
            yield from _heading("Accepted findings")
        for at, one in enumerate(entries):
            line = self.facts.card.lines.get(f"accepted.{at}", 0)
            name = f"{one.rule}: {one.about}" if one.about else one.rule
            yield f"{name}  ← card.md:{line}" if line else name
            yield f"  {one.reason}"

    def results(self) -> Iterator[str]:
        facts = self.facts
        if facts.metric and facts.primary:
            how = "lowest" if facts.direction == "min" else "highest"
            assumed = ", assumed: no metric is declared" if facts.metric_assumed else ""
            yield ""
            yield from self.headline()
            yield f"Best {facts.metric} ({how}{assumed}): {self.value(facts.primary)}"
        if facts.groups:
            yield from describe_groups(facts, self.numbers)
        if facts.rows:
            yield from ("", self.rows())
        shown = {name for row in facts.rows for name in row.metrics}
        yield from self.table(
            "Last values", [(n, f) for n, f in facts.finals.items() if n not in shown]
        )

    def headline(self) -> Iterator[str]:
        spread = self.facts.headline
        if spread and spread.mean is not None:
            of = "" if spread.n == spread.of else f" of {spread.of}"
            said = format_spread(spread.mean, spread.std)
            yield f"Mean {self.facts.metric} ± standard deviation: {said} ({spread.n}{of} seeds)"
            yield "of each run's best checkpoint; the best single one:"

    def rows(self) -> str:
        import tabulate  # noqa: PLC0415  # heavy, and not every card has rows

        facts = self.facts
        names = list(dict.fromkeys(name for row in facts.rows for name in row.metrics))
        shown = facts.rows[-MAX_ROWS:]
        rows = [("*" if row is facts.best else "", *self.row(row, names)) for row in shown]
        headers = ("", "step", "epoch", *names, "from")
        table = tabulate.tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
        cut = len(facts.rows) - len(shown)
        return f"({cut} earlier rows)\n{table}" if cut else table

    def row(self, row: Row, names: list[str]) -> tuple[str, ...]:
        return (
            "" if row.step is None else format_number(row.step),
            "" if row.epoch is None else format_number(row.epoch),
            *(f"{row.metrics[n].value:.6g}" if n in row.metrics else "" for n in names),
            self.origin(row.origin).partition(" ")[0],
        )

    def table(self, title: str, entries: Iterable[tuple[str, Fact[Any]]]) -> Iterator[str]:
        rows = list(entries)
        if not rows:
            return
        yield from _heading(title)
        width = min(max(len(name) for name, _ in rows), 40)
        for name, fact in rows:
            others = "".join(f", {self.value(other)}" for other in fact.others)
            yield f"{name:{width}}  {self.value(fact)}{others}"

    def commands(self, title: str, commands: tuple[Fact[str], ...]) -> Iterator[str]:
        if commands:
            yield from _heading(title)
        for fact in commands:
            yield f"$ {fact.value}"
            yield f"  ← {self.origin(fact.origin)}"


def _heading(title: str) -> tuple[str, str, str]:
    return "", title, "-" * len(title)
