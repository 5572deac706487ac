"""A project's files: those of a tree, and what DVC's cache holds for it."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cardgen.trackers.dvc.trees import MAX_ENTRIES, Tree, WorkTree, is_inside, join, walk


@dataclass(frozen=True)
class Files:
    """A tree, and the local cache of DVC for what it tracks by digest instead of content.

    ``tracked`` maps paths to the MD5 digests that the locks say; a folder's ends with ``.dir``.
    ``sizes`` collects the bytes of what was loaded.
    """

    tree: Tree
    cache: Cache | None = None
    tracked: Mapping[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict, repr=False)

    def load(self, path: str, limit: int) -> bytes | None:
        """A file's content, from the cache where the tree has it not; None without it."""
        if not is_inside(path):
            return None
        data = self.tree.load(path, limit)
        if data is None and self.cache:
            digest = self._find_digest(path)
            data = self.cache.load(digest, limit) if digest else None
        if data is not None:
            self.sizes[path] = len(data)
        return data

    def find_files(self, folder: str, limit: int = 1000) -> list[str]:
        """All files below a folder, sorted; those of the cache where the tree has none."""
        if not is_inside(folder):
            return []
        found = [path for path, _ in zip(walk(self.tree, folder), range(limit), strict=False)]
        return sorted(found or self._find_cached(folder)[:limit])

    def _find_cached(self, folder: str) -> list[str]:
        """The files below a folder, where that is one that DVC tracks or lies in one."""
        place = folder
        while place and self.cache:
            digest = self.tracked.get(place, "")
            if digest.endswith(".dir"):
                found = (join(place, path) for path in self.cache.load_folder(digest))
                return [path for path in found if path.startswith(f"{folder}/")]
            place = posixpath.dirname(place)
        return []

    def _find_digest(self, path: str) -> str:
        if path in self.tracked:
            return "" if self.tracked[path].endswith(".dir") else self.tracked[path]
        folder = posixpath.dirname(path)
        while folder and self.cache:
            digest = self.tracked.get(folder, "")
            if digest.endswith(".dir"):
                return self.cache.load_folder(digest).get(path[len(folder) + 1 :], "")
            folder = posixpath.dirname(folder)
        return ""


@dataclass(frozen=True)
class Cache:
    """DVC's own store in ``.dvc/cache``, where a file's name is its MD5 digest."""

    tree: WorkTree
    _folders: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    def load(self, digest: str, limit: int) -> bytes | None:
        """The content of a digest, compared with it; None where the cache has it not."""
        if not re.fullmatch(r"[0-9a-f]{32}(?:\.dir)?", digest):
            return None
        name = f"{digest[:2]}/{digest[2:]}"
        for folder in ("files/md5", "."):
            data = self.tree.load(join(folder, name), limit)
            if data is not None and has_digest(data, digest.removesuffix(".dir")):
                return data
        return None

    def load_folder(self, digest: str) -> dict[str, str]:
        """The files of a folder's digest: path in it -> digest."""
        if digest not in self._folders:
            data = self.load(digest, 4 * 1024 * 1024)
            self._folders[digest] = _parse_folder(data) if data else {}
        return self._folders[digest]


def _parse_folder(data: bytes) -> dict[str, str]:
    try:
        listed = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    pairs = [
        (item.get("relpath"), item.get("md5"))
        for item in (listed if isinstance(listed, list) else [])[:MAX_ENTRIES]
        if isinstance(item, dict)
    ]
    return {p: digest for p, digest in pairs if isinstance(p, str) and isinstance(digest, str)}


def has_digest(data: bytes, digest: str) -> bool:
    """Whether content has an MD5 digest; DVC before 3 took text with Unix line ends."""
    if hashlib.md5(data, usedforsecurity=False).hexdigest() == digest:
        return True
    unix = data.replace(b"\r\n", b"\n")
    return unix != data and hashlib.md5(unix, usedforsecurity=False).hexdigest() == digest
