"""``cardgen serve``: the project's site, written again where an edit touched it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from cardgen import output
from cardgen.config import CONFIG_NAME, Config, load_config
from cardgen.site.build import Site
from cardgen.site.project import ProjectSite, assemble
from cardgen.site.search import BackgroundIndexer
from cardgen.site.serve import Address, serve


def serve_project(config: Config, *, host: str, port: int) -> None:
    """Build and serve the site, and write what an edit touches until Ctrl-C."""
    started = time.time()
    live = LiveSite(config)
    serve(
        live.project.settings.output,
        {
            config.experiments: live.update_cards,
            config.root / config.settings.site.source: live.update_docs,
            config.root / CONFIG_NAME: live.update_settings,
        },
        say=output.complain,
        address=Address(host, port),
        since=started,
    )
    live.indexer.close()


class LiveSite:
    """A built site that follows its sources; each method answers the pages that changed."""

    def __init__(self, config: Config) -> None:
        self.project = ProjectSite(config)
        self.site = self._build()
        self.indexer = BackgroundIndexer(self._index, lambda error: output.complain(str(error)))

    def _build(self) -> Site:
        result = assemble(self.project)
        for line in result.warnings:
            output.complain(line)
        self._complain(self.project.facts)
        return result.site

    def update_cards(self, paths: tuple[Path, ...]) -> Iterable[str]:
        """Render the edited cards, those that show something of them, and the list."""
        experiments = self.project.config.experiments
        codes = {path.relative_to(experiments).parts[0] for path in paths if path != experiments}
        known = set(self.project.facts)
        self.project.load(codes)
        gone = known - set(self.project.facts)
        if not codes & (known | set(self.project.facts)):
            return ()
        self._remove(gone)
        touched = self.project.find_dependents(codes)
        changed = list(self.site.write_pages(self.project.render(touched)))
        changed += self.site.write_inserts(self.project.inserts())
        self._complain(codes)
        self.indexer.request()
        return changed

    def _remove(self, codes: Iterable[str]) -> None:
        for code in codes:
            self.site.remove_pages([self.project.context.page_path(code)])

    def update_docs(self, paths: tuple[Path, ...]) -> Iterable[str] | None:
        """Take over hand-written pages; stamp the cards again where the theme changed."""
        if self.site.reload_shell():
            self.project.use_extensions(self.site.shell.extensions)
            self.site.write_pages(self.project.render(tuple(self.project.facts)))
        self.site.write_docs(self.project.inserts())
        self.site.finish()
        self.indexer.request()
        return None

    def update_settings(self, paths: tuple[Path, ...]) -> Iterable[str] | None:
        """Read the settings anew and build all; a broken file leaves the site as it is."""
        self.project = ProjectSite(load_config(self.project.config.root))
        self.site = self._build()
        return None

    def _complain(self, codes: Iterable[str]) -> None:
        for code in codes:
            for problem in self.project.problems.get(code, ()):
                output.complain(f"{problem.path}:{problem.line}: {problem.message} {problem.hint}")

    def _index(self) -> None:
        """Index whatever the site is by then: new settings make another."""
        self.site.index()
