"""Running a command in cardgen's place: its own input and output, signals once, its exit status.

On a terminal the command stays in cardgen's process group. So Ctrl-C and Ctrl-Z reach both from
the terminal itself, and only what was sent to cardgen alone is passed on. Away from a terminal it
gets a group of its own, to which every signal is passed on once, also one that was sent to all of
cardgen's group (as ``timeout`` and batch systems do).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import FrameType

from cardgen.errors import CardgenError

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit statuses of a shell for a command that cannot be started."""

_PASSED = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
_STOPS = frozenset({2, 15, 1})
_FROM_KERNEL = 0x80
_PRECISE = hasattr(signal, "sigwaitinfo")
"""Whether the system tells a signal's sender: Linux does, macOS and Windows do not."""


class CommandError(CardgenError):
    """A command that could not be started; ``status`` is what a shell would return."""

    def __init__(self, message: str, hint: str, status: int) -> None:
        super().__init__(message, hint)
        self.status = status


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status, negative for a signal, and what cardgen was sent."""

    status: int
    signals: frozenset[int] = frozenset()

    @property
    def shell_status(self) -> int:
        """The exit status as shells give it: 128 and the signal."""
        return 128 - self.status if self.status < 0 else self.status

    @property
    def aborted(self) -> bool:
        """Whether somebody stopped it: by Ctrl-C, or by asking it to end."""
        if self.signals & (_STOPS - {2}) or -self.status in _STOPS:
            return True
        stopped = self.status - 128 in _STOPS
        return stopped or (2 in self.signals and self.status != 0)


def find_command(name: str, path: str | None) -> str:
    """The file that a command's name stands for; raises CommandError where a shell would."""
    found = shutil.which(name, path=path)
    if found:
        return found
    if os.path.dirname(name) and os.path.exists(name):  # noqa: PTH110, PTH120  # as typed
        raise CommandError(
            f"The command '{name}' is not executable.",
            f"Run it with its interpreter, or: chmod +x {name}",
            NOT_EXECUTABLE,
        )
    raise CommandError(
        f"There is no command '{name}'.",
        "Check its name, and whether its environment is active.",
        NOT_FOUND,
    )


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """No signal that is passed on ends cardgen inside; those that come late are dropped."""
    with _blocked() if _PRECISE else _handled(lambda number, frame: None):
        yield


@contextlib.contextmanager
def _handled(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    old = {number: signal.signal(number, handle) for number in _find_passed()}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _blocked() -> Iterator[None]:
    watched = {*_PASSED, signal.SIGCHLD}
    # Whoever started cardgen may ignore it: then the command's end would not be told.
    child = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        yield
    finally:
        while signal.sigtimedwait(watched - mask, 0):
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGCHLD, child)


def run_command(
    words: Sequence[str], environ: Mapping[str, str], on_start: Callable[[int], None]
) -> Ended:
    """Run a command to its end, inside ``guarded``; ``on_start`` gets its process id.

    Raises CommandError where it cannot be started.
    """
    path = find_command(words[0], environ.get("PATH"))
    try:
        if _PRECISE:
            return _run_precisely(path, words, environ, on_start)
        return _run_anywhere(path, words, environ, on_start)
    except OSError as error:
        raise CommandError(
            f"The command '{words[0]}' cannot be started: {error.strerror}.",
            "A script needs a first line such as '#!/bin/sh'.",
            NOT_EXECUTABLE,
        ) from None


def _run_precisely(
    path: str, words: Sequence[str], environ: Mapping[str, str], on_start: Callable[[int], None]
) -> Ended:
    shared = is_foreground()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ()) - {*_PASSED, signal.SIGCHLD}
    default = [signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores these, and a command inherits it
    spawn = partial(os.posix_spawn, path, list(words), environ, setsigmask=mask, setsigdef=default)
    pid = spawn() if shared else spawn(setpgroup=0)
    on_start(pid)
    seen: set[int] = set()
    passed = _find_passed()
    while True:
        done, state = os.waitpid(pid, os.WNOHANG)
        if done:
            return Ended(os.waitstatus_to_exitcode(state), frozenset(seen))
        told = signal.sigwaitinfo({*passed, signal.SIGCHLD})
        if told.si_signo == signal.SIGCHLD:
            continue
        seen.add(told.si_signo)
        if not (shared and told.si_code == _FROM_KERNEL):
            _send(pid, told.si_signo, group=not shared)


def _find_passed() -> list[signal.Signals]:
    """The signals to pass on: not those that cardgen's caller has it ignore, as nohup does."""
    return [number for number in _PASSED if signal.getsignal(number) != signal.SIG_IGN]


def _send(pid: int, number: int, *, group: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def is_foreground() -> bool:
    """Whether this process group is the one that its terminal speaks to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _run_anywhere(
    path: str, words: Sequence[str], environ: Mapping[str, str], on_start: Callable[[int], None]
) -> Ended:
    """The same where a signal's sender is not told: Ctrl-C is left to the terminal."""
    seen: set[int] = set()
    early: set[int] = set()
    started: list[subprocess.Popen[bytes]] = []

    def handle(number: int, _: FrameType | None) -> None:
        seen.add(number)
        if number == signal.SIGINT:
            return
        if not started:
            early.add(number)
        for process in started:
            process.send_signal(number)

    with _handled(handle):
        process = subprocess.Popen(words, executable=path, env=environ)
        started.append(process)
        for number in early:  # the command may run before it is known here
            process.send_signal(number)
        on_start(process.pid)
        return Ended(process.wait(), frozenset(seen))
