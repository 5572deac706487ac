"""The shell: the engine's finished site, and the sentinel that cards are stamped into.

``load_shell(settings) -> Shell`` runs mkdocs only where something changed since the last time:
the result is kept in ``.cardgen/shell/`` under a key of all that went in (the content of the
source folder, the versions of the packages, the settings). Everything engine-specific about
building is in ``engine.py``; what is kept is a folder of HTML and ``result.json``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from cardgen import __version__
from cardgen.errors import SiteError
from cardgen.site.defaults import format_config, format_index
from cardgen.site.settings import SiteSettings

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

_PACKAGES = ("mkdocs", "mkdocs-material", "markdown", "pymdown-extensions", "pygments", "jinja2")
_MINUTES = 10


@dataclass(frozen=True)
class Shell:
    """What the engine built.

    ``folder`` holds its output, ``sentinel`` is the HTML of the page at ``cards_path``.
    ``generated`` names the pages that nobody wrote by hand (``cards``, ``home``); ``extensions``
    are those of Markdown with their settings. ``templates`` are the folders of the theme's
    templates, the user's own first. ``warnings`` are sentences.
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


def load_shell(settings: SiteSettings) -> Shell:
    """The shell of these sources, built where it is not at hand; raises SiteError."""
    key = _make_key(settings)
    folder = settings.work / "shell" / key
    if not _is_valid(folder):
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
    )


def _is_valid(folder: Path) -> bool:
    """Whether a kept shell is whole and what else it was made of (``watch:``) is unchanged."""
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return all(_digest(Path(path)) == then for path, then in result["watched"].items())
    except (OSError, ValueError, KeyError):
        return False


def _build(settings: SiteSettings, folder: Path) -> None:
    """Build beside ``folder`` and move it there whole, so that a killed build leaves nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(prefix="new-", dir=folder.parent))
    try:
        request = _make_request(settings, scratch)
        result = _run_engine(settings, request, scratch)
        result["watched"] = {path: _digest(Path(path)) for path in result["watch"]}
        (scratch / "result.json").write_text(json.dumps(result), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _make_request(settings: SiteSettings, scratch: Path) -> Path:
    config, docs = settings.config_file, settings.source / "docs"
    if not config.is_file():
        config = scratch / "mkdocs.yml"
        config.write_text(format_config(settings.title, settings.language), encoding="utf-8")
    if not docs.is_dir():
        docs = scratch / "docs"
        docs.mkdir()
    request = {
        "root": str(settings.root),
        "config_file": str(config),
        "docs_dir": str(docs),
        "site_dir": str(scratch / "site"),
        "result": str(scratch / "result.json"),
        "title": settings.title,
        "language": settings.language,
        "site_url": settings.site_url,
        "strict": settings.strict,
        "cards_path": settings.cards_path,
        "cards_source": settings.cards_path.rstrip("/") + ".md",
        "cards_title": settings.cards_title,
        "sentinel": f"# {settings.cards_title}\n",
        "index": format_index(settings.title),
        "marks": MARKS,
    }
    path = scratch / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    return path


def _run_engine(settings: SiteSettings, request: Path, scratch: Path) -> dict[str, Any]:
    command = [sys.executable, "-P", str(Path(__file__).with_name("engine.py")), str(request)]
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
            f"mkdocs did not finish within {_MINUTES} minutes.", "Look at its plugins and hooks."
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
            f"mkdocs could not build the pages of {_label(settings)}: {said}.",
            f"Correct {settings.config_file.name} or the page it names.",
        )
    return result


def _label(settings: SiteSettings) -> str:
    try:
        return settings.source.relative_to(settings.root).as_posix() + "/"
    except ValueError:
        return str(settings.source)


def _forget_others(folder: Path) -> None:
    """Remove older shells and what killed builds left; the youngest may be in use just now."""
    others = [path for path in folder.parent.iterdir() if path != folder]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[:-1]:
        shutil.rmtree(path, ignore_errors=True)


def _make_key(settings: SiteSettings) -> str:
    """A digest of all that the engine's output depends on."""
    here = Path(__file__).parent
    own = [here / name for name in ("engine.py", "shell.py")]
    parts = [
        sys.version,
        __version__,
        *(f"{name} {_version(name)}" for name in _PACKAGES),
        repr(settings),
        *(_digest(path) for path in own),
        format_config("", ""),
        format_index(""),
        _digest(settings.source),
        *_environment(settings.config_file),
    ]
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _environment(config: Path) -> Iterator[str]:
    """The variables that ``!ENV`` in the configuration reads."""
    if config.is_file():
        text = config.read_text(encoding="utf-8", errors="replace")
        for found in re.findall(r"!ENV\s+(.+)", text):
            for name in re.findall(r"\w+", found):
                yield f"{name}={os.environ.get(name)}"


def _digest(path: Path) -> str:
    """A digest of a file's, or of a folder's files', names and contents."""
    digest = blake2b(digest_size=16)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(f"\0{file.relative_to(path).as_posix()}\0".encode())
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()
