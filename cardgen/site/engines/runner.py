"""What both engines' scripts share: the request, the result, notices, and links that leak.

The request: ``root``, ``config_file`` (the user's ``mkdocs.yml``), ``docs_dir`` (empty: what the
configuration says), ``site_dir`` and ``result`` (where to write), ``existing`` (a site that the
repository has anyway), ``title``, ``language``, ``site_url``, ``strict``, ``cards_path``,
``cards_source``, ``cards_title``, ``index`` (the home page's text where there is none) and
``marks``.

The result: ``title``, ``site_url``, ``language``, ``generated`` (``cards``, ``home``),
``extensions`` of Markdown with their settings, ``templates`` (folders, the first wins),
``scope``, ``sources`` (files and folders that were read), ``wide`` (whether any other file of the
project may have been), ``unsearched`` (pages that are kept out of search) and ``warnings``; or
``error``, a list of lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Request = dict[str, Any]
Result = dict[str, Any]


class CannotBuildError(Exception):
    """What is wrong, in words for whoever wrote the configuration."""


class Notices:
    """What an engine warned of and failed with, each on one line."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(join_lines(text))

    def fail(self, text: str) -> None:
        self.errors.append(join_lines(text))


def join_lines(text: str) -> str:
    return " ".join(text.split())


def run(path: str, build: Callable[[Request, Notices], Result]) -> int:
    """Build what the request at ``path`` asks for and write the result; the exit status."""
    request: Request = json.loads(Path(path).read_text(encoding="utf-8"))
    notices = Notices()
    try:
        result = build(request, notices)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # whatever a plugin raises, and Zensical's own panics
        said = str(error) if isinstance(error, CannotBuildError) else repr(error)
        result = {"error": [*notices.errors, join_lines(said)]}
    result["warnings"] = notices.warnings
    Path(request["result"]).write_text(json.dumps(result), encoding="utf-8")
    return 1 if "error" in result else 0


def make_plain(settings: object) -> Any:
    """Settings without what JSON cannot hold: functions."""
    return json.loads(json.dumps(settings, default=lambda _: None))


def find_leak(path: Path, docs: Path, root: Path) -> str | None:
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


def say_leak(uri: str) -> str:
    return f"'{uri}' is a link that leads out of the project; left out."


def find_inherited(config: Path) -> Iterator[Path]:
    """The configuration and those that it inherits from."""
    seen: set[Path] = set()
    while config.is_file() and config not in seen:
        seen.add(config)
        yield config
        text = config.read_text(encoding="utf-8", errors="replace")
        found = re.search(r"^INHERIT:\s*['\"]?(.+?)['\"]?\s*$", text, re.MULTILINE)
        if found is None:
            return
        config = (config.parent / found[1]).resolve()


def list_sources(raw: dict[str, Any], config: Path, docs: Path) -> list[str]:
    """The files and folders that a site is known to be made of."""
    theme = raw.get("theme")
    custom = theme.get("custom_dir") if isinstance(theme, dict) else None
    named = [custom, *(raw.get("hooks") or []), *(raw.get("watch") or [])]
    paths = [*find_inherited(config), docs, *(config.parent / name for name in named if name)]
    return [str(path) for path in dict.fromkeys(paths)]
