"""The shell: the engine's finished site, and the sentinel that cards are stamped into.

``load_shell(settings) -> Shell`` runs mkdocs or Zensical only where something changed since the
last time: the result is kept in ``.cardgen/shell/`` under a key of all that went in (see
``sources.py``). Everything engine-specific about building is in ``engines/``; what is kept is a
folder of HTML and ``result.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from cardgen.errors import SiteError
from cardgen.site.defaults import format_config, format_index
from cardgen.site.settings import SiteSettings
from cardgen.site.sources import digest_all, is_unchanged, make_key

MARKS = {
    "title": "cardgenmarktitle",
    "description": "cardgenmarkdescription",
    "canonical": "cardgenmarkcanonical",
    "body": '<h1 id="cardgenmarkbody"></h1>',
    "parent": "cardgenmarkparenttext",
    "parent_anchor": "cardgenmarkparentanchor",
    "child": "cardgenmarkchildtext",
    "child_anchor": "cardgenmarkchildanchor",
    "leaf": "cardgenmarkleaftext",
    "leaf_anchor": "cardgenmarkleafanchor",
}
"""What stands in the sentinel where a page's own title, address and so on will stand."""

ENGINES = {"mkdocs": "mkdocs", "zensical": "Zensical"}
"""The engines there are, and what they are called; ``engines/run_NAME.py`` runs each."""

_MINUTES = 10


@dataclass(frozen=True)
class Shell:
    """What the engine built.

    ``folder`` holds its output, ``sentinel`` is the HTML of the page at ``cards_path``.
    ``generated`` names the pages that nobody wrote by hand (``cards``, ``home``); ``extensions``
    are those of Markdown with their settings. ``templates`` are the folders of the theme's
    templates, the user's own first. ``sources`` are files and folders that an edit of makes
    another shell. ``unsearched`` are pages that ask to be left out of search. ``warnings`` are
    sentences.
    """

    key: str
    folder: Path
    sentinel: str
    cards_path: str
    title: str
    language: str
    site_url: str
    generated: frozenset[str]
    extensions: Mapping[str, Mapping[str, Any]]
    templates: tuple[Path, ...]
    scope: str | None
    warnings: tuple[str, ...]
    sources: tuple[Path, ...] = ()
    unsearched: frozenset[str] = frozenset()


def load_shell(settings: SiteSettings) -> Shell:
    """The shell of these sources, built where it is not at hand; raises SiteError."""
    _check(settings)
    key = make_key(settings)
    folder = settings.work / "shell" / key
    if not _is_valid(folder, settings):
        _build(settings, folder)
        _forget_others(folder)
    return _read(settings, key, folder)


def _read(settings: SiteSettings, key: str, folder: Path) -> Shell:
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    sentinel = folder / "site" / settings.cards_path / "index.html"
    return Shell(
        key=key,
        folder=folder / "site",
        sentinel=sentinel.read_text(encoding="utf-8"),
        cards_path=settings.cards_path,
        title=result["title"],
        language=result["language"],
        site_url=result["site_url"],
        generated=frozenset(result["generated"]),
        extensions=result["extensions"],
        templates=tuple(Path(path) for path in result["templates"]),
        scope=result["scope"],
        warnings=tuple(result["warnings"]),
        sources=tuple(Path(path) for path in result["sources"]),
        unsearched=frozenset(result["unsearched"]),
    )


def _check(settings: SiteSettings) -> None:
    if settings.engine not in ENGINES:
        raise SiteError(
            f"There is no engine '{settings.engine}'.", f"Choose one of {', '.join(ENGINES)}."
        )
    if settings.mkdocs is not None and not settings.mkdocs.is_file():
        raise SiteError(
            f"There is no {_name(settings.mkdocs, settings)}, which 'site.mkdocs' names.",
            "Correct it in cardgen.yaml, or leave it out for a site of cardgen's own.",
        )


def _is_valid(folder: Path, settings: SiteSettings) -> bool:
    """Whether a kept shell is whole and what else it was made of is unchanged."""
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return is_unchanged(result["watched"], settings)
    except (OSError, ValueError, KeyError):
        return False


def _build(settings: SiteSettings, folder: Path) -> None:
    """Build beside ``folder`` and move it there whole, so that a killed build leaves nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(prefix="new-", dir=folder.parent))
    try:
        request = _make_request(settings, scratch)
        result = _run_engine(settings, request, scratch)
        _keep_own(result, settings, scratch)
        result["watched"] = digest_all(result["sources"], settings, wide=result["wide"])
        (scratch / "result.json").write_text(json.dumps(result), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _keep_own(result: dict[str, Any], settings: SiteSettings, scratch: Path) -> None:
    """Sources as a person has them, without what was laid out for the engine."""
    paths = [] if settings.mkdocs else [settings.source]
    paths += [Path(os.path.normpath(path)) for path in result["sources"]]
    paths = [path for path in paths if not path.is_relative_to(scratch)]
    nested = {path for path in paths if any(other in path.parents for other in paths)}
    result["sources"] = [str(path) for path in dict.fromkeys(paths) if path not in nested]


def _make_request(settings: SiteSettings, scratch: Path) -> Path:
    config, docs = settings.config_file, settings.source / "docs"
    if not config.is_file():
        config = scratch / "mkdocs.yml"
        config.write_text(format_config(settings.title, settings.language), encoding="utf-8")
    if settings.mkdocs is None and not docs.is_dir():
        docs = scratch / "docs"
        docs.mkdir()
    request = {
        "root": str(settings.root),
        "output": str(settings.output),
        "work": str(settings.work),
        "config_file": str(config),
        "docs_dir": "" if settings.mkdocs else str(docs),
        "site_dir": str(scratch / "site"),
        "result": str(scratch / "result.json"),
        "existing": settings.mkdocs is not None,
        "title": settings.title,
        "language": settings.language,
        "site_url": settings.site_url,
        "strict": settings.strict,
        "cards_path": settings.cards_path,
        "cards_title": settings.cards_title,
        "index": format_index(settings.title),
        "marks": MARKS,
    }
    path = scratch / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    return path


def _run_engine(settings: SiteSettings, request: Path, scratch: Path) -> dict[str, Any]:
    script = Path(__file__).parent / "engines" / f"run_{settings.engine}.py"
    command = [sys.executable, "-P", str(script), str(request)]
    name = ENGINES[settings.engine]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=settings.root,
            env=env,
            capture_output=True,
            timeout=_MINUTES * 60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SiteError(
            f"{name} did not finish within {_MINUTES} minutes.", "Look at its plugins and hooks."
        ) from None
    try:
        result: dict[str, Any] = json.loads((scratch / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
        result = {"error": lines or [f"it ended with status {done.returncode}"]}
    if "error" in result:
        lines = [*result.get("warnings", []), *result["error"]][-5:]
        said = "; ".join(line.strip().rstrip(".") for line in lines)
        raise SiteError(
            f"{name} could not build the pages of {_label(settings)}: {said}.",
            f"Correct {settings.config_file.name} or the page it names.",
        )
    return result


def _label(settings: SiteSettings) -> str:
    if settings.mkdocs is not None:
        return _name(settings.mkdocs, settings)
    return _name(settings.source, settings) + "/"


def _name(path: Path, settings: SiteSettings) -> str:
    return Path(os.path.relpath(path, settings.root)).as_posix()


def _forget_others(folder: Path) -> None:
    """Remove older shells and what killed builds left; the youngest may be in use just now."""
    others = [path for path in folder.parent.iterdir() if path != folder]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[:-1]:
        shutil.rmtree(path, ignore_errors=True)
