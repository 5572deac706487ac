"""Builds N generated cards and the same as plain Markdown pages with mkdocs; prints the ratios.

Usage: python -m benchmarks.build [N]
CPU seconds count, since machines are shared; both sides run as processes of their own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cards import make_plain, make_project
from cardgen.config import load_config
from cardgen.site.live import LiveSite


@dataclass(frozen=True)
class Cost:
    """What a process cost: CPU and wall seconds, and its largest memory in MB."""

    cpu: float
    wall: float
    memory: float


def measure(command: list[str], folder: Path) -> Cost:
    """Run a command to its end and take the operating system's word for what it cost."""
    started = time.perf_counter()
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        sys.exit(f"{' '.join(command)} failed in {folder}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def main() -> None:
    """Build both, cold and again, and print a line each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    cardgen = [sys.executable, "-m", "cardgen", "build"]
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = Path(scratch, "cards"), Path(scratch, "plain")
        make_project(ours, count)
        make_plain(theirs, count)
        plain = measure([sys.executable, "-m", "mkdocs", "build", "-q"], theirs)
        cold = measure(cardgen, ours)
        again = measure(cardgen, ours)
        card = ours / "experiments" / "qa-1" / "card.md"
        card.write_text(card.read_text(encoding="utf-8") + "\nOne more word.\n", encoding="utf-8")
        edited = measure(cardgen, ours)
        served = measure_edit(ours, card)
    print(f"{count} cards            CPU s   wall s   MB   CPU ratio")
    for name, cost in (
        ("plain mkdocs build", plain),
        ("cardgen build, cold", cold),
        ("  with nothing new", again),
        ("  after one edit", edited),
    ):
        print(
            f"{name:22}{cost.cpu:7.2f}{cost.wall:9.2f}{cost.memory:6.0f}{cost.cpu / plain.cpu:9.3f}"
        )
    print(f"an edit under 'cardgen serve' is written in {served * 1000:.0f} ms (median of 5)")


def measure_edit(root: Path, card: Path) -> float:
    """Seconds from an edit that is noticed to its page and the lists being written."""
    live = LiveSite(load_config(root))
    times = []
    for number in range(5):
        card.write_text(f"{card.read_text(encoding='utf-8')}\nword {number}\n", encoding="utf-8")
        started = time.perf_counter()
        live.update_cards((card,))
        times.append(time.perf_counter() - started)
    live.indexer.close()
    return statistics.median(times)


if __name__ == "__main__":
    main()
