"""Files as crashes and strangers leave them: cut at every byte, or with bytes changed."""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from cardgen.errors import TrackerError
from cardgen.models import Run

T = TypeVar("T")

EVERY_BYTE = bool(os.environ.get("CARDGEN_EVERY_BYTE"))
"""Set it to cut also large files at each byte; else they are cut at evenly spread places."""

SECONDS = 5.0
"""What reading one damaged file may take; no test of speed, a guard against endless loops."""

MEMORY = 1024 * 1024
"""Growth of the whole process that one file's damage may cause, in KiB."""

_ODD = (0, 1, 0x7F, 0x80, 0xFF, ord("["), ord('"'), ord("-"), ord("9"))


def cut(data: bytes, at_most: int = 800) -> Iterator[bytes]:
    """All prefixes of a file, or ``at_most`` of them."""
    step = 1 if EVERY_BYTE else max(1, len(data) // at_most)
    yield from (data[:end] for end in range(0, len(data), step))


def mutate(data: bytes, count: int = 400, seed: int = 7) -> Iterator[bytes]:
    """A file with one to four places overwritten, removed or doubled; the same each time."""
    chance = random.Random(seed)
    for _ in range(count if data else 0):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(changed) or 1)
            length = chance.choice((1, 1, 2, 4, 8, 64))
            how = chance.randrange(4)
            if how == 0:
                changed[place : place + 1] = bytes([chance.choice(_ODD)])
            elif how == 1:
                changed[place : place + length] = chance.randbytes(length)
            elif how == 2:
                del changed[place : place + length]
            else:
                changed[place:place] = changed[place : place + length]
        yield bytes(changed)


def read_cut(path: Path, read: Callable[[], T], at_most: int = 800) -> Iterator[tuple[int, T]]:
    """What is read of a file cut at each place, with the place; the file is as before afterwards.

    A cut that ``read`` refuses with a TrackerError gives nothing; any other exception, and a read
    that takes far too long or too much, fails the test.
    """
    for data, result in _read_each(path, read, lambda whole: cut(whole, at_most)):
        yield len(data), result


def read_mutated(
    path: Path, read: Callable[[], T], count: int = 400, seed: int = 7
) -> Iterator[tuple[bytes, T]]:
    """What is read of a file with bytes changed at random, as ``read_cut`` does."""
    yield from _read_each(path, read, lambda whole: mutate(whole, count, seed))


def _read_each(
    path: Path, read: Callable[[], T], damage: Callable[[bytes], Iterator[bytes]]
) -> Iterator[tuple[bytes, T]]:
    whole = path.read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        for data in damage(whole):
            path.write_bytes(data)
            started = time.monotonic()
            result = _read(read)
            assert time.monotonic() - started < SECONDS, data[:80]
            if isinstance(result, TrackerError):
                assert result.message.strip()
                assert result.hint.strip()
            else:
                yield data, result
    finally:
        path.write_bytes(whole)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY


def _read(read: Callable[[], T]) -> T | TrackerError:
    try:
        return read()
    except TrackerError as error:
        return error


def is_part_of(run: Run, whole: Run) -> None:
    """Fail where a run of which a part was lost says a number that the whole one never said.

    Five digits count: where one file is lost, another may hold the same numbers as 32-bit floats.
    A last value is looked at where all values of its metric are known; else an earlier one that
    the whole run does not show may have become the last.
    """
    known = _find_numbers(whole)
    for name, values in _find_numbers(run).items():
        assert name in whole.metrics or name in known, name
        assert values <= known.get(name, values), name
    for name, metric in run.metrics.items():
        last = whole.metrics.get(name)
        said = {*known.get(name, ()), *([_round(last.value)] if last else ())}
        assert name not in known or _round(metric.value) in said, name


def _find_numbers(run: Run) -> dict[str, set[str]]:
    """The values of each metric over time."""
    found: dict[str, set[str]] = {}
    for curve in run.curves:
        found.setdefault(curve.metric, set()).update(map(_round, curve.values))
    for row in run.checkpoints:
        for name, value in row.metrics.items():
            found.setdefault(name, set()).add(_round(value))
    return found


def _round(value: float) -> str:
    return f"{value:.5g}"
