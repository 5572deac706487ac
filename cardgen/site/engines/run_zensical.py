"""Runs Zensical in a process of its own: ``python run_zensical.py REQUEST.json``.

Zensical has no hooks or plugins of others, so the sentinel is made by handing it a page whose
rendered content is marks. It builds in a scratch folder, where the pages are linked to, since it
writes its cache beside the configuration and its site inside; the user's ``mkdocs.yml`` is read
where it lies, so that relative paths in it mean what they always mean.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_PACKAGES = str(Path(__file__).parents[3])
if _PACKAGES not in sys.path:  # a checkout that is not installed
    sys.path.insert(0, _PACKAGES)

from cardgen.site.engines import adapt as adapting  # noqa: E402
from cardgen.site.engines.notes import Capture, parse_notes  # noqa: E402
from cardgen.site.engines.runner import (  # noqa: E402
    CannotBuildError,
    Notices,
    Request,
    Result,
    list_sources,
    make_plain,
    run,
    say_leak,
)
from cardgen.site.engines.scratch import add_pages, link_pages  # noqa: E402

_THEME = Path(__file__).parent / "zensical_theme"
_ALWAYS = ("toc", "tables", "fenced_code")
_EDIT = re.compile(r'<a href="[^"]*"[^>]*class="md-content__button md-icon"[^>]*>.*?</a>', re.S)
_BESIDE = re.compile(r'<link rel="(?:prev|next)" href="[^"]*">')
_FOOTER = re.compile(r'<nav class="md-footer__inner[^>]*>.*?</nav>', re.S)
_TITLE = re.compile(r"<title>.*?</title>", re.S)
_CANONICAL = re.compile(r'(<link rel="canonical" href=")[^"]*(">)')


class Build:
    """One build: what is asked for, the configuration as Zensical has it, and what was seen."""

    def __init__(self, request: Request, notices: Notices) -> None:
        self.request, self.notices = request, notices
        self.folder = Path(request["site_dir"]).parent
        self.raw: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        self.source = ""
        self.docs = Path()
        self.generated: list[str] = []
        self.unsearched: list[str] = []
        self.titled = False

    def run(self) -> Result:
        zensical, config, render = _import_zensical()
        config.parse_config = self.make_parser(config)
        render.render = self.make_renderer(render.render)
        stub = self.folder / "zensical.yml"
        stub.write_text("site_name: cardgen\n", encoding="utf-8")
        try:
            with Capture(self.folder / "said.txt"):
                zensical.build(str(stub), {"clean": False, "strict": False})
        except BaseException as error:
            self.note()
            raise CannotBuildError(_shorten(str(error))) from error
        self.note()
        self.finish_sentinel()
        self.finish_home()
        self.finish_missing()
        return self.make_result()

    def make_parser(self, config: Any) -> Callable[[str], dict[str, Any]]:
        """What Zensical calls to read the configuration, of which it gives the scratch one."""
        given = Path(self.request["config_file"])

        def parse_config(_: str) -> dict[str, Any]:
            with given.open(encoding="utf-8") as file:
                self.raw = config._yaml_load(file)
            adapted = adapting.adapt(self.raw, self.request, self.notices)
            settings = {k: v for k, v in (self.raw | adapted).items() if v is not None}
            settings["plugins"] = [*settings["plugins"], {"search": {}}]
            settings["theme"].setdefault("variant", "classic")
            settings["markdown_extensions"] = _extensions(self.raw.get("markdown_extensions"))
            _warn_of_missing(self.raw, config, self.notices)
            self.link_docs()
            # Zensical wants them inside the folder of the configuration.
            settings |= {"docs_dir": ".", "site_dir": "_site"}
            settings = dict(config._apply_defaults(settings, str(given)))
            settings |= {"docs_dir": "docs", "site_dir": "site", "strict": False}
            settings["theme_dirs"] = [str(_THEME), *settings["theme_dirs"]]
            config._CONFIG = self.settings = settings
            return settings

        return parse_config

    def link_docs(self) -> None:
        """Lay out a folder of links to the pages, with the page of all cards among them."""
        self.docs = adapting.find_docs(self.raw, self.request)
        self.source = adapting.source_of_cards(self.raw, self.request)
        into = self.folder / "docs"
        for uri in link_pages(self.docs, into, Path(self.request["root"]).resolve()):
            self.notices.warn(say_leak(uri))
        self.generated = add_pages(into, self.source, self.request)

    def make_renderer(self, render: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        """What Zensical calls for each page's Markdown."""

        def render_page(content: str, path: str, *args: Any, **options: Any) -> dict[str, Any]:
            done = render(content, path, *args, **options)
            if path == self.source:
                return done | self.mark()
            if path in ("index.md", "README.md"):
                self.titled = "title" in done["meta"]
            search = done["meta"].get("search")
            if isinstance(search, dict) and search.get("exclude"):
                self.unsearched.append(path)
            return done

        return render_page

    def mark(self) -> dict[str, Any]:
        """All that belongs to one page as marks, which the shell is split at."""
        marks = self.request["marks"]

        def entry(name: str, level: int, *children: dict[str, Any]) -> dict[str, Any]:
            anchor = marks[f"{name}_anchor"]
            text = {"title": marks[name], "content": marks[name], "level": level}
            return text | {"id": anchor, "url": f"#{anchor}", "children": list(children)}

        return {
            "meta": {"hide": ["footer"], "title": marks["title"]}
            | {"description": marks["description"]},
            "content": marks["body"],
            "toc": [entry("parent", 2, entry("child", 3)), entry("leaf", 2)],
        }

    def finish_sentinel(self) -> None:
        """Take out what belongs to one page and cannot be marked before."""
        path = self.folder / "site" / self.request["cards_path"] / "index.html"
        if not path.is_file():
            raise CannotBuildError("Zensical left out the page of all cards; see 'exclude_docs'.")
        html = path.read_text(encoding="utf-8")
        html = _FOOTER.sub("", _EDIT.sub("", _BESIDE.sub("", html)))
        html = _CANONICAL.sub(rf"\g<1>{self.request['marks']['canonical']}\g<2>", html)
        path.write_text(html, encoding="utf-8")

    def finish_home(self) -> None:
        """The home page is called what the site is, as with mkdocs, unless it says otherwise."""
        path = self.folder / "site" / "index.html"
        if path.is_file() and not self.titled:
            title = f"<title>{escape(self.settings['site_name'])}</title>"
            html = path.read_text(encoding="utf-8")
            path.write_text(_TITLE.sub(lambda _: title, html, count=1), encoding="utf-8")

    def finish_missing(self) -> None:
        """The page for what is missing says where the root is as mkdocs does: ``/runs/``."""
        path = self.folder / "site" / "404.html"
        root = urlsplit(self.settings["site_url"] or "").path.rstrip("/")
        if root and path.is_file():
            html = path.read_text(encoding="utf-8")
            html = html.replace(f'new URL("{root}",', f'new URL("{root}/",')
            path.write_text(html.replace(f'"base":"{root}"', f'"base":"{root}/"'), "utf-8")

    def note(self) -> None:
        """Pass on what Zensical said of the pages."""
        warnings = parse_notes((self.folder / "said.txt").read_text("utf-8", "replace"))
        for warning in warnings:
            self.notices.warn(warning)
        if warnings and (self.request["strict"] or self.raw.get("strict")):
            raise CannotBuildError("'strict' makes an error of each warning.")

    def make_result(self) -> Result:
        settings = self.settings
        names = [name for name in settings["markdown_extensions"] if isinstance(name, str)]
        extra = settings["extra"].get("scope")
        return {
            "title": settings["site_name"],
            "site_url": settings["site_url"] or "",
            "language": settings["theme"]["language"],
            "generated": self.generated,
            "extensions": make_plain(
                {name: settings["mdx_configs"].get(name) or {} for name in names}
            ),
            "templates": settings["theme_dirs"],
            "scope": extra or None,
            "sources": list_sources(self.raw, Path(self.request["config_file"]), self.docs),
            "wide": adapting.may_read_anything(self.raw),
            "unsearched": [_find_page(path, settings) for path in self.unsearched],
        }


