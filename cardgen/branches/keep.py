"""Cards of other branches as plain files, so that whatever reads a folder can read them.

``.cardgen/refs/<tree>/<code>/`` holds what the tree holds, and may be thrown away at any time. A
tree is named by its content, so what is there needs no second look.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path

from cardgen.branches.gather import Version
from cardgen.config import REFS_FOLDER, Config
from cardgen.errors import StoreError
from cardgen.files import make_work
from cardgen.revisions import Repository
from cardgen.store import MAX_EVIDENCE_BYTES

MAX_FOLDER_BYTES = 256 * 1024 * 1024
"""What is kept of one card: figures and patches beside its text, not a whole model."""

MAX_FILES = 2_000


def keep_versions(
    config: Config, repository: Repository, versions: Iterable[Version]
) -> dict[str, Path]:
    """Put versions where they can be read; the folder of each by its code.

    What no version needs any more is removed. Raises StoreError where that cannot be written.
    """
    base = make_work(config.work) / REFS_FOLDER
    wanted = {version.code: base / version.tree / version.code for version in versions}
    try:
        base.mkdir(exist_ok=True)
        for folder in wanted.values():
            if not folder.is_dir():
                _write(repository, folder)
        _forget_others(base, {folder.parent.name for folder in wanted.values()})
    except OSError as error:
        raise StoreError(
            f"{base} cannot be written: {error.strerror}.",
            "See the permissions and the room on the disk; the folder may be removed.",
        ) from None
    return wanted


def _write(repository: Repository, folder: Path) -> None:
    """Write a tree beside its place, then put it there: a killed build leaves no half of one."""
    base = folder.parent.parent
    with tempfile.TemporaryDirectory(prefix=".new-", dir=base) as scratch:
        inner = Path(scratch, folder.name)
        inner.mkdir()
        left = MAX_FOLDER_BYTES
        for number, (path, content) in enumerate(
            repository.walk_files(folder.parent.name, MAX_EVIDENCE_BYTES)
        ):
            left -= len(content)
            if left < 0 or number >= MAX_FILES:
                break
            target = inner / path
            with contextlib.suppress(ValueError, FileExistsError, NotADirectoryError):
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as stream:  # names may differ in case only
                    stream.write(content)
        folder.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another build was quicker
            inner.rename(folder)


def _forget_others(base: Path, trees: Collection[str]) -> None:
    for entry in base.iterdir():
        if entry.name not in trees and entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
