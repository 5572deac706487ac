"""Writing a file whole or not at all, and one writer at a time."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from cardgen.errors import StoreError

LOCK_SECONDS = 10.0
# Opening a named pipe without O_NONBLOCK waits for a writer.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.tmp")


def read_text(path: Path, max_bytes: int) -> str:
    """A file's text, as strict UTF-8, line ends as they are.

    Raises StoreError for a link, a file that is too large, or one that is no UTF-8.
    """
    try:
        descriptor = os.open(path, _READ)
        with os.fdopen(descriptor, "rb") as file:
            _refuse_special(descriptor)
            # Room for what there is: asked for all that may be, Python makes room for that.
            size = os.fstat(descriptor).st_size
            data = file.read(min(size, max_bytes) + 1)
            data += file.read(max_bytes + 1 - len(data)) if len(data) > size else b""
    except OSError as error:
        if path.is_symlink():
            raise StoreError(f"{path.name} is a symbolic link.", "Put the file itself.") from None
        raise StoreError(f"it cannot be read: {error.strerror}.", "See its permissions.") from None
    if len(data) > max_bytes:
        raise StoreError(f"it is larger than {max_bytes // 1024} KB.", "Make it smaller.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise StoreError(f"line {line} is no UTF-8.", "Save the file as UTF-8.") from None


def _refuse_special(descriptor: int) -> None:
    """A pipe or device might never end."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise StoreError("it is no ordinary file.", "Put a file in its place.")


def write_text(path: Path, text: str) -> None:
    """Replace a file's content at once: a reader, or a crash, meets the old or the new whole.

    Keeps the file's mode. Raises StoreError where it cannot be written; the old file then stands.
    """
    if path.is_symlink():
        raise StoreError(f"{path} is a symbolic link.", "Replace it by a file, then try again.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _remove_stale(path)
        _write_synced(temporary, text.encode("utf-8"), _mode(path))
        temporary.replace(path)
        _sync_folder(path.parent)
    except UnicodeEncodeError:
        raise StoreError(
            f"{path} cannot be written: the text is no Unicode; it is as it was.",
            "Look for half characters (surrogates) in what the tracker recorded.",
        ) from None
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise StoreError(
            f"{path} cannot be written: {error.strerror}; it is as it was.",
            "Make room or see the folder's permissions, then try again.",
        ) from None


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the renaming last; Windows has no such call for folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale(path: Path) -> None:
    """Temporaries that killed processes left beside a file."""
    for other in path.parent.glob(f".{path.name}.*.tmp"):
        match = _TEMPORARY.fullmatch(other.name)
        if match and match["name"] == path.name and not _is_alive(int(match["pid"])):
            with contextlib.suppress(OSError):
                other.unlink()


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # asking as below would interrupt the process there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def make_work(folder: Path) -> Path:
    """Make the folder of caches and locks, which hides itself from git."""
    ignore = folder / ".gitignore"
    if not ignore.exists():
        folder.mkdir(parents=True, exist_ok=True)
        ignore.write_text("*\n", encoding="utf-8")
    return folder


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; raises StoreError that names the holder after LOCK_SECONDS."""
    holder = path.with_suffix(".pid")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=LOCK_SECONDS)
        lock.acquire()
    except Timeout:
        pid = holder.read_text(encoding="ascii") if holder.exists() else "unknown"
        raise StoreError(
            f"{path.stem} is being written by another cardgen (process {pid}).",
            "Wait for it to end, then try again.",
        ) from None
    except OSError as error:
        raise StoreError(
            f"{path} cannot be made: {error.strerror}.", "See the permissions of its folder."
        ) from None
    try:
        with contextlib.suppress(OSError):  # a full disk: nobody learns who holds it
            holder.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        lock.release()
