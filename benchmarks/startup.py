"""How much more ``cardgen --help`` costs than importing click, the library that it is made with.

    python benchmarks/startup.py [RUNS]

Both commands are started in turn, so that a busy machine slows both. Prints the median CPU time of
each (user and system, of the whole process) and their ratio.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

CARDGEN = str(Path(sys.executable).with_name("cardgen"))
COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "python -c 'import click'": (sys.executable, "-c", "import click"),
    "cardgen --help": (CARDGEN, "--help"),
}


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(runs + 1):
        for name, command in COMMANDS.items():
            seconds = measure(command)
            if turn:  # the first turn fills the disk's cache and writes bytecode
                times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:26} {median * 1000:6.1f} ms  (least {min(times[name]) * 1000:.1f})")
    _, peer, own = medians.values()
    print(f"ratio cardgen --help / import click: {own / peer:.2f} ({runs} runs of each)")


def measure(command: tuple[str, ...]) -> float:
    """CPU seconds of one run of a command, its threads and children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
