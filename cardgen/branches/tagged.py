"""The card behind a tag that registers a model: which data was it trained on?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cardgen.config import Config
from cardgen.git import run_git
from cardgen.models import Card, Model
from cardgen.references import parse_reference
from cardgen.resolve import resolve_names
from cardgen.revisions import Repository, Snapshot
from cardgen.safeyaml import UnsafeYaml, parse_yaml
from cardgen.store import load_cards
from cardgen.versions import Registered, Registry

_ARTIFACTS = "artifacts.yaml"
_MAX_BYTES = 512 * 1024


@dataclass(frozen=True)
class Behind:
    """A card behind a registered version: ``how`` it was found, as the end of a sentence.

    ``snapshot`` is None where the card is read from the folder as it lies on disk.
    """

    code: str
    how: str
    card: Card
    snapshot: Snapshot | None = None


def find_registered(registry: Registry, text: str) -> Registered | None:
    """What ``model@v1.2.0``, ``model#prod`` or ``model@latest`` is by the project's tags."""
    reference = parse_reference(text)
    if reference.kind != "gto":
        return None
    if reference.version:
        return registry.find(reference.name, reference.version)
    found = (registry.find_stage(reference.name, alias) for alias in reference.aliases)
    return next((entry for entry in found if entry), None)


def find_behind(
    config: Config, repository: Repository, registered: Registered
) -> tuple[Behind, ...]:
    """The cards of the experiment that a version came out of, by the surest of the signs.

    In this order: a card's output names the version; a card's run was made at the tag's commit;
    a card's output is the path that ``artifacts.yaml`` gives the name; the commit changed the
    card; a card's output names the model without a version. Each is looked for on disk and at the
    tag's commit. Empty where there is no sign.
    """
    there = repository.find_snapshot(registered.commit)
    cards = tuple(_list_cards(config, repository, there))
    changed = _find_changed(config, registered.commit)
    path = _find_path(repository, registered)
    signs: Sequence[tuple[str, Callable[[Behind], bool]]] = (
        (f"its output names {registered.tag}", lambda one: _names(one.card, registered)),
        (
            f"its run was made at the tag's commit {registered.commit[:7]}",
            lambda one: _ran_at(one.card, registered.commit),
        ),
        (
            f"its output is {path}, which {_ARTIFACTS} calls {registered.name}",
            lambda one: bool(path) and _puts_out(one.card, path),
        ),
        (
            f"the tag's commit {registered.commit[:7]} changed it",
            lambda one: one.code in changed and one.snapshot is not None,
        ),
        (
            f"its output names {registered.name}, without a version",
            lambda one: _names_bare(one.card, registered),
        ),
    )
    for how, meets in signs:
        found = {one.code: one for one in reversed(cards) if meets(one)}
        if found:
            ordered = sorted(found)
            return tuple(Behind(c, how, found[c].card, found[c].snapshot) for c in ordered)
    return ()


def _list_cards(config: Config, repository: Repository, there: Snapshot) -> Iterator[Behind]:
    for card in load_cards(config):
        yield Behind(card.code, "", card)
    for code in there.folders:
        then = repository.load_card(there, code)
        if then is not None:
            yield Behind(code, "", then, there)


def _outputs(card: Card) -> Iterator[Model]:
    yield from (fact.value for fact in resolve_names(card).output)


def _names(card: Card, registered: Registered) -> bool:
    return any(
        _name(model) == registered.name
        and registered.version in (model.version, parse_reference(model.name).version)
        for model in _outputs(card)
    )


def _names_bare(card: Card, registered: Registered) -> bool:
    return any(
        _name(model) == registered.name
        and not (model.version or parse_reference(model.name).version)
        for model in _outputs(card)
    )


def _name(model: Model) -> str:
    return parse_reference(model.name).name or model.name


def _ran_at(card: Card, commit: str) -> bool:
    known = [run.source.commit for run in (card.evidence.runs if card.evidence else ())
             if run.source]  # fmt: skip
    if card.front.source:
        known.append(card.front.source.commit)
    return any(len(one) >= 7 and commit.startswith(one.strip().lower()) for one in known)


def _puts_out(card: Card, path: str) -> bool:
    known = {name for model in _outputs(card) for name in (model.path, model.name)}
    return any(_plain(name) == _plain(path) for name in known if name)


def _plain(path: str) -> str:
    return path.replace("\\", "/").removeprefix("./").rstrip("/")


def _find_path(repository: Repository, registered: Registered) -> str:
    """The path that GTO's ``artifacts.yaml`` gives a name at the tag's commit."""
    content = repository.read_object(f"{registered.commit}:./{_ARTIFACTS}", _MAX_BYTES)
    try:
        artifacts: Any = parse_yaml((content or b"").decode("utf-8"), max_bytes=_MAX_BYTES)
    except (UnsafeYaml, UnicodeDecodeError):
        return ""
    entry = artifacts.get(registered.name) if isinstance(artifacts, Mapping) else None
    path = entry.get("path") if isinstance(entry, Mapping) else None
    return path if isinstance(path, str) else ""


def _find_changed(config: Config, commit: str) -> frozenset[str]:
    """The codes of the cards that a commit changed, a merge against its first parent."""
    printed = run_git(
        config.root, "diff-tree", "-r", "-z", "--root", "--no-commit-id", "--name-only",
        "--relative", "-m", "--first-parent", commit, "--", config.settings.experiments,
    )  # fmt: skip
    return frozenset(_codes((printed or "").split("\0"), config.settings.experiments))


def _codes(paths: Iterable[str], experiments: str) -> Iterator[str]:
    for path in paths:
        inner = path.removeprefix(f"{experiments}/")
        if inner != path and "/" in inner:
            yield inner.partition("/")[0]