def _extensions(given: Any) -> list[Any]:
    """The extensions that mkdocs always has, and those that are asked for."""
    if isinstance(given, dict):
        given = [{name: options} for name, options in given.items()]
    return [*_ALWAYS, *(given or [])]


def _import_zensical() -> tuple[Any, Any, Any]:
    """The package and the two modules whose functions it calls; raises where they differ."""
    try:
        import zensical  # noqa: PLC0415
        import zensical.config  # noqa: PLC0415
        import zensical.markdown.render  # noqa: PLC0415
    except ImportError:
        raise CannotBuildError(
            "Zensical is not installed; run: pip install 'cardgen[zensical]'"
        ) from None
    config, render = zensical.config, zensical.markdown.render
    known = {"_apply_defaults": 2, "_yaml_load": 1, "parse_config": 1}
    for name, count in known.items():
        function = getattr(config, name, None)
        if function is None or len(inspect.signature(function).parameters) != count:
            raise CannotBuildError(
                f"Zensical {zensical.version()} is not known to cardgen; "
                "install the one that 'cardgen[zensical]' names."
            )
    return zensical, config, render


def _warn_of_missing(raw: dict[str, Any], config: Any, notices: Notices) -> None:
    known = set(config._PLUGIN_UNSUPPORTED_OPTIONS) | {"search"}
    lacking = sorted(adapting.plugin_names(raw) - known)
    if lacking:
        notices.warn(f"Zensical has no plugin {', '.join(lacking)}; left out.")
    if raw.get("hooks"):
        notices.warn("Zensical runs no 'hooks'; left out.")


def _find_page(path: str, settings: dict[str, Any]) -> str:
    """The file that a page is built into."""
    stem = path.removesuffix(".md")
    folder, _, name = stem.rpartition("/")
    if name in ("index", "README"):
        return f"{folder}/index.html".lstrip("/")
    return f"{stem}/index.html" if settings["use_directory_urls"] else f"{stem}.html"


def _shorten(text: str) -> str:
    """An error without the way that Python took to it."""
    said, _, _ = text.partition("Traceback (most recent call last)")
    return said.removeprefix("Python error: ").strip()


def build_site(request: Request, notices: Notices) -> Result:
    """Build the site; raises CannotBuildError with what Zensical says."""
    return Build(request, notices).run()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], build_site))
