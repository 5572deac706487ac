"""Asks after many things with a few workers: each once, and all within one deadline."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from queue import Empty, SimpleQueue

from cardgen.config import Config
from cardgen.errors import GoneError, TrackerError
from cardgen.fetch import Failure, look_up_registered, look_up_run
from cardgen.models import Presence
from cardgen.online.mentions import Thing

SECONDS = 120.0
"""How long all questions may take together."""

WORKERS = 4
SAME = 2
"""A server that failed so often in the same words is not asked again."""

Answer = Presence | Failure
Step = Callable[[], None]


def ask_all(
    config: Config,
    things: Iterable[Thing],
    step: Step = lambda: None,
    *,
    seconds: float = SECONDS,
) -> dict[Thing, Answer]:
    """What is known of each thing, in their order; a Failure with a GoneError is not there.

    ``step`` is called after each answer. What the deadline cuts off is a Failure, too.
    """
    wanted = tuple(dict.fromkeys(things))
    round_ = _Round(config, wanted, step, time.monotonic() + seconds)
    found = round_.run()
    late = TrackerError(f"The time of {seconds:g} s was up.", "Ask after fewer cards, or later.")
    return {thing: found.get(thing, Failure(str(thing), late)) for thing in wanted}


class _Round:
    """One round of questions."""

    def __init__(
        self, config: Config, things: Sequence[Thing], step: Step, deadline: float
    ) -> None:
        self._config, self._step, self._deadline = config, step, deadline
        self._waiting: SimpleQueue[Thing] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Thing, Answer]] = SimpleQueue()
        self._count = len(things)
        self._failed: Counter[tuple[str, str]] = Counter()
        self._down: dict[str, Failure] = {}
        self._lock = threading.Lock()
        for thing in things:
            self._waiting.put(thing)

    def run(self) -> dict[Thing, Answer]:
        """The answers that came in time. What is still asked then is left to itself."""
        for _ in range(min(WORKERS, self._count)):
            # No pool: at the end of the program it would wait for who waits for a server.
            threading.Thread(target=self._work, daemon=True).start()
        found: dict[Thing, Answer] = {}
        while len(found) < self._count:
            try:
                left = max(0.0, self._deadline - time.monotonic())
                thing, answer = self._answers.get(timeout=left)
            except Empty:
                break
            found[thing] = answer
            self._step()
        return found

    def _work(self) -> None:
        while time.monotonic() < self._deadline:
            try:
                thing = self._waiting.get_nowait()
            except Empty:
                return
            self._answers.put((thing, self._down.get(thing.place) or self._ask(thing)))

    def _ask(self, thing: Thing) -> Answer:
        if thing.run:
            answer = look_up_run(self._config, thing.run)
        else:
            answer = look_up_registered(self._config, thing.reference)
        if isinstance(answer, Failure) and not isinstance(answer.error, GoneError):
            with self._lock:
                said = thing.place, answer.error.message
                self._failed[said] += 1
                if self._failed[said] >= SAME:
                    self._down[thing.place] = answer
        return answer
