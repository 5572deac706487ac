"""A card's facts as the parts of its page, in their order: what the templates are given.

A part is a heading with an anchor, the template that shows it and that template's values. Every
function here is pure and answers None where there is nothing to show.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from cardgen.facts import Fact, Facts, Origin
from cardgen.models import Environment
from cardgen.repositories import commit_url
from cardgen.site import links
from cardgen.site.accepted import Row
from cardgen.site.against import list_against
from cardgen.site.checkpoints import ResultTables
from cardgen.site.context import RenderContext
from cardgen.site.curves import make_curves
from cardgen.site.history import MAX_CHANGES
from cardgen.site.inputs import find_changed, list_params, list_things, name_changes
from cardgen.site.lives import list_places
from cardgen.site.page import Heading
from cardgen.site.places import Places
from cardgen.site.provenance import list_environments, list_runs, list_source, list_sources
from cardgen.site.related import find_links, link_tag, list_versions
from cardgen.site.reproduce import check_needs, list_patches, list_steps
from cardgen.site.results import SummaryMaker, Tile
from cardgen.site.shown import Shower, say
from cardgen.site.speech import format_day
from cardgen.site.theme import way_to_root

_MOST_OPEN = 10
"""Runs whose records are shown at once."""

ANCHORS = (
    "goal", "conclusions", "problems", "results", "curves", "commands", "params", "model",
    "source", "environment", "runs", "differences", "accepted", "related", "history", "sources",
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
        self.base = context.cards.get(facts.card.front.baseline)
        self.changed = find_changed(facts, self.base)

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
            "date": show(facts.date, format_day(facts.date.value)) if facts.date else None,
            "authors": [show(fact) for fact in facts.authors],
            "tags": [show(fact, url=link_tag(fact.value, facts, context)) for fact in facts.tags],
            "baseline": self._links((front.baseline,) if front.baseline else ()),
            "supersedes": self._links(front.supersedes),
            "successors": self._links(context.successors.get(facts.code, ())),
            "differences": len(facts.conflicts),
            "places": list_places(facts, context),
            "registered": [
                (" ".join((one.tag, *one.stages)), self.shower.places.link_tag(one))
                for one in context.registered.get(facts.code, ())
            ],
            "words": self._list_words(),
        }

    def _list_words(self) -> str:
        """What the page's script says, for an attribute: where a value comes from."""
        labels = self.labels
        words = {
            "run": labels["run"],
            "step": labels["axis_step"],
            "tracker": labels["origin_tracker"],
            "written": labels["origin_written"],
            "runs": labels["origin_runs"],
            "filter": labels["filter_params"],
            "count": labels["filter_count"],
        }
        return json.dumps(words, ensure_ascii=False)

    def actions(self) -> dict[str, Any]:
        """Where the card is compared, edited and read by programs."""
        facts, context = self.facts, self.context
        settings, checkout = context.settings, context.checkout
        path = f"{checkout.folder}{context.label(facts.card)}"
        root = way_to_root(context.page_path(facts.code))
        compared = self.base is not None and self.base.code != facts.code
        codes = f"{quote(self.base.code)},{quote(facts.code)}" if self.base else ""
        return {
            "edit": links.edit_url(settings.repository, context.find_branch(facts.code), path),
            "baseline": facts.card.front.baseline if compared else "",
            "compare": f"{root}compare/?cards={codes}",
            "evidence": facts.card.evidence is not None,
        }

    def why(self) -> dict[str, Any] | None:
        """What was changed from the baseline, the most telling first; None without one."""
        base = self.base
        if base is None or base.code == self.facts.code or not (self.facts.params and base.params):
            return None
        return {"baseline": base.code, **name_changes(self.facts, self.changed)}

    def _links(self, codes: Iterable[str]) -> list[tuple[str, str]]:
        return [(code, self.context.link(code)) for code in codes]

    def summary(self) -> list[Tile]:
        return self._summary.summary()

    def results(self) -> Part | None:
        table = ResultTables(self.facts, self.shower).table()
        if table:
            table["against"] = list_against(self.facts, self.context, self.shower)
            table["baseline"] = self.facts.card.front.baseline
        return self.part("results", table)

    # Prose -----------------------------------------------------------------------------------

    def missing(self, key: str) -> Part:
        """A goal or conclusions that nobody has written yet."""
        return Part(key, self.labels[f"part_{key}"], "missing", self.labels[f"no_{key}"])

    # Curves ----------------------------------------------------------------------------------

    def curves(self) -> Part | None:
        return self.part("curves", make_curves(self.facts, self.context, self.shower.names))

    # Commands --------------------------------------------------------------------------------

    def commands(self) -> Part | None:
        other = tuple(
            Fact(command.line, Origin(run.ref))
            for run in self.facts.runs
            for command in run.commands
            if command.kind == "other"
        )
        kinds = (("train", self.facts.train), ("predict", self.facts.predict), ("other", other))
        groups = [
            (self.labels[f"command_{kind}"], [self.shower.show(fact) for fact in commands])
            for kind, commands in kinds
            if commands
        ]
        needs = check_needs(self.facts, self.labels)
        count = sum(len(commands) for _, commands in kinds)
        data = {
            "groups": groups,
            "fold": self.labels["fold_commands"].format(count) if count > _MOST_OPEN else "",
            "steps": self._list_steps(),
            "patches": list_patches(self.facts),
            "there": [need for need in needs if need.there],
            "missing": [need for need in needs if not need.there],
        }
        return self.part("commands", data if groups or needs else None)

    def _list_steps(self) -> list[str]:
        folder = self.context.label(self.facts.card).rpartition("/")[0]
        return list_steps(self.facts, f"{self.context.checkout.folder}{folder}")

    # What went in ----------------------------------------------------------------------------

    def model(self) -> Part | None:
        return self.part("model", list_things(self.facts, self.shower))

    def params(self) -> Part | None:
        found = list_params(self.facts, self.base, self.changed, self.shower)
        return self.part("params", found)

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

    def related(self) -> Part | None:
        """Earlier versions, and the pages of what other cards have, too."""
        versions = list_versions(self.facts, self.context)
        shared = find_links(self.facts, self.context)
        data = {"versions": versions, "shared": shared, "metric": self.facts.metric}
        return self.part("related", data if versions or shared else None)

    def history(self) -> Part | None:
        """The latest commits that changed the card."""
        repository = self.context.settings.repository
        changes = self.context.history.get(self.facts.code, ())
        rows = [(one, format_day(one.day), commit_url(repository, one.commit)) for one in changes]
        cut = self.labels["history_cut"].format(MAX_CHANGES) if len(rows) >= MAX_CHANGES else ""
        return self.part("history", {"rows": rows, "cut": cut} if rows else None)

    def sources(self) -> Part | None:
        found = list_sources(self.facts, self.shower)
        part = self.part("sources", {**found, "evidence": self.facts.card.evidence is not None})
        return self.long(part, len(self.facts.runs), "runs")

    def accepted(self, rows: Sequence[Row]) -> Part | None:
        """Findings of checks that a person lets stand."""
        return self.part("accepted", rows)

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
