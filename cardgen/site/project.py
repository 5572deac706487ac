"""A project's cards as a site: load, resolve, render, stamp."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cardgen.config import Config
from cardgen.facts import Facts
from cardgen.git import find_remote
from cardgen.languages import load_labels
from cardgen.models import Card, Problem
from cardgen.resolve import resolve
from cardgen.site.build import BuildResult, Insert, fill_site, open_site
from cardgen.site.cache import PageCache
from cardgen.site.context import RenderContext
from cardgen.site.page import Page
from cardgen.site.render import (
    CannotRender,
    render_broken,
    render_card,
    render_card_table,
    render_cards,
)
from cardgen.site.settings import SiteSettings
from cardgen.store import CARD_NAME, find_cards, load_card, natural_key
from cardgen.versions import find_registry

_ROOT = "cardgen-way-to-root/"


@dataclass(frozen=True)
class ProjectBuild:
    """What a build says to a person, and the problems of the cards that are broken."""

    report: str
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]


class ProjectSite:
    """The cards of a project and the pages made of them."""

    def __init__(self, config: Config) -> None:
        self.config = config = with_repository(config)
        self.settings = make_settings(config)
        self.facts: dict[str, Facts] = {}
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.registry = find_registry(config.root)
        self.context = RenderContext.make(config, self.facts, registry=self.registry)
        self.cache: PageCache | None = None
        self._table = ""
        self.load(path.parent.name for path in find_cards(config))

    def load(self, codes: Iterable[str]) -> None:
        """Read cards anew; one whose file is gone is forgotten."""
        for code in codes:
            path = self.config.experiments / code / CARD_NAME
            self.problems.pop(code, None)
            if path.is_file() or path.is_symlink():
                self._keep(load_card(self.config, path))
            else:
                self.facts.pop(code, None)
        self.facts = dict(sorted(self.facts.items(), key=lambda item: natural_key(item[0])))
        # A new context: what the old one remembers of other cards may be outdated.
        self.context = replace(self.context, cards=self.facts)
        self._table = ""

    def use_extensions(self, extensions: Mapping[str, Mapping[str, Any]]) -> None:
        """Render prose by a site's own Markdown extensions."""
        self.context.prose.close()
        self.context = RenderContext.make(self.config, self.facts, extensions, self.registry)
        self._table = ""
        self.cache = PageCache(self.settings.work / "pages", self.context, extensions)
        self.cache.forget_others(self.facts)

    def _keep(self, card: Card) -> None:
        self.facts[card.code] = resolve(card, self.config.settings, self.config.label(card.path))
        if card.broken:
            self.problems[card.code] = card.problems

    def render(self, codes: Iterable[str]) -> Iterator[Page]:
        """The pages of these cards, and of the list."""
        for code in codes:
            if code in self.facts:
                yield self._render_card(self.facts[code])
        yield render_cards(tuple(self.facts.values()), self.context, self.make_table("../"))

    def _render_card(self, facts: Facts) -> Page:
        if facts.code in self.problems:
            return render_broken(facts.card, self.problems[facts.code], self.context)
        try:
            return self._render_or_find(facts)
        except CannotRender as error:
            self.problems[facts.code] = error.problems
            return render_broken(facts.card, error.problems, self.context)
        except Exception as error:  # one card must not end the build of the others
            problem = _as_problem(facts.card, self.config, error)
            self.problems[facts.code] = (problem,)
            return render_broken(facts.card, (problem,), self.context)

    def _render_or_find(self, facts: Facts) -> Page:
        if self.cache is None:
            return render_card(facts, self.context)
        key = self.cache.make_key(facts, self.context)
        page = self.cache.find(facts.code, key)
        if page is None:
            page = render_card(facts, self.context)
            self.cache.keep(facts.code, key, page)
        return page

    def make_table(self, root: str) -> str:
        """The table of all cards for a page; made once, since all differ in their root only."""
        if not self._table:
            self._table = render_card_table(tuple(self.facts.values()), self.context, _ROOT)
        return self._table.replace(_ROOT, root)

    def inserts(self) -> dict[str, Insert]:
        """What stands at the markers of hand-written pages."""
        return {"cards": self.make_table}

    def find_dependents(self, codes: Collection[str]) -> tuple[str, ...]:
        """These cards and those whose pages show something of them."""
        shown = [
            code
            for code, facts in self.facts.items()
            if facts.card.front.baseline in codes
            or any(old in codes for old in facts.card.front.supersedes)
            or any(code in self.facts[c].card.front.supersedes for c in codes if c in self.facts)
        ]
        return tuple(dict.fromkeys((*codes, *shown)))


def with_repository(config: Config) -> Config:
    """The settings with git's ``origin`` for commits to link to, unless they name a repository."""
    if config.settings.repository:
        return config
    settings = config.settings.model_copy(update={"repository": find_remote(config.root)})
    return config.model_copy(update={"settings": settings})


def make_settings(config: Config) -> SiteSettings:
    """Where the site of a project comes from and goes to."""
    settings = config.settings
    return SiteSettings(
        root=config.root,
        source=Path(settings.site.source),
        output=Path(settings.site.output),
        title=settings.title,
        language=settings.lang,
        site_url=settings.site.url,
        cards_title=load_labels(settings.lang)["cards"],
    )


def build_project(config: Config) -> ProjectBuild:
    """Build the site of all cards; raises SiteError where it cannot be."""
    started = time.perf_counter()
    project = ProjectSite(config)
    result = assemble(project)
    problems = tuple(p for found in project.problems.values() for p in found)
    count = len(project.facts)
    report = (
        f"{config.label(result.output)}/ holds {count} card{'' if count == 1 else 's'} "
        f"({result.written} files written, {time.perf_counter() - started:.1f} s). "
        "Look at it: cardgen serve"
    )
    return ProjectBuild(report, result.warnings, problems)


def assemble(project: ProjectSite) -> BuildResult:
    """Write the whole site; raises SiteError where it cannot be."""
    site = open_site(project.settings)
    project.use_extensions(site.shell.extensions)
    return fill_site(site, project.render(tuple(project.facts)), project.inserts())


def _as_problem(card: Card, config: Config, error: Exception) -> Problem:
    what = f"{type(error).__name__}: {error}."
    hint = "Simplify the card's text; if it is in order, report this as a fault of cardgen."
    return Problem(
        config.label(card.path), 0, "render", "error", f"The card cannot be rendered: {what}", hint
    )
