"""Assembles a site: the engine's pages, the stamped ones, assets and the search index.

``build_site(pages, settings, inserts, files) -> BuildResult`` builds all of it and writes only
what changed. ``serve`` keeps a ``Site`` (``open_site(settings)``) instead and calls
``site.write_pages([page])`` at an edit, which costs about a millisecond a page.

``inserts`` fills markers in hand-written pages: where ``<!-- cardgen:cards -->`` stands, the HTML
goes that ``inserts["cards"](root)`` returns, ``root`` being the way to the site's root from that
page (``./``, ``../``), so that ``f"{root}cards/qa-1/"`` is a right address anywhere. ``files`` are
published as they are: path below the root to content, or to a file of the project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from html import escape
from pathlib import Path

from cardgen.errors import SiteError
from cardgen.site import search
from cardgen.site.docs import find_docs, finish_page, format_sitemap
from cardgen.site.output import Output, State, read_file, read_own
from cardgen.site.page import Page
from cardgen.site.settings import SiteSettings
from cardgen.site.shell import Shell, load_shell
from cardgen.site.stamp import make_stamper
from cardgen.site.theme import load_assets, way_to_root
from cardgen.site.writer import Writer, Written

Insert = Callable[[str], str]


@dataclass(frozen=True)
class BuildResult:
    """What a build did. ``warnings`` are sentences for the terminal; counts are of files."""

    output: Path
    pages: int
    written: int
    removed: int
    indexed: bool
    warnings: tuple[str, ...]
    site: Site = field(repr=False, compare=False)


class Site:
    """An assembled site whose pages can be written one by one.

    Each writing method returns the addresses of the pages that are different now, as a browser
    is told of them (``cards/qa-1/``).
    """

    def __init__(self, settings: SiteSettings, shell: Shell, *, searched: bool = True) -> None:
        self.settings = settings
        self.shell = shell
        self.output = Output(settings.output)
        self.texts = Output(settings.work / "texts") if searched else None
        self.writer = Writer(settings.root, make_stamper(shell), self.output, self.texts)
        self.warnings: list[str] = list(shell.warnings)
        self.written = 0
        self.pages: set[str] = set()
        self._kept: set[str] = set()
        self._docs = dict(find_docs(shell))
        self._marked: set[str] = set()

    def write_pages(self, pages: Iterable[Page]) -> tuple[str, ...]:
        """Stamp pages; one whose address a hand-written page has is left out."""
        done = map(self.write_page, pages)
        return tuple(written.address for written in done if written and written.changed)

    def write_page(self, page: Page) -> Written | None:
        """Stamp one page; None where a hand-written page has its address."""
        _check_address(page.path)
        if self.is_taken(page.path):
            return None
        written = self.writer.write_page(page)
        self._count(written)
        return written

    def is_taken(self, address: str) -> bool:
        """Whether a hand-written page has an address; it stays, and a warning says so."""
        path = f"{address}index.html"
        if path not in self._docs or self._is_generated(path):
            return False
        if address:  # the home page is up to whoever writes one
            self.warnings.append(f"'{address}' is a page of its own in docs/; it stays.")
        return True

    def adopt(self, written: Written) -> None:
        """Take over a page that another process, or an earlier build, wrote here."""
        self.output.adopt(written.files.items())
        if self.texts is not None and written.text:
            path = f"{written.address}index.html"
            self.texts.note(search.name_text(path))
            self.writer.digests[path] = written.text
        self._count(written)

    def adopt_files(self, files: Mapping[str, State]) -> None:
        """Take over files that an earlier build published here."""
        self.output.adopt(files.items())
        self._kept.update(files)

    def is_intact(self, written: Written) -> bool:
        """Whether a page that an earlier build wrote still lies here as it was left."""
        if self.texts is not None and written.text:
            name = search.name_text(f"{written.address}index.html")
            if self.texts.state(name) is None:
                return False
        return all(self.output.state(path) == state for path, state in written.files.items())

    def _count(self, written: Written) -> None:
        self.pages.add(written.address)
        self._kept.update(written.files)
        self.written += written.count

    def _is_generated(self, path: str) -> bool:
        return path == "index.html" and "home" in self.shell.generated

    def remove_pages(self, paths: Iterable[str]) -> None:
        """Remove stamped pages by their addresses, and what was published beside them."""
        for address in paths:
            if address in self.pages:
                self.pages.discard(address)
                for path in [path for path in self._kept if path.startswith(address)]:
                    self._forget(path)

    def write_files(self, files: Mapping[str, bytes | Path]) -> None:
        """Publish files as they are; a link or a file outside the project is an error."""
        for path, content in files.items():
            data = content if isinstance(content, bytes) else read_own(content, self.settings.root)
            self._write(path, data)

    def write_docs(self, inserts: Mapping[str, Insert]) -> tuple[str, ...]:
        """Write what the engine made, hand-written pages with their markers filled."""
        return tuple(
            path.removesuffix("index.html")
            for path, source in self._docs.items()
            if not (path == "index.html" and "" in self.pages)
            if self._write_doc(path, source, inserts)
        )

    def write_inserts(self, inserts: Mapping[str, Insert]) -> tuple[str, ...]:
        """Write only those hand-written pages again that have markers, after ``write_docs``."""
        return tuple(
            path.removesuffix("index.html")
            for path in sorted(self._marked)
            if self._write_doc(path, self._docs[path], inserts)
        )

    def reload_shell(self) -> bool:
        """Take over edited sources; returns whether stamped pages have to be written again.

        They need not where only the content of hand-written pages changed: ``write_docs`` and
        ``finish`` are enough. Raises SiteError, and then everything stays as it was.
        """
        before, self.shell = self.shell, load_shell(self.settings)
        gone, self._docs = self._docs, dict(find_docs(self.shell))
        for path in gone.keys() - self._docs.keys():
            self._forget(path)
        self._marked.clear()
        if replace(before, key="", folder=Path(), warnings=()) == replace(
            self.shell, key="", folder=Path(), warnings=()
        ):
            return False
        stamper = make_stamper(self.shell)
        self.writer = replace(self.writer, stamper=stamper)
        return True

    def finish(self) -> None:
        """Write cardgen's assets and the site map, and remove what no longer belongs here."""
        self.write_files(load_assets())
        if self.shell.site_url:
            self._write("sitemap.xml", format_sitemap(self.shell, self.pages).encode())
        self.output.prune(self._kept, spared=search.FOLDER)
        if self.texts is not None:
            known = set(map(search.name_text, self.writer.digests))
            self.texts.prune(known, spared=search.FOLDER)

    def index(self) -> bool:
        """Index for search where a page changed since the last time; returns whether it did."""
        if self.texts is None:
            return False
        key_file = self.settings.work / "search.key"
        key = self._search_key()
        target = self.settings.output / search.FOLDER
        is_there = key_file.is_file() and (target / "pagefind-entry.json").is_file()
        if is_there and key_file.read_text("utf-8") == key:
            return False
        key_file.unlink(missing_ok=True)
        search.index_site(self.texts.folder, target, self.settings.work)
        key_file.write_text(key, encoding="utf-8")
        return True

    def _write_doc(self, path: str, source: Path, inserts: Mapping[str, Insert]) -> bool:
        data = read_file(source)
        if path.endswith((".html", ".htm")):
            html = data.decode("utf-8", "replace")
            fill = partial(self._insert, path, inserts)
            data = finish_page(html, path, self.shell, self.writer.stamper.scripts, fill).encode()
            return self._write_html(path, data)
        return self._write(path, data)

    def _write(self, path: str, data: bytes) -> bool:
        if path.endswith(".html"):
            return self._write_html(path, data)
        self._kept.add(path)
        written = self.output.write(path, data)
        self.written += written
        return written

    def _write_html(self, path: str, data: bytes) -> bool:
        self._kept.add(path)
        self.writer.keep_text(path, data.decode("utf-8", "replace"))
        written = self.output.write(path, data)
        self.written += written
        return written

    def _forget(self, path: str) -> None:
        self._kept.discard(path)
        self.writer.keep_text(path, None)
        self.output.remove(path)

    def _search_key(self) -> str:
        total = blake2b(f"{search.describe()}\0".encode(), digest_size=16)
        for path, digest in sorted(self.writer.digests.copy().items()):  # written to meanwhile
            total.update(f"{path}\0{digest}".encode())
        return total.hexdigest()

    def _insert(self, path: str, inserts: Mapping[str, Insert], name: str, base: str) -> str:
        self._marked.add(path)
        if name in inserts:  # search finds the cards themselves, not each in every list
            return f"<div data-pagefind-ignore>{inserts[name](base)}</div>"
        self.warnings.append(f"'{path}' asks for 'cardgen:{name}', which there is not.")
        return ""


