"""Cards like a new one, here and on other branches: somebody may have tried it already."""

from __future__ import annotations

from collections.abc import Iterator

from cardgen.branches.gather import gather
from cardgen.branches.refs import list_refs
from cardgen.config import Config
from cardgen.errors import UsageError
from cardgen.revisions import Repository, open_repository
from cardgen.similar import Similar, Sketch, find_similar
from cardgen.sketches import load_sketches, load_sketches_of

MAX_NAMED = 3


def find_alike(config: Config, code: str) -> tuple[str, ...]:
    """A line for each card that is like one: its code, where it lives if not here, and why."""
    here = {sketch.code: sketch for sketch in load_sketches(config)}
    own = here.get(code)
    if own is None:
        return ()
    places: dict[str, str] = {}
    elsewhere: list[Sketch] = []
    try:
        with open_repository(config) as repository:
            for sketch, place in _sketch_elsewhere(config, repository, here):
                elsewhere.append(sketch)
                places[sketch.code] = place
    except UsageError:
        pass  # no repository, so nothing is elsewhere
    found = find_similar(own, [*here.values(), *elsewhere], limit=MAX_NAMED)
    return tuple(_say(similar, places.get(similar.code, "")) for similar in found)


def _sketch_elsewhere(
    config: Config, repository: Repository, here: dict[str, Sketch]
) -> Iterator[tuple[Sketch, str]]:
    """Cards of branches that are not here, and the first branch of each."""
    refs = [ref for ref in list_refs(config.root) if ref.kind != "tag"]
    gathered = gather(repository, refs)
    others = [versions[0] for code, versions in gathered.versions.items() if code not in here]
    for version in others:
        if version.snapshot is not None:
            sketches = load_sketches_of(repository, version.snapshot, (version.code,))
            yield from ((sketch, version.refs[0].name) for sketch in sketches)


def _say(similar: Similar, place: str) -> str:
    where = f" on {place}" if place else ""
    return f"similar: {similar.code}{where} ({'; '.join(similar.reasons)})"
