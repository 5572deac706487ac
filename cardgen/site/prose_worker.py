"""The process that converts prose: reads requests as JSON lines and answers each text with one.

A text that takes too much processor time or memory costs this process its life, not the build:
it says so and ends, and ``prose`` starts another one.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from cardgen.site.prose_html import Converter, convert_all

# Why a text was not converted; any other reason is an exception's own words.
SLOW, LARGE, DEEP = "slow", "large", "deep"

_MEMORY = 1 << 30


class _Late(BaseException):
    """The processor time for one text is used up; no extension catches it as an Exception."""


def main() -> None:
    """Serve until the input ends; the first line holds the settings."""
    # Pipes are UTF-8 whatever the system's language; only answers go to the output.
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    settings = json.loads(source.readline())
    _limit_memory()

    def say(answer: dict[str, Any]) -> None:
        sink.write(json.dumps(answer).encode() + b"\n")
        sink.flush()

    try:
        converter = Converter(settings["extensions"], settings["permalink"])
    except Exception as error:  # settings of any extension, written by a person
        say({"settings": _describe(error)})
        return
    say({"ready": True})
    for line in source:
        for answer in _answer(converter, json.loads(line), settings["seconds"]):
            say(answer)
            if "error" in answer:
                return  # what it was doing is left half done


def _answer(
    converter: Converter, request: dict[str, Any], seconds: float
) -> Iterator[dict[str, Any]]:
    converted = convert_all(converter, request["texts"], request["taken"], request["first"])
    for _ in request["texts"]:
        try:
            with _time_limit(seconds):
                answer = asdict(next(converted))
        except _Late:
            answer = {"error": SLOW}
        except MemoryError:
            answer = {"error": LARGE}
        except RecursionError:
            answer = {"error": DEEP}
        except Exception as error:  # an extension met what its author did not think of
            answer = {"error": _describe(error)}
        yield answer


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip(": ")[:200]


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise _Late after so much processor time; where there is no such timer, ``prose`` waits."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGPROF, _raise_late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _raise_late(*_: object) -> None:
    raise _Late


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415  # there is none on Windows

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    main()
