"""What is different in the user's ``mkdocs.yml`` when cardgen has it built: as little as works.

``adapt(raw, request, notices)`` takes the configuration as it was read and answers what takes the
place of single keys of it; nothing is written into the user's files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cardgen.site.engines.runner import CannotBuildError, Notices, Request

Raw = dict[str, Any]

# The theme's search is replaced; the others change finished pages so that none can be stamped.
_DROPPED = {
    "search": "",
    "offline": "it would change every page's address, and the cards need theirs",
    "minify": "cards are stamped into the theme's pages as the theme writes them",
    "minify_html": "cards are stamped into the theme's pages as the theme writes them",
}
# Plugins that read nothing but the folder of pages and the theme.
_NARROW = {
    *_DROPPED, "awesome-nav", "awesome-pages", "exclude", "glightbox", "group", "info",
    "literate-nav", "meta", "offline", "optimize", "privacy", "redirects", "section-index",
    "social", "tags", "typeset", "i18n", "autorefs",
}  # fmt: skip
THEMES = ("material", "zensical")


def adapt(raw: Raw, request: Request, notices: Notices) -> Raw:
    """The keys of the configuration that cardgen sets, with their values."""
    if not isinstance(raw, dict):
        raise CannotBuildError("mkdocs.yml is no list of 'key: value' lines.")
    adapted = {
        "site_dir": request["site_dir"],
        "use_directory_urls": has_directories(raw, request),
        "theme": _theme(raw, request, notices),
        "plugins": _plugins(raw, notices),
        "site_name": raw.get("site_name") or request["title"],
        "site_url": request["site_url"] or raw.get("site_url"),
        "nav": _nav(raw.get("nav"), raw, request),
        "strict": bool(request["strict"] or raw.get("strict")),
    }
    _warn_of_hosts(raw, notices)
    return adapted


def has_directories(raw: Raw, request: Request) -> bool:
    """Whether ``guide.md`` becomes ``guide/``; a site that exists keeps its addresses."""
    return not request["existing"] or raw.get("use_directory_urls") is not False


def find_docs(raw: Raw, request: Request) -> Path:
    """The folder of the pages; raises where it and the built site lie in one another."""
    given = str(raw.get("docs_dir") or "docs")
    if given == "docs" and request["docs_dir"]:
        return Path(request["docs_dir"])
    docs = (Path(request["config_file"]).parent / given).resolve()
    for name in ("output", "work"):
        folder = Path(request[name])
        if docs.is_relative_to(folder) or folder.is_relative_to(docs):
            raise CannotBuildError(
                f"'docs_dir' is {docs}, which holds or lies in {folder}, where cardgen writes; "
                "move the pages into a folder of their own."
            )
    return docs


def source_of_cards(raw: Raw, request: Request) -> str:
    """Where the page of all cards would lie among the sources, so that its address is right."""
    path: str = request["cards_path"].rstrip("/")
    return f"{path}.md" if has_directories(raw, request) else f"{path}/index.md"


def may_read_anything(raw: Raw) -> bool:
    """Whether the site may be made of other files than pages and theme."""
    extensions = raw.get("markdown_extensions") or []
    names = [next(iter(item), "") if isinstance(item, dict) else item for item in extensions]
    plugins = plugin_names(raw) - _NARROW
    return bool(raw.get("hooks") or plugins or "pymdownx.snippets" in names)


def plugin_items(raw: Raw) -> list[tuple[str, Any]]:
    given = raw.get("plugins") or []
    if isinstance(given, dict):
        return list(given.items())
    items = ({item: {}} if isinstance(item, str) else item for item in given)
    return [pair for item in items if isinstance(item, dict) for pair in item.items()]


def plugin_names(raw: Raw) -> set[str]:
    return {_short(name) for name, _ in plugin_items(raw)}


def _short(name: str) -> str:
    return str(name).removeprefix("material/")


def _theme(raw: Raw, request: Request, notices: Notices) -> Raw:
    given = raw.get("theme") or ("mkdocs" if request["existing"] else "material")
    theme: Raw = {"name": given} if isinstance(given, str) else dict(given)
    if theme.get("name", "mkdocs") not in THEMES:
        raise CannotBuildError(
            f"The theme is '{theme.get('name', 'mkdocs')}', but cards are stamped into "
            "mkdocs-material; set 'theme: {name: material}'"
            + (", or leave 'site.mkdocs' out of cardgen.yaml." if request["existing"] else ".")
        )
    if not request["existing"]:
        theme.setdefault("language", request["language"])
    if "privacy" not in plugin_names(raw):
        if theme.get("font"):
            notices.warn(
                "'theme.font' would be loaded from another host and is left out; add the "
                "'privacy' plugin, which keeps a copy, or set 'font: false'."
            )
        theme["font"] = False
    elif not request["existing"]:
        theme.setdefault("font", False)
    theme["features"] = _features(theme.get("features") or [], notices)
    return theme


def _features(features: list[str], notices: Notices) -> list[str]:
    instant = [name for name in features if name.startswith("navigation.instant")]
    if instant:
        notices.warn(
            f"{', '.join(instant)} is left out: the theme would replace parts of a page that the "
            "site's policy guards."
        )
    return [name for name in features if name not in instant]


def _plugins(raw: Raw, notices: Notices) -> list[Raw]:
    for name in sorted(plugin_names(raw)):
        if _DROPPED.get(name):
            notices.warn(f"The plugin '{name}' is left out: {_DROPPED[name]}.")
    return [{name: given} for name, given in plugin_items(raw) if _short(name) not in _DROPPED]


def _nav(nav: Any, raw: Raw, request: Request) -> list[Any] | None:
    """The user's navigation with an entry for the cards, added where there is none.

    A site of cardgen's own has it after the first entry, one that exists at the end.
    """
    source, path = source_of_cards(raw, request), request["cards_path"]
    if not nav or not isinstance(nav, list):
        return None
    name = path.rstrip("/")
    found, nav = _replace(nav, {path, name, f"{name}.md", f"{path}index.md"}, source)
    if found:
        return list(nav)
    at = len(nav) if request["existing"] else 1
    return [*nav[:at], {request["cards_title"]: source}, *nav[at:]]


def _replace(value: Any, aliases: set[str], source: str) -> tuple[bool, Any]:
    if isinstance(value, list):
        parts = [_replace(item, aliases, source) for item in value]
        return any(found for found, _ in parts), [item for _, item in parts]
    if isinstance(value, dict):
        pairs = {key: _replace(item, aliases, source) for key, item in value.items()}
        return any(f for f, _ in pairs.values()), {key: item for key, (_, item) in pairs.items()}
    return (True, source) if value in aliases else (False, value)


def _warn_of_hosts(raw: Raw, notices: Notices) -> None:
    for key in ("extra_css", "extra_javascript"):
        for item in raw.get(key) or []:
            address = item.get("path", "") if isinstance(item, dict) else str(item)
            if urlsplit(address).netloc and "privacy" not in plugin_names(raw):
                notices.warn(
                    f"'{key}' names {address}, which the site's policy blocks; copy it to docs/."
                )
    if (raw.get("extra") or {}).get("analytics"):
        notices.warn("'extra.analytics' is blocked by the site's policy.")
