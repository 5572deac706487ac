"""What a first search downloads, made smaller: Pagefind packs fast, not tight, and its script not.

The script is published packed beside itself, since few servers compress what they send; our worker
unpacks it, and takes the plain one where it cannot.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

SCRIPT = "pagefind.pf_script"
_LARGE = 50_000  # bytes of a file from which on packing it again pays


def pack_index(index: Path) -> None:
    """Pack the files of an index that is not in use yet; raises OSError, EOFError or zlib.error."""
    (index / SCRIPT).write_bytes(_pack((index / "pagefind.js").read_bytes()))
    for path in (*index.glob("*.pf_meta"), *index.glob("index/*.pf_index")):
        data = path.read_bytes()
        if len(data) > _LARGE:
            path.write_bytes(min(data, _pack(gzip.decompress(data)), key=len))


def _pack(data: bytes) -> bytes:
    """As gzip, which says the same of the same data: no time, no name.

    The filtered strategy suits names of random digits and lists of numbers, a twentieth smaller.
    """
    press = zlib.compressobj(9, zlib.DEFLATED, 31, 9, zlib.Z_FILTERED)
    return press.compress(data) + press.flush()
