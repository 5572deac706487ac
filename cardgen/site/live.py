"""``cardgen serve``: the project's site, written again where an edit touched it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cardgen import output
from cardgen.config import CONFIG_NAME, Config, load_config
from cardgen.errors import CardgenError
from cardgen.site.build import Site
from cardgen.site.project import ProjectSite, assemble
from cardgen.site.search import BackgroundIndexer
from cardgen.site.serve import Address, serve

Publish = Callable[[Iterable[str] | None], None]

_DELAY = 0.3
"""Seconds without an edit before the pages about all cards are written."""


def serve_project(config: Config, *, host: str, port: int) -> None:
    """Build and serve the site, and write what an edit touches until Ctrl-C."""
    started = time.time()
    live = LiveSite(config)
    serve(
        live.site.settings.output,
        {
            config.experiments: live.update_cards,
            **dict.fromkeys(live.site.shell.sources, live.update_docs),
            config.root / CONFIG_NAME: live.update_settings,
        },
        say=output.complain,
        address=Address(host, port),
        since=started,
        connect=live.connect,
    )
    live.close()


class LiveSite:
    """A built site that follows its sources; each method answers the pages that changed.

    An edited card is written at once, with those that show something of it. What is about all
    cards follows in a thread when nothing was edited for a moment.
    """

    def __init__(self, config: Config) -> None:
        self.project = self._build(config)
        self.indexer = BackgroundIndexer(self._index, lambda error: output.complain(str(error)))
        self._publish: Publish = lambda pages: None
        self._busy = threading.RLock()
        self._behind = False
        self._timer: threading.Timer | None = None

    @property
    def site(self) -> Site:
        return self.project.site

    def connect(self, publish: Publish) -> None:
        """Tell ``publish`` of pages that are written in the background."""
        self._publish = publish

    def close(self) -> None:
        """End what goes on in the background."""
        if self._timer is not None:
            self._timer.cancel()
        self.indexer.close()
        with self._busy:
            self.project.close()

    def _build(self, config: Config) -> ProjectSite:
        project, result = assemble(config)
        for line in result.warnings:
            output.complain(line)
        _complain(project, project.cards)
        return project

    def update_cards(self, paths: tuple[Path, ...]) -> Iterable[str]:
        """Render the edited cards and those that show something of them."""
        with self._busy:
            place = self.project.config.experiments
            codes = {path.relative_to(place).parts[0] for path in paths if path != place}
            known = set(self.project.cards)
            changed = self.project.update(sorted(codes))
            if not codes & (known | set(self.project.cards)):
                return ()
            _complain(self.project, codes)
            self._behind = True
        self._follow_later()
        return changed

    def _follow_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(_DELAY, self._follow)
        self._timer.daemon = True
        self._timer.start()

    def _follow(self) -> None:
        try:
            changed = self.catch_up()
        except CardgenError as error:
            output.complain(str(error))
        else:
            if changed:
                self._publish(changed)

    def catch_up(self) -> Iterable[str]:
        """Write the pages about all cards, where a card was edited since the last time."""
        with self._busy:
            if not self._behind:
                return ()
            self._behind = False
            changed = self.project.catch_up()
        self.indexer.request()
        return changed

    def update_docs(self, paths: tuple[Path, ...]) -> Iterable[str] | None:
        """Take over hand-written pages; stamp the cards again where the theme changed."""
        with self._busy:
            if self.site.reload_shell():
                self.project.use_shell()
                self.project.write_cards()
                self.site.write_pages(self.project.render_collection())
            self.site.write_docs(self.project.inserts())
            self.site.finish()
        self.indexer.request()
        return None

    def update_settings(self, paths: tuple[Path, ...]) -> Iterable[str] | None:
        """Read the settings anew and build all; a broken file leaves the site as it is."""
        config = load_config(self.project.config.root)
        with self._busy:
            before, self.project = self.project, self._build(config)
            before.close()
        return None

    def _index(self) -> None:
        """Index whatever the site is by then: new settings make another."""
        self.site.index()


def _complain(project: ProjectSite, codes: Iterable[str]) -> None:
    for code in codes:
        for problem in project.problems.get(code, ()):
            output.complain(f"{problem.path}:{problem.line}: {problem.message} {problem.hint}")
