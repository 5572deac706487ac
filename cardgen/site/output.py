"""The folder a site is built into: only what differs is written, and what is gone is removed.

A marker file says that cardgen made the folder; another folder is never touched. Nothing is
synced to the disk, because the site can be built again: a build that was killed leaves files
that differ from what they should be, and the next one writes exactly those.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cardgen.errors import SiteError

MARKER_FILE = ".cardgen-site"
_NOTE = "Made by 'cardgen build', which removes whatever else it finds in this folder.\n"


class Output:
    """An output folder and what is known to be in it (paths with forward slashes)."""

    def __init__(self, folder: Path) -> None:
        """Raises SiteError where the folder holds something that cardgen did not make."""
        self.folder = folder
        self.removed = 0
        try:
            _claim(folder)
            self._sizes = dict(_scan(folder, ""))
        except OSError as error:
            raise _cannot("written", folder, error) from None

    def write(self, path: str, data: bytes) -> bool:
        """Make a file hold ``data``; returns whether it had to be written."""
        target = self.folder / _check(path)
        try:
            if self._sizes.get(path) == len(data) and _holds(target, data):
                return False
            try:
                target.write_bytes(data)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                self._make_room(target)
                target.write_bytes(data)
        except OSError as error:
            self._sizes.pop(path, None)
            raise _cannot("written", target, error) from None
        self._sizes[path] = len(data)
        return True

    def _make_room(self, target: Path) -> None:
        """Folders above a file, and no file or folder of an earlier site in the way."""
        path = target.relative_to(self.folder)
        for folder in path.parents[:-1]:
            if (self.folder / folder).is_file():
                self.remove(folder.as_posix())
        if target.is_dir():
            shutil.rmtree(target)
            for name in [name for name in self._sizes if name.startswith(f"{path.as_posix()}/")]:
                del self._sizes[name]
        target.parent.mkdir(parents=True, exist_ok=True)

    def remove(self, path: str) -> None:
        """Remove a file and the folders that it leaves empty; none is fine, too."""
        if self._sizes.pop(path, None) is None:
            return
        target = self.folder / _check(path)
        try:
            target.unlink(missing_ok=True)
            self.removed += 1
            for parent in target.parents:
                if parent == self.folder or any(parent.iterdir()):
                    break
                parent.rmdir()
        except OSError as error:
            raise _cannot("removed", target, error) from None

    def prune(self, keep: set[str], spared: str) -> None:
        """Remove all files but ``keep`` and those below the folder ``spared``."""
        for path in sorted(set(self._sizes) - keep):
            if not path.startswith(f"{spared}/"):
                self.remove(path)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _claim(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise SiteError(f"{folder} is no folder.", "Remove it, or set site.output to another.")
    marker = folder / MARKER_FILE
    if marker.is_file():
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise SiteError(
            f"{folder} holds files that cardgen did not make, and building would remove them.",
            "Empty that folder, or set site.output in cardgen.yaml to another.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text(_NOTE, encoding="utf-8")


def _scan(folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
    """Files and their sizes. Links are removed: writing through one would leave the folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                Path(entry.path).unlink()
            elif entry.is_dir():
                yield from _scan(Path(entry.path), f"{prefix}{entry.name}/")
            elif prefix + entry.name != MARKER_FILE:
                yield prefix + entry.name, entry.stat().st_size


def _check(path: str) -> str:
    """A path below the output folder; raises SiteError for any other."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise SiteError(f"'{path}' is no path below the site.", "Correct the page's address.")
    return path


def _cannot(verb: str, path: Path, error: OSError) -> SiteError:
    return SiteError(
        f"{path} cannot be {verb}: {error.strerror or error}.",
        "Make it writable and build again.",
    )


def read_own(path: Path, root: Path) -> bytes:
    """The content of a file of the project, no link; raises SiteError for any other."""
    try:
        if root not in path.resolve(strict=True).parents:
            raise SiteError(f"{path} lies outside the project.", "Copy it into the project.")
    except OSError as error:
        raise _unreadable(path, error) from None
    return read_file(path)


def read_file(path: Path) -> bytes:
    """The content of a file that is no link; raises SiteError."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            return file.read()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> SiteError:
    return SiteError(f"{path} cannot be read: {error.strerror}.", "Restore it, or build again.")
