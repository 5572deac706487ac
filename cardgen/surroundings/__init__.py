"""What lies around cards and they name: commits, files and each other, as git and the folder say.

Rules are pure, so somebody looks before them, once for all cards
(``cardgen.surroundings.look``)::

    def look_around(config: Config, cards: Iterable[Card]) -> Surroundings   # all cards at once

A check that keeps its results asks in two steps, and needs no card whose result it has::

    def find_questions(config: Config, card: Card) -> Questions      # kept with the result
    def answer_questions(config: Config, questions: Iterable[Questions]) -> Surroundings

``surroundings.tell(questions)`` is all that rules can hear about one card, as a text to compare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Reach = Literal["reached", "held", "loose", "missing", "ambiguous", "cut"]
Presence = Literal["file", "folder", "missing", "case", "outside"]


@dataclass(frozen=True)
class CommitState:
    """What git says of a commit.

    ``reached``: HEAD contains it. ``held``: other branches or tags do, which ``holders`` names
    (``branch exp/qa-1``, ``tag v1``). ``loose``: it is there, and git will remove it, for nothing
    holds it. ``missing``: it is not there. ``ambiguous``: several begin so. ``cut``: it is not
    reached, but neither is all of the history there (a shallow clone). ``commit`` is its full id.
    """

    reach: Reach
    commit: str = ""
    holders: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileState:
    """What lies at a path: ``case`` is a name in other letters, and ``near`` that one.

    ``near`` of what is missing is what is called nearly so in its folder. ``outside``: a link on
    the way leads out of the project. ``ignored``: git does not take it along. What DVC keeps
    elsewhere is there where its pointer is.
    """

    presence: Presence
    near: str = ""
    ignored: bool = False


@dataclass(frozen=True)
class Questions:
    """What a card's result depends on besides the card: what it names.

    ``paths`` are relative to the project's root, ``commits`` as they are written. ``inputs`` are
    paths of data and models, each with the commit that should hold it if the folder does not.
    """

    code: str
    commits: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    baseline: str = ""
    supersedes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What is known of what cards name; empty: nothing was looked at, so nothing is reported.

    ``commits`` are by the text that names them; ``kept`` are the inputs that a commit holds.
    ``repositories`` are the addresses of the project's own repository, normalised. ``baselines``
    and ``replacements`` are, by code, the circle of cards that it is in: ``("qa-1", "qa-2",
    "qa-1")``. ``shallow``: the repository has not its whole history.
    """

    commits: Mapping[str, CommitState] = field(default_factory=dict)
    files: Mapping[str, FileState] = field(default_factory=dict)
    kept: frozenset[tuple[str, str]] = frozenset()
    baselines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replacements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    repositories: frozenset[str] = frozenset()
    shallow: bool = False

    def commit(self, text: str) -> CommitState | None:
        """What git says of a commit; None where it was not asked, or there is no repository."""
        return self.commits.get(text.strip())

    def file(self, path: str) -> FileState | None:
        """What lies at a path from the project's root; None where nobody looked."""
        return self.files.get(path)

    def has_file(self, path: str) -> bool:
        state = self.files.get(path)
        return state is not None and state.presence in ("file", "folder")

    def is_own(self, repository: str) -> bool:
        """Whether an address means the project's own repository; none named means it too."""
        return not repository.strip() or normalise_address(repository) in self.repositories

    def tell(self, questions: Questions) -> str:
        """All that rules can hear of what a card names; equal texts mean equal findings."""
        said = (
            [(name, self.commits.get(name)) for name in questions.commits],
            [(path, self.files.get(path)) for path in questions.paths],
            [pair for pair in questions.inputs if pair in self.kept],
            self.baselines.get(questions.code),
            self.replacements.get(questions.code),
            sorted(self.repositories) if questions.commits else None,
            self.shallow if questions.commits else None,
        )
        return repr(said)


_SCP = re.compile(r"(?:[^@/\s]+@)?([^:/\s]+):(?!//)(.+)")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^@/\s]*@)?([^/\s]*)(/.*)?", re.IGNORECASE)
_PORT = re.compile(r":\d*$")


@lru_cache(4096)
def normalise_address(address: str) -> str:
    """``host/path`` of a repository, by which addresses of one repository are equal.

    Without the way it is reached by (https, ssh, ``git@host:path``), user, port, ``.git`` and
    case; a path of this machine stays one.
    """
    text = address.strip().replace("\\", "/")
    url = _URL.fullmatch(text)
    scp = None if url else _SCP.fullmatch(text)
    if url:
        host, path = _PORT.sub("", url[1]), url[2] or ""
    elif scp and len(scp[1]) > 1:  # one letter is a drive of Windows
        host, path = scp[1], scp[2]
    else:
        host, path = "", text
    path = path.rstrip("/").removesuffix(".git").rstrip("/")
    if host:
        return f"{host}/{path.lstrip('/')}".casefold()
    return path.casefold() if path[1:2] == ":" else path
