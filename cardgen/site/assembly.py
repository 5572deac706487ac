"""Building the site of a project: whole, or not at all where nothing changed since."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from cardgen.config import Config
from cardgen.git import find_remote
from cardgen.languages import load_labels
from cardgen.models import Problem
from cardgen.site.build import BuildResult, fill_site, open_site
from cardgen.site.manifest import Manifest, Report
from cardgen.site.project import ProjectSite
from cardgen.site.settings import SiteSettings


@dataclass(frozen=True)
class ProjectBuild:
    """What a build says to a person, and the problems of the cards that are broken."""

    report: str
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]


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
        engine=settings.site.engine,
        mkdocs=Path(settings.site.mkdocs) if settings.site.mkdocs else None,
        experiments=Path(settings.experiments),
    )


def build_project(config: Config, *, search: bool = True, processes: int = 0) -> ProjectBuild:
    """Build the site of all cards; raises SiteError where it cannot be.

    Without ``search`` its index stays as it is. ``processes`` is how many make cards at once.
    """
    started = time.perf_counter()
    config = with_repository(config)
    settings = make_settings(config)
    manifest = Manifest(config, settings, search=search)
    report = manifest.find()
    if report is None:
        manifest.forget()
        project, result = assemble(config, search=search, processes=processes)
        report = _report(project, result)
        manifest.save(report)
    count, written = report.cards, report.written
    return ProjectBuild(
        f"{config.label(settings.output)}/ holds {count} card{'' if count == 1 else 's'} "
        f"({written} files written, {time.perf_counter() - started:.1f} s). "
        "Look at it: cardgen serve",
        report.warnings,
        report.problems,
    )


def _report(project: ProjectSite, result: BuildResult) -> Report:
    problems = tuple(p for found in project.problems.values() for p in found)
    return Report(len(project.cards), result.written, result.warnings, problems)


def assemble(
    config: Config, *, search: bool = True, processes: int = 0
) -> tuple[ProjectSite, BuildResult]:
    """Write the whole site; raises SiteError where it cannot be."""
    config = with_repository(config)
    site = open_site(make_settings(config), searched=search)
    project = ProjectSite(config, site, processes)
    try:
        project.write_cards()
        project.adopt_whole()
        deque(project.write_whole(), maxlen=0)
        result = fill_site(site, (), project.inserts())
        project.whole.keep()
    finally:
        project.close()
    return project, result
