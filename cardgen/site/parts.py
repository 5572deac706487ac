"""A card's facts as the parts of its page, in their order: what the templates are given.

A part is a heading with an anchor, the template that shows it and that template's values. Every
function here is pure and answers None where there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from cardgen.facts import Fact, Facts, Origin
from cardgen.models import Environment
from cardgen.site.charts import COLOURS, render_chart
from cardgen.site.checkpoints import ResultTables
from cardgen.site.context import RenderContext
from cardgen.site.curves import Group, find_groups, make_chart, split_groups
from cardgen.site.inputs import list_params, list_things
from cardgen.site.page import Heading
from cardgen.site.places import Places
from cardgen.site.provenance import list_environments, list_runs, list_source, list_sources
from cardgen.site.results import SummaryMaker, Tile
from cardgen.site.series import count_drawn
from cardgen.site.shown import Shower, say

_MOST_OPEN = 10
"""Runs whose records are shown at once."""

ANCHORS = (
    "goal", "conclusions", "results", "curves", "commands", "model", "params", "problems",
    "source", "environment", "runs", "differences", "sources",
)  # fmt: skip
"""Anchors of a card's own parts: the same in every language."""


@dataclass(frozen=True)
class Part:
    """One part of a page; ``headings`` are those within it."""

    anchor: str
    title: str
    template: str
    data: Any
    headings: tuple[Heading, ...] = ()


def join_environments(facts: Facts) -> tuple[Fact[Environment], ...]:
    """One for all runs where their environments differ in the seed alone, else each run's."""
    found = facts.environments
    first = found[0].value.model_copy(update={"seed": None}) if len(found) > 1 else None
    if first is None or any(f.value.model_copy(update={"seed": None}) != first for f in found):
        return found
    if len({fact.value.seed for fact in found}) == 1:
        return found[:1]
    return () if first == Environment() else (replace(found[0], value=first),)


class PartMaker:
    """Makes one card's parts; each method is pure and answers one of them."""

    def __init__(self, facts: Facts, context: RenderContext) -> None:
        self.facts = facts
        self.context = context
        self.labels = context.labels
        places = Places.make(facts, context.settings.repository, context.registry)
        self.shower = Shower(facts, context.labels, places)
        self._summary = SummaryMaker(facts, context, self.shower)

    def part(self, anchor: str, data: Any, template: str = "") -> Part | None:
        title = self.labels[f"part_{anchor}"]
        return Part(anchor, title, template or anchor, data) if data else None

    def long(self, part: Part | None, count: int, kind: str) -> Part | None:
        """A part of one of many runs' things, folded where they are too many to pass by."""
        if part is None or count <= _MOST_OPEN:
            return part
        title = self.labels[f"fold_{kind}"].format(count)
        return replace(part, template="folded", data={"title": title, "part": part})

    def head(self) -> dict[str, Any]:
        """Title and chips."""
        facts, context = self.facts, self.context
        front = facts.card.front
        show = self.shower.show
        status = facts.status
        return {
            "code": facts.code,
            "title": facts.title,
            "status": show(status, self.labels[f"status_{status.value}"]) if status else None,
            "state": status.value if status else "",
            "date": show(facts.date, facts.date.value.isoformat()) if facts.date else None,
            "authors": [show(fact) for fact in facts.authors],
            "tags": [show(fact) for fact in facts.tags],
            "baseline": self._links((front.baseline,) if front.baseline else ()),
            "supersedes": self._links(front.supersedes),
            "successors": self._links(context.successors.get(facts.code, ())),
            "differences": len(facts.conflicts),
        }

    def _links(self, codes: Iterable[str]) -> list[tuple[str, str]]:
        return [(code, self.context.link(code)) for code in codes]

    def summary(self) -> list[Tile]:
        return self._summary.summary()

    def results(self) -> Part | None:
        return self.part("results", ResultTables(self.facts, self.shower).table())

    # Prose -----------------------------------------------------------------------------------

    def missing(self, key: str) -> Part:
        """A goal or conclusions that nobody has written yet."""
        return Part(key, self.labels[f"part_{key}"], "missing", self.labels[f"no_{key}"])

    # Curves ----------------------------------------------------------------------------------

    def curves(self) -> Part | None:
        shown, folded = split_groups(find_groups(self.facts))
        names = self.shower.names
        data = [[self._chart(group, names) for group in groups] for groups in (shown, folded)]
        bands = any(key["band"] for charts in data for chart in charts for key in chart["keys"])
        note = self.labels["chart_band"] if bands else ""
        return self.part("curves", {"shown": data[0], "rest": data[1], "note": note}
                         if data[0] else None)  # fmt: skip

    def _chart(self, group: Group, names: Mapping[str, str]) -> dict[str, Any]:
        chart = make_chart(group, self.facts, names, self.labels, self.context.settings)
        keys = [
            {
                "name": s.name,
                "colour": s.colour % COLOURS,
                "dashed": s.dashed,
                "band": bool(s.low),
                "thin": s.thin,
            }
            for s in chart.series
            if s.listed or not s.thin
        ]
        drawn = count_drawn(chart.series)
        cut = len(group.lines) > drawn
        note = self.labels["chart_cut"].format(drawn, len(group.lines)) if cut else ""
        return {
            "title": chart.title,
            "svg": Markup(render_chart(chart)),  # noqa: S704  # made by us, its texts escaped
            "keys": keys if len(keys) > 1 or keys[0]["name"] != chart.title else [],
            "note": note,
        }

    # Commands --------------------------------------------------------------------------------

    def commands(self) -> Part | None:
        other = tuple(
            Fact(command.line, Origin(run.ref))
            for run in self.facts.runs
            for command in run.commands
            if command.kind == "other"
        )
        kinds = (("train", self.facts.train), ("predict", self.facts.predict), ("other", other))
        part = self.part(
            "commands",
            [
                (self.labels[f"command_{kind}"], [self.shower.show(fact) for fact in commands])
                for kind, commands in kinds
                if commands
            ],
        )
        return self.long(part, sum(len(commands) for _, commands in kinds), "commands")

    # What went in ----------------------------------------------------------------------------

    def model(self) -> Part | None:
        return self.part("model", list_things(self.facts, self.shower))

    def params(self) -> Part | None:
        base = self.context.cards.get(self.facts.card.front.baseline)
        return self.part("params", list_params(self.facts, base, self.shower))

    # Where it all comes from -----------------------------------------------------------------

    def source(self) -> Part | None:
        repository = self.context.settings.repository
        return self.part("source", list_source(self.facts, repository, self.shower))

    def environment(self) -> Part | None:
        facts = replace(self.facts, environments=join_environments(self.facts))
        part = self.part("environment", list_environments(facts, self.shower))
        return self.long(part, len(facts.environments), "environments")

    def runs(self) -> Part | None:
        part = self.part("runs", list_runs(self.facts, self.shower))
        return self.long(part, len(self.facts.runs), "runs")

    def sources(self) -> Part | None:
        found = list_sources(self.facts, self.shower)
        part = self.part("sources", {**found, "evidence": self.facts.card.evidence is not None})
        return self.long(part, len(self.facts.runs), "runs")

    def differences(self) -> Part | None:
        return self.part(
            "differences",
            [
                {
                    "name": conflict.key,
                    "written": self.shower.show(conflict.written, say(conflict.written.value)),
                    "recorded": self.shower.show(conflict.recorded, say(conflict.recorded.value)),
                    "where": self.shower.origin(conflict.written.origin),
                    "by": self.shower.origin(conflict.recorded.origin),
                }
                for conflict in self.facts.conflicts
            ],
        )
