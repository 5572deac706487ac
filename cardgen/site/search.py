"""Search: Pagefind's command run over a built site.

``index_site(texts, target, work)`` makes one index per language of the pages (``<html lang>``).
It reads not the pages but their articles alone (``extract_text``), which costs a third less.
Header links are left out, and so are the tables of stamped pages (half of a card's words are
numbers) unless marked ``data-cardgen-search``; ``data-pagefind-ignore`` leaves out anything else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from html import escape
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp

from pagefind_bin import get_executable  # type: ignore[import-untyped]

from cardgen.errors import SiteError

FOLDER = "pagefind"
_EXCLUDED = (".headerlink", "[data-cardgen] table:not([data-cardgen-search])")
_NEEDED = ("pagefind.js", "pagefind-worker.js", "pagefind-entry.json")
_MINUTES = 10


_LANGUAGE = re.compile(r'<html lang="([^"]*)"')
_FACT = re.compile(r"<meta data-pagefind[^>]*>")
_TEXT = re.compile(r">[^<]+")
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_TABLE = re.compile(r"<table\b(?![^>]*data-cardgen-search).*?</table>", re.DOTALL)
_ATTRIBUTES = re.compile(r'(<\w+)(?: (?:title|style|data-origin|data-value)="[^"]*")+')
_SIGN = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


def name_text(path: str) -> str:
    """The file that holds what search reads of a page: in one folder, since folders are dear."""
    return f"{blake2b(path.encode(), digest_size=12).hexdigest()}.html"


def extract_text(html: str, path: str) -> str | None:
    """What search reads of a page, as a page; None of a page that it does not read.

    Chinese and Japanese write no spaces between words, and Pagefind tells none apart: each sign
    becomes a word of its own, and ``assets/search.js`` asks for them in a row.
    """
    marked = html.find(" data-pagefind-body")
    start, end = html.rfind("<article", 0, max(marked, 0)), html.rfind("</article>")
    if not 0 <= start < end:
        return None
    language = _LANGUAGE.search(html, 0, 4096)
    article = _slim(html[start:end])
    if language is not None and language[1].startswith(("zh", "ja")):
        article = _TEXT.sub(lambda text: _SIGN.sub(r" \g<0> ", text[0]), article)
    address = escape("/" + path.removesuffix("index.html"))
    facts = f'<meta data-pagefind-meta="url[content]" content="{address}">'
    facts += "".join(_FACT.findall(html, 0, start))
    opening = language[0] if language is not None else "<html"
    return f"<!doctype html>{opening}><head>{facts}</head><body>{article}</article></body></html>"


def _slim(article: str) -> str:
    """An article without what search leaves out anyway: four fifths of a card's page."""
    article = _DRAWING.sub("", article)
    if " data-cardgen" in article[: article.find(">")]:
        article = _TABLE.sub("", article)
    return _ATTRIBUTES.sub(r"\1", article)


def index_site(texts: Path, target: Path, work: Path) -> int:
    """Index a folder of pages and swap the new index in; returns the number of files it has.

    Raises SiteError. The old index answers until the new one is whole: files are named by their
    content, the entry that names them comes last, and only then do the old ones go.
    """
    work.mkdir(parents=True, exist_ok=True)
    _forget_killed(work)
    scratch = Path(mkdtemp(prefix="search-", dir=work))
    try:
        _run_pagefind(texts, scratch)
        return _swap(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _forget_killed(work: Path) -> None:
    """Remove what runs that were killed left behind; none takes an hour."""
    for path in work.glob("search-*"):
        if path.stat().st_mtime < time.time() - 3600:
            shutil.rmtree(path, ignore_errors=True)


def describe() -> str:
    """What an index depends on besides the pages: Pagefind's version and what is left out."""
    return f"{version('pagefind_bin')} {_EXCLUDED}"


def _run_pagefind(texts: Path, scratch: Path) -> None:
    command = [str(get_executable()), "--site", str(texts), "--output-path", str(scratch)]
    for selector in _EXCLUDED:
        command += ["--exclude-selectors", selector]
    try:
        done = subprocess.run(
            command,
            cwd=scratch,
            env=_environment(),
            capture_output=True,
            timeout=_MINUTES * 60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SiteError(f"Pagefind did not run: {error}.", "Install cardgen again.") from None
    if done.returncode or not (scratch / "pagefind-entry.json").is_file():
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise SiteError(
            f"Pagefind could not index the site: {' '.join(said[-2:]) or done.returncode}.",
            "Build again; the pages themselves are complete.",
        )


def _environment() -> dict[str, str]:
    """Without the variables by which Pagefind would be configured from outside."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PAGEFIND_")}


def _swap(new: Path, target: Path) -> int:
    files = {path.relative_to(new) for path in new.rglob("*") if path.is_file()}
    files = {path for path in files if _is_needed(path)}
    for path in sorted(files, key=lambda path: path.name == "pagefind-entry.json"):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (new / path).replace(target / path)
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(target) not in files:
            path.unlink()
    return len(files)


def _is_needed(path: Path) -> bool:
    """Not Pagefind's own boxes and buttons, half a megabyte that no page loads."""
    return (
        len(path.parts) > 1 or path.suffix not in {".js", ".css", ".json"} or path.name in _NEEDED
    )


class BackgroundIndexer:
    """Indexes again a while after the last request, beside whatever else goes on.

    ``request()`` returns at once; ``index`` is called in a thread, never twice at the same time.
    ``failed`` gets the error of an attempt that did not work. ``close()`` waits for none.
    """

    def __init__(
        self,
        index: Callable[[], object],
        failed: Callable[[SiteError], None],
        delay: float = 1.0,
    ) -> None:
        self._index, self._failed, self._delay = index, failed, delay
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="search index", daemon=True)
        self._thread.start()

    def request(self) -> None:
        self._wanted.set()

    def close(self) -> None:
        self._closed.set()
        self._wanted.set()

    def _work(self) -> None:
        while self._wanted.wait() and not self._closed.is_set():
            self._wanted.clear()
            if self._closed.wait(self._delay):
                return
            if self._wanted.is_set():
                continue  # somebody still types
            try:
                self._index()
            except SiteError as error:
                self._failed(error)
