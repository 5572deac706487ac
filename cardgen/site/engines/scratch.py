"""The folder that Zensical builds from: links to the pages, and the pages that nobody wrote."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cardgen.site.engines.runner import CannotBuildError, Request, find_leak

_INDEXES = ("index.md", "README.md", "index.html")


def link_pages(docs: Path, into: Path, root: Path) -> list[str]:
    """Link to all files of a folder from another; the links that lead out and are left out."""
    into.mkdir(exist_ok=True)
    left_out: dict[str, None] = {}
    for path in _walk(docs) if docs != into else ():
        leak = find_leak(path, docs, root)
        if leak is not None:
            left_out[leak] = None
            continue
        target = into / path.relative_to(docs)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path.resolve())
    return list(left_out)


def add_pages(docs: Path, source: str, request: Request) -> list[str]:
    """Add the page of all cards, and a home page where there is none; which were added."""
    name = request["cards_path"].rstrip("/")
    for uri in (f"{name}.md", f"{name}/index.md", f"{name}/README.md"):
        if (docs / uri).exists():
            raise CannotBuildError(
                f"'{uri}' stands where the list of cards goes; rename that page."
            )
    page = docs / source
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"# {request['cards_title']}\n", encoding="utf-8")
    if any((docs / index).exists() for index in _INDEXES):
        return ["cards"]
    (docs / "index.md").write_text(request["index"], encoding="utf-8")
    return ["cards", "home"]


def _walk(folder: Path) -> Iterator[Path]:
    """Files of a folder, through links to folders unless they lead in circles."""
    for where, folders, names in os.walk(folder, followlinks=True):
        here = Path(where)
        above = {path.resolve() for path in (here, *here.parents)}
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and not ((here / name).is_symlink() and (here / name).resolve() in above)
        )
        yield from (here / name for name in sorted(names))
