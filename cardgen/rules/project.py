"""What a rule may know besides its card, and a note of what it asked of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from cardgen.codes import fold
from cardgen.config import Settings
from cardgen.facts import Facts
from cardgen.surroundings import Surroundings

Note = Callable[[str, str], None]
"""Told of each question: its kind (``card``, ``cards``, ``twins``, ``facts``) and its subject."""


def _forget(kind: str, subject: str) -> None:
    return None


def _know_nobody(code: str) -> None:
    return None


class Codes(Collection[str]):
    """The codes of all cards in their order; what is asked of them is noted."""

    def __init__(self, codes: Iterable[str] = (), note: Note = _forget) -> None:
        self._codes = dict.fromkeys(codes)
        self._note = note
        self._folded: dict[str, list[str]] = {}

    def __contains__(self, code: object) -> bool:
        self._note("card", str(code))
        return code in self._codes

    def __iter__(self) -> Iterator[str]:
        self._note("cards", "")
        return iter(self._codes)

    def __len__(self) -> int:
        self._note("cards", "")
        return len(self._codes)

    def find_twins(self, code: str) -> tuple[str, ...]:
        """The other codes that some file system takes for this one, sorted."""
        if not self._folded:
            for one in self._codes:
                self._folded.setdefault(fold(one), []).append(one)
        self._note("twins", code)
        return tuple(sorted(one for one in self._folded.get(fold(code), ()) if one != code))


@dataclass(frozen=True)
class Project:
    """What a rule may know besides its card.

    ``codes`` are the folders of all cards; ``trackers`` the names of all adapters, empty where
    they are not known. ``find_facts`` gives the facts of another card, None where there is none.
    ``surroundings`` is what git and the file system say of what cards name.

    A rule asks ``code in project.codes`` and ``project.find_twins`` where it can, and goes through
    all codes only where something is wrong: then what it found holds until a card is added.
    """

    settings: Settings
    codes: Collection[str] = ()
    trackers: Collection[str] = ()
    find_facts: Callable[[str], Facts | None] = _know_nobody
    surroundings: Surroundings = field(default_factory=Surroundings)

    def find_twins(self, code: str) -> tuple[str, ...]:
        """The other codes that some file system takes for this one, sorted."""
        codes = self.codes if isinstance(self.codes, Codes) else Codes(self.codes)
        return codes.find_twins(code)
