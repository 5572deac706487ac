"""Finds, loads and saves cards: the only writer under ``experiments/``."""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cardgen.config import Config
from cardgen.documents import IN_CONFLICT, find_conflict, mend_conflict, parse_card
from cardgen.errors import CardgenError, StoreError, UsageError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.files import locked, make_work, read_text, write_text
from cardgen.models import Card, Evidence, FrontMatter, Problem

CARD_NAME = "card.md"
EVIDENCE_NAME = "evidence.json"
README_NAME = "README.md"
MAX_CARD_BYTES = 1024 * 1024
MAX_EVIDENCE_BYTES = 64 * 1024 * 1024
_PARTS = re.compile(r"\d+|\D+")


@dataclass(frozen=True)
class Change:
    """What saving evidence did or, with ``dry_run``, would do."""

    code: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@lru_cache(65536)
def natural_key(text: str) -> tuple[tuple[bool, int, str], ...]:
    """Sort key by which qa-2 comes before qa-10."""
    return tuple([_part_key(part) for part in _PARTS.findall(text.casefold())])


def _part_key(part: str) -> tuple[bool, int, str]:
    """Digits by length, then by digit: Python refuses to read a number of thousands of them."""
    if not part.isdecimal():
        return (False, 0, part)
    digits = part.lstrip("0")
    return (True, len(digits), f"{digits} {part}")


def find_cards(config: Config) -> tuple[Path, ...]:
    """The paths of all cards, ordered by code."""
    try:
        folders = [f for f in config.experiments.iterdir() if not f.name.startswith(".")]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StoreError(
            f"{config.experiments} cannot be read: {error.strerror}.", "See its permissions."
        ) from None
    found = (folder / CARD_NAME for folder in folders)
    return tuple(
        sorted(
            (path for path in found if path.is_symlink() or path.is_file()),
            key=lambda path: (natural_key(path.parent.name), path.parent.name),
        )
    )


def find_card(config: Config, code: str) -> Path:
    """The path of one card; raises UsageError that names the nearest codes without one."""
    path = config.experiments / code / CARD_NAME
    known = [found.parent.name for found in find_cards(config)]
    if code in known:
        return path
    close = difflib.get_close_matches(code, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Create it: cardgen new {code}"
    raise UsageError(f"There is no card '{code}'.", hint)


def select_cards(config: Config, codes: Iterable[str]) -> tuple[Path, ...]:
    """The paths of the named cards, or of all where none is named."""
    named = tuple(dict.fromkeys(codes))
    return tuple(find_card(config, code) for code in named) if named else find_cards(config)


def load_card(config: Config, path: Path) -> Card:
    """Read a card and its evidence; what is broken is in ``Card.problems``."""
    code, label = path.parent.name, config.label(path)
    try:
        _refuse_outside(config, path)
        card = parse_card(read_text(path, MAX_CARD_BYTES), path, code, label)
    except StoreError as error:
        problem = Problem(label, 0, "unreadable", "error", _capital(error.message), error.hint)
        card = Card(code, path, FrontMatter.model_construct(code=code), problems=(problem,))
    return _with_evidence(config, card)


def load_cards(config: Config, codes: Iterable[str] = ()) -> tuple[Card, ...]:
    """Read the named cards, or all."""
    return tuple(load_card(config, path) for path in select_cards(config, codes))


def _with_evidence(config: Config, card: Card) -> Card:
    path = card.folder / EVIDENCE_NAME
    if not os.path.lexists(path):
        return card
    text = ""
    try:
        _refuse_outside(config, path)
        text = read_text(path, MAX_EVIDENCE_BYTES)
        return replace(card, evidence=parse_evidence(text))
    except StoreError as error:
        if at := find_conflict(text):
            hint, label = mend_conflict(card.code), config.label(path)
            problem = Problem(label, at, "merge-conflict", "error", IN_CONFLICT, hint)
            return replace(card, problems=(*card.problems, problem))
        problem = Problem(
            config.label(path), 0, "evidence", "error", _capital(error.message), error.hint
        )
        return replace(card, problems=(*card.problems, problem))


def _refuse_outside(config: Config, path: Path) -> None:
    if _has_no_links(str(config.root), str(path)):
        return
    try:
        inside = path.resolve().is_relative_to(config.root.resolve())
    except (OSError, RuntimeError):
        raise StoreError("it is a link that leads to itself.", "Put the file itself.") from None
    if not inside:
        raise StoreError("it leads out of the project.", "Put the file itself into the folder.")


def _has_no_links(root: str, path: str) -> bool:
    """Whether a file is there and below the root for certain: no link is on the way to it.

    The quick answer for nearly every file; no means that it must be looked at closely.
    """
    way = path.removeprefix(f"{root}/").split("/")
    if os.sep != "/" or not path.startswith(f"{root}/") or ".." in way:
        return False
    try:
        for count in range(1, len(way) + 1):
            if stat.S_ISLNK(os.lstat(f"{root}/{'/'.join(way[:count])}").st_mode):
                return False
    except (OSError, ValueError):
        return False
    return True


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# Writing -------------------------------------------------------------------------------------


def update_evidence(
    config: Config,
    card: Card,
    make: Callable[[Evidence | None], Evidence | None],
    *,
    dry_run: bool = False,
) -> Change:
    """Make evidence from what stands there now, and write it where a byte changes.

    ``make`` gets the evidence as it is while the card is locked (None: there is none or it is
    broken) and returns the new one, or None to leave everything as it is.
    """
    path = card.folder / EVIDENCE_NAME
    _refuse_outside(config, path)
    with locked(_lock(config, card.code)):
        before = _read_evidence(path)
        evidence = make(_parse_or_none(before))
        after = before if evidence is None else format_evidence(evidence)
        if after != before and not dry_run:
            write_text(path, after)
    return Change(card.code, before, after)


def _read_evidence(path: Path) -> str:
    """The evidence that is there; what is no text is as good as none, and filled anew."""
    if not path.exists():
        return ""
    try:
        return read_text(path, MAX_EVIDENCE_BYTES)
    except StoreError:
        if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK):
            raise
        return ""


