"""By what results are narrowed, in one small file: a column a facet, a row a page of the index.

Pagefind can filter by itself, but its filters of 10,000 cards take 20 kB a facet, and the counts
beside their values need all of them. Here a row is a page in the order in which the index names
them, so that no name is said twice: six facets take a few kB.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

NAME = "cards.pf_facets"
_MAGIC = b"pagefind_dcd"

Filters = Mapping[str, Sequence[str]]


def write_columns(index: Path) -> None:
    """Read a whole index of Pagefind and write the columns of its pages beside it.

    ``{language: {facet: {"values": [...], "rows": [...]}}}``, gzipped JSON; a row is the number of
    a value from 1, several of them, or 0. Raises OSError, EOFError, ValueError, KeyError or
    zlib.error where the index is not as expected.
    """
    entry = json.loads((index / "pagefind-entry.json").read_bytes())
    columns = {
        language: _make_columns([_read_filters(index, name) for name in _list_pages(index, about)])
        for language, about in entry["languages"].items()
    }
    text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
    (index / NAME).write_bytes(gzip.compress(text.encode(), mtime=0))


def _list_pages(index: Path, about: Mapping[str, Any]) -> list[str]:
    """The pages of one language as its metadata lists them; their names come first in it."""
    data = gzip.decompress((index / f"pagefind.{about['hash']}.pf_meta").read_bytes())
    prefix = about["hash"].rpartition("_")[0].encode()
    names = re.findall(re.escape(prefix) + rb"_[0-9a-f]{7,}", data)[: about["page_count"]]
    if len(names) != about["page_count"]:
        raise ValueError(f"{len(names)} pages in the metadata instead of {about['page_count']}.")
    return [name.decode() for name in names]


def _read_filters(index: Path, name: str) -> Filters:
    data = gzip.decompress((index / "fragment" / f"{name}.pf_fragment").read_bytes())
    filters: Filters = json.loads(data.removeprefix(_MAGIC))["filters"]
    return filters


def _make_columns(pages: Sequence[Filters]) -> dict[str, dict[str, list[Any]]]:
    names = dict.fromkeys(name for page in pages for name in page)
    return {name: _make_column([page.get(name, ()) for page in pages]) for name in names}


def _make_column(cells: Sequence[Iterable[str]]) -> dict[str, list[Any]]:
    """Values by how many pages have them: small numbers for the frequent ones."""
    counts = Counter(value for cell in cells for value in cell)
    values = sorted(counts, key=lambda value: (-counts[value], value))
    numbers = {value: number for number, value in enumerate(values, 1)}
    return {"values": values, "rows": [_shorten([numbers[v] for v in cell]) for cell in cells]}


def _shorten(numbers: list[int]) -> int | list[int]:
    return numbers if len(numbers) > 1 else next(iter(numbers), 0)
