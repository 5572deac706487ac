"""Work on many cards by as many processes as there are processors.

Each process makes what it works with once and then gets one chunk after another; what comes back
is in the order of the chunks. A process that was killed costs nothing but time: what it had not
done is done here.
"""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

PAYS = 200
"""So many cards take longer than starting processes for them."""

_CHUNK = 25
_AHEAD = 4  # chunks for each process that wait for it, so that results never pile up


T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Worker(Protocol[T_contra, R_co]):
    """What a process works with."""

    def __call__(self, item: T_contra, /) -> R_co: ...

    def close(self) -> None:
        """Called once, before the process ends."""


def count_processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def suggest(count: int) -> int:
    """How many processes pay for so many cards."""
    return count_processors() if count >= PAYS else 1


def work_on(
    items: Sequence[T],
    make: Callable[..., Worker[T, R]],
    *arguments: Any,
    processes: int = 0,
    chunk: int = _CHUNK,
) -> Iterator[R]:
    """What ``make(*arguments)`` answers to each item, in their order.

    ``processes`` is how many to use: 0 means as many as pay, 1 none but this one. ``chunk`` items
    are handed over at a time.
    """
    number = processes or suggest(len(items))
    done = 0
    if number > 1:
        try:
            for result in _share(items, number, chunk, make, arguments):
                done += 1
                yield result
        except BrokenProcessPool:
            pass
    if done < len(items):
        worker = make(*arguments)
        try:
            for item in items[done:]:
                yield worker(item)
        finally:
            worker.close()


def _share(
    items: Sequence[T],
    number: int,
    size: int,
    make: Callable[..., Worker[T, R]],
    arguments: tuple[Any, ...],
) -> Iterator[R]:
    chunks = (items[start : start + size] for start in range(0, len(items), size))
    executor = ProcessPoolExecutor(
        number, _choose_context(), _begin, (os.getpid(), make, arguments)
    )
    waiting: deque[Future[list[R]]] = deque()
    try:
        for chunk in islice(chunks, number * _AHEAD):
            waiting.append(executor.submit(_work, chunk))
        while waiting:
            results = waiting.popleft().result()
            for chunk in islice(chunks, 1):
                waiting.append(executor.submit(_work, chunk))
            yield from results
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _choose_context() -> Any:
    """Forking costs nothing, where it is safe: without threads, on Linux."""
    safe = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if safe else "spawn")


_workers: list[Worker[Any, Any]] = []
"""The one of this process, where it is one of several."""


def _begin(parent: int, make: Callable[..., Worker[T, R]], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started this one ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    gc.enable()
    gc.freeze()  # what was loaded before stays; looking at it again and again takes a tenth
    gc.set_threshold(50_000, 20, 20)
    _workers.append(make(*arguments))
    multiprocessing.util.Finalize(None, _workers[0].close, exitpriority=100)


def _work(chunk: Sequence[T]) -> list[Any]:
    return [_workers[0](item) for item in chunk]


def _watch(parent: int) -> None:
    """End with the process that started this one, also where that was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
