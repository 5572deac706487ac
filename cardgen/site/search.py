"""Search: Pagefind's command run over what is to be read of a built site.

``index_site(texts, target, work)`` makes one index per language of the pages (``<html lang>``).
It reads not the pages but their articles alone (``searchtext``), which costs a third less.
``data-pagefind-ignore`` leaves out anything of a page.

Where ``pagefind_bin_extended`` is installed (``pip install 'cardgen[chinese]'``), it is used: it
tells the words of Chinese and Japanese apart. Elsewhere each sign is a word.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp

from cardgen.errors import SiteError
from cardgen.site import searchtext
from cardgen.site.searchcolumns import write_columns
from cardgen.site.searchpack import pack_index

FOLDER = "pagefind"
_EXCLUDED = (".headerlink",)
_FORMAT = 3  # raised where indexes made before must be made again
_NEEDED = ("pagefind.js", "pagefind-entry.json")
_MINUTES = 10


@dataclass(frozen=True)
class Indexer:
    """The command that indexes; ``segments`` where it knows the words of Chinese."""

    command: str
    version: str
    segments: bool


@cache
def find_indexer() -> Indexer:
    """Pagefind as it is installed, the extended one where there is one."""
    try:
        return _describe_package("pagefind_bin_extended", segments=True)
    except (ImportError, FileNotFoundError):
        return _describe_package("pagefind_bin", segments=False)


def _describe_package(name: str, *, segments: bool) -> Indexer:
    command = import_module(name).get_executable()
    return Indexer(str(command), version(name), segments)


def name_text(path: str) -> str:
    """The file that holds what search reads of a page."""
    return searchtext.name_text(path)


def extract_text(html: str, path: str) -> str | None:
    """What the indexer reads of a page, as a page; None of a page that it does not read."""
    return searchtext.extract_text(html, path, split=not find_indexer().segments)


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
        _finish(scratch)
        return _swap(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _forget_killed(work: Path) -> None:
    """Remove what runs that were killed left behind; none takes an hour."""
    for path in work.glob("search-*"):
        if path.stat().st_mtime < time.time() - 3600:
            shutil.rmtree(path, ignore_errors=True)


def describe() -> str:
    """What an index depends on besides the pages: who makes it, and what is left out."""
    indexer = find_indexer()
    return f"{indexer.version} {indexer.segments} {_EXCLUDED} {_FORMAT}"


def _run_pagefind(texts: Path, scratch: Path) -> None:
    command = [find_indexer().command, "--site", str(texts), "--output-path", str(scratch)]
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


def _finish(scratch: Path) -> None:
    """Add what our script reads: the columns, and whether each Chinese sign is a word; pack it."""
    entry = scratch / "pagefind-entry.json"
    about = json.loads(entry.read_bytes())
    about["cardgen_split"] = not find_indexer().segments
    entry.write_text(json.dumps(about, separators=(",", ":")), encoding="utf-8")
    # Without columns search has no facets; a later Pagefind may write its index in another way.
    with contextlib.suppress(OSError, EOFError, ValueError, KeyError, zlib.error):
        write_columns(scratch)
    with contextlib.suppress(OSError, EOFError, zlib.error):
        pack_index(scratch)


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
