"""What ``qa-1@main~3`` and ``model@v1.2.0`` name: a card as it stood, or the one behind a tag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cardgen.branches.gather import gather
from cardgen.branches.refs import Ref, list_refs
from cardgen.branches.tagged import find_behind, find_registered
from cardgen.config import Config
from cardgen.errors import UsageError
from cardgen.facts import Facts
from cardgen.git import run_git
from cardgen.models import Card
from cardgen.references import parse_reference
from cardgen.resolve import resolve
from cardgen.revisions import Repository, Snapshot
from cardgen.rules import find_near
from cardgen.store import CARD_NAME
from cardgen.versions import find_registry

MAX_NAMED = 5


@dataclass(frozen=True)
class Named:
    """A card that a text names; ``said`` are sentences about where it is from.

    ``snapshot`` is None where it is the card as it lies on disk.
    """

    card: Card
    config: Config
    said: tuple[str, ...]
    snapshot: Snapshot | None = None


def is_named(text: str) -> bool:
    """Whether a text names more than a code: no code holds these signs."""
    return "@" in text or "#" in text


def find_named(config: Config, repository: Repository, text: str) -> Named:
    """The card that ``CODE@REVISION`` or a registered model's tag names.

    Raises UsageError that says what there is instead: the revision, the card there, or the name
    that it had then.
    """
    code, mark, revision = text.partition("@")
    behind = _find_tagged(config, repository, text)
    if behind and not (mark and _holds(repository, code, revision)):
        return behind
    if not mark and parse_reference(text).kind == "gto":
        raise UsageError(f"No tag registers '{text}'.", "See 'git tag' for what is registered.")
    if not mark or not revision or not code:
        raise UsageError(
            f"'{text}' names no card.", "Write CODE@REVISION, or a tag such as model@v1.2.0."
        )
    snapshot = _find_snapshot(repository, text, f"@{revision}" if revision[0] == "{" else revision)
    card = repository.load_card(snapshot, code)
    if card is None:
        raise _no_card(config, code, snapshot)
    said = f"{code} as of {revision}, which is commit {snapshot.short}{_date(config, snapshot)}."
    return Named(card, snapshot.config, (said,), snapshot)


def _find_snapshot(repository: Repository, text: str, revision: str) -> Snapshot:
    try:
        return repository.find_snapshot(revision)
    except UsageError as error:
        if parse_reference(text).kind != "gto":
            raise
        message = f"No tag registers '{text}', and {error.message}"
        raise UsageError(message, "See 'git tag' for what is registered.") from None


def find_facts_at(repository: Repository, snapshot: Snapshot) -> Callable[[str], Facts | None]:
    """Finds the facts of any card at a commit by its code; None where there is none."""

    @cache
    def find(code: str) -> Facts | None:
        card = repository.load_card(snapshot, code)
        return resolve(card, snapshot.config.settings) if card else None

    return find


def _holds(repository: Repository, code: str, revision: str) -> bool:
    try:
        return code in repository.find_snapshot(revision).folders
    except UsageError:
        return False


def _date(config: Config, snapshot: Snapshot) -> str:
    day = (run_git(config.root, "log", "-1", "--format=%cs", snapshot.commit) or "").strip()
    return f" of {day}" if day else ""


def _find_tagged(config: Config, repository: Repository, text: str) -> Named | None:
    registered = find_registered(find_registry(config.root), text) or find_registered(
        find_registry(config.root, light=True), text
    )
    if registered is None:
        return None
    behind = find_behind(config, repository, registered)
    where = f"{registered.tag} is commit {registered.commit[:7]}"
    if not behind:
        raise UsageError(
            f"{where}, and no card says that it came out of it.",
            f"Write 'output: {registered.name}@{registered.version}' into the card.",
        )
    first = behind[0]
    said = [f"{where}; the card behind it is {first.code}: {first.how}."]
    if registered.withdrawn:
        said.append(f"{registered.tag} was withdrawn since.")
    others = ", ".join(one.code for one in behind[1 : 1 + MAX_NAMED])
    if others:
        said.append(f"The same holds for {others}.")
    place = first.snapshot.config if first.snapshot else config
    return Named(first.card, place, tuple(said), first.snapshot)


def _no_card(config: Config, code: str, snapshot: Snapshot) -> UsageError:
    message = f"There is no card '{code}' at {snapshot.name} ({snapshot.short})."
    same = [name for name in find_names(config, code) if name in snapshot.folders]
    if same:
        return UsageError(
            f"{message} There it is called '{same[0]}'.",
            f"Run: cardgen show {same[0]}@{snapshot.name}",
        )
    near = find_near(code, snapshot.folders)
    hint = f"Did you mean {' or '.join(near)}?" if near else "See 'cardgen list --all-branches'."
    return UsageError(message, hint)


def find_names(config: Config, code: str) -> tuple[str, ...]:
    """Other names that a card had before, or got later, by the renames in git's history."""
    printed = run_git(
        config.root, "log", "--all", "--find-renames", "--diff-filter=R", "--name-status",
        "--relative", "--format=", "-z", "--",
        f":(glob){config.settings.experiments}/*/{CARD_NAME}",
    )  # fmt: skip
    words = [word.strip("\n") for word in (printed or "").split("\0")]
    pairs = [
        (words[at + 1].split("/")[-2], words[at + 2].split("/")[-2])
        for at in range(0, len(words) - 2, 3)
        if "/" in words[at + 1] and "/" in words[at + 2]
    ]
    found: dict[str, None] = {code: None}
    waiting = [code]
    while waiting:
        name = waiting.pop()
        for old, new in pairs:
            for one in {old: [new], new: [old]}.get(name, []):
                if one not in found:
                    found[one] = None
                    waiting.append(one)
    return tuple(found)[1:]


def find_elsewhere(config: Config, repository: Repository, code: str) -> tuple[Ref, ...]:
    """The branches and tags that hold a card of that code."""
    versions = gather(repository, list_refs(config.root)).versions.get(code, ())
    return tuple(ref for version in versions for ref in version.refs)
