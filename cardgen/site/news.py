"""What was built again since when: the local server's pages wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable


class News:
    """What was built again since when; browsers wait for it."""

    def __init__(self) -> None:
        # Milliseconds, so that pages which an earlier server handed out are older than all here.
        self._version = time.time_ns() // 1_000_000
        self._changes: dict[str, int] = {}
        self._all = self._version
        self._condition = threading.Condition()
        self.closed = False

    @property
    def version(self) -> int:
        return self._version

    def publish(self, pages: Iterable[str] | None) -> None:
        """Say that these pages (addresses below the root) changed; ``None`` means all."""
        with self._condition:
            self._version += 1
            if pages is None:
                self._all = self._version
            else:
                self._changes.update(dict.fromkeys(pages, self._version))
            self._condition.notify_all()

    def wait(self, page: str, since: int, timeout: float) -> bool:
        """Whether a page is newer than ``since``, now or within ``timeout`` seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self.closed or self._is_newer(page, since), timeout)
            return not self.closed and self._is_newer(page, since)

    def _is_newer(self, page: str, since: int) -> bool:
        return max(self._all, self._changes.get(page, 0)) > since

    def close(self) -> None:
        with self._condition:
            self.closed = True
            self._condition.notify_all()
