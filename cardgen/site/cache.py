"""Rendered pages kept by the content of all that they were made of.

The cache lies in ``.cardgen/pages/`` and may be thrown away at any time: a page whose key differs,
or that cannot be read, is rendered again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cardgen import __version__
from cardgen.facts import Facts
from cardgen.site.context import RenderContext
from cardgen.site.page import Heading, Page
from cardgen.store import CARD_NAME, EVIDENCE_NAME

_PACKAGE = Path(__file__).parents[1]


class PageCache:
    """Pages by code; ``context`` gives what all of them depend on."""

    def __init__(self, folder: Path, context: RenderContext, extensions: object) -> None:
        self.folder = folder
        settings = context.settings.model_dump_json()
        self._salt = f"{_hash_package()} {settings} {json.dumps(extensions, default=str)}"

    def make_key(self, facts: Facts, context: RenderContext) -> str:
        """What a card's page depends on, as one word."""
        total = blake2b(self._salt.encode(), digest_size=16)
        folder, front = facts.card.folder, facts.card.front
        files = [folder / CARD_NAME, folder / EVIDENCE_NAME, *sorted(folder.rglob("*.svg"))]
        if front.baseline in context.cards:
            other = context.cards[front.baseline].card.folder
            files += [other / CARD_NAME, other / EVIDENCE_NAME]
        for path in files:
            total.update(f"\0{path}\0".encode("utf-8", "surrogateescape"))
            if path.is_file() and not path.is_symlink():
                total.update(path.read_bytes())
        linked = [code for code in front.supersedes if code in context.cards]
        registered = context.registry.select(_name_models(facts))
        total.update(repr((linked, context.successors.get(facts.code), registered)).encode())
        return total.hexdigest()

    def find(self, code: str, key: str) -> Page | None:
        """The page of that key, None where it has to be rendered."""
        try:
            kept = json.loads((self.folder / f"{code}.json").read_bytes())
            return _read(kept["page"]) if kept["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, code: str, key: str, page: Page) -> None:
        """Remember a page; a cache that cannot be written is done without."""
        values = {**asdict(page), "files": {n: str(path) for n, path in page.files.items()}}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"key": key, "page": values}, ensure_ascii=False)
            (self.folder / f"{code}.json").write_text(text, encoding="utf-8")
        except (OSError, UnicodeEncodeError):
            return

    def forget_others(self, codes: Iterable[str]) -> None:
        """Remove the pages of cards that are gone."""
        known = {f"{code}.json" for code in codes}
        for path in self.folder.glob("*.json"):
            if path.name not in known:
                path.unlink(missing_ok=True)


def _name_models(facts: Facts) -> tuple[str, ...]:
    start = (facts.model, *facts.model.others) if facts.model else ()
    return tuple(sorted({fact.value.name for fact in (*start, *facts.output)}))


def _read(values: dict[str, Any]) -> Page:
    return Page(
        **{
            **values,
            "contents": tuple(Heading(**heading) for heading in values["contents"]),
            "facets": {name: tuple(facet) for name, facet in values["facets"].items()},
            "files": {name: Path(path) for name, path in values["files"].items()},
        }
    )


@cache
def _hash_package() -> str:
    """cardgen's version and the content of whatever it renders with."""
    total = blake2b(__version__.encode(), digest_size=16)
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in (".py", ".jinja", ".json") and "trackers" not in path.parts:
            total.update(path.read_bytes())
    return total.hexdigest()
