"""Addresses of pages: models and data on the Hugging Face Hub, commits and tags.

Nothing here asks the network. A link is made only where the text can be nothing else, and only
to http and https.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from cardgen.references import is_hub_id, parse_reference
from cardgen.repositories import parse_repository

HUB = "https://huggingface.co/"

_REVISION = re.compile(r"(?:refs/(?:pr|convert)/)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_TAG_PATHS = {
    "github": "/releases/tag/",
    "gitlab": "/-/tags/",
    "bitbucket": "/src/",
    "codeberg": "/src/tag/",
    "gitea": "/src/tag/",
    "forgejo": "/src/tag/",
    "huggingface": "/tree/",
}
_EDIT_FORMS = {
    "github": "/edit/{}/{}",
    "gitlab": "/-/edit/{}/{}",
    "bitbucket": "/src/{}/{}?mode=edit",
    "codeberg": "/_edit/{}/{}",
    "gitea": "/_edit/{}/{}",
    "forgejo": "/_edit/{}/{}",
    "huggingface": "/edit/{}/{}",
}
_TREE_FORMS = {
    "github": "/tree/{}/{}",
    "gitlab": "/-/tree/{}/{}",
    "bitbucket": "/src/{}/{}",
    "codeberg": "/src/branch/{}/{}",
    "gitea": "/src/branch/{}/{}",
    "forgejo": "/src/branch/{}/{}",
    "huggingface": "/tree/{}/{}",
}
_LINE_FORMS = {
    "github": "/blob/{}/{}?plain=1#L{}",
    "gitlab": "/-/blob/{}/{}?plain=1#L{}",
    "bitbucket": "/src/{}/{}#lines-{}",
    "codeberg": "/src/branch/{}/{}?display=source#L{}",
    "gitea": "/src/branch/{}/{}?display=source#L{}",
    "forgejo": "/src/branch/{}/{}?display=source#L{}",
    "huggingface": "/blob/{}/{}#L{}",
}


def model_url(name: str, version: str = "") -> str:
    """The Hub's page of a model, of that revision where one is given; empty for no id."""
    return _hub_url(name, version, "")


def dataset_url(name: str, version: str = "") -> str:
    """The Hub's page of a data set; empty where the name is no id."""
    return _hub_url(name, version, "datasets/")


def _hub_url(name: str, version: str, kind: str) -> str:
    reference = parse_reference(name)
    if reference.kind == "hub" and reference.url:
        kind = {"dataset": "datasets/", "model": ""}.get(reference.subject, kind)
        name, version = reference.name, version or reference.version
    elif not is_hub_id(name):
        return ""
    url = f"{HUB}{kind}{name}"
    # A registry's bare number is no revision of a git repository.
    named = _REVISION.fullmatch(version) and not version.isdecimal()
    return f"{url}/tree/{quote(version, safe='')}" if named and ".." not in version else url


def tag_url(address: str, tag: str) -> str:
    """The page of a tag; empty where the repository is local or its host's pages are not known."""
    repository = parse_repository(address)
    name = repository.host.partition(":")[0] if repository else ""
    path = next((path for host, path in _TAG_PATHS.items() if host in name), "")
    return f"{repository.url}{path}{quote(tag)}" if repository and path and tag else ""


def edit_url(address: str, branch: str, path: str) -> str:
    """The page on which a file of a branch is edited; empty where the host's are not known."""
    return _fill_form(_EDIT_FORMS, address, branch, path)


def line_url(address: str, branch: str, path: str, line: int) -> str:
    """The page that shows a line of a branch's file; empty where the host's are not known."""
    return _fill_form(_LINE_FORMS, address, branch, path, str(line)) if line > 0 else ""


def tree_url(address: str, name: str, path: str, *, is_tag: bool = False) -> str:
    """The page of a folder on a branch or tag; empty where the host's are not known."""
    forms = {host: form.replace("branch", "tag") for host, form in _TREE_FORMS.items()}
    return _fill_form(forms if is_tag else _TREE_FORMS, address, name, path)


def _fill_form(forms: Mapping[str, str], address: str, *parts: str) -> str:
    repository = parse_repository(address)
    name = repository.host.partition(":")[0] if repository else ""
    form = next((form for host, form in forms.items() if host in name), "")
    return (
        repository.url + form.format(*map(quote, parts))
        if repository and form and all(parts)
        else ""
    )
