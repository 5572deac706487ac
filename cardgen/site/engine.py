"""Runs mkdocs in a process of its own: ``python engine.py REQUEST.json``.

It builds the hand-written pages and one sentinel, the page into whose HTML cards are stamped.
The user's ``mkdocs.yml`` is read by mkdocs itself, so that its relative paths, ``INHERIT`` and
tags mean what they always mean; what must differ is passed beside it, and nothing is written
into the source folder. Imports nothing of cardgen, since it runs as a script.

The request and the result (written to ``result``) are JSON; see ``shell.py`` for both.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.base import Config as PluginConfig
from mkdocs.config.config_options import Type
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs.utils.templates import TemplateContext
from mkdocs.utils.yaml import yaml_load

# The theme's own search is replaced; the offline plugin would change every page's address.
DROPPED_PLUGINS = {"search", "material/search", "offline", "material/offline"}


class SearchConfig(PluginConfig):  # type: ignore[no-untyped-call]
    enabled = Type(bool, default=True)


class SearchBox(BasePlugin[SearchConfig]):  # type: ignore[no-untyped-call]
    """Stands where the theme looks for its search plugin: the box is there, no index is built."""


class Sentinel(BasePlugin):  # type: ignore[no-untyped-call, type-arg]
    """Adds the page that cards are stamped into, and a home page where there is none."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.marks: dict[str, str] = request["marks"]
        self.generated: list[str] = []
        self.left_out: dict[str, None] = {}
        self.root = Path(request["root"]).resolve()

    @event_priority(100)
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        for file in list(files):
            if file.abs_src_path and file.generated_by is None:
                link = _find_leak(Path(file.abs_src_path), Path(config.docs_dir), self.root)
                if link is not None:
                    files.remove(file)
                    self.left_out[link] = None
        self._add(files, config, "cards", self.request["cards_source"], self.request["sentinel"])
        self._add(files, config, "home", "index.md", self.request["index"])
        return files

    def _add(self, files: Files, config: MkDocsConfig, kind: str, uri: str, text: str) -> None:
        file = File.generated(config, uri, content=text)
        taken = next((f for f in files.documentation_pages() if f.url == file.url), None)
        if taken is None:
            files.append(file)
            self.generated.append(kind)
        elif kind == "cards":
            raise MkDocsException(
                f"'{taken.src_uri}' stands where the list of cards goes; rename that page."
            )

    @event_priority(-100)
    def on_page_context(
        self, context: TemplateContext, *, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        if page.file.src_uri == self.request["cards_source"]:
            self._mark(page, bool(config.site_url))
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


def _find_leak(path: Path, docs: Path, root: Path) -> str | None:
    """The link by which a file would be published that is not the project's to publish.

    Links to files of the project are fine, but none to a hidden one (``.git``, ``.env``), and
    none to a folder that holds the link itself.
    """
    if not path.is_relative_to(docs):
        return None  # the theme's
    for part in (path, *path.parents[: len(path.relative_to(docs).parts) - 1]):
        if part.is_symlink() and not _may_lead_to(part.resolve(), docs.resolve(), root):
            return part.relative_to(docs).as_posix()
    return None


def _may_lead_to(target: Path, docs: Path, root: Path) -> bool:
    if root not in target.parents or docs.is_relative_to(target):
        return False
    return not any(part.startswith(".") for part in target.relative_to(root).parts)


class Notices(logging.Handler):
    """Collects what mkdocs warns of and fails with."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        into = self.errors if record.levelno >= logging.ERROR else self.warnings
        into.append(" ".join(record.getMessage().split()))


def read_options(request: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """What is passed to mkdocs beside the user's file."""
    with Path(request["config_file"]).open("rb") as file:
        raw = yaml_load(file)
    options: dict[str, Any] = {
        "site_dir": request["site_dir"],
        "use_directory_urls": True,
        "theme": _theme(raw, request, warnings),
        "plugins": _plugins(raw, warnings),
        "site_name": raw.get("site_name") or request["title"],
        "site_url": request["site_url"] or raw.get("site_url"),
        "docs_dir": _docs_dir(raw, request),
        "nav": _nav(raw.get("nav"), request),
        "strict": request["strict"] or raw.get("strict"),
    }
    _warn_of_hosts(raw, warnings)
    return options


def _docs_dir(raw: dict[str, Any], request: dict[str, Any]) -> str:
    given: str = raw.get("docs_dir") or "docs"
    return request["docs_dir"] if given == "docs" else given


def _theme(raw: dict[str, Any], request: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    given = raw.get("theme") or "material"
    theme: dict[str, Any] = {"name": given} if isinstance(given, str) else dict(given)
    if theme.get("name") != "material":
        raise MkDocsException(
            f"The theme is '{theme.get('name')}', but cards are stamped into mkdocs-material; "
            "set 'theme: {name: material}'."
        )
    theme.setdefault("language", request["language"])
    if theme.get("font") and "privacy" not in _plugin_names(raw):
        warnings.append(
            "'theme.font' would be loaded from another host and is left out; add the 'privacy' "
            "plugin, which keeps a copy, or set 'font: false'."
        )
        theme["font"] = False
    elif "font" not in theme:
        theme["font"] = False
    theme["features"] = _features(theme.get("features") or [], warnings)
    return theme


def _features(features: list[str], warnings: list[str]) -> list[str]:
    instant = [name for name in features if name.startswith("navigation.instant")]
    if instant:
        warnings.append(
            f"{', '.join(instant)} is left out: the theme would replace parts of a page that the "
            "site's policy guards."
        )
    return [name for name in features if name not in instant]


def _plugin_items(raw: dict[str, Any]) -> list[tuple[str, Any]]:
    given = raw.get("plugins") or []
    if isinstance(given, dict):
        return list(given.items())
    items = ({item: {}} if isinstance(item, str) else item for item in given)
    return [pair for item in items if isinstance(item, dict) for pair in item.items()]


def _plugin_names(raw: dict[str, Any]) -> set[str]:
    return {name.removeprefix("material/") for name, _ in _plugin_items(raw)}


def _plugins(raw: dict[str, Any], warnings: list[str]) -> list[dict[str, Any]]:
    names = _plugin_names(raw)
    if "offline" in names:
        warnings.append("The plugin 'offline' is left out: cards need addresses that end in '/'.")
    return [{name: config} for name, config in _plugin_items(raw) if name not in DROPPED_PLUGINS]


def _nav(nav: list[Any] | None, request: dict[str, Any]) -> list[Any] | None:
    """The user's navigation with an entry for the cards, added where there is none."""
    source, path = request["cards_source"], request["cards_path"]
    if not nav or not isinstance(nav, list):
        return None
    aliases = {path, path.rstrip("/"), f"{path}index.md"}
    found, nav = _replace(nav, aliases, source)
    if not found:
        nav = [*nav[:1], {request["cards_title"]: source}, *nav[1:]]
    return nav


def _replace(value: Any, aliases: set[str], source: str) -> tuple[bool, Any]:
    if isinstance(value, list):
        parts = [_replace(item, aliases, source) for item in value]
        return any(found for found, _ in parts), [item for _, item in parts]
    if isinstance(value, dict):
        pairs = {key: _replace(item, aliases, source) for key, item in value.items()}
        return any(f for f, _ in pairs.values()), {key: item for key, (_, item) in pairs.items()}
    if value == source or value in aliases:
        return True, source
    return False, value


def _warn_of_hosts(raw: dict[str, Any], warnings: list[str]) -> None:
    for key in ("extra_css", "extra_javascript"):
        for item in raw.get(key) or []:
            address = item.get("path", "") if isinstance(item, dict) else str(item)
            if urlsplit(address).netloc and "privacy" not in _plugin_names(raw):
                warnings.append(
                    f"'{key}' names {address}, which the site's policy blocks; copy it to docs/."
                )
    if (raw.get("extra") or {}).get("analytics"):
        warnings.append("'extra.analytics' is blocked by the site's policy.")


def run(request: dict[str, Any], notices: Notices) -> dict[str, Any]:
    """Build; returns the result without its notices."""
    options = read_options(request, notices.warnings)
    config = load_config(request["config_file"], **options)
    sentinel = Sentinel(request)
    config.plugins["material/search"] = _search_box()
    config.plugins["cardgen/sentinel"] = sentinel
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    finally:
        config.plugins.on_shutdown()
    for uri in sentinel.left_out:
        notices.warnings.append(f"'{uri}' is a link that leads out of the project; left out.")
    return {
        "title": config.site_name,
        "site_url": config.site_url or "",
        "language": config.theme["language"],
        "generated": sentinel.generated,
        "extensions": _plain_extensions(config),
        "templates": [str(path) for path in config.theme.dirs],
        "scope": config.extra.get("scope"),
        "watch": [str(path) for path in config.watch],
    }


def _plain_extensions(config: MkDocsConfig) -> dict[str, Any]:
    """The Markdown extensions with what of their settings is plain data: no functions."""
    settings = {name: config.mdx_configs.get(name) or {} for name in config.markdown_extensions}
    plain: dict[str, Any] = json.loads(json.dumps(settings, default=lambda _: None))
    return plain


def _search_box() -> SearchBox:
    box = SearchBox()
    box.load_config({})
    return box


def main(path: str) -> int:
    request = json.loads(Path(path).read_text(encoding="utf-8"))
    notices = Notices()
    logging.getLogger("mkdocs").addHandler(notices)
    logging.getLogger("mkdocs").propagate = False
    try:
        result = run(request, notices)
    except Exception as error:  # whatever a plugin or hook raises is the user's to read
        message = str(error) if isinstance(error, MkDocsException) else repr(error)
        result = {"error": [" ".join(line.split()) for line in (*notices.errors, message)]}
    result["warnings"] = notices.warnings
    Path(request["result"]).write_text(json.dumps(result), encoding="utf-8")
    return 1 if "error" in result else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
