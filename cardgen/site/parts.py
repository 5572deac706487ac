"""A card's facts as the parts of its page, in their order: what the templates are given.

A part is a heading with an anchor, the template that shows it and that template's values. Every
function here is pure and answers None where there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cardgen.facts import Fact, Facts, Origin
from cardgen.measures import same_value
from cardgen.models import Dataset, Model
from cardgen.site import links
from cardgen.site.charts import COLOURS, render_chart
from cardgen.site.context import RenderContext
from cardgen.site.curves import Group, find_groups, make_chart, split_groups
from cardgen.site.numbers import MISSING, format_full
from cardgen.site.page import Heading
from cardgen.site.provenance import list_runs, list_sources
from cardgen.site.results import ResultMaker, Tile
from cardgen.site.shown import Shower, Shown, link_dataset, link_model, say

ANCHORS = (
    "goal", "conclusions", "results", "curves", "commands", "model", "params", "problems",
    "source", "environment", "runs", "differences", "sources",
)  # fmt: skip
"""Anchors of a card's own parts: the same in every language."""

_FIRST_PARAMS = 12
_SHORT_PARAMS = 16
_TELLING_NAMES = """
learning_rate lr base_lr init_lr batch_size train_batch_size per_device_train_batch_size
gradient_accumulation_steps num_train_epochs epochs num_epochs max_epochs max_steps optimizer
optim weight_decay warmup_steps warmup_ratio lr_scheduler_type scheduler dropout
max_seq_length max_length max_source_length hidden_size hidden_dim num_layers seed
"""
_TELLING = _TELLING_NAMES.split()
# What trackers call the same use of data.
_CONTEXTS = {
    "train": "train", "training": "train", "eval": "eval", "evaluation": "eval", "dev": "eval",
    "validation": "eval", "test": "test", "testing": "test",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of a page; ``headings`` are those within it."""

    anchor: str
    title: str
    template: str
    data: Any
    headings: tuple[Heading, ...] = ()


class PartMaker:
    """Makes one card's parts; each method is pure and answers one of them."""

    def __init__(self, facts: Facts, context: RenderContext) -> None:
        self.facts = facts
        self.context = context
        self.labels = context.labels
        self.shower = Shower(facts, context.labels)
        self._results = ResultMaker(facts, context, self.shower)

    def part(self, anchor: str, data: Any, template: str = "") -> Part | None:
        title = self.labels[f"part_{anchor}"]
        return Part(anchor, title, template or anchor, data) if data else None

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
        return self._results.summary()

    def results(self) -> Part | None:
        return self.part("results", self._results.table())

    # Prose -----------------------------------------------------------------------------------

    def missing(self, key: str) -> Part:
        """A goal or conclusions that nobody has written yet."""
        return Part(key, self.labels[f"part_{key}"], "missing", self.labels[f"no_{key}"])

    # Curves ----------------------------------------------------------------------------------

    def curves(self) -> Part | None:
        shown, folded = split_groups(find_groups(self.facts))
        names = self.shower.names
        data = [[self._chart(group, names) for group in groups] for groups in (shown, folded)]
        return self.part("curves", data if data[0] else None)

    def _chart(self, group: Group, names: Mapping[str, str]) -> dict[str, Any]:
        chart = make_chart(group, self.facts, names, self.labels, self.context.settings)
        keys = [
            {"name": s.name, "colour": s.colour % COLOURS, "dashed": s.dashed} for s in chart.series
        ]
        cut = len(group.lines) - len(keys)
        note = self.labels["chart_cut"].format(len(keys), len(group.lines)) if cut else ""
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
        return self.part(
            "commands",
            [
                (self.labels[f"command_{kind}"], [self.shower.show(fact) for fact in commands])
                for kind, commands in kinds
                if commands
            ],
        )

    # Model and data --------------------------------------------------------------------------

    def model(self) -> Part | None:
        start = self.facts.model
        models = (start, *start.others) if start else ()
        rows = [self._model_row(self.labels["model_start"], fact) for fact in models]
        rows += [self._dataset_row(fact) for fact in self.facts.data]
        rows += [self._model_row(self.labels["model_output"], fact) for fact in self.facts.output]
        return self.part("model", rows)

    def _model_row(self, role: str, fact: Fact[Model]) -> dict[str, Any]:
        value = fact.value
        return self._thing(role, fact, link_model(value), value.kind)

    def _dataset_row(self, fact: Fact[Dataset]) -> dict[str, Any]:
        context = fact.value.context
        known = _CONTEXTS.get(context.casefold())
        label = self.labels[f"data_{known}"] if known else context
        role = f"{self.labels['data']} · {label}" if label else self.labels["data"]
        return self._thing(role, fact, link_dataset(fact.value), "")

    def _thing(self, role: str, fact: Fact[Any], url: str, kind: str) -> dict[str, Any]:
        value = fact.value
        name = value.name or value.path or value.url or value.digest
        more = [
            (self.labels["version"], value.version),
            (self.labels["kind"], kind),
            (self.labels["digest"], value.digest if value.digest != name else ""),
            (self.labels["path"], value.path if value.path != name else ""),
        ]
        return {
            "role": role,
            "shown": self.shower.show(fact, name, url),
            "more": [(label, text) for label, text in more if text],
        }

    # Parameters ------------------------------------------------------------------------------

    def params(self) -> Part | None:
        params = self.facts.params
        if not params:
            return None
        base = self.context.cards.get(self.facts.card.front.baseline)
        changed = _find_changed(self.facts, base)
        names = list(params)
        if len(names) > _SHORT_PARAMS:
            names.sort(key=lambda name: (_rank(name, params[name], changed), name))
        rows = [self._param_row(name, changed) for name in names]
        cut = len(rows) if len(rows) <= _SHORT_PARAMS else _FIRST_PARAMS
        return self.part(
            "params",
            {
                "first": rows[:cut],
                "rest": sorted(rows[cut:], key=lambda row: row["name"]),
                "baseline": base.code if base and changed else "",
                "more": self.labels["more_params"].format(len(rows) - cut),
            },
        )

    def _param_row(self, name: str, changed: Mapping[str, str]) -> dict[str, Any]:
        return {
            "name": name,
            "values": self.shower.show_all(self.facts.params[name]),
            "baseline": changed.get(name),
        }

    # Source and environment ------------------------------------------------------------------

    def source(self) -> Part | None:
        if self.facts.source is None:
            return None
        facts = (self.facts.source, *self.facts.source.others)
        return self.part("source", [self._source_rows(fact) for fact in facts])

    def _source_rows(self, fact: Fact[Any]) -> list[tuple[str, Shown]]:
        source = fact.value
        repository = links.parse_repository(source.repository)
        known = source.repository if repository else self.context.settings.repository
        dirty = {True: "dirty_yes", False: "dirty_no"}.get(source.dirty)
        values = [
            (
                "repository",
                links.without_password(source.repository),
                repository.url if repository else "",
            ),
            ("branch", source.branch, ""),
            ("commit", source.commit, links.commit_url(known, source.commit)),
            ("dirty", self.labels[dirty] if dirty else "", ""),
            ("entrypoint", source.entrypoint, ""),
        ]
        return [
            (self.labels[f"source_{key}"], self.shower.show(fact, text, url))
            for key, text, url in values
            if text
        ]

    def environment(self) -> Part | None:
        return self.part(
            "environment", [self._environment(fact) for fact in self.facts.environments]
        )

    def _environment(self, fact: Fact[Any]) -> dict[str, Any]:
        value = fact.value
        rows = [
            (self.labels[f"environment_{key}"], self.shower.show(fact, format_full(known)))
            for key in ("python", "os", "host", "accelerator", "seed")
            if (known := getattr(value, key)) not in ("", None)
        ]
        return {
            "rows": rows,
            "packages": sorted(value.packages.items(), key=lambda item: item[0].casefold()),
            "title": self.labels["packages"].format(len(value.packages)),
            "shown": self.shower.show(fact, ""),
        }

    # Where it all comes from -----------------------------------------------------------------

    def runs(self) -> Part | None:
        return self.part("runs", list_runs(self.facts, self.shower))

    def sources(self) -> Part | None:
        found = list_sources(self.facts, self.shower)
        return self.part("sources", {**found, "evidence": self.facts.card.evidence is not None})

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


def _find_changed(facts: Facts, base: Facts | None) -> dict[str, str]:
    """What the baseline has for each parameter that differs from it; a dash for none."""
    if base is None or base.code == facts.code or not base.params:
        return {}
    changed = {}
    for name, fact in facts.params.items():
        other = base.params.get(name)
        if other is None or not same_value(other.value, fact.value):
            changed[name] = MISSING if other is None else format_full(other.value)
    return changed


def _rank(name: str, fact: Fact[Any], changed: Mapping[str, str]) -> int:
    """Parameters that a person wrote, that runs differ in, that changed, that are well known."""
    if fact.origin.written or fact.others:
        return 0
    if name in changed:
        return 1
    short = name.rpartition("/")[2].casefold()
    return 2 + (_TELLING.index(short) if short in _TELLING else len(_TELLING))
