"""Links that a card's values become, and texts that become none."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.repositories import commit_url, safe_url
from cardgen.site.links import (
    dataset_url,
    is_hub_id,
    model_url,
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
