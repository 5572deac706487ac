"""Whether one code means two things on two branches.

A card that went on on a branch shares its beginning with the others: a commit of its file, or a
text that it once had, which a squash merge or a cherry-pick keeps. Cards that were made apart
share neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardgen.branches.gather import Version, load_version
from cardgen.config import Config
from cardgen.documents import has_text, parse_card
from cardgen.errors import StoreError
from cardgen.git import read_git, run_git
from cardgen.models import Card
from cardgen.revisions import Repository
from cardgen.store import CARD_NAME

MAX_VERSIONS = 40
"""Versions of one code that are told apart; with more it is further work on branches."""

_NAMED = 3
_ENTRY = re.compile(r":\d{6} \d{6} [0-9a-f]+ (?P<blob>[0-9a-f]{40,64}) (?P<kind>[A-Z])")


@dataclass(frozen=True)
class Double:
    """A code that stands for different experiments: the refs of each, in the order of versions."""

    code: str
    sides: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        where = " and ".join(_name(side) for side in self.sides)
        return f"'{self.code}' means {len(self.sides)} things: on {where}."


def _name(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True)
class Verdict:
    """The doubles; ``doubtful`` are codes of which a shallow clone cannot tell."""

    doubles: Mapping[str, Double]
    doubtful: tuple[str, ...] = ()


def warn_doubles(verdict: Verdict, experiments: str) -> Iterator[str]:
    """What to say of codes that mean two things, a sentence each, and what to do."""
    for double in verdict.doubles.values():
        yield (
            f"{double} Rename one of them: git mv {experiments}/{double.code} "
            f"{experiments}/NEW on its branch, and write its new code into the card."
        )
    if verdict.doubtful:
        yield (
            f"The clone is shallow: whether {', '.join(verdict.doubtful[:_NAMED])} means the "
            "same on all branches cannot be told. Fetch the rest: git fetch --unshallow"
        )


def find_doubles(
    config: Config, repository: Repository, versions: Mapping[str, Sequence[Version]]
) -> Verdict:
    """The codes that were made twice, independently of each other."""
    several = {code: known for code, known in versions.items() if 1 < len(known) <= MAX_VERSIONS}
    shallow = (run_git(config.root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    made = _count_made(config, several)
    doubles, doubtful = {}, []
    for code, known in several.items():
        if made.get(code, 0) < 2:
            continue
        sides = _part(config, repository, known)
        if len(sides) > 1 and shallow:
            doubtful.append(code)
        elif len(sides) > 1:
            names = tuple(tuple(n for version in side for n in version.names) for side in sides)
            doubles[code] = Double(code, names)
    return Verdict(doubles, tuple(doubtful))


def _count_made(config: Config, versions: Mapping[str, Sequence[Version]]) -> dict[str, int]:
    """How often each card was added in the history of its versions: of most only once."""
    commits = {version.commit for known in versions.values() for version in known}
    if not commits:
        return {}
    printed = read_git(
        config.root, "log", "--stdin", "--format=", "--name-only", "--no-renames", "--relative",
        "--diff-filter=A", "-z", "--", f":(glob){config.settings.experiments}/*/{CARD_NAME}",
        stdin="".join(f"{commit}\n" for commit in sorted(commits)).encode(),
    )  # fmt: skip
    counts: dict[str, int] = {}
    for path in (printed or b"").decode("utf-8", "surrogateescape").split("\0"):
        if path.count("/") >= 1:
            code = path.strip("\n").rsplit("/", 2)[-2]
            counts[code] = counts.get(code, 0) + 1
    return counts


def _part(
    config: Config, repository: Repository, versions: Sequence[Version]
) -> list[list[Version]]:
    """The versions that belong together, the first version's side first."""
    pasts = [_find_past(config, repository, version) for version in versions]
    sides: list[tuple[set[str], list[Card], list[Version]]] = []
    for version, past in zip(versions, pasts, strict=True):
        card = load_version(repository, version)
        cards = [card] if card else []
        joined = (set(past), cards, [version])
        for side in [s for s in sides if s[0] & past or _is_like(s[1], cards)]:
            sides.remove(side)
            joined = (joined[0] | side[0], [*side[1], *joined[1]], [*side[2], *joined[2]])
        sides.append(joined)
    order = {version.tree: number for number, version in enumerate(versions)}
    return sorted(
        (sorted(side[2], key=lambda version: order[version.tree]) for side in sides),
        key=lambda side: order[side[0].tree],
    )


def _find_past(config: Config, repository: Repository, version: Version) -> set[str]:
    """The commits of a card since it was made, and the contents it had that say anything."""
    path = f"{config.settings.experiments}/{version.code}/{CARD_NAME}"
    printed = run_git(
        config.root, "log", "--format=%x01%H", "--raw", "--no-renames", "--no-abbrev",
        "--relative", version.commit, "--", path,
    )  # fmt: skip
    past: set[str] = set()
    for record in (printed or "").split("\x01")[1:]:
        past.add(record.split("\n", 1)[0].strip())
        entry = _ENTRY.search(record)
        if entry and _says(repository.read_object(entry["blob"]), version.code):
            past.add(entry["blob"])
        if entry and entry["kind"] == "A":
            break  # what an earlier card of that code was is another matter
    return past


def _says(content: bytes | None, code: str) -> bool:
    """Whether a card's text is more than the template that any new card begins as."""
    try:
        text = (content or b"").decode("utf-8").replace("\r\n", "\n")
        card = parse_card(text, Path(code, CARD_NAME), code, code)
    except (UnicodeDecodeError, StoreError):
        return True
    return bool(card.front.title) or any(has_text(section.body) for section in card.sections)


def _is_like(some: Iterable[Card], others: Iterable[Card]) -> bool:
    """Whether two cards are of one experiment by what they say: the same run, or the same goal."""
    return any(_say(a) & _say(b) for a in some for b in others)


def _say(card: Card) -> set[str]:
    goal = " ".join(card.section("goal").split())
    said = set(card.front.runs)
    return said | {f"goal {goal}"} if has_text(goal) else said
