"""What a project's cards look like without being read, and what is in those that changed."""

from __future__ import annotations

import os
import stat
from hashlib import blake2b

from cardgen.config import Config
from cardgen.store import CARD_NAME, EVIDENCE_NAME, MAX_EVIDENCE_BYTES

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_TICK = 2_000_000_000
"""A file that was changed within so many ns may change again and look the same."""


def look_at_cards(config: Config, now: int) -> dict[str, str]:
    """What each card's two files look like, by code; empty where that says too little.

    ``now`` is the time in ns before which they must have been changed to be told by their looks.
    A link says too little, since what it leads to may change.
    """
    try:
        with os.scandir(config.experiments) as entries:
            folders = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return {}
    found = ((folder.name, _look_at_card(folder, now)) for folder in folders)
    return {code: look for code, look in found if look is not None}


def list_codes(config: Config) -> list[str]:
    """The codes of all cards in no order, without what they look like."""
    try:
        with os.scandir(config.experiments) as entries:
            folders = [(e.name, e.path) for e in entries if not e.name.startswith(".")]
    except OSError:
        return []
    return [name for name, path in folders if _is_card(_look(f"{path}/{CARD_NAME}"))]


def _is_card(state: os.stat_result | None) -> bool:
    return state is not None and (stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode))


def _look_at_card(folder: os.DirEntry[str], now: int) -> str | None:
    """None where there is no card."""
    card = _look(f"{folder.path}/{CARD_NAME}")
    if not _is_card(card):
        return None
    evidence = _look(f"{folder.path}/{EVIDENCE_NAME}")
    states = [state for state in (card, evidence) if state is not None]
    plain = all(stat.S_ISREG(state.st_mode) for state in states) and not folder.is_symlink()
    if not plain or any(max(one.st_mtime_ns, one.st_ctime_ns) + _TICK > now for one in states):
        return ""
    return " ".join(
        f"{one.st_size}:{one.st_mtime_ns}:{one.st_ctime_ns}:{one.st_ino}:{one.st_mode}"
        for one in states
    )


def _look(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def digest_card(config: Config, code: str) -> str:
    """A digest of a card's two files; empty where one is no plain file that can be read."""
    folder = f"{config.root}/{config.settings.experiments}/{code}"
    if os.path.islink(folder):  # noqa: PTH114  # a path object for each of 10,000 is dear
        return ""
    total = blake2b(digest_size=12)
    for name in (CARD_NAME, EVIDENCE_NAME):
        try:
            content = _read(f"{folder}/{name}")
        except FileNotFoundError:
            total.update(b"-")
            continue
        except OSError:
            return ""
        total.update(f"{len(content)}:".encode("ascii"))
        total.update(content)
    return total.hexdigest()


def _read(path: str) -> bytes:
    """A plain file's content, as much of it as cardgen reads; raises OSError for what is none."""
    with os.fdopen(os.open(path, _READ), "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise PermissionError
        # Asked for all that may be, Python makes room for all of it.
        content = file.read(min(state.st_size, MAX_EVIDENCE_BYTES) + 1)
        grown = len(content) > state.st_size
        return content + file.read(MAX_EVIDENCE_BYTES + 1 - len(content)) if grown else content
