"""Which captured runs are going on: one small file each in ``.cardgen/running/``.

The evidence of a run says ``running`` from its start. Should cardgen be killed, these files tell
whether the run still goes on. They name processes of this machine, so they stay out of evidence.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from cardgen.config import Config
from cardgen.files import make_work
from cardgen.models import Run

_BOOT = Path("/proc/sys/kernel/random/boot_id")
MAX_FILES = 1000


@dataclass(frozen=True)
class Process:
    """A process of this machine; ``started`` tells it from a later one of the same number."""

    pid: int
    started: str


@dataclass(frozen=True)
class Going:
    """A captured run that goes on, or (with ``finished``) went on beside one that still does.

    Times are seconds since 1970; ``result`` is the run as JSON where it has ended and its
    evidence could not be written.
    """

    ref: str
    code: str
    started: float
    host: str
    boot: str
    processes: tuple[Process, ...]
    finished: float | None = None
    result: str = ""

    @property
    def gone(self) -> bool:
        """Whether its processes have ended. Not where they cannot be asked: on another machine."""
        if self.finished is not None:
            return True
        if self.host != platform.node() or os.name == "nt":
            return False
        if self.boot != _read_boot():
            return True
        return all(find_process(process.pid) != process for process in self.processes)

    @property
    def is_done(self) -> bool:
        """Whether it has ended and all that it left is in the evidence."""
        return self.finished is not None and not self.result

    def has_met(self, started: float) -> bool:
        """Whether it was still going on at that time."""
        return self.finished >= started if self.finished is not None else not self.gone

    def with_process(self, pid: int) -> Going:
        process = find_process(pid)
        return replace(self, processes=(*self.processes, process)) if process else self


def make_going(ref: str, code: str, started: float) -> Going:
    """A run of this very process."""
    going = Going(ref, code, started, platform.node(), _read_boot(), ())
    return going.with_process(os.getpid())


def find_process(pid: int) -> Process | None:
    """A process that is there; None for one that has ended, even where nobody asked how."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None if Path("/proc/self/stat").exists() else _ask_ps(pid)
    return None if fields[0] in "ZX" else Process(pid, fields[19])


def _ask_ps(pid: int) -> Process | None:
    """The same where there is no /proc."""
    try:
        done = subprocess.run(
            ("ps", "-o", "lstart=", "-p", str(pid)), capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    started = done.stdout.strip()
    return Process(pid, started) if started else None


def _read_boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""


def save_going(config: Config, going: Going) -> None:
    """Write a run's file whole; raises OSError where it cannot be."""
    path = _path(config, going.ref)
    make_work(config.work)
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(json.dumps(asdict(going)).encode())
    temporary.replace(path)


def load_going(config: Config) -> tuple[Going, ...]:
    """All that are known, in the order of their refs; a file that makes no sense is none."""
    try:
        paths = sorted((config.work / "running").glob("*.json"))[:MAX_FILES]
    except OSError:
        return ()
    return tuple(going for path in paths if (going := _load(path)))


def _load(path: Path) -> Going | None:
    try:
        raw = json.loads(path.read_bytes())
        processes = tuple(Process(**process) for process in raw.pop("processes"))
        return Going(**raw, processes=processes)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def remove_going(config: Config, refs: Iterable[str]) -> None:
    for ref in refs:
        with contextlib.suppress(OSError):
            _path(config, ref).unlink()


def end_going(config: Config, going: Going, finished: float) -> tuple[Going, ...]:
    """Note that a run has ended; the runs of this project that went on beside it.

    Its file is kept while another run goes on, which must learn of it.
    """
    others = [other for other in load_going(config) if other.ref != going.ref]
    if going.result or any(not other.gone for other in others):
        with contextlib.suppress(OSError):
            save_going(config, replace(going, finished=finished))
    else:
        remove_going(config, (going.ref, *(other.ref for other in others if other.is_done)))
    return tuple(other for other in others if other.has_met(going.started))


def settle(runs: Iterable[Run], known: Iterable[Going]) -> tuple[Run, ...]:
    """The captured runs of a card, brought up to date by what is known of it.

    One whose processes vanished is aborted; one whose result was kept back gets it.
    """
    settled = {run.ref: run for run in runs}
    for going in known:
        result = _read_result(going)
        run = settled.get(going.ref)
        if result:
            settled[going.ref] = result
        elif run and run.status == "running" and going.gone:
            settled[going.ref] = run.model_copy(update={"status": "aborted"})
    return tuple(settled.values())


def _read_result(going: Going) -> Run | None:
    try:
        return Run.model_validate_json(going.result) if going.result else None
    except ValidationError:
        return None


def _path(config: Config, ref: str) -> Path:
    return config.work / "running" / f"{ref.partition(':')[2]}.json"
