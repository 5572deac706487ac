"""Writes one page: its stamped HTML, what lies beside it, and what search reads of it.

Used by ``build.Site`` and, for many cards at once, by further processes beside it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from cardgen.errors import SiteError
from cardgen.site import search
from cardgen.site.output import Output, State, read_own
from cardgen.site.page import Page
from cardgen.site.preview import draw_picture, is_whole
from cardgen.site.stamp import Stamper, stamp


@dataclass(frozen=True)
class Written:
    """What writing a page came to.

    ``files`` are all of its files, below the site's root, as they are now; ``count`` of them were
    written, and ``changed`` says whether the page itself was among them. ``text`` is a digest of
    what search reads of it, empty where it reads nothing. ``body`` is where the page's body
    stands in its file: start and length in bytes.
    """

    address: str
    files: Mapping[str, State]
    count: int = 0
    changed: bool = False
    text: str = ""
    body: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Writer:
    """Where pages are written to. ``texts`` is None where nothing is searched."""

    root: Path
    stamper: Stamper
    output: Output
    texts: Output | None
    digests: dict[str, str] = field(default_factory=dict)
    """Of the texts that search reads, by the page's path."""

    def write_page(self, page: Page) -> Written:
        """Stamp and write a page with all that is published beside it."""
        path = f"{page.path}index.html"
        html = stamp(self.stamper, page)
        changed = self.write(path, html, searched=page.searched)
        beside, count = self.write_beside(page)
        names = [path, *(f"{page.path}{name}" for name in page.data), *beside]
        start = html.find(page.body) if page.body else 0
        return Written(
            address=page.path,
            files={name: state for name in names if (state := self.output.state(name))},
            count=count + changed,
            changed=changed,
            text=self.digests.get(path, ""),
            body=(len(html[:start].encode()), len(page.body.encode())),
        )

    def write_beside(self, page: Page) -> tuple[list[str], int]:
        """Publish a page's files; a text names them, so what is not the card's own is left out."""
        count = 0
        for name, text in page.data.items():
            count += self.output.write(f"{page.path}{name}", text.encode())
        names = []
        for name, source in page.files.items():
            with contextlib.suppress(SiteError):
                data = read_own(source, self.root)
                count += self.output.write(f"{page.path}{name}", data)
                names.append(f"{page.path}{name}")
        for name, sketch in page.pictures.items():
            count += self._draw(f"{page.path}{name}", sketch)
            names.append(f"{page.path}{name}")
        return names, count

    def _draw(self, path: str, sketch: str) -> bool:
        """Draw a picture where it is not there: its name is that of its content."""
        found = self.output.find(path)
        if found is not None and is_whole(found):
            return False
        return self.output.write(path, draw_picture(sketch))

    def write(self, path: str, html: str, *, searched: bool = True) -> bool:
        """Write an HTML file, and its text for search; returns whether it differs."""
        self.keep_text(path, html if searched else None)
        return self.output.write(path, html.encode())

    def keep_text(self, path: str, html: str | None) -> None:
        """Keep what search reads of a page; None where it is not to be found any more."""
        if self.texts is None:
            return
        text = None if html is None else search.extract_text(html, path)
        if text is None:
            self.digests.pop(path, None)
            self.texts.remove(search.name_text(path))
        else:
            data = text.encode()
            self.digests[path] = blake2b(data, digest_size=16).hexdigest()
            self.texts.write(search.name_text(path), data)
