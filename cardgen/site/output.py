"""The folder a site is built into: only what differs is written, and what is gone is removed.

A marker file says that cardgen made the folder; another folder is never touched. Nothing is
synced to the disk, because the site can be built again: a build that was killed leaves files
that differ from what they should be, and the next one writes exactly those.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from cardgen.errors import SiteError

MARKER_FILE = ".cardgen-site"
_NOTE = "Made by 'cardgen build', which removes whatever else it finds in this folder.\n"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
_NEW |= getattr(os, "O_BINARY", 0)
_MODE = 0o666

State = tuple[int, int, int]
"""What a file is without reading it: its size, its time of change in ns, its inode."""

_OTHERS: State = (-1, 0, 0)


class Output:
    """An output folder and what is known to be in it (paths with forward slashes)."""

    def __init__(self, folder: Path, *, known: bool = False) -> None:
        """Raises SiteError where the folder holds something that cardgen did not make.

        ``known`` says that another process has looked at it, and removes what has to go.
        """
        self.folder = folder
        self.removed = 0
        self._base = f"{folder}{os.sep}"
        try:
            if not known:
                _claim(folder)
            self._states = {} if known else dict(_scan(folder, ""))
            self._complete = not known
        except OSError as error:
            raise _cannot("written", folder, error) from None

    def write(self, path: str, data: bytes) -> bool:
        """Make a file hold ``data``; returns whether it had to be written."""
        target = self._base + _check(path)
        try:
            if self._may_hold(path, target, len(data)) and _holds(target, data):
                return False
            self._states[path] = self._write(target, data)
        except OSError as error:
            self._states.pop(path, None)
            raise _cannot("written", Path(target), error) from None
        return True

    def _may_hold(self, path: str, target: str, size: int) -> bool:
        state = self._states.get(path)
        if state is None and not self._complete:
            try:
                found = os.lstat(target)
            except OSError:
                return False
            state = self._states[path] = _as_state(found)
        return state is not None and state[0] == size

    def find(self, path: str) -> Path | None:
        """A file that is there already; None where there is none."""
        target = self.folder / _check(path)
        if path not in self._states and not self._complete and target.is_file():
            self._states[path] = _as_state(target.lstat())
        return target if path in self._states else None

    def _write(self, target: str, data: bytes) -> State:
        try:
            return _put(target, data)
        except FileNotFoundError:
            try:
                os.mkdir(os.path.dirname(target))  # noqa: PTH102, PTH120  # one of thousands
                return _put(target, data)
            except OSError:
                pass
        except (NotADirectoryError, IsADirectoryError):
            pass
        self._make_room(Path(target))
        return _put(target, data)

    def _make_room(self, target: Path) -> None:
        """Folders above a file, and no file or folder of an earlier site in the way."""
        path = target.relative_to(self.folder)
        for folder in path.parents[:-1]:
            if (self.folder / folder).is_file():
                self.remove(folder.as_posix())
        if target.is_dir():
            shutil.rmtree(target)
            for name in [name for name in self._states if name.startswith(f"{path.as_posix()}/")]:
                del self._states[name]
        target.parent.mkdir(parents=True, exist_ok=True)

    def state(self, path: str) -> State | None:
        """What a file was when it was last looked at or written; None for none."""
        return self._states.get(path)

    def adopt(self, states: Iterable[tuple[str, State]]) -> None:
        """Take over what another process wrote here."""
        self._states.update(states)

    def note(self, path: str) -> None:
        """Know that another process made a file hold what it should."""
        self._states.setdefault(path, _OTHERS)

    def remove(self, path: str) -> None:
        """Remove a file and the folders that it leaves empty; none is fine, too."""
        if self._states.pop(path, None) is None:
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
        for path in sorted(self._states.keys() - keep):
            if not path.startswith(f"{spared}/"):
                self.remove(path)


def _put(target: str, data: bytes) -> State:
    """Write a file; its state afterwards."""
    descriptor = os.open(target, _NEW, _MODE)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        return _as_state(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _as_state(found: os.stat_result) -> State:
    return found.st_size, found.st_mtime_ns, found.st_ino


def _holds(path: str, data: bytes) -> bool:
    try:
        return Path(path).read_bytes() == data
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


def _scan(folder: Path | str, prefix: str) -> Iterator[tuple[str, State]]:
    """Files and what they are. Links are removed: writing through one would leave the folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                Path(entry.path).unlink()
            elif entry.is_dir():
                yield from _scan(entry.path, f"{prefix}{entry.name}/")
            elif prefix + entry.name != MARKER_FILE:
                yield prefix + entry.name, _as_state(entry.stat())


def _check(path: str) -> str:
    """A path below the output folder; raises SiteError for any other."""
    parts = path.split("/")
    if not path or not parts[0] or ".." in parts or "\\" in path or "\0" in path:
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
        if not os.path.realpath(path, strict=True).startswith(f"{root}{os.sep}"):
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
