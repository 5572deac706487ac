"""The notes of a merge request on GitLab, found from the pipeline's variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cardgen.comments.client import Client, CommentError
from cardgen.comments.types import Comment

TOKEN = "CARDGEN_TOKEN"  # noqa: S105  # the variable's name
"""The masked variable that holds a project access token: a job's own token cannot comment."""


@dataclass(frozen=True)
class MergeRequest:
    """One merge request's notes; ``name`` is what it is called in messages."""

    client: Client
    project: int
    number: int
    user: int

    @property
    def name(self) -> str:
        return f"merge request {self.number}"

    @property
    def _path(self) -> str:
        return f"/projects/{self.project}/merge_requests/{self.number}/notes"

    def list_own(self) -> list[Comment]:
        return [
            Comment(int(entry["id"]), str(entry.get("body") or ""))
            for entry in self.client.ask_all(f"{self._path}?sort=asc&order_by=created_at")
            if (entry.get("author") or {}).get("id") == self.user
        ]

    def create(self, body: str) -> None:
        self.client.ask("POST", self._path, {"body": body})

    def update(self, comment: Comment, body: str) -> None:
        self.client.ask("PUT", f"{self._path}/{comment.id}", {"body": body})


def open_gitlab(environ: Mapping[str, str]) -> MergeRequest:
    """The merge request of the pipeline; raises CommentError where there is none."""
    token = environ.get(TOKEN, "")
    if not token:
        raise CommentError(
            f"There is no {TOKEN}.", "Make a project access token (scope api) and set it, masked."
        )
    project, number = environ.get("CI_PROJECT_ID", ""), environ.get("CI_MERGE_REQUEST_IID", "")
    if not (project.isdecimal() and number.isdecimal()):
        raise CommentError(
            "This is no pipeline of a merge request.", "Run it where CI_MERGE_REQUEST_IID is set."
        )
    client = Client(environ.get("CI_API_V4_URL", ""), {"PRIVATE-TOKEN": token})
    user = client.ask("GET", "/user")
    number_of_user = user.get("id") if isinstance(user, dict) else None
    if not isinstance(number_of_user, int):
        raise CommentError("GitLab does not say whose the token is.", "Make a new token.")
    return MergeRequest(client, int(project), int(number), number_of_user)
