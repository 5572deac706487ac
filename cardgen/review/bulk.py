"""The text of all cards of a commit at once: two processes of git, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cardgen.git import read_git
from cardgen.store import CARD_NAME, MAX_CARD_BYTES


def read_texts(root: Path, commit: str, folder: str) -> dict[str, str]:
    """The text of each ``folder/CODE/card.md`` by its code; links and large ones left out."""
    listed = read_git(root, "ls-tree", "-r", "-z", "--full-name", commit, "--", f"{folder}/")
    found = dict(_find_cards((listed or b"").decode("utf-8", "surrogateescape")))
    stdin = "".join(f"{one}\n" for one in found.values()).encode()
    printed = read_git(root, "cat-file", "--batch", stdin=stdin) or b""
    texts = _split(printed)
    return {code: text for code, text in zip(found, texts, strict=False) if text}


def _find_cards(listed: str) -> Iterator[tuple[str, str]]:
    """Codes and the ids of their cards, from what ``ls-tree`` printed."""
    for entry in listed.split("\0"):
        head, _, path = entry.partition("\t")
        parts = head.split()
        place = PurePosixPath(path)
        if len(parts) == 3 and parts[0].startswith("100") and place.name == CARD_NAME:
            yield place.parent.name, parts[2]


def _split(printed: bytes) -> Iterator[str]:
    """The contents in the order in which they were asked for."""
    place = 0
    while place < len(printed):
        end = printed.find(b"\n", place)
        parts = printed[place:end].split()
        place = end + 1
        if len(parts) != 3 or end < 0:
            yield ""
            continue
        size = int(parts[2])
        content = printed[place : place + size] if size <= MAX_CARD_BYTES else b""
        place += size + 1
        yield content.decode("utf-8", "replace")
