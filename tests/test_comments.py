"""One comment a pull or merge request, updated in place, by data alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cardgen.comments import MARKER, find_thread, post_review
from cardgen.comments.client import CommentError
from tests.hosts import Host

HEAD = "a" * 40
RUN = {
    "workflow_run": {
        "head_sha": HEAD,
        "head_branch": "exp/a b",
        "head_repository": {"owner": {"login": "stranger"}},
        "pull_requests": [],
    }
}
PULL = {"number": 12, "label": "stranger:exp/a b", "head": {"sha": HEAD}}


@pytest.fixture
def github() -> Iterator[Host]:
    with Host("github", pulls=[PULL]) as host:
        yield host


@pytest.fixture
def gitlab() -> Iterator[Host]:
    with Host("gitlab", user={"id": 5, "login": "project_7_bot"}) as host:
        yield host


def environ_of(host: Host, tmp_path: Path, event: object = RUN) -> dict[str, str]:
    if host.kind == "gitlab":
        return {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": host.url,
            "CI_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "12",
            "CARDGEN_TOKEN": host.token,
        }
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": host.url,
        "GITHUB_REPOSITORY": "team/qa",
        "GITHUB_TOKEN": host.token,
        "GITHUB_EVENT_PATH": str(path),
    }


def post(host: Host, tmp_path: Path, text: str, *, worth: bool = True) -> str:
    return post_review(find_thread(environ_of(host, tmp_path)), text, worth=worth)


@pytest.fixture(params=["github", "gitlab"])
def host(request: pytest.FixtureRequest) -> Host:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Host)
    return found


def test_a_review_is_commented_once_and_then_updated(host: Host, tmp_path: Path) -> None:
    assert post(host, tmp_path, "first") == "commented"
    assert post(host, tmp_path, "first") == "the comment is up to date"
    assert post(host, tmp_path, "second") == "updated the comment"
    assert [comment["body"] for comment in host.comments] == [f"{MARKER}\nsecond"]


def test_comments_of_others_are_left_alone(host: Host, tmp_path: Path) -> None:
    """Also where somebody else writes the mark, to have his words replaced or kept."""
    other = {"login": "mallory", "id": 66}
    forged = {"id": 1, "body": f"{MARKER}\nLooks good!", "user": other, "author": other}
    host.comments.append(forged)
    assert post(host, tmp_path, "ours") == "commented"
    assert [comment["body"] for comment in host.comments] == [forged["body"], f"{MARKER}\nours"]


def test_our_comment_is_found_behind_hundreds_of_others(host: Host, tmp_path: Path) -> None:
    other = {"login": "ann", "id": 8}
    host.comments += [
        {"id": number, "body": "Hm.", "user": other, "author": other} for number in range(250)
    ]
    post(host, tmp_path, "first")
    assert post(host, tmp_path, "second") == "updated the comment"
    assert len(host.comments) == 251


def test_where_there_is_nothing_to_say_none_is_made(host: Host, tmp_path: Path) -> None:
    assert post(host, tmp_path, "none", worth=False) == "nothing to comment on"
    post(host, tmp_path, "some")
    assert post(host, tmp_path, "none any more", worth=False) == "updated the comment"


def test_a_passing_failure_is_tried_again(host: Host, tmp_path: Path) -> None:
    thread = find_thread(environ_of(host, tmp_path))
    host.failures += [503, 502]
    assert thread.list_own() == []
    assert len([line for line in host.asked if line.startswith("GET")]) >= 3


def test_a_redirect_is_not_followed(host: Host, tmp_path: Path) -> None:
    thread = find_thread(environ_of(host, tmp_path))
    host.failures.append(302)
    with pytest.raises(CommentError, match="302"):
        thread.list_own()


def test_the_pull_request_of_the_event_needs_no_question(github: Host, tmp_path: Path) -> None:
    event = {"pull_request": {"number": 12}}
    post_review(find_thread(environ_of(github, tmp_path, event)), "x", worth=True)
    assert not [line for line in github.asked if "/pulls" in line]


def test_the_bot_s_own_name_where_the_token_has_no_profile(github: Host, tmp_path: Path) -> None:
    post(github, tmp_path, "x")
    assert github.comments[0]["user"]["login"] == "github-actions[bot]"
    assert post(github, tmp_path, "y") == "updated the comment"


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        {"workflow_run": None},
        {"workflow_run": {**RUN["workflow_run"], "head_sha": "b" * 40}},
        {"workflow_run": {**RUN["workflow_run"], "head_branch": "main"}},
        {"workflow_run": {**RUN["workflow_run"], "head_sha": "../../x"}},
        {"workflow_run": {**RUN["workflow_run"], "head_repository": None}},
        {"pull_request": {"number": "12; rm"}},
    ],
)
def test_without_an_open_pull_request_nothing_is_written(
    github: Host, tmp_path: Path, event: Any
) -> None:
    with pytest.raises(CommentError, match="No open pull request"):
        find_thread(environ_of(github, tmp_path, event))
    assert not [line for line in github.asked if line.startswith(("POST", "PATCH"))]


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"])
def test_what_github_must_give(github: Host, tmp_path: Path, name: str) -> None:
    environ = environ_of(github, tmp_path)
    del environ[name]
    with pytest.raises(CommentError):
        find_thread(environ)


@pytest.mark.parametrize(
    "name", ["CARDGEN_TOKEN", "CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID"]
)
def test_what_gitlab_must_give(gitlab: Host, tmp_path: Path, name: str) -> None:
    environ = environ_of(gitlab, tmp_path)
    del environ[name]
    with pytest.raises(CommentError):
        find_thread(environ)


def test_a_token_that_is_refused(gitlab: Host, tmp_path: Path) -> None:
    environ = environ_of(gitlab, tmp_path) | {"CARDGEN_TOKEN": "other"}
    with pytest.raises(CommentError, match="401"):
        find_thread(environ)


def test_away_from_a_pipeline() -> None:
    with pytest.raises(CommentError, match="no pipeline"):
        find_thread({})
