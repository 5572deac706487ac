"""Texts that name models and data, and texts that only look like it."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cardgen.models import Dataset, FrontMatter, Model
from cardgen.references import MAX_TEXT, Reference, format_reference, parse_reference

COMMIT = "3bde138342e460b378148dd4377bc4803be0f023"
REFERENCES = {
    "allegro/plt5-base@main": Reference("hub", "allegro/plt5-base", "main"),
    f"team/qa@{COMMIT}": Reference("hub", "team/qa", COMMIT),
    "team/qa@refs/pr/3": Reference("hub", "team/qa", "refs/pr/3"),
    "hf://datasets/team/qa@refs%2Fpr%2F3/dev.csv": Reference(
        "hub", "team/qa", "refs/pr/3", (), "dev.csv", "dataset",
        "hf://datasets/team/qa@refs%2Fpr%2F3/dev.csv",
    ),
    "hf://team/qa": Reference("hub", "team/qa", url="hf://team/qa"),
    "https://huggingface.co/team/qa/tree/v1.0": Reference(
        "hub", "team/qa", "v1.0", subject="model", url="https://huggingface.co/team/qa/tree/v1.0"
    ),
    "https://huggingface.co/datasets/team/qa": Reference(
        "hub", "team/qa", subject="dataset", url="https://huggingface.co/datasets/team/qa"
    ),
    "qa-digits@v1.0.0": Reference("gto", "qa-digits", "v1.0.0"),
    "qa-digits@v1.2.0-rc.1+b5": Reference("gto", "qa-digits", "v1.2.0-rc.1+b5"),
    "team/x@v1.0.0": Reference("gto", "team/x", "v1.0.0"),
    "models=seg-net@v1.2.0": Reference("gto", "models:seg-net", "v1.2.0"),
    "models:seg-net@v1.2.0": Reference("gto", "models:seg-net", "v1.2.0"),
    "qa#prod": Reference("gto", "qa", aliases=("prod",)),
    "qa#prod#3": Reference("gto", "qa", aliases=("prod",)),
    "qa#prod@1": Reference("gto", "qa", aliases=("prod",)),
    "qa@latest": Reference("gto", "qa", aliases=("latest",)),
    "models:/qa/3": Reference("mlflow", "qa", "3", url="models:/qa/3"),
    "models:/qa@champion": Reference("mlflow", "qa", "", ("champion",), url="models:/qa@champion"),
    "models:/qa/Production": Reference(
        "mlflow", "qa", "", ("Production",), url="models:/qa/Production"
    ),
    "models:/main.qa.reader/3": Reference(
        "mlflow", "main.qa.reader", "3", url="models:/main.qa.reader/3"
    ),
    "team/qa/model:v3": Reference(
        "wandb", "team/qa/model", "v3", url="wandb-artifact://team/qa/model:v3"
    ),
    "team/qa/model:best": Reference(
        "wandb", "team/qa/model", "", ("best",), url="wandb-artifact://team/qa/model:best"
    ),
    "wandb-artifact:///team/qa/model:v3": Reference(
        "wandb", "team/qa/model", "v3", url="wandb-artifact:///team/qa/model:v3"
    ),
    "lakefs://repo/main/data/train.csv": Reference(
        "lakefs", "repo/data/train.csv", "main", (), "data/train.csv",
        url="lakefs://repo/main/data/train.csv",
    ),
    "lakefs://repo/main": Reference("lakefs", "repo", "main", url="lakefs://repo/main"),
    "s3://bucket/a/b.csv?versionId=3%2Fx&y=1": Reference(
        "object", "bucket/a/b.csv", "3/x", url="s3://bucket/a/b.csv?versionId=3%2Fx&y=1"
    ),
    "gs://bucket/a#17": Reference("object", "bucket/a", "17", url="gs://bucket/a#17"),
    "doi:10.5281/zenodo.123": Reference(
        "doi", "10.5281/zenodo.123", url="https://doi.org/10.5281/zenodo.123"
    ),
    "kaggle://owner/slug/versions/3": Reference(
        "kaggle", "owner/slug", "3", (), "", "dataset",
        "https://www.kaggle.com/datasets/owner/slug/versions/3",
    ),
    "https://www.kaggle.com/models/google/gemma/jax/2b/1": Reference(
        "kaggle", "google/gemma/jax/2b", "1", (), "", "model",
        "https://www.kaggle.com/models/google/gemma/jax/2b/1",
    ),
    "data/train.csv.dvc": Reference("dvc", "data/train.csv", path="data/train.csv"),
}  # fmt: skip
PLAIN = (
    "", "bert", "allegro/plt5-base", "sklearn digits", "jan@example.com", "team/jan@example.com",
    "@scope/package@1.0.0", "git@github.com:team/qa", "https://user@example.com/x", "qa@1.0",
    "qa@v1", "report.html#part", "issue #12", "C#", "C# 12", "mlruns#8c1f0d2a", "models/best",
    "data/train.csv@v1", "./out@v", "a b@v1.0.0", "s3://bucket/key", "gs://bucket/key",
    "s3://bucket?versionId=1", "models:/m-aa7c64b2399c4709b8c4ab5cdb6ead23", "models:/qa",
    "ghcr.io/team/image:tag", "team/image:tag", "docker.io/a/b/c:v1", "data/raw/x:v1", "C:/a/b:c",
    "https://zenodo.org/records/123",
    "https://huggingface.co/docs/transformers", "https://example.com/a@b",
    "/abs/x.dvc", "../x.dvc", ".dvc",
    "a/../x.dvc", "lakefs://repo", "hf://", "hf://spaces/a/b", "team/q..a@main", "team/q--a@main",
    "runs:/abc/model", "10.5/x", "dvc.lock", "żółw@v1.0.0", "a\nb@v1.0.0", "@v1.0.0", "#prod",
)  # fmt: skip


@pytest.mark.parametrize(("text", "reference"), REFERENCES.items(), ids=lambda x: str(x)[:60])
def test_references_are_taken_apart(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference
    assert parse_reference(f"  {text}\n") == reference
    assert parse_reference(format_reference(reference)) == reference


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_stay_names(text: str) -> None:
    assert parse_reference(text) == Reference(name=text)
    assert format_reference(Reference(name=text)) == text


KNOWN = st.sampled_from(sorted(REFERENCES))


@given(
    st.one_of(
        st.text(max_size=60),
        st.text("abv1.0/@:#?=+-_", max_size=40),
        st.builds("{}{}{}".format, KNOWN, st.text("/@:#v1", max_size=3), st.just("") | KNOWN),
    )
)
@example("a" * (MAX_TEXT + 1))
@example("kaggle:a/b/1/2")
@example("s3://b/k?versionId=%00")
@example("hf://a/b@%2E%2E")
def test_any_text_is_read_and_written_alike(text: str) -> None:
    reference = parse_reference(text)
    assert reference.name == text.strip() or reference.kind != "name"
    assert parse_reference(format_reference(reference)) == reference


@pytest.mark.parametrize("piece", ["a", "a/", "1.", "-", "a-", "#a", "@v1.", "/", "s3://a/", "a:"])
def test_long_texts_are_read_at_once(piece: str) -> None:
    started = time.monotonic()
    for text in (piece * (MAX_TEXT // len(piece)), piece * MAX_TEXT, f"{piece * 1000}@v1.0.0!"):
        parse_reference(text)
    assert time.monotonic() - started < 5  # a guard against patterns that take forever


# In the front matter -------------------------------------------------------------------------


def test_shorthands_give_name_and_version() -> None:
    front = FrontMatter.model_validate(
        {
            "code": "qa-1",
            "model": "allegro/plt5-base@main",
            "data": [
                "lakefs://repo/main/dev.csv",
                {"name": "s3://bucket/a?versionId=3", "context": "train"},
                "wandb-artifact://team/qa/dev:latest",
                "data/train.csv.dvc",
                "glue#sst2",
            ],
            "output": ["qa@v1.0.0", "qa#prod", "models:/qa@champion"],
        }
    )
    assert front.model == Model(name="allegro/plt5-base", version="main")
    assert front.data == (
        Dataset(name="repo/dev.csv", version="main", url="lakefs://repo/main/dev.csv"),
        Dataset(name="bucket/a", version="3", context="train", url="s3://bucket/a?versionId=3"),
        Dataset(name="team/qa/dev", version="latest", url="wandb-artifact://team/qa/dev:latest"),
        Dataset(name="data/train.csv", path="data/train.csv"),
        Dataset(name="glue#sst2"),  # a configuration, no stage
    )
    assert front.output == (
        Model(name="qa", version="v1.0.0"),
        Model(name="qa", aliases=("prod",)),
        Model(name="qa", aliases=("champion",), url="models:/qa@champion"),
    )


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_reference_means_what_it_meant(text: str) -> None:
    front = FrontMatter.model_validate({"code": "qa-1", "model": text, "data": [text]})
    assert front.model == Model(name=text)
    assert front.data == (Dataset(name=text),)


def test_what_is_spelt_out_stays() -> None:
    given = {"name": "team/qa@main", "version": "x"}
    front = FrontMatter.model_validate({"code": "qa-1", "model": given, "data": given})
    assert front.model == Model(name="team/qa@main", version="x")
    assert front.data == (Dataset(name="team/qa@main", version="x"),)
