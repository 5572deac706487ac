"""Where models and data of a card lead to, and what the project's tags say of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cardgen.config import Settings
from cardgen.models import Dataset, FrontMatter, Model, Run
from cardgen.site.links import tag_url
from cardgen.site.places import Places
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card
from cardgen.versions import Registered, Registry
from tests.site.cards import Element, make_context, make_facts, parse

COMMIT = "3bde138342e460b378148dd4377bc4803be0f023"
GITHUB = "https://github.com/team/qa"
REGISTRY = Registry(
    (
        Registered("qa-digits", "v0.9.0", "1" * 40, "qa-digits@v0.9.0", (), withdrawn=True),
        Registered("qa-digits", "v1.0.0", COMMIT, "qa-digits@v1.0.0#3", ("prod", "staging")),
        Registered("team/x", "v2.0.0", COMMIT, "team/x@v2.0.0"),
    )
)
HEAD = "---\ncode: qa-1\n{}\n---\n\n## Goal\n\nOne.\n"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


def written(text: str) -> tuple[Model, Dataset]:
    front = FrontMatter.model_validate({"code": "qa-1", "model": text, "data": text})
    assert front.model is not None
    return front.model, front.data[0]


def make_run(tracker: str, url: str, ref: str = "1") -> Run:
    return Run(ref=f"{tracker}:{ref}", tracker=tracker, url=url)


def places(*runs: Run) -> Places:
    return Places.make(make_facts(HEAD.format(""), runs), GITHUB, REGISTRY)


MLFLOW = make_run("mlflow", "http://mlflow.example.com:5000/sub/#/experiments/1/runs/8c1f")


@pytest.mark.parametrize(
    ("text", "model", "data"),
    [
        ("team/qa@v1", "https://huggingface.co/team/qa/tree/v1",
         "https://huggingface.co/datasets/team/qa/tree/v1"),
        ("team/qa@refs/pr/1", "https://huggingface.co/team/qa/tree/refs%2Fpr%2F1",
         "https://huggingface.co/datasets/team/qa/tree/refs%2Fpr%2F1"),
        ("hf://datasets/team/qa@v1/dev.csv", "https://huggingface.co/datasets/team/qa/tree/v1",
         "https://huggingface.co/datasets/team/qa/tree/v1"),
        ("https://huggingface.co/team/qa/tree/v1", "https://huggingface.co/team/qa/tree/v1",
         "https://huggingface.co/team/qa/tree/v1"),
        ("https://example.com/dev.csv", "https://example.com/dev.csv",
         "https://example.com/dev.csv"),
        ("doi:10.5281/zenodo.123", "https://doi.org/10.5281/zenodo.123",
         "https://doi.org/10.5281/zenodo.123"),
        ("kaggle://owner/slug/versions/3", "https://www.kaggle.com/datasets/owner/slug/versions/3",
         "https://www.kaggle.com/datasets/owner/slug/versions/3"),
        ("team/qa/model:v3", "https://wandb.ai/team/qa/artifacts",
         "https://wandb.ai/team/qa/artifacts"),
        ("acme/wandb-registry-model/qa:v1", "", ""),
        ("models:/qa/3", "http://mlflow.example.com:5000/sub/#/models/qa/versions/3",
         "http://mlflow.example.com:5000/sub/#/models/qa/versions/3"),
        ("models:/q a@best", "http://mlflow.example.com:5000/sub/#/models/q%20a",
         "http://mlflow.example.com:5000/sub/#/models/q%20a"),
        ("qa-digits@v1.0.0", f"{GITHUB}/releases/tag/qa-digits%40v1.0.0%233", ""),
        ("qa-digits#prod", f"{GITHUB}/releases/tag/qa-digits%40v1.0.0%233", ""),
        ("qa-digits@latest", f"{GITHUB}/releases/tag/qa-digits%40v1.0.0%233", ""),
        ("team/x@v2.0.0", f"{GITHUB}/releases/tag/team/x%40v2.0.0",
         "https://huggingface.co/datasets/team/x/tree/v2.0.0"),
        ("qa-digits@v7.0.0", "", ""),
        ("lakefs://repo/main/dev.csv", "", ""),
        ("s3://bucket/a?versionId=1", "", ""),
        ("data/train.csv.dvc", "", ""),
        ("javascript:alert(1)", "", ""),
        ("bert", "", ""),
    ],
)  # fmt: skip
def test_where_things_lead_to(text: str, model: str, data: str) -> None:
    there = places(MLFLOW)
    assert there.link_model(written(text)[0]) == model
    assert there.link_dataset(written(text)[1]) == data


def test_what_trackers_record_leads_there_too() -> None:
    there = places(MLFLOW)
    best = Model(name="models:/qa@best", version="3")
    assert there.link_model(best) == "http://mlflow.example.com:5000/sub/#/models/qa"
    assert there.link_model(Model(name="team/qa", path="out/qa")) == ""
    assert there.link_dataset(Dataset(url="https://example.com/x")) == "https://example.com/x"


def test_a_server_is_linked_where_the_runs_name_one() -> None:
    model, _ = written("models:/qa/3")
    other = make_run("mlflow", "https://other.example.com/#/experiments/1/runs/x", "2")
    for runs in ((), (MLFLOW, other), (make_run("mlflow", "javascript:alert(1)"),),
                 (make_run("mlflow", "https://example.com/runs/1"),)):  # fmt: skip
        assert places(*runs).link_model(model) == ""
    assert places(MLFLOW, replace_ref(MLFLOW, "mlflow:3")).link_model(model)
    own = make_run("wandb", "https://ann:pw@wandb.example.com/team/qa/runs/1")
    artifact, _ = written("team/qa/model:v3")
    assert places(own).link_model(artifact) == "https://wandb.example.com/team/qa/artifacts"


def replace_ref(run: Run, ref: str) -> Run:
    return run.model_copy(update={"ref": ref})


def test_a_tag_that_has_no_page_leads_to_its_commit() -> None:
    model, _ = written("qa-digits@v1.0.0")
    there = places()
    elsewhere = replace(there, repository="https://git.example.com/team/qa")
    assert elsewhere.link_model(model) == f"https://git.example.com/team/qa/commit/{COMMIT}"
    assert replace(there, repository="/srv/qa.git").link_model(model) == ""


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("git@github.com:team/qa.git", f"{GITHUB}/releases/tag/qa%40v1.0.0%211"),
        ("https://gitlab.com/a/b/c", "https://gitlab.com/a/b/c/-/tags/qa%40v1.0.0%211"),
        ("git@bitbucket.org:t/qa", "https://bitbucket.org/t/qa/src/qa%40v1.0.0%211"),
        ("https://codeberg.org/t/qa", "https://codeberg.org/t/qa/src/tag/qa%40v1.0.0%211"),
        ("https://git.example.com/t/qa", ""), ("/srv/qa", ""), ("", ""),
    ],
)  # fmt: skip
def test_tags_of_each_host(address: str, page: str) -> None:
    assert tag_url(address, "qa@v1.0.0!1") == page
    assert tag_url(address, "") == ""


def model_part(prose: ProseRenderer, text: str, registry: Registry = REGISTRY) -> Element:
    facts = make_facts(HEAD.format(text))
    context = make_context(prose, facts, settings=Settings(repository=GITHUB))
    page = parse(render_card(facts, replace(context, registry=registry)).body)
    return page.part("model")


def test_a_page_shows_version_stages_and_commit(prose: ProseRenderer) -> None:
    part = model_part(prose, "output: qa-digits#prod")
    assert part.text == (
        f"Resulting model qa-digits prod staging version v1.0.0 commit {COMMIT[:10]}"
    )
    assert [link.attributes["href"] for link in part.all("a")] == [
        f"{GITHUB}/releases/tag/qa-digits%40v1.0.0%233", f"{GITHUB}/commit/{COMMIT}"
    ]  # fmt: skip
    assert [chip.text for chip in part.all("span", "cg-chip")] == ["prod", "staging"]
    withdrawn = model_part(prose, "output: qa-digits@v0.9.0").text
    assert withdrawn.endswith("version v0.9.0 commit 1111111111 registry withdrawn")
    assert model_part(prose, "output: qa-digits#prod", Registry()).text == (
        "Resulting model qa-digits prod"
    )


def test_an_address_without_a_page_is_shown(prose: ProseRenderer) -> None:
    part = model_part(prose, "data: [lakefs://repo/main/dev.csv, 's3://b/<k>?versionId=1']")
    assert part.text == (
        "Data repo/dev.csv version main address lakefs://repo/main/dev.csv "
        "Data b/<k> version 1 address s3://b/<k>?versionId=1"
    )
    assert part.all("a") == []
