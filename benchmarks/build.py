"""Builds N generated cards, and the same as plain pages with mkdocs and Hugo; prints the ratios.

Usage: python -m benchmarks.build [N]

CPU seconds count, since machines are shared, those of all processes that a command starts. Memory
is the largest that all of them held together (proportional set size). Search is measured apart:
the peers' figures are with mkdocs-material's own index and without any in Hugo.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cards import make_plain, make_project
from benchmarks.hugo import find_hugo, make_hugo
from cardgen.config import load_config
from cardgen.site.live import LiveSite

CARD = "cards/qa-1/index.html"


@dataclass(frozen=True)
class Cost:
    """What a command cost: CPU and wall seconds, and memory in MB (0 where it was too quick)."""

    cpu: float
    wall: float
    memory: float


def measure(command: list[str], folder: Path) -> Cost:
    """Run a command to its end and take the operating system's word for what it cost."""
    started = time.perf_counter()
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    held = [0.0]
    watcher = threading.Thread(target=_watch, args=(process.pid, held), daemon=True)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    watcher.join()
    if status:
        sys.exit(f"{' '.join(command)} failed in {folder}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, held[0])


def _watch(pid: int, held: list[float]) -> None:
    """Note the most that a process and those below it hold; Linux alone tells."""
    while Path(f"/proc/{pid}/smaps_rollup").exists():
        total = sum(map(_read_memory, _find_tree(pid)))
        if not total:
            return
        held[0] = max(held[0], total / 1024)
        time.sleep(0.25)


def _find_tree(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += _find_tree(int(child))
    except OSError:
        pass
    return found


def _read_memory(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def main() -> None:
    """Build everything, cold and again, and print a line each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    python = [sys.executable, "-m"]
    cardgen = [*python, "cardgen", "build"]
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs, hugos = (Path(scratch, name) for name in ("cards", "plain", "hugo"))
        make_project(ours, count)
        make_plain(theirs, count)
        make_hugo(hugos, count)
        hugo = [str(find_hugo()), "--quiet"]
        costs = {
            "plain mkdocs build": measure([*python, "mkdocs", "build", "-q"], theirs),
            "Hugo": measure(hugo, hugos),
            "start-up alone": measure([*python, "cardgen", "list", "--help"], ours),
            "cardgen, no search": measure([*cardgen, "--no-search"], ours),
            "  nothing new": measure([*cardgen, "--no-search"], ours),
        }
        size = (ours / "_site" / CARD).stat().st_size
        costs["cardgen, search added"] = measure(cardgen, ours)
        card = ours / "experiments" / "qa-1" / "card.md"
        card.write_text(card.read_text(encoding="utf-8") + "\nOne more word.\n", encoding="utf-8")
        costs["  after one edit"] = measure([*cardgen, "--no-search"], ours)
        edits = measure_edits(ours, card)
        few = Path(scratch, "few")
        make_project(few, 10)
        measure([*cardgen, "--no-search"], few)
        small = (few / "_site" / CARD).stat().st_size
    print_costs(count, costs)
    print("'cardgen serve', median of 5 edits:")
    print(f"  the card's page is written after {edits[0] * 1000:.0f} ms,")
    print(f"  the pages about all cards {edits[1] * 1000:.0f} ms after they were begun")
    print(f"a card's page: {size} bytes among {count} cards, {small} among 10")


def print_costs(count: int, costs: dict[str, Cost]) -> None:
    """A table of all, with ratios to both peers."""
    plain, hugo = costs["plain mkdocs build"], costs["Hugo"]
    print(f"{count:<6} cards          CPU s   wall s    MB  CPU/mkdocs  CPU/Hugo  wall/Hugo")
    for name, cost in costs.items():
        ratios = cost.cpu / plain.cpu, cost.cpu / hugo.cpu, cost.wall / hugo.wall
        print(
            f"{name:21}{cost.cpu:8.2f}{cost.wall:9.2f}{cost.memory:6.0f}"
            f"{ratios[0]:12.3f}{ratios[1]:10.2f}{ratios[2]:11.2f}"
        )


def measure_edits(root: Path, card: Path) -> tuple[float, float]:
    """Seconds from an edit that is noticed to its page, and what the pages about all take."""
    live = LiveSite(load_config(root))
    written, followed = [], []
    for number in range(5):
        card.write_text(f"{card.read_text(encoding='utf-8')}\nword {number}\n", encoding="utf-8")
        started = time.perf_counter()
        live.update_cards((card,))
        written.append(time.perf_counter() - started)
        started = time.perf_counter()
        live.catch_up()
        followed.append(time.perf_counter() - started)
    live.close()
    return statistics.median(written), statistics.median(followed)


if __name__ == "__main__":
    main()