def _parse_or_none(text: str) -> Evidence | None:
    try:
        return parse_evidence(text) if text else None
    except CardgenError:
        return None


def save_patch(config: Config, card: Card, name: str, text: str) -> None:
    """Put a run's uncommitted changes beside the card's evidence."""
    path = card.folder / name
    _refuse_outside(config, path)
    with locked(_lock(config, card.code)):
        write_text(path, text)


def save_readme(config: Config, path: Path, text: str, is_ours: Callable[[str], bool]) -> None:
    """Write a README that is made from cards; raises StoreError where a person wrote it."""
    _refuse_outside(config, path)
    with locked(_lock(config, f"{path.parent.name}.readme")):
        old = read_text(path, MAX_EVIDENCE_BYTES) if path.exists() or path.is_symlink() else ""
        if old and not is_ours(old):
            raise StoreError(f"{config.label(path)} is no generated file.", "Move it away first.")
        write_text(path, text)


def save_merged(config: Config, path: Path, text: str, before: str | None) -> None:
    """Put a merged file in the place of one in conflict, whose text was ``before`` (None: any).

    Raises StoreError where somebody saved it meanwhile: theirs stands.
    """
    _refuse_outside(config, path)
    with locked(_lock(config, path.parent.name)):
        if before is not None and read_text(path, MAX_EVIDENCE_BYTES) != before:
            raise StoreError(f"{config.label(path)} was saved meanwhile.", "Try again.")
        write_text(path, text)


def save_cache(path: Path, text: str) -> None:
    """Keep something in the folder of caches, whole or not at all."""
    write_text(path, text)


def edit_card(config: Config, path: Path, edit: Callable[[str], str]) -> bool:
    """Change a card's text by ``edit``; True where a byte changed.

    Raises StoreError where somebody saved the card meanwhile: theirs stands.
    """
    _refuse_outside(config, path)
    with locked(_lock(config, path.parent.name)):
        before = read_text(path, MAX_CARD_BYTES)
        after = edit(before)
        if after == before:
            return False
        if read_text(path, MAX_CARD_BYTES) != before:
            raise StoreError(f"{config.label(path)} was saved meanwhile.", "Try again.")
        write_text(path, after)
    return True


def create_card(config: Config, code: str, text: str) -> Path:
    """Make the folder and the card of a new experiment; raises StoreError where one exists."""
    path = config.experiments / code / CARD_NAME
    _refuse_outside(config, path)
    with locked(_lock(config, code)):
        if path.exists():
            raise StoreError(f"{config.label(path)} exists already.", "Choose another code.")
        _make_folder(path.parent)
        write_text(path, text)
    return path


def create_file(root: Path, name: str, text: str) -> bool:
    """Make a file of a new project; False where something of that name is there already."""
    path = root / name
    if path.exists() or path.is_symlink():
        return False
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise StoreError(f"{path.parent} leads out of the project.", "Replace the link.")
    _make_folder(path.parent)
    write_text(path, text)
    return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made: {error.strerror}.",
            "See what is in its place, and the permissions.",
        ) from None


def _lock(config: Config, code: str) -> Path:
    return make_work(config.work) / "locks" / f"{code}.lock"
