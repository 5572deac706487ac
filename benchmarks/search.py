"""A first search of N generated cards in a browser: what it downloads and how long it takes.

Usage: python -m benchmarks.search [N] [--plain]
The cards' pages are as ``cardgen build`` writes them; the server does not compress. Bytes are
those of search's own scripts and files: the theme's come with a page, ours with the first key, and
our time holds their loading. ``--plain`` builds the same experiments as a plain mkdocs-material
site too, searches it in the same way, and prints the ratios; that takes 22 s and more a 1,000
cards. Words of generated cards are in every one of them, ten times, which is the worst that a
search can meet; ``rare`` is the title of one card.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.build import measure
from benchmarks.cards import make_plain, make_project
from tests.browser import FLAGS, find_chromium

QUERIES = (("common", "gradient"), ("two common", "learning rate"), ("rare", "experiment 77"))
_SEARCH = re.compile(r"/pagefind/|/search[_./]|/lunr|/workers/")
_FIRST = ".md-search-result__item"


@dataclass(frozen=True)
class Cost:
    """What a first search cost: bytes over the wire, and seconds from its last key to results."""

    size: int
    seconds: float


class Quiet(SimpleHTTPRequestHandler):
    """The server of the standard library, without compression and without a log."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a folder on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def search(browser: Any, url: str, text: str) -> Cost:
    """Open a page, type a text into the search box at once, and wait for results."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sizes: list[int] = []
    context.on("requestfinished", lambda request: sizes.append(read_size(request)))
    page.goto(url, wait_until="networkidle")
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").fill(text[:-1])
    started = time.perf_counter()
    page.keyboard.type(text[-1])  # the theme's own listens to keys
    page.locator(_FIRST).first.wait_for(timeout=120_000)
    seconds = time.perf_counter() - started
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    context.close()
    return Cost(sum(sizes), seconds)


def read_size(request: Any) -> int:
    """Bytes of search's own files over the wire, as Chromium counts them; none of one kept."""
    if not _SEARCH.search(request.url):
        return 0
    found = request.sizes()
    return max(0, int(found["responseBodySize"] + found["responseHeadersSize"]))


def search_all(url: str) -> dict[str, Cost]:
    """Each query in a fresh profile: nothing is cached."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = find_chromium() or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        found = {name: search(browser, url, text) for name, text in QUERIES}
        browser.close()
    return found


def show(name: str, found: dict[str, Cost], other: dict[str, Cost] | None = None) -> None:
    """A line a query, with ratios to the other site."""
    for query, cost in found.items():
        line = f"{name:10}{query:12}{cost.size / 1000:9.0f} kB{cost.seconds * 1000:8.0f} ms"
        if other:
            line += (
                f"{cost.size / other[query].size:9.3f}{cost.seconds / other[query].seconds:9.3f}"
            )
        print(line)


def main() -> None:
    """Build, search, print."""
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    count = int(arguments[0]) if arguments else 1000
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = Path(scratch, "cards"), Path(scratch, "plain")
        make_project(ours, count)
        built = measure([sys.executable, "-m", "cardgen", "build"], ours)
        print(f"{count} cards built with their index: {built.cpu:.1f} s of CPU")
        plain = None
        if "--plain" in sys.argv:
            make_plain(theirs, count)
            subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q"], cwd=theirs, check=True)
            with serving(theirs / "site") as url:
                plain = search_all(url)
            show("Material", plain)
        with serving(ours / "_site") as url:
            show("cardgen", search_all(url), plain)


if __name__ == "__main__":
    main()
