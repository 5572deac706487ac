"""A review as the one comment of its pull or merge request, updated in place.

The review was made where the cards are, by whoever proposed them; this runs where a token is. So it
takes data alone: of a bounded size, checked against the schema, and rendered here. Importing this
imports requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cardgen.comments.client import CommentError
from cardgen.comments.github import open_github
from cardgen.comments.gitlab import open_gitlab
from cardgen.comments.types import Comment

MARKER = "<!-- cardgen-review -->"
"""What a comment of ours begins with; nothing that a card says can be its first line."""


class Thread(Protocol):
    """The comments of one pull or merge request that this token's user wrote."""

    @property
    def name(self) -> str:
        """What the request is called in messages."""

    def list_own(self) -> list[Comment]:
        """Comments by the user that the token belongs to, the oldest first."""

    def create(self, body: str) -> None: ...

    def update(self, comment: Comment, body: str) -> None: ...


def find_thread(environ: Mapping[str, str]) -> Thread:
    """The request that the pipeline belongs to; raises CommentError where there is none."""
    if environ.get("GITHUB_ACTIONS"):
        return open_github(environ)
    if environ.get("GITLAB_CI"):
        return open_gitlab(environ)
    raise CommentError(
        "This is no pipeline of GitHub or GitLab.",
        "Run it there: 'cardgen init --ci github' or '--ci gitlab' lays the pipeline out.",
    )


def post_review(thread: Thread, text: str, *, worth: bool) -> str:
    """Write the review, over the one that stands; what was done, in a word.

    ``worth`` says whether there is anything to say: where not, no new comment is made.
    """
    body = text if text.startswith(MARKER) else f"{MARKER}\n{text}"
    standing = [one for one in thread.list_own() if one.body.lstrip().startswith(MARKER)]
    if not standing:
        if not worth:
            return "nothing to comment on"
        thread.create(body)
        return "commented"
    if standing[0].body.strip() == body.strip():
        return "the comment is up to date"
    thread.update(standing[0], body)
    return "updated the comment"