def open_site(settings: SiteSettings, *, searched: bool = True) -> Site:
    """A site ready to be written to; the engine runs where sources changed. Raises SiteError.

    Without ``searched`` nothing is prepared for search, and its index stays as it is.
    """
    settings.work.mkdir(parents=True, exist_ok=True)
    ignore = settings.work / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return Site(settings, load_shell(settings), searched=searched)


def build_site(
    pages: Iterable[Page],
    settings: SiteSettings,
    inserts: Mapping[str, Insert] | None = None,
    files: Mapping[str, bytes | Path] | None = None,
) -> BuildResult:
    """Build the whole site; ``pages`` may be a generator, no page is held in memory.

    Raises SiteError where the engine or search fails, or a file cannot be written.
    """
    return fill_site(open_site(settings), pages, inserts, files)


def fill_site(
    site: Site,
    pages: Iterable[Page],
    inserts: Mapping[str, Insert] | None = None,
    files: Mapping[str, bytes | Path] | None = None,
) -> BuildResult:
    """The same for a site that is open already."""
    inserts, settings = inserts or {}, site.settings
    site.write_pages(pages)
    if settings.cards_path not in site.pages:
        site.write_pages([_make_list(settings, inserts)])
    site.write_docs(inserts)
    site.write_files(files or {})
    site.finish()
    indexed = site.index()
    return BuildResult(
        output=settings.output,
        pages=len(site.pages),
        written=site.written,
        removed=site.output.removed,
        indexed=indexed,
        warnings=tuple(dict.fromkeys(site.warnings)),
        site=site,
    )


def _make_list(settings: SiteSettings, inserts: Mapping[str, Insert]) -> Page:
    """The page that the navigation's entry leads to, where the caller gave none."""
    cards = inserts["cards"](way_to_root(settings.cards_path)) if "cards" in inserts else ""
    body = f"<h1>{escape(settings.cards_title)}</h1>{cards}"
    return Page(settings.cards_path, settings.cards_title, "", body, language=settings.language)


def _check_address(address: str) -> None:
    if address and not (address.endswith("/") and address.strip("/") + "/" == address):
        raise SiteError(f"'{address}' is no page's address.", "It must close with a slash.")
