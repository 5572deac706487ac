"""mkdocs' sentinel: the page that cards are stamped into, and its entry in the navigation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure import StructureItem
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs.utils.templates import TemplateContext

from cardgen.site.engines.runner import CannotBuildError, Request, find_leak

# What plugins make of the sentinel's own text is replaced anyway, and some fail over a page
# that no file and no commit stands for.
_SKIPPED = ("page_read_source", "page_markdown", "page_content", "pre_page")
_TRIED = ("page_context", "post_page")


class Sentinel(BasePlugin):  # type: ignore[no-untyped-call, type-arg]
    """Adds the page that cards are stamped into, and a home page where there is none."""

    def __init__(self, request: Request, source: str) -> None:
        self.request = request
        self.source = source
        self.marks: dict[str, str] = request["marks"]
        self.generated: list[str] = []
        self.unsearched: list[str] = []
        self.left_out: dict[str, None] = {}
        self.root = Path(request["root"]).resolve()
        self.ordered = False

    @event_priority(100)
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        self.ordered = bool(config.nav)
        for file in list(files):
            if file.abs_src_path and file.generated_by is None:
                link = find_leak(Path(file.abs_src_path), Path(config.docs_dir), self.root)
                if link is not None:
                    files.remove(file)
                    self.left_out[link] = None
        self._add(files, config, "cards", self.source, f"# {self.request['cards_title']}\n")
        self._add(files, config, "home", "index.md", self.request["index"])
        return files

    def _add(self, files: Files, config: MkDocsConfig, kind: str, uri: str, text: str) -> None:
        file = File.generated(config, uri, content=text)
        path = file.dest_uri
        taken = next((f for f in files.documentation_pages() if f.dest_uri == path), None)
        if taken is None:
            files.append(file)
            self.generated.append(kind)
        elif kind == "cards":
            raise CannotBuildError(
                f"'{taken.src_uri}' stands where the list of cards goes; rename that page."
            )

    @event_priority(-100)
    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """One entry for the cards, also where a plugin arranges the navigation."""
        page = next((f.page for f in files if f.src_uri == self.source), None)
        if page is None:
            return nav
        if not self.ordered:
            page.title = self.request["cards_title"]
            _lift(nav, page)
        if not _holds(nav.items, page):
            at = len(nav.items) if self.request["existing"] else 1
            nav.items.insert(at, page)
            page.parent = None
            if page not in nav.pages:
                nav.pages.append(page)
        return nav

    @event_priority(-100)
    def on_page_context(
        self, context: TemplateContext, *, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        if page.file.src_uri == self.source:
            self._mark(page, bool(config.site_url))
        elif _is_unsearched(page.meta):
            self.unsearched.append(page.file.dest_uri)
        return context

    def _mark(self, page: Page, published: bool) -> None:
        """Replace all that belongs to one page by marks, which the shell is split at."""
        parent = AnchorLink(self.marks["parent"], self.marks["parent_anchor"], 2)
        parent.children = [AnchorLink(self.marks["child"], self.marks["child_anchor"], 3)]
        leaf = AnchorLink(self.marks["leaf"], self.marks["leaf_anchor"], 2)
        page.toc = TableOfContents([parent, leaf])
        page.content = self.marks["body"]
        page.title = page.title  # keeps it: the navigation would read the one in ``meta``
        page.meta = {"hide": ["footer"]} | {k: self.marks[k] for k in ("title", "description")}
        page.canonical_url = self.marks["canonical"] if published else None
        page.edit_url = None
        page.previous_page = page.next_page = None


def _is_unsearched(meta: Any) -> bool:
    given = meta.get("search") if isinstance(meta, dict) else None
    return isinstance(given, dict) and bool(given.get("exclude"))


def _holds(items: list[StructureItem], page: Page) -> bool:
    return any(
        item is page or (isinstance(item, Section) and _holds(item.children, page))
        for item in items
    )


def _lift(nav: Navigation, page: Page) -> None:
    """Put the page in the place of a section that was only made to hold it."""
    for at, item in enumerate(nav.items):
        if isinstance(item, Section) and item.children == [page]:
            nav.items[at] = page
            page.parent = None


def spare_sentinel(config: MkDocsConfig, source: str) -> None:
    """Keep the user's plugins and hooks from failing over the sentinel."""
    for name in (*_SKIPPED, *_TRIED):
        methods = config.plugins.events[name]
        methods[:] = [_guard(method, source, tried=name in _TRIED) for method in methods]


def _guard(method: Callable[..., Any], source: str, *, tried: bool) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        page = options.get("page") or (args[0] if args else None)
        if not (isinstance(page, Page) and page.file.src_uri == source):
            return method(*args, **options)
        if not tried:
            return None
        try:
            return method(*args, **options)
        except Exception:  # as if the plugin had nothing to add
            return None

    call.mkdocs_priority = getattr(method, "mkdocs_priority", 0)  # type: ignore[attr-defined]
    return call
