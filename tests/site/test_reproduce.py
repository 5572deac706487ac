"""What running an experiment again needs: what is there, what is missing, how to get it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cardgen.languages import load_labels
from cardgen.models import Command, Dataset, Environment, Model, Run, Source
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card
from cardgen.site.reproduce import check_needs, list_patches, list_steps
from tests.site.cards import Element, make_context, make_facts, render

COMMIT = "68d1eacfdc471001c1bb862b287e4bfaaad8e09a"
HEAD = "---\ncode: qa-1\n---\n\n## Goal\n\ng\n"
PATCH = "run-2026-11-21t09-28-09.patch"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer()
    yield renderer
    renderer.close()


def make_run(**values: object) -> Run:
    """A run that recorded all that is needed, but for what is given otherwise."""
    whole = {
        "commands": (Command(line="python train.py"),),
        "source": Source(commit=COMMIT, dirty=False),
        "data": (Dataset(name="polqa", digest="abc"),),
        "environment": Environment(python="3.11", seed=7, packages={"torch": "2.9"}),
        "output": (Model(name="m"),),
        "params": {"lr": 0.1},
    }
    return Run(ref="mlflow:1", tracker="mlflow", **{**whole, **values})


def missing(run: Run) -> list[str]:
    needs = check_needs(make_facts(HEAD, [run]), load_labels("en"))
    return [need.key for need in needs if not need.there]


def commands_of(prose: ProseRenderer, run: Run) -> Element:
    return render(prose, HEAD, [run]).part("commands")


def test_nothing_is_missing_where_all_was_recorded() -> None:
    assert missing(make_run()) == []


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        ("commands", (), "command"),
        ("commands", (Command(line="x", kind="predict"),), "command"),
        ("source", Source(dirty=False), "commit"),
        ("source", Source(commit=COMMIT), "clean"),
        ("source", Source(commit=COMMIT, dirty=True), "clean"),
        ("data", (), "data"),
        ("data", (Dataset(name="polqa"),), "data"),
        ("environment", Environment(seed=7), "environment"),
        ("environment", Environment(seed=7, python="3.11"), "environment"),
        ("environment", Environment(packages={"torch": "2.9"}), "seed"),
        ("output", (), "output"),
    ],
)
def test_what_was_not_recorded_is_missing(field: str, value: object, key: str) -> None:
    assert missing(make_run(**{field: value})) == [key]


@pytest.mark.parametrize("name", ["seed", "random_seed", "train/seed", "random_state", "Seed"])
def test_a_parameter_may_be_the_seed(name: str) -> None:
    run = make_run(environment=Environment(packages={"a": "1"}), params={name: 3})
    assert missing(run) == []


@pytest.mark.parametrize(("name", "value"), [("seedling", 3), ("reseed_data", 1), ("seed", None)])
def test_other_parameters_are_no_seed(name: str, value: object) -> None:
    run = make_run(environment=Environment(packages={"a": "1"}), params={name: value})
    assert missing(run) == ["seed"]


def test_changes_that_were_kept_are_there() -> None:
    run = make_run(source=Source(commit=COMMIT, dirty=True, patch=PATCH))
    facts = make_facts(HEAD, [run])
    assert missing(run) == []
    assert list_patches(facts) == (PATCH,)
    assert list_steps(facts, "lab/experiments/qa-1") == [
        f"git checkout {COMMIT}",
        f"git apply lab/experiments/qa-1/{PATCH}",
    ]


@pytest.mark.parametrize("name", ["../../.git/config", "/etc/passwd", "run-a/b.patch", "card.md"])
def test_no_other_file_is_taken_for_kept_changes(prose: ProseRenderer, name: str) -> None:
    run = make_run(source=Source(commit="; rm -rf ~", dirty=True, patch=name))
    facts = make_facts(HEAD, [run])
    assert list_patches(facts) == ()
    assert list_steps(facts, "experiments/qa-1") == []
    assert not [a for a in commands_of(prose, run).all("a") if "download" in a.attributes]


def test_nothing_is_asked_of_what_was_not_run() -> None:
    planned = make_facts("---\ncode: qa-1\nstatus: planned\ntrain: python a.py\n---\n")
    assert check_needs(planned, load_labels("en")) == ()


def test_one_quiet_line_where_nothing_is_missing(prose: ProseRenderer) -> None:
    part = commands_of(prose, make_run())
    assert not part.all("ul", "cg-needs")
    line = part.one("p", "cg-needs-there")
    anchors = [a.attributes["href"] for a in line.all("a")]
    assert len(anchors) == 7
    root = render(prose, HEAD, [make_run()])
    ids = {f"#{e.attributes['id']}" for e in root.all("h2")}
    assert set(anchors) <= ids


def test_what_is_missing_says_how_to_get_it(prose: ProseRenderer) -> None:
    part = commands_of(prose, make_run(source=Source(commit=COMMIT, dirty=True)))
    (line,) = part.one("ul", "cg-needs").all("li")
    assert "Uncommitted changes were not kept." in line.text
    assert "cardgen run qa-1" in line.text


def test_the_code_as_it_was_can_be_copied(prose: ProseRenderer) -> None:
    blocks = commands_of(prose, make_run()).all("div", "cg-command")
    assert [block.one("code").text for block in blocks] == [
        "python train.py",
        f"git checkout {COMMIT}",
    ]


def test_kept_changes_are_published_beside_the_page(prose: ProseRenderer) -> None:
    run = make_run(source=Source(commit=COMMIT, dirty=True, patch=PATCH))
    facts = make_facts(HEAD, [run])
    page = render_card(facts, make_context(prose, facts))
    assert page.files[PATCH] == facts.card.folder / PATCH
    assert f'href="{PATCH}"' in page.body
