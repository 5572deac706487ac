"""``cardgen serve``: the project's site, written again where an edit touched it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cardgen import output
from cardgen.config import CONFIG_NAME, Config, load_config
from cardgen.errors import CardgenError
from cardgen.site.assembly import assemble
from cardgen.site.build import Site
from cardgen.site.gathered import with_here
from cardgen.site.project import ProjectSite
from cardgen.site.search import BackgroundIndexer
from cardgen.site.serve import Address, serve
from cardgen.site.whole import Overtaken, Turn

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
    cards follows in a thread when nothing was edited for a moment. An edit never waits for that:
    it stops at the next page, and begins anew afterwards.
    """

    def __init__(self, config: Config) -> None:
        self.project = self._build(config)
        self.indexer = BackgroundIndexer(self._index, lambda error: output.complain(str(error)))
        self._publish: Publish = lambda pages: None
        self._busy = threading.RLock()
        self._following = threading.Lock()  # taken before the other, and by no edit
        self._edits = 0
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
        self._behind = False
        if self._timer is not None:
            self._timer.cancel()
        self.indexer.close()
        with self._editing():
            self.project.close()
        with self._following:  # whoever still follows an edit stops at the next page
            pass

    @contextmanager
    def _editing(self) -> Iterator[None]:
        """The site as it is now; whoever follows an earlier edit gives it up."""
        self._edits += 1  # before waiting, so that it is not waited for long
        try:
            with self._busy:
                yield
        finally:
            if self._behind:
                self._follow_later()

    def _make_turn(self, edits: int) -> Turn:
        """Turns that end with the next edit."""

        @contextmanager
        def turn() -> Iterator[None]:
            with self._busy:
                if self._edits != edits:
                    raise Overtaken
                yield

        return turn

    def _build(self, config: Config) -> ProjectSite:
        project, result = assemble(with_here(config))
        for line in result.warnings:
            output.complain(line)
        _complain(project, project.cards)
        return project

    def update_cards(self, paths: tuple[Path, ...]) -> Iterable[str]:
        """Render the edited cards and those that show something of them."""
        with self._editing():
            place = self.project.config.experiments
            codes = {path.relative_to(place).parts[0] for path in paths if path != place}
            known = set(self.project.cards)
            changed = self.project.update(sorted(codes))
            if not codes & (known | set(self.project.cards)):
                return ()
            _complain(self.project, codes)
            self._behind = True
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
        """Write the pages about all cards, where a card was edited since the last time.

        A newer edit ends this; then it comes again after that one.
        """
        with self._following:
            with self._busy:
                edits, project = self._edits, self.project
                if not self._behind:
                    return ()
            changed, done = _take(project.catch_up(self._make_turn(edits)))
            with self._busy:
                if done and self._edits == edits:
                    self._behind = False
        self.indexer.request()
        return changed

    def update_docs(self, paths: tuple[Path, ...]) -> Iterable[str] | None:
        """Take over hand-written pages; stamp the cards again where the theme changed."""
        with self._editing():
            if self.site.reload_shell():
                self.project.use_shell()
                self.project.write_cards()
                _take(self.project.write_whole())
            self.site.write_docs(self.project.inserts())
            self.site.finish()
        self.indexer.request()
        return None

    def update_settings(self, paths: tuple[Path, ...]) -> Iterable[str] | None:
        """Read the settings anew and build all; a broken file leaves the site as it is."""
        config = load_config(self.project.config.root)
        with self._editing():
            before, self.project = self.project, self._build(config)
            before.close()
        return None

    def _index(self) -> None:
        """Index whatever the site is by then: new settings make another."""
        self.site.index()


def _take(addresses: Iterator[str]) -> tuple[list[str], bool]:
    """The addresses of what was written, and whether that was all there was to write."""
    taken: list[str] = []
    try:
        taken.extend(addresses)
    except Overtaken:
        return taken, False
    return taken, True


def _complain(project: ProjectSite, codes: Iterable[str]) -> None:
    for code in codes:
        for problem in project.problems.get(code, ()):
            output.complain(f"{problem.path}:{problem.line}: {problem.message} {problem.hint}")
