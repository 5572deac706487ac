"""A card's Markdown as safe HTML, converted in a process of its own.

Markdown of a few kilobytes can keep Python-Markdown busy for minutes or end the interpreter, and
no check beforehand finds every such text. So all prose goes to one worker process, which limits
processor time and memory for each text; it is started at the first text, costs about a tenth of a
millisecond a card beside the conversion itself, and takes the import of Markdown with it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cardgen.site.page import Heading
from cardgen.site.prose_process import ProseProcess

MAX_BYTES = 64 * 1024
"""Size of all prose of a card, in bytes of UTF-8."""

SECONDS = 2.0
"""Processor time that one text may take."""

_PATIENCE = 10.0  # times as much by the clock, for a machine that does other things as well

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
    in the card's folder; ``drawings`` the SVG files it shows, which must be put in the place of
    their addresses; ``text`` its beginning without markup. ``error`` goes on where
    "The text" begins, ``hint`` says what to do; both are empty where all is well.
    """

    html: str = ""
    headings: tuple[Heading, ...] = ()
    files: tuple[str, ...] = ()
    drawings: tuple[str, ...] = ()
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
        self._worker: ProseProcess | None = None

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

    def _find_worker(self) -> ProseProcess:
        if self._worker is None or not self._worker.is_mine():
            self._worker = ProseProcess(self._settings)
            weakref.finalize(self, self._worker.close)
        return self._worker


def _read(answer: Mapping[str, Any]) -> Prose:
    if answer.get("error"):
        return _fail(answer["error"])
    return Prose(
        html=answer["html"],
        headings=tuple(Heading(*heading) for heading in answer["headings"]),
        files=tuple(answer["files"]),
        drawings=tuple(answer["drawings"]),
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
