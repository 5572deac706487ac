"""The files by which GitHub and GitLab check, review and publish cards."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from cardgen.scaffold import NewFile

PINS = {
    "checkout": "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
    "python": "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0",
    "upload": "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0",
    "download": "actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131 # v7.0.0",
    "uploadpages": "actions/upload-pages-artifact@fc324d3547104276b827a68afc52ff2a11cc49c9 # v5.0.0",  # noqa: E501
    "deploypages": "actions/deploy-pages@cd2ce8fcbc39b97be8ca5fce6e763baed58fa128 # v5.0.0",
}
"""GitHub's own actions, each at the commit of a release: a tag could be moved."""

GITHUB = (".github/workflows/cards.yml", ".github/workflows/cards-comment.yml")
GITLAB = (".gitlab-ci.yml", ".gitlab/cards.yml")
"""The second is taken where the project has the first already."""

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


class _Text(Template):
    """A template that leaves ``$`` and ``@`` to the shell, to GitHub and to actions' names."""

    delimiter = "@@"


@dataclass(frozen=True)
class Pipeline:
    """What the files say of a project.

    ``folder`` is the project's from the repository's root (``.`` where they are one) and ``site``
    the built site's; ``requirement`` is what pip installs cardgen by; ``action`` names cardgen's
    own action with its commit, where its repository is on GitHub.
    """

    requirement: str
    branch: str = "main"
    folder: str = "."
    site: str = "_site"
    action: str = ""


def make_github(pipeline: Pipeline) -> tuple[NewFile, ...]:
    """The workflow of pull requests and of the main branch, and the one that comments."""
    values = _make_values(pipeline)
    name = "github-action" if pipeline.action else "github-steps"
    steps = _fill(name, **values).rstrip("\n")
    return (
        NewFile(GITHUB[0], _fill("github", steps=steps, **values)),
        NewFile(GITHUB[1], _fill("github-comment", **values)),
    )


def make_gitlab(pipeline: Pipeline, *, included: bool = False) -> tuple[NewFile, ...]:
    """The pipeline, or, where the project has one, the file that it includes."""
    return (NewFile(GITLAB[included], _fill("gitlab", **_make_values(pipeline))),)


def _make_values(pipeline: Pipeline) -> dict[str, str]:
    return {
        **PINS,
        "requirement": json.dumps(pipeline.requirement),
        "branch": _quote(pipeline.branch),
        "folder": _quote(pipeline.folder),
        "site": _quote(pipeline.site),
        "action": pipeline.action,
    }


def _quote(text: str) -> str:
    """A text that YAML and a shell both read as itself, where a shell may."""
    plain = _PLAIN.fullmatch(text) and text not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _fill(name: str, **values: str) -> str:
    text = (files(__package__) / f"{name}.yml.template").read_text(encoding="utf-8")
    return _Text(text).substitute(values)
