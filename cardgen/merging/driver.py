"""What git calls while it merges: ``cardgen resolve --merge-driver %O %A %B %P``."""

from __future__ import annotations

from pathlib import Path

from cardgen.documents import parse_card
from cardgen.errors import StoreError, UsageError
from cardgen.evidence import format_evidence
from cardgen.files import read_text
from cardgen.git import run_git
from cardgen.merging.card import merge_card
from cardgen.merging.evidence import merge_evidence, read_evidence
from cardgen.merging.marks import Sides, merge_lines
from cardgen.readme.mark import is_marked
from cardgen.store import CARD_NAME, EVIDENCE_NAME, MAX_EVIDENCE_BYTES, README_NAME

NAME = "cardgen"
_COMMAND = (
    "if command -v cardgen >/dev/null; then cardgen resolve --merge-driver %O %A %B %P; "
    "else git merge-file %A %O %B; fi"
)


def install_driver(root: Path) -> None:
    """Tell this clone's git about the driver; raises UsageError where there is no repository."""
    found = [
        run_git(root, "config", f"merge.{NAME}.{key}", value)
        for key, value in (("driver", _COMMAND), ("name", "cards and their evidence"))
    ]
    if None in found:
        raise UsageError(f"{root} is in no git repository.", "Run 'git init' first.")


def is_installed(root: Path) -> bool:
    return bool(run_git(root, "config", "--get", f"merge.{NAME}.driver"))


def drive(base: Path, ours: Path, theirs: Path, name: str) -> bool:
    """Merge three files into the second; whether nobody must decide anything.

    ``name`` is the path in the repository, by which the kind of file is known. A README stays
    ours: what it should say is known only when all files are merged.
    """
    merged, clean = _merge(Sides(_read(base), _read(ours), _read(theirs)), Path(name))
    ours.write_bytes(merged.encode("utf-8", "surrogateescape"))
    return clean


def _read(path: Path) -> str:
    """A file that git hands over; bytes that are no text come through as they are."""
    try:
        return read_text(path, MAX_EVIDENCE_BYTES)
    except StoreError:
        return path.read_bytes().decode("utf-8", "surrogateescape") if path.is_file() else ""


def _merge(sides: Sides, path: Path) -> tuple[str, bool]:
    if path.name == README_NAME and is_marked(sides.ours) and is_marked(sides.theirs):
        return sides.ours, True
    if path.name == EVIDENCE_NAME:
        return _merge_evidence(sides)
    text, clean = merge_lines(sides)
    if path.name != CARD_NAME or (clean and not _is_broken(text, path)):
        return text, clean
    merged = merge_card(sides)
    return merged.text, not merged.open


def _is_broken(text: str, path: Path) -> bool:
    """Whether lines that do not touch each other make no card together, as a key that both add."""
    return bool(parse_card(text, path, path.parent.name, path.as_posix()).problems)


def _merge_evidence(sides: Sides) -> tuple[str, bool]:
    base, ours, theirs = (read_evidence(t) for t in (sides.base, sides.ours, sides.theirs))
    if ours is None or theirs is None:
        return merge_lines(sides)
    merged = merge_evidence(base, ours, theirs)
    if merged.differing:
        return merge_lines(sides)[0], False
    return format_evidence(merged.evidence), True
