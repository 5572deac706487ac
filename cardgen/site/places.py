"""Where the models and data of a card lead to, and what the project's registry says of them.

A link is made from what is known alone, and nothing is asked: a server's pages are linked where a
run of the card names that server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from cardgen.facts import Facts
from cardgen.models import Dataset, Model, Run
from cardgen.references import Reference, parse_reference
from cardgen.repositories import commit_url, safe_url
from cardgen.site import links
from cardgen.versions import Registered, Registry

WANDB = "https://wandb.ai"

_ADDRESS = re.compile(r"(?!https?:|hf:)[a-z][a-z0-9+.-]*:/")
_MLFLOW = re.compile(r"(?P<server>[^#?]+?)/?#/experiments/")


@dataclass(frozen=True)
class Places:
    """What links are made from.

    ``repository`` is the project's address, ``registry`` what its tags register, ``servers`` the
    address of each tracker's pages where all runs of the card agree on it.
    """

    repository: str = ""
    registry: Registry = field(default_factory=Registry)
    servers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, facts: Facts, repository: str, registry: Registry) -> Places:
        found: dict[str, set[str]] = {}
        for run in facts.runs:
            server = _find_server(run)
            if server:
                found.setdefault(run.tracker, set()).add(server)
        servers = {tracker: min(known) for tracker, known in found.items() if len(known) == 1}
        return cls(repository, registry, servers)

    def find(self, model: Model) -> Registered | None:
        """The version that the project's tags register for a model, by its version or stage."""
        if model.url or model.path:
            return None
        name = parse_reference(model.name)
        version = model.version or name.version
        if version:
            return self.registry.find(name.name, version)
        aliases = (*model.aliases, *name.aliases)
        found = (self.registry.find_stage(name.name, alias) for alias in aliases)
        return next((entry for entry in found if entry), None)

    def link_model(self, model: Model) -> str:
        """Where a model's page is; empty where it has none."""
        registered = self.find(model)
        if registered:
            return self.link_tag(registered)
        return self._link(model, "model")

    def link_dataset(self, dataset: Dataset) -> str:
        """Where a data set's page is, by the same rules."""
        return self._link(dataset, "dataset")

    def link_tag(self, registered: Registered) -> str:
        """The page of the tag that registers a version, else that of its commit."""
        tag = links.tag_url(self.repository, registered.tag)
        return tag or commit_url(self.repository, registered.commit)

    def _link(self, thing: Model | Dataset, subject: str) -> str:
        """By the address; then by the name, unless it is that of a path or of another store."""
        hub = links.dataset_url if subject == "dataset" else links.model_url
        elsewhere = thing.path or _ADDRESS.match(thing.url)
        for text in (thing.url, "" if elsewhere else thing.name):
            version = thing.version if text == thing.name else ""
            url = safe_url(text) or hub(text, version) or self._link_registered(text)
            if url:
                return url
        return ""

    def _link_registered(self, text: str) -> str:
        reference = parse_reference(text)
        if reference.kind == "mlflow":
            return self._link_mlflow(reference)
        if reference.kind == "wandb":
            return self._link_wandb(reference)
        return safe_url(reference.url)

    def _link_mlflow(self, reference: Reference) -> str:
        server = self.servers.get("mlflow", "")
        page = f"{server}/#/models/{quote(reference.name, safe='')}"
        if reference.version:
            page += f"/versions/{quote(reference.version, safe='')}"
        return safe_url(page) if server else ""

    def _link_wandb(self, reference: Reference) -> str:
        """The page of all artifacts of the project: that of one has its type in its address."""
        entity, project, _ = reference.name.split("/")
        server = self.servers.get("wandb", WANDB)
        if project.startswith("wandb-registry-"):
            return ""
        return safe_url(f"{server}/{quote(entity)}/{quote(project)}/artifacts")


def _find_server(run: Run) -> str:
    """The address below which a run's tracker shows its other pages."""
    url = safe_url(run.url)
    if run.tracker == "mlflow":
        found = _MLFLOW.match(url)
        return found["server"] if found else ""
    if run.tracker == "wandb" and url:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}"
    return ""
