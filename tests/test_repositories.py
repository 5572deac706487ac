"""Repositories on the web, from any address that git takes, and texts that are none."""

from __future__ import annotations

import pytest

from cardgen.repositories import commit_url, parse_repository, safe_url, without_password

COMMIT = "3bde138342e460b378148dd4377bc4803be0f023"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://github.com/team/qa", "https://github.com/team/qa"),
        ("https://github.com/team/qa.git", "https://github.com/team/qa"),
        ("https://github.com/team/qa/", "https://github.com/team/qa"),
        ("https://user:token@github.com/team/qa.git", "https://github.com/team/qa"),
        ("git@github.com:team/qa.git", "https://github.com/team/qa"),
        ("github.com:team/qa", "https://github.com/team/qa"),
        ("ssh://git@github.com/team/qa.git", "https://github.com/team/qa"),
        ("ssh://git@gitlab.example.com:2222/a/b/c.git", "https://gitlab.example.com/a/b/c"),
        ("git://git.example.com/qa", "https://git.example.com/qa"),
        ("git+ssh://git@git.example.com/qa", "https://git.example.com/qa"),
        ("http://localhost:3000/team/qa.git", "http://localhost:3000/team/qa"),
        ("git@git.sr.ht:~user/qa", "https://git.sr.ht/~user/qa"),
        ("https://git.example.com/zespół/qa", "https://git.example.com/zesp%C3%B3%C5%82/qa"),
    ],
)
def test_repositories_as_git_names_them(address: str, url: str) -> None:
    found = parse_repository(address)
    assert found is not None
    assert found.url == url


@pytest.mark.parametrize(
    "address",
    [
        "", "/home/me/qa", "../qa.git", "qa", "file:///home/me/qa", "C:\\repos\\qa", "C:/repos/qa",
        "javascript:alert(1)", "https://", "https://github.com", "https://github.com/../x",
        "https://ex ample.com/a", "https://github.com:x/a", "https://[::1/a", "data:text/html,x",
        "https://a\"b/c", "ext::sh -c evil", "https://<b>/x",
    ],
)  # fmt: skip
def test_local_and_odd_addresses_are_no_repositories(address: str) -> None:
    assert parse_repository(address) is None
    assert commit_url(address, COMMIT) == ""


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("git@github.com:team/qa.git", "https://github.com/team/qa/commit/"),
        ("https://gitlab.com/a/b/c", "https://gitlab.com/a/b/c/-/commit/"),
        ("https://gitlab.example.com/a/b", "https://gitlab.example.com/a/b/-/commit/"),
        ("git@bitbucket.org:team/qa.git", "https://bitbucket.org/team/qa/commits/"),
        ("https://codeberg.org/team/qa", "https://codeberg.org/team/qa/commit/"),
        ("https://gitea.example.com/team/qa", "https://gitea.example.com/team/qa/commit/"),
        ("https://huggingface.co/team/qa", "https://huggingface.co/team/qa/commit/"),
        ("https://dev.azure.com/o/p/_git/r", "https://dev.azure.com/o/p/_git/r/commit/"),
    ],
)
def test_commits_of_each_host(address: str, page: str) -> None:
    assert commit_url(address, COMMIT) == page + COMMIT
    assert commit_url(address, COMMIT[:7].upper()) == page + COMMIT[:7]


@pytest.mark.parametrize(
    "commit", ["", "3bde", "main", "3bde138/../..", "z" * 40, COMMIT + "\n<b>"]
)
def test_what_is_no_hash_is_no_link(commit: str) -> None:
    assert commit_url("git@github.com:team/qa.git", commit) == ""


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://a.org/x?y=1#z", "https://a.org/x?y=1#z"),
        ("http://u:p@a.org:80/x", "http://a.org:80/x"),
        ("HTTPS://a.org", "https://a.org"),
        (" https://a.org ", "https://a.org"),
        ("https://[2001:db8::1]:8080/", "https://[2001:db8::1]:8080/"),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//a.org/x", ""),
        ("a.org/x", ""),
        ("ftp://a.org", ""),
        ("https:///x", ""),
        ("https://a.org/\"onclick=\"x", ""),
    ],
)  # fmt: skip
def test_only_addresses_of_the_web_are_links(address: str, safe: str) -> None:
    assert safe_url(address) == safe


def test_passwords_are_not_shown() -> None:
    assert without_password("https://u:p@a.org/x") == "https://a.org/x"
    assert without_password("ssh://git@a.org/x") == "ssh://git@a.org/x"
    assert without_password("git@github.com:a/b") == "git@github.com:a/b"


@pytest.mark.parametrize("scheme", ["http", "https", "HTTPS"])
def test_a_token_that_stands_for_the_user_is_not_shown(scheme: str) -> None:
    assert without_password(f"{scheme}://ghp_0123@github.com/a/b") == f"{scheme}://github.com/a/b"
