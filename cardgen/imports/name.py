"""Codes for imported runs: safe on every file system, free, and near to the runs' names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from cardgen.codes import find_fault, fold, next_code
from cardgen.models import Run

MAX_CODE = 64
MAX_TITLE = 200

_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "œ": "oe"}
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def make_safe(name: str) -> str:
    """A name as a code: ASCII, and ``-`` for what a folder's name cannot hold; empty for none."""
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    code = _UNSAFE.sub("-", kept).strip("-._")[:MAX_CODE].rstrip("-._")
    if code and find_fault(code):  # a name that Windows keeps for itself
        code = f"run-{code}"[:MAX_CODE].rstrip("-._")
    return code


def clean_title(name: str) -> str:
    """A name on one line without what cannot be seen."""
    seen = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name)
    return " ".join(seen.split())[:MAX_TITLE].strip()


class Codes:
    """Gives out codes, each once.

    ``used`` are those that are or were a card's; ``folders`` have something in them, and only the
    runs that lie there may have their names.
    """

    def __init__(self, used: Iterable[str], folders: Iterable[str] = ()) -> None:
        cards, there = frozenset(used), frozenset(folders)
        self._codes = [*cards, *there]
        self._folded = {fold(code) for code in self._codes}
        past = {fold(code) for code in cards}
        self._homes = {code for code in there if fold(code) not in past}
        self._next: dict[str, tuple[int, int]] = {}

    def number(self, prefix: str) -> str:
        """The prefix with the number after the highest there is."""
        number, width = self._next.get(fold(prefix)) or self._start(prefix)
        while fold(f"{prefix}{number:0{width}d}") in self._folded:
            number += 1
        self._next[fold(prefix)] = number + 1, width
        return self._take(f"{prefix}{number:0{width}d}")

    def _start(self, prefix: str) -> tuple[int, int]:
        digits = next_code(prefix, self._codes)[len(prefix) :]
        return int(digits), len(digits) if digits.startswith("0") else 1

    def name(self, code: str) -> str:
        """The code itself where it is free, else with ``-2``, ``-3`` …"""
        if fold(code) not in self._folded:
            return self._take(code)
        count, width = self._next.get(f"={fold(code)}", (2, 1))
        while fold(found := _append(code, count)) in self._folded:
            count += 1
        self._next[f"={fold(code)}"] = count + 1, width
        return self._take(found)

    def claim(self, folder: str) -> str:
        """The name of a folder that runs lie in; empty where it cannot be their card's."""
        if folder not in self._homes or find_fault(folder):
            return ""
        self._homes.discard(folder)
        return folder

    def _take(self, code: str) -> str:
        self._codes.append(code)
        self._folded.add(fold(code))
        return code


def _append(code: str, count: int) -> str:
    tail = f"-{count}"
    return f"{code[: MAX_CODE - len(tail)].rstrip('-._')}{tail}"


def choose_code(
    codes: Codes, label: str, runs: Sequence[Run], experiments: str, prefix: str = ""
) -> str:
    """The code of a card with these runs, by the first that there is: the prefix, the folder of
    ``experiments`` that they lie in, their label, their experiment; else ``run-1``.

    A label of which no letter is ASCII counts as none.
    """
    if prefix:
        return codes.number(prefix)
    homes = {_find_home(run.ref, experiments) for run in runs}
    if len(homes) == 1 and (home := codes.claim(homes.pop())):
        return home
    if safe := make_safe(label):
        return codes.name(safe)
    names = (make_safe(run.experiment) for run in runs)
    return codes.number(f"{next(filter(None, names), 'run')[: MAX_CODE - 6]}-")


def _find_home(ref: str, experiments: str) -> str:
    """The folder below ``experiments`` that a run lies in; empty where it lies elsewhere."""
    path = ref.partition(":")[2].partition("#")[0]
    below = path.removeprefix(f"{experiments}/")
    return "" if below == path else below.partition("/")[0]
