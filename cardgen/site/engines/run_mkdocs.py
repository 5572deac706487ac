"""Runs mkdocs in a process of its own: ``python run_mkdocs.py REQUEST.json``.

It builds the hand-written pages and one sentinel, the page into whose HTML cards are stamped.
The user's ``mkdocs.yml`` is read by mkdocs itself, so that its relative paths, ``INHERIT`` and
tags mean what they always mean; what must differ is passed beside it, and nothing is written
into the source folder.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.base import Config as PluginConfig
from mkdocs.config.config_options import Type
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException
from mkdocs.plugins import BasePlugin
from mkdocs.utils.yaml import yaml_load

_PACKAGES = str(Path(__file__).parents[3])
if _PACKAGES not in sys.path:  # a checkout that is not installed
    sys.path.insert(0, _PACKAGES)

from cardgen.site.engines import adapt as adapting  # noqa: E402
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
from cardgen.site.engines.sentinel import Sentinel, spare_sentinel  # noqa: E402


class SearchConfig(PluginConfig):  # type: ignore[no-untyped-call]
    enabled = Type(bool, default=True)


class SearchBox(BasePlugin[SearchConfig]):  # type: ignore[no-untyped-call]
    """Stands where the theme looks for its search plugin: the box is there, no index is built."""


class Listener(logging.Handler):
    """Collects what mkdocs warns of and fails with."""

    def __init__(self, notices: Notices) -> None:
        super().__init__(logging.WARNING)
        self.notices = notices

    def emit(self, record: logging.LogRecord) -> None:
        serious = record.levelno >= logging.ERROR
        (self.notices.fail if serious else self.notices.warn)(record.getMessage())


def build_site(request: Request, notices: Notices) -> Result:
    """Build the site; raises CannotBuildError with what mkdocs says."""
    logging.getLogger("mkdocs").addHandler(Listener(notices))
    logging.getLogger("mkdocs").propagate = False
    try:
        return _build(request, notices)
    except MkDocsException as error:
        raise CannotBuildError(str(error)) from error


def _build(request: Request, notices: Notices) -> Result:
    with Path(request["config_file"]).open("rb") as file:
        raw: dict[str, Any] = yaml_load(file)
    config, sentinel = _load(raw, request, notices)
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    finally:
        config.plugins.on_shutdown()
    if not config.site_url:  # a map without addresses
        for name in ("sitemap.xml", "sitemap.xml.gz"):
            Path(config.site_dir, name).unlink(missing_ok=True)
    for uri in sentinel.left_out:
        notices.warn(say_leak(uri))
    return {
        "title": config.site_name,
        "site_url": config.site_url or "",
        "language": config.theme["language"],
        "generated": sentinel.generated,
        "extensions": make_plain(
            {name: config.mdx_configs.get(name) or {} for name in config.markdown_extensions}
        ),
        "templates": [str(path) for path in config.theme.dirs],
        "scope": config.extra.get("scope"),
        "sources": list_sources(raw, Path(request["config_file"]), Path(config.docs_dir)),
        "wide": adapting.may_read_anything(raw),
        "unsearched": sentinel.unsearched,
    }


def _load(raw: dict[str, Any], request: Request, notices: Notices) -> tuple[MkDocsConfig, Sentinel]:
    options = adapting.adapt(raw, request, notices)
    if options["theme"]["name"] == "zensical":
        raise CannotBuildError("The theme is 'zensical'; set 'site.engine: zensical', too.")
    options["docs_dir"] = str(adapting.find_docs(raw, request))
    config = load_config(request["config_file"], **options)
    spare_sentinel(config, adapting.source_of_cards(raw, request))
    sentinel = Sentinel(request, adapting.source_of_cards(raw, request))
    box = SearchBox()
    box.load_config({})
    config.plugins["material/search"] = box
    config.plugins["cardgen/sentinel"] = sentinel
    return config, sentinel


if __name__ == "__main__":
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    sys.exit(run(sys.argv[1], build_site))
