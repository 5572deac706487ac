"""The handle of the process that converts prose: starts it, talks to it, ends it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cardgen.errors import SiteError

_START = 60.0  # seconds that the process may take to start


class ProseProcess:
    """The process and the thread that reads its answers."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._owner = os.getpid()
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._ready = False
        self._process = _start_process()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.send(settings)

    def is_mine(self) -> bool:
        """Whether this process started it, and it lives."""
        return self._owner == os.getpid() and self._process.poll() is None

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand over a message; a process that has ended is noticed when it does not answer."""
        pipe = self._process.stdin
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.write(json.dumps(message).encode() + b"\n")
                pipe.flush()

    def receive(self, seconds: float) -> dict[str, Any]:
        """The next answer; one that says why where the process ended or is late."""
        if not self._ready:
            _check_ready(self._next(_START))
            self._ready = True
        return self._next(seconds)

    def _next(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            return {"error": "slow"}
        answer: dict[str, Any] = json.loads(line) if line else {"error": "lost"}
        return answer

    def close(self) -> None:
        """End the process; in one that was forked from its owner, leave it alone."""
        if self._owner != os.getpid():
            return
        self._process.kill()
        self._process.wait()
        self._thread.join(_START)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._answers.put(line)
        self._answers.put(b"")


def _start_process() -> subprocess.Popen[bytes]:
    package = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH", "")
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (package, known)))}
    command = [sys.executable, "-P", "-m", "cardgen.site.prose_worker"]
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            command, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise SiteError(
            f"The process that converts Markdown cannot be started: {error.strerror}.",
            "Free some memory, then try again.",
        ) from None


def _check_ready(answer: Mapping[str, Any]) -> None:
    if answer.get("ready"):
        return
    if "settings" in answer:
        raise SiteError(
            f"The Markdown extensions cannot be set up: {answer['settings']}.",
            "Correct 'markdown_extensions' in mkdocs.yml.",
        )
    raise SiteError(
        "The process that converts Markdown did not start.",
        "Install cardgen again, with all it depends on.",
    )
