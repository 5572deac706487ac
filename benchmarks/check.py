"""How fast ``cardgen check`` is, beside what reading the same files costs without it.

    python -m benchmarks.check [CARDS] [RUNS]

A generated project is checked with nothing remembered, then again with nothing changed, then with
one card changed, and that card alone, as an editor asks for it. Peers, in the same turn: reading
all front matter with ruamel.yaml and all evidence with Python's json, in one process; and
``git status`` in the same folder, which has to find out, too, what changed. Prints seconds by the
clock and by CPU, and their ratios.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.cards import make_project

CARDGEN = str(Path(sys.executable).with_name("cardgen"))
READ = """
import json, sys
from pathlib import Path
from ruamel.yaml import YAML
yaml = YAML(typ="safe")
for path in Path(sys.argv[1]).glob("*/card.md"):
    yaml.load(path.read_text(encoding="utf-8").split("---\\n")[1])
    json.loads((path.parent / "evidence.json").read_text(encoding="utf-8"))
"""


def main() -> None:
    cards = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        make_project(root, cards)
        git(root, "init", "-q")
        git(root, "config", "gc.auto", "0")  # its cleaning up in the background would be measured
        git(root, "add", "-A")
        git(root, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")
        time.sleep(2.5)  # then files can be told by their looks, as in a folder that is not new
        turns = [measure_turn(root) for _ in range(runs)]
    medians = {
        name: (
            statistics.median(turn[name][0] for turn in turns),
            statistics.median(turn[name][1] for turn in turns),
        )
        for name in turns[0]
    }
    print(f"{cards} cards, median of {runs}")
    for name, (clock, cpu) in medians.items():
        print(f"  {name:34} {clock:7.2f} s   {cpu:7.2f} s CPU")
    read, status = medians["ruamel and json read them"], medians["git status"]
    print(f"all anew / reading:           {medians['all anew'][1] / read[1]:6.2f} (CPU)")
    print(f"nothing changed / git status: {medians['nothing changed'][0] / status[0]:6.2f}")
    print(f"one card changed / git status:{medians['one card changed'][0] / status[0]:6.2f}")
    print(f"one card by name / git status:{medians['one card by name'][0] / status[0]:6.2f}")


def measure_turn(root: Path) -> dict[str, tuple[float, float]]:
    """Seconds by the clock and by CPU of each command, in one turn."""
    shutil.rmtree(root / ".cardgen", ignore_errors=True)
    card = root / "experiments" / "qa-7" / "card.md"

    def check(*names: str) -> None:
        command = (CARDGEN, "check", "--format", "json", *names)
        done = subprocess.run(command, cwd=root, capture_output=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        assert json.loads(done.stdout)["problems"]

    times = {"ruamel and json read them": measure(lambda: run(root, sys.executable, "-c", READ))}
    times["git status"] = measure(lambda: git(root, "status", "--porcelain"))
    times["all anew"] = measure(check)
    times["nothing changed"] = measure(check)
    card.write_text(f"{card.read_text(encoding='utf-8')}\nx\n", encoding="utf-8")
    times["one card changed"] = measure(check)
    times["one card by name"] = measure(lambda: check("experiments/qa-7/card.md"))
    return times


def run(root: Path, *command: str) -> None:
    subprocess.run((*command, str(root / "experiments")), check=True)


def git(root: Path, *arguments: str) -> None:
    subprocess.run(("git", *arguments), cwd=root, check=True, stdout=subprocess.DEVNULL)


def measure(work: Callable[[], None]) -> tuple[float, float]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    assert os.name == "posix", "it asks the system for CPU times"
    main()
