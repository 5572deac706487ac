"""What a shell was made of: digests of files, folders and whole projects, and its key."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cardgen import __version__
from cardgen.git import run_git
from cardgen.site.defaults import format_config, format_index
from cardgen.site.settings import SiteSettings

_PACKAGES = (
    "mkdocs", "mkdocs-material", "markdown", "pymdown-extensions", "pygments", "jinja2", "zensical",
)  # fmt: skip


def make_key(settings: SiteSettings) -> str:
    """A digest of all that is known beforehand to make a difference to the engine's output.

    What an engine read besides is known when it is done: see ``digest_all``.
    """
    here = Path(__file__).parent
    parts = [
        sys.version,
        __version__,
        *(f"{name} {_version(name)}" for name in _PACKAGES),
        repr(settings),
        *(digest(path) for path in (here / "shell.py", here / "engines")),
        format_config("", ""),
        format_index(""),
        digest(settings.mkdocs or settings.source),
        *_environment(settings.config_file),
    ]
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def digest_all(sources: Iterable[str], settings: SiteSettings, *, wide: bool) -> dict[str, str]:
    """Digests of what the engine read; where ``wide``, one of the whole project, too."""
    inside = settings.mkdocs is None
    found = {
        path: digest(Path(path))
        for path in sources
        if not (inside and Path(path).is_relative_to(settings.source))  # part of the key
        and not Path(path).is_relative_to(settings.work)
    }
    return found | ({"": digest_project(settings)} if wide and not inside else {})


def is_unchanged(digests: dict[str, str], settings: SiteSettings) -> bool:
    """Whether all that ``digest_all`` looked at is still the same."""
    return all(
        (digest(Path(path)) if path else digest_project(settings)) == then
        for path, then in digests.items()
    )


def digest(path: Path) -> str:
    """A digest of a file's, or of a folder's files', names and contents."""
    total = blake2b(digest_size=16)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and file.parent.name != "__pycache__":
            total.update(f"\0{file.relative_to(path).as_posix()}\0".encode())
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    total.update(block)
    return total.hexdigest()


def digest_project(settings: SiteSettings) -> str:
    """A digest of the names, sizes and times of the project's files.

    Those that git ignores are left out, and so are the cards, which no engine reads.
    """
    total = blake2b(digest_size=16)
    for path in sorted(_list_files(settings)):
        try:
            found = path.lstat()
        except OSError:
            continue
        total.update(f"\0{path}\0{found.st_size}\0{found.st_mtime_ns}".encode())
    return total.hexdigest()


def _list_files(settings: SiteSettings) -> Iterator[Path]:
    left_out = (settings.experiments, settings.output, settings.work)
    listed = run_git(settings.root, "ls-files", "-co", "--exclude-standard", "-z")
    if listed is None:
        yield from _walk(settings.root, left_out)
        return
    for name in listed.split("\0"):
        path = settings.root / name
        if name and not any(path.is_relative_to(folder) for folder in left_out):
            yield path


def _walk(root: Path, left_out: tuple[Path, ...]) -> Iterator[Path]:
    for where, folders, names in os.walk(root):
        here = Path(where)
        folders[:] = [
            name for name in folders if not name.startswith(".") and here / name not in left_out
        ]
        yield from (here / name for name in names)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _environment(config: Path) -> Iterator[str]:
    """The variables that ``!ENV`` in the configuration reads."""
    if config.is_file():
        text = config.read_text(encoding="utf-8", errors="replace")
        for found in re.findall(r"!ENV\s+(.+)", text):
            for name in re.findall(r"\w+", found):
                yield f"{name}={os.environ.get(name)}"
