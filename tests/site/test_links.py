"""Links that a card's values become, and texts that become none."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.site.links import (
    commit_url,
    dataset_url,
    is_hub_id,
    model_url,
    parse_repository,
    safe_url,
    without_password,
)

COMMIT = "3bde138342e460b378148dd4377bc4803be0f023"


@pytest.mark.parametrize(
    "name",
    ["allegro/plt5-base", "google/flan-t5-xl", "a/b", "meta-llama/Llama-3.2-1B", "team/qa_v2.1"],
)
def test_ids_of_the_hub(name: str) -> None:
    assert is_hub_id(name)
    assert model_url(name) == f"https://huggingface.co/{name}"
    assert dataset_url(name) == f"https://huggingface.co/datasets/{name}"


@pytest.mark.parametrize(
    "name",
    [
        "", "bert", "models/best", "data/train", "out/qa-1", "experiments/qa-1", "team/model.pt",
        "qa/checkpoint-500", "runs/x", "a/b/c", "/a/b", "./a/b", "../b", "a/..", "a/.b", "a\\b",
        "a/b ", "a /b", "a/b?x", "a/b#c", "a--b/c", "C:/model", "s3://bucket/x", "żółw/model",
        "a/" + "b" * 200, "team/data.csv", "Data/Train", "a/b\n", "models:/qa/3",
    ],
)  # fmt: skip
def test_paths_and_other_texts_are_no_ids(name: str) -> None:
    assert not is_hub_id(name)
    assert model_url(name) == ""


@pytest.mark.parametrize(
    ("name", "version", "url"),
    [
        ("a/b", "main", "https://huggingface.co/a/b/tree/main"),
        ("a/b", "v1.0", "https://huggingface.co/a/b/tree/v1.0"),
        ("a/b", COMMIT, f"https://huggingface.co/a/b/tree/{COMMIT}"),
        ("a/b", "3", "https://huggingface.co/a/b"),
        ("a/b", "x/../y", "https://huggingface.co/a/b"),
        ("a/b", "\"><script>", "https://huggingface.co/a/b"),
        ("hf://a/b", "", "https://huggingface.co/a/b"),
        ("hf://models/a/b/file.bin", "", "https://huggingface.co/a/b"),
        ("hf://datasets/a/b@main/x.parquet", "", "https://huggingface.co/datasets/a/b/tree/main"),
    ],
)  # fmt: skip
def test_revisions_and_hub_addresses(name: str, version: str, url: str) -> None:
    assert model_url(name, version) == url


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


@given(st.text() | st.from_regex(r"[a-z+]{1,9}:/{0,3}[^ ]{0,20}"), st.text(max_size=50))
def test_any_text_gives_a_web_address_or_none(text: str, version: str) -> None:
    for url in (
        safe_url(text),
        model_url(text, version),
        dataset_url(text),
        commit_url(text, COMMIT),
    ):
        assert url == "" or urlsplit(url).scheme in ("http", "https")
        assert not set(url) & set("\"'<> \n") - {"'"}
