"""Uncommitted changes as one patch: without secrets, of a bounded size, fit for 'git apply'."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cardgen.capture.changes import Change, format_size
from cardgen.masking import mask_text
from cardgen.output import escape

MAX_BYTES = 1024 * 1024
"""Bytes of a patch."""

MAX_NAMES = 200
"""Names of files that are listed in a patch's head."""


@dataclass(frozen=True)
class Masked:
    """A change of a file without its secrets; ``hit`` says that there were some."""

    path: str
    text: str
    hit: bool


def make_patch(changes: Sequence[Change], ref: str, commit: str, allow: frozenset[str]) -> str:
    """The patch of a run, with a head that says what it lacks; empty where nothing was changed.

    Files that would make it too large are left out whole, so that the rest can be applied.
    """
    if not changes:
        return ""
    kept: list[Masked] = []
    left_out = [f"{change.path} ({change.left_out})" for change in changes if change.left_out]
    size = 0
    for change in changes:
        if change.left_out:
            continue
        masked = _mask_change(change, allow, room=MAX_BYTES - size)
        if isinstance(masked, str):
            left_out.append(f"{change.path or 'a file in conflict'} ({masked})")
        else:
            kept.append(masked)
            size += len(masked.text.encode())
    head = _make_head(kept, left_out, ref, commit)
    return mask_text("".join(f"# {escape(line)}\n" for line in head), allow) + "".join(
        masked.text for masked in kept
    )


def _mask_change(change: Change, allow: frozenset[str], room: int) -> Masked | str:
    """A change without its secrets, or why it is left out."""
    if len(change.diff) > room:
        return f"{format_size(len(change.diff))}: the patch would exceed {format_size(MAX_BYTES)}"
    try:
        text = change.diff.decode("utf-8")
    except UnicodeDecodeError:
        return "no UTF-8"
    masked = mask_text(text, allow)
    return Masked(change.path, text if masked == text else _mask_lines(text, allow), masked != text)


def _mask_lines(text: str, allow: frozenset[str]) -> str:
    """Line by line, so that no hunk loses any; what only the whole shows is masked after that."""
    lines = [
        line[:1] + mask_text(line[1:], allow) if line[:1] in "+- " else mask_text(line, allow)
        for line in text.split("\n")
    ]
    return mask_text("\n".join(lines), allow)


def _make_head(kept: Sequence[Masked], left_out: Sequence[str], ref: str, commit: str) -> list[str]:
    head = [
        f"What was not committed when {ref} began.",
        f"It applies to {commit or 'an empty folder'} at the repository's top: git apply FILE",
    ]
    hit = [masked.path or "a file" for masked in kept if masked.hit]
    if hit:
        head.append("Secrets are masked, so that these do not apply as they were:")
        head += _list(hit)
    if left_out:
        head.append("Left out:")
        head += _list(left_out)
    return head


def _list(names: Iterable[str]) -> list[str]:
    listed = list(names)
    more = len(listed) - MAX_NAMES
    lines = [f"  {name}" for name in listed[:MAX_NAMES]]
    return [*lines, f"  and {more} more"] if more > 0 else lines
