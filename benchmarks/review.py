"""``cardgen review`` in a repository of many cards, beside git's own diff of the same revisions.

``python -m benchmarks.review [CARDS] [CHANGED]``: the repository is made with ``git fast-import``.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.cards import make_card, make_run
from cardgen.evidence import format_evidence
from cardgen.models import Evidence

TRIES = 5


def make_repository(root: Path, count: int, changed: int) -> None:
    """A repository with ``count`` cards on main, of which ``topic`` changes some and adds as many
    as a tenth of those."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=root, stdin=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        for part in _write_history(count, changed):
            process.stdin.write(part)
    assert process.returncode == 0
    subprocess.run(["git", "checkout", "-q", "topic"], cwd=root, check=True)


def _write_history(count: int, changed: int) -> Iterator[bytes]:
    yield _commit("main", "cards")
    yield _file("cardgen.yaml", "metric: eval/f1\n")
    for number in range(count):
        yield from _write_card(number)
    yield _commit("topic", "some are changed", "main")
    new = max(changed // 10, 1)
    for number in range(0, (changed - new) * (count // changed), count // changed):
        yield from _write_card(number, seed=-number - 1)
    for number in range(count, count + new):
        yield from _write_card(number)


def _write_card(number: int, seed: int | None = None) -> Iterator[bytes]:
    rng = random.Random(number if seed is None else seed)
    text = make_card(rng, number)
    evidence = Evidence(code=f"qa-{number}", runs=(make_run(rng, number),))
    yield _file(f"experiments/qa-{number}/card.md", text)
    yield _file(f"experiments/qa-{number}/evidence.json", format_evidence(evidence))


def _commit(branch: str, message: str, parent: str = "") -> bytes:
    lines = [f"commit refs/heads/{branch}", "committer A <a@example.com> 1700000000 +0000"]
    lines += [f"data {len(message)}", message, *([f"from refs/heads/{parent}"] if parent else [])]
    return ("\n".join(lines) + "\n").encode()


def _file(path: str, text: str) -> bytes:
    content = text.encode()
    return b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(content), content)


def measure(command: Sequence[str], root: Path) -> float:
    """Seconds of a command, the median of some tries."""

    def run() -> float:
        started = time.perf_counter()
        subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE)
        return time.perf_counter() - started

    return statistics.median(_repeat(run))


def _repeat(run: Callable[[], float]) -> list[float]:
    return [run() for _ in range(TRIES)]


def main() -> None:
    """Print both times and their ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    changed = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    cardgen = [sys.executable, "-m", "cardgen"]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        make_repository(root, count, changed)
        git = measure(["git", "diff", "main...topic", "--", "experiments"], root)
        costs = {
            "git diff": git,
            "cardgen --version": measure([*cardgen, "--version"], root),
            "cardgen review": measure([*cardgen, "review", "main", "topic"], root),
            "  as Markdown": measure([*cardgen, "review", "main", "--format", "md"], root),
        }
    print(f"{count} cards, {changed} differ   seconds  beyond git  ratio to git diff")
    for name, cost in costs.items():
        print(f"{name:26}{cost:8.3f}{cost - git:12.3f}{cost / git:10.1f}")


if __name__ == "__main__":
    main()
