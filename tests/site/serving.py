"""Serves a small site: ``python -m tests.site.serving ROOT``; ``texts/NAME.txt`` is a card each.

Stands in for the command line in tests: it renders no cards, everything else is the real thing.
"""

from __future__ import annotations

import sys
import time
from html import escape
from pathlib import Path

from cardgen.errors import DocumentError
from cardgen.site.build import build_site
from cardgen.site.page import Page
from cardgen.site.search import BackgroundIndexer
from cardgen.site.serve import Address, serve
from cardgen.site.settings import SiteSettings


def make_page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    if "broken" in text:
        raise DocumentError(f"{path.name} is broken.", "Mend it.")
    if "crash" in text:
        raise ZeroDivisionError("by\nnought")
    return Page(f"cards/{path.stem}/", path.stem, "", f"<h1>{path.stem}</h1><p>{escape(text)}</p>")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(root: Path, host: str = "127.0.0.1") -> None:
    began = time.time()
    settings = SiteSettings(root)
    texts = root / "texts"
    site = build_site(map(make_page, sorted(texts.glob("*.txt"))), settings).site
    indexer = BackgroundIndexer(site.index, lambda error: say(str(error)), delay=0.2)

    def on_texts(paths: tuple[Path, ...]) -> tuple[str, ...]:
        paths = tuple(path for path in paths if path.suffix == ".txt")
        site.remove_pages(f"cards/{path.stem}/" for path in paths if not path.exists())
        changed = site.write_pages(make_page(path) for path in paths if path.exists())
        indexer.request()
        return changed

    def on_source(paths: tuple[Path, ...]) -> None:
        if site.reload_shell():
            site.write_pages(map(make_page, sorted(texts.glob("*.txt"))))
        site.write_docs({})
        site.finish()

    watch = {texts: on_texts, settings.source: on_source}
    serve(settings.output, watch, say, Address(host, 0), since=began)
    indexer.close()
    say("ended")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
