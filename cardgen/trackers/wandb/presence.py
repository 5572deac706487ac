"""Whether Weights & Biases still has a run or an artifact: one short question each, no client."""

from __future__ import annotations

from typing import Any

from cardgen.errors import GoneError, TrackerError
from cardgen.models import Presence, TrackerConfig
from cardgen.references import Reference
from cardgen.trackers._address import Server, make_basic
from cardgen.trackers.wandb.keys import find_key
from cardgen.trackers.wandb.places import Places, is_remote
from cardgen.trackers.wandb.server import find_name, find_server
from cardgen.trackers.wandb.values import as_dict

SECONDS = 30.0
"""How long all tries of one question may take."""

_RUN = """query CardgenRun($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { run(name: $name) { id name } } }"""
_ARTIFACT = """query CardgenArtifact($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { artifact(name: $name) { id state } } }"""
_DELETED = ("DELETED", "PENDING_DELETION")


def find_presence(locator: str, config: TrackerConfig) -> Presence:
    """Whether the run lies here or is on the server; raises GoneError or TrackerError."""
    places = Places(config)
    if places.find(locator) is not None:
        return "there"
    parts = locator.split("/")
    given = [find_name(config, option) for option in ("entity", "project")]
    full = [*given[: 3 - len(parts)], *parts]
    if not is_remote(locator) or not all(full):
        raise places.explain_missing(locator)
    return _find(_RUN, "run", (full[0], full[1], full[2]), config)


def find_registered(reference: Reference, config: TrackerConfig) -> Presence:
    """The same of an artifact, ``entity/project/name`` with a version or alias."""
    entity, project, name = reference.name.split("/")
    version = reference.version or next(iter(reference.aliases), "latest")
    return _find(_ARTIFACT, "artifact", (entity, project, f"{name}:{version}"), config)


def _find(query: str, key: str, place: tuple[str, str, str], config: TrackerConfig) -> Presence:
    entity, project, name = place
    variables = {"entity": entity, "project": project, "name": name}
    url, answer = _ask(query, variables, config)
    held = as_dict(answer.get("data")).get("project")
    if held is None:
        # The service says the same of a project that is gone and of one that others hide.
        return "hidden"
    found = as_dict(held).get(key)
    if not found:
        what = f"{key} '{entity}/{project}/{name}'"
        raise GoneError(f"{url} has no {what}.", "Correct the name.")
    return "deleted" if as_dict(found).get("state") in _DELETED else "there"


def _ask(query: str, variables: dict[str, str], config: TrackerConfig) -> tuple[str, Any]:
    from cardgen.trackers._http import Client  # noqa: PLC0415  # requests, for servers alone

    url, own = find_server(config)
    key = own or find_key(config, url)
    if not key:
        raise TrackerError(
            f"There is no key for the Weights & Biases server {url}.",
            "Set WANDB_API_KEY, or run 'wandb login'.",
        )
    with Client(Server(url, make_basic("api", key)), seconds=SECONDS) as client:
        answer = as_dict(client.post_json("/graphql", {"query": query, "variables": variables}))
    if answer.get("errors") and not answer.get("data"):
        raise TrackerError(f"{url} did not understand the question.", "Try again later.")
    return url, answer
