"""The comments of a pull request on GitHub, found from the event that started the workflow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cardgen.comments.client import Client, CommentError
from cardgen.comments.types import Comment

BOT = "github-actions[bot]"
"""Who writes with the token that a workflow is given."""

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MAX_EVENT = 4 * 1024 * 1024


@dataclass(frozen=True)
class PullRequest:
    """One pull request's comments; ``name`` is what it is called in messages."""

    client: Client
    repository: str
    number: int
    login: str

    @property
    def name(self) -> str:
        return f"pull request {self.number}"

    def list_own(self) -> list[Comment]:
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        return [
            Comment(int(entry["id"]), str(entry.get("body") or ""))
            for entry in self.client.ask_all(path)
            if (entry.get("user") or {}).get("login") == self.login
        ]

    def create(self, body: str) -> None:
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        self.client.ask("POST", path, {"body": body})

    def update(self, comment: Comment, body: str) -> None:
        path = f"/repos/{self.repository}/issues/comments/{comment.id}"
        self.client.ask("PATCH", path, {"body": body})


def open_github(environ: Mapping[str, str]) -> PullRequest:
    """The pull request of the run; raises CommentError where there is none that is still open."""
    token = environ.get("GITHUB_TOKEN", "")
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not token or not _REPOSITORY.fullmatch(repository):
        raise CommentError(
            "There is no GITHUB_TOKEN.", "Give it to the step: GITHUB_TOKEN: ${{ github.token }}."
        )
    api = environ.get("GITHUB_API_URL", "https://api.github.com")
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    client = Client(api, headers)
    number = _find_number(client, repository, _read_event(environ))
    return PullRequest(client, repository, number, _find_login(client))


def _read_event(environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        path = Path(environ.get("GITHUB_EVENT_PATH", ""))
        if path.stat().st_size > _MAX_EVENT:
            raise ValueError
        event = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CommentError(
            "The event of the workflow cannot be read.", "Run the job again."
        ) from None
    return event if isinstance(event, dict) else {}


def _find_number(client: Client, repository: str, event: dict[str, Any]) -> int:
    """The open pull request: of the event, or the one whose head the finished run was of.

    A run of a fork's pull request does not say its number, and the fork's own word is not taken
    for it: GitHub is asked which open one has that head.
    """
    direct = (event.get("pull_request") or {}).get("number")
    if isinstance(direct, int):
        return direct
    run = event.get("workflow_run") or {}
    commit, branch = str(run.get("head_sha") or ""), str(run.get("head_branch") or "")
    owner = str(((run.get("head_repository") or {}).get("owner") or {}).get("login") or "")
    if _COMMIT.fullmatch(commit) and branch and owner:
        head = quote(f"{owner}:{branch}", safe="")
        for entry in client.ask_all(f"/repos/{repository}/pulls?state=open&head={head}"):
            if (entry.get("head") or {}).get("sha") == commit and isinstance(entry["number"], int):
                return int(entry["number"])
    raise CommentError(
        "No open pull request has this head: it was closed, or pushed to since.",
        "Nothing to do: the newer run comments.",
    )


def _find_login(client: Client) -> str:
    """Whose comments are ours: the token's user, or the workflow's own bot, who has no profile."""
    try:
        said = client.ask("GET", "/user")
    except CommentError:
        return BOT
    return str(said.get("login") or BOT) if isinstance(said, dict) else BOT
