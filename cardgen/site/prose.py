"""A card's Markdown as safe HTML, converted in a process of its own.

Markdown of a few kilobytes can keep Python-Markdown busy for minutes or end the interpreter, and
no check beforehand finds every such text. So all prose goes to one worker process, which limits
processor time and memory for each text; it is started at the first text, costs about a tenth of a
millisecond a card beside the conversion itself, and takes the import of Markdown with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardgen.errors import SiteError
from cardgen.site.page import Heading

MAX_BYTES = 64 * 1024
"""Size of all prose of a card, in bytes of UTF-8."""

SECONDS = 2.0
"""Processor time that one text may take."""

_PATIENCE = 10.0  # times as much by the clock, for a machine that does other things as well
_START = 60.0

EXTENSIONS: Mapping[str, Mapping[str, Any]] = {
    "abbr": {},
    "admonition": {},
    "attr_list": {},
    "def_list": {},
    "footnotes": {},
    "md_in_html": {},
    "tables": {},
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.details": {},
    "pymdownx.highlight": {},
    "pymdownx.inlinehilite": {},
    "pymdownx.superfences": {},
    "pymdownx.tabbed": {"alternate_style": True},
    "pymdownx.tasklist": {},
}
"""What is used where a site's ``mkdocs.yml`` says nothing."""

_REASONS = {
    "slow": (
        "takes too long to convert to HTML",
        "Look for long runs of brackets, asterisks or backticks and shorten them.",
    ),
    "large": ("needs too much memory to convert to HTML", "Shorten it."),
    "deep": ("is nested too deeply", "Use fewer levels of quotes, lists or brackets."),
    "lost": ("ended the process that converts it to HTML", "Shorten or simplify it."),
    "size": (f"is over the {MAX_BYTES // 1024} KB that a card may have", "Shorten it."),
}


@dataclass(frozen=True)
class Prose:
    """A text as HTML, or why there is none.

    ``headings`` are those within it, of level 3 and below; ``files`` what it shows or links to
    in the card's folder; ``text`` its beginning without markup. ``error`` goes on where
    "The text" begins, ``hint`` says what to do; both are empty where all is well.
    """

    html: str = ""
    headings: tuple[Heading, ...] = ()
    files: tuple[str, ...] = ()
    text: str = ""
    error: str = ""
    hint: str = ""


class ProseRenderer:
    """Converts prose; may be shared by threads, and by processes that were forked from this one.

    ``extensions`` are those of ``mkdocs.yml`` with their settings; what cards may not use is left
    out. ``permalink`` is the title of the links beside headings.
    """

    def __init__(
        self,
        extensions: Mapping[str, Mapping[str, Any]] = EXTENSIONS,
        permalink: str = "",
        seconds: float = SECONDS,
    ) -> None:
        self._seconds = seconds
        self._settings = {
            "extensions": {name: _plain(config or {}) for name, config in extensions.items()},
            "permalink": permalink,
            "seconds": seconds,
        }
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_settings": self._settings, "_seconds": self._seconds}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock(), _worker=None)

    def render(self, texts: Sequence[str], taken: Iterable[str] = ()) -> tuple[Prose, ...]:
        """Convert a page's texts; their anchors differ from each other and from ``taken``.

        Raises SiteError where the worker process cannot be started.
        """
        allowed = _fit(texts)
        done: list[Prose] = []
        anchors = set(taken)
        with self._lock:
            while len(done) < allowed:
                done += self._ask(texts[len(done) : allowed], anchors, len(done))
        return (*done, *(_fail("size") for _ in texts[allowed:]))

    def close(self) -> None:
        """End the worker process; the next text starts another."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _ask(self, texts: Sequence[str], anchors: set[str], first: int) -> list[Prose]:
        """Answers to the texts up to the first that fails, which is the last of them."""
        worker = self._find_worker()
        worker.send({"texts": texts, "taken": sorted(anchors), "first": first})
        answers: list[Prose] = []
        while len(answers) < len(texts):
            answers.append(_read(worker.receive(self._seconds * _PATIENCE)))
            anchors.update(heading.anchor for heading in answers[-1].headings)
            if answers[-1].error:
                self.close()
                break
        return answers

    def _find_worker(self) -> _Worker:
        if self._worker is None or not self._worker.is_mine():
            self._worker = _Worker(self._settings)
            weakref.finalize(self, self._worker.close)
        return self._worker


class _Worker:
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


def _read(answer: Mapping[str, Any]) -> Prose:
    if answer.get("error"):
        return _fail(answer["error"])
    return Prose(
        html=answer["html"],
        headings=tuple(Heading(*heading) for heading in answer["headings"]),
        files=tuple(answer["files"]),
        text=answer["text"],
    )


def _fail(reason: str) -> Prose:
    said, hint = _REASONS.get(
        reason, (f"cannot be converted to HTML ({reason})", "Simplify its Markdown.")
    )
    return Prose(error=said, hint=hint)


def _fit(texts: Sequence[str]) -> int:
    """How many of the texts are within the size that a card may have."""
    total = 0
    for number, text in enumerate(texts):
        total += len(text.encode("utf-8", "replace"))
        if total > MAX_BYTES:
            return number
    return len(texts)


def _plain(value: Any) -> Any:
    """A setting as JSON has it; what YAML made a Python object of is left out."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if _is_plain(v)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value if _is_plain(item)]
    return value


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, Mapping, list, tuple))
