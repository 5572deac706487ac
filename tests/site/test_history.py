"""Who changed a card when, from real repositories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cardgen.config import Config, load_config
from cardgen.site.history import (
    MAX_CHANGES,
    Change,
    Checkout,
    find_checkout,
    find_history,
    parse_history,
)
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card
from tests.projects import Project
from tests.site.cards import assert_inert, make_context, make_facts, parse

CARD = "---\ncode: {}\n---\n\n## Goal\n\nA text that is long enough to be found again: {}.\n"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer()
    yield renderer
    renderer.close()


@pytest.fixture
def lab(tmp_path: Path) -> Project:
    """A repository whose project lies in a folder of it."""
    project = Project(tmp_path)
    project.git("init", "-q", "-b", "main")
    project.write("lab/cardgen.yaml", "title: Lab\n")
    project.git("add", ".")
    project.git("commit", "-qm", "Begin")
    return project


def commit(lab: Project, code: str, subject: str, text: str = "x") -> None:
    lab.write(f"lab/experiments/{code}/card.md", CARD.format(code, text))
    lab.git("add", ".")
    lab.git("commit", "-qm", subject)


def history_of(lab: Project) -> dict[str, tuple[Change, ...]]:
    return find_history(load_config(lab.root / "lab"))


def subjects(changes: tuple[Change, ...]) -> list[str]:
    return [change.subject for change in changes]


def test_changes_of_each_card_the_latest_first(lab: Project) -> None:
    commit(lab, "qa-1", "Ask")
    commit(lab, "qa-2", "Another")
    lab.write("lab/experiments/qa-1/evidence.json", "{}")
    commit(lab, "qa-1", "Fill", "y")
    lab.write("lab/experiments/qa-1/notes.txt", "no part of the card")
    lab.git("add", ".")
    lab.git("commit", "-qm", "Notes")
    found = history_of(lab)
    assert subjects(found["qa-1"]) == ["Fill", "Ask"]
    assert subjects(found["qa-2"]) == ["Another"]
    first = found["qa-1"][0]
    assert first.files == ("card.md", "evidence.json")
    assert first.author == "Ann"
    assert first.commit == lab.git("rev-parse", "HEAD~1").strip()
    assert first.day.isoformat() == lab.git("log", "-1", "--format=%as", "HEAD~1").strip()


def test_a_renamed_card_keeps_its_history(lab: Project) -> None:
    commit(lab, "old-1", "Ask")
    lab.git("mv", "lab/experiments/old-1", "lab/experiments/mid-1")
    commit(lab, "mid-1", "First name")
    lab.git("mv", "lab/experiments/mid-1", "lab/experiments/new-1")
    commit(lab, "new-1", "Second name")
    found = history_of(lab)
    assert subjects(found["new-1"]) == ["Second name", "First name", "Ask"]
    assert [change.before for change in found["new-1"]] == ["mid-1", "old-1", ""]
    assert not {"old-1", "mid-1"} & found.keys()


def test_a_code_that_is_used_again_has_a_history_of_its_own(lab: Project) -> None:
    commit(lab, "qa-1", "Old")
    lab.git("mv", "lab/experiments/qa-1", "lab/experiments/qa-9")
    lab.git("commit", "-qm", "Make room")
    commit(lab, "qa-1", "New", "something else entirely, of other words and another length")
    found = history_of(lab)
    assert subjects(found["qa-9"]) == ["Make room", "Old"]
    assert subjects(found["qa-1"]) == ["New"]


def test_two_cards_may_change_places(lab: Project) -> None:
    for code, text in (("a-1", "apples and pears " * 9), ("b-1", "stones and bricks " * 9)):
        commit(lab, code, f"Ask {code}", text)
    folder = "lab/experiments"
    for old, new in (("a-1", "c"), ("b-1", "a-1"), ("c", "b-1")):
        lab.git("mv", f"{folder}/{old}", f"{folder}/{new}")
    lab.git("commit", "-qm", "Swap")
    found = history_of(lab)
    assert {"Ask a-1", "Ask b-1"} == {
        s for code in ("a-1", "b-1") for s in subjects(found[code])[1:]
    }
    assert all(len(found[code]) == 2 for code in ("a-1", "b-1"))


def test_what_was_read_is_kept_and_what_came_after_is_added(lab: Project) -> None:
    commit(lab, "old-1", "Ask")
    commit(lab, "qa-2", "Another")
    assert set(history_of(lab)) == {"old-1", "qa-2"}
    kept = lab.root / "lab/.cardgen/history.json"
    before = kept.read_bytes()
    assert subjects(history_of(lab)["old-1"]) == ["Ask"]
    assert kept.read_bytes() == before
    lab.git("mv", "lab/experiments/old-1", "lab/experiments/new-1")
    commit(lab, "new-1", "Rename")
    commit(lab, "qa-2", "Change", "z")
    added = history_of(lab)
    kept.unlink()
    assert added == history_of(lab)
    assert subjects(added["new-1"]) == ["Rename", "Ask"]
    assert subjects(added["qa-2"]) == ["Change", "Another"]


def test_a_rewritten_history_is_read_anew(lab: Project) -> None:
    commit(lab, "qa-1", "Ask")
    history_of(lab)
    lab.git("commit", "-q", "--amend", "-m", "Asked")
    assert subjects(history_of(lab)["qa-1"]) == ["Asked"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"folder": "experiments", "head": "--all"}'])
def test_what_was_kept_may_be_damaged(lab: Project, text: str) -> None:
    commit(lab, "qa-1", "Ask")
    lab.write("lab/.cardgen/history.json", text)
    assert subjects(history_of(lab)["qa-1"]) == ["Ask"]


def test_only_the_latest_changes_are_kept(lab: Project) -> None:
    for number in range(MAX_CHANGES + 3):
        commit(lab, "qa-1", f"Change {number}", str(number))
    changes = history_of(lab)["qa-1"]
    assert len(changes) == MAX_CHANGES
    assert changes[0].subject == f"Change {MAX_CHANGES + 2}"


def test_a_shallow_clone_has_what_it_has(lab: Project, tmp_path: Path) -> None:
    commit(lab, "qa-1", "Ask")
    commit(lab, "qa-1", "Answer", "y")
    clone = Project(tmp_path / "clone")
    lab.git("clone", "-q", "--depth=1", f"file://{lab.root}", str(clone.root))
    assert subjects(history_of(clone)["qa-1"]) == ["Answer"]


def test_no_repository_has_no_history(tmp_path: Path) -> None:
    assert find_history(Config(root=tmp_path)) == {}
    assert find_checkout(tmp_path) == Checkout("main", "")


def test_no_git_has_no_history(lab: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(lab, "qa-1", "Ask")
    monkeypatch.setenv("PATH", str(lab.root))
    assert history_of(lab) == {}
    assert find_checkout(lab.root) == Checkout("main", "")


def test_the_branch_is_the_one_that_origin_shows(lab: Project) -> None:
    assert find_checkout(lab.root / "lab") == Checkout("main", "lab/")
    lab.git("update-ref", "refs/remotes/origin/trunk/2", "HEAD")
    lab.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk/2")
    assert find_checkout(lab.root / "lab").branch == "trunk/2"


def test_a_subject_forges_no_other_commit(lab: Project) -> None:
    commit(lab, "qa-1", "Ask")
    forged = "\x01" + "a" * 40 + " 2026-01-01T00:00:00Z Bob"
    commit(lab, "qa-1", f"Evil {forged}", "y")
    for change in history_of(lab)["qa-1"]:
        assert change.author == "Ann"
        assert change.commit != "a" * 40


@pytest.mark.parametrize(
    "text", ["", "\x01", "\x01a\0b", "\x01" + "a" * 40 + "\0" + "2026-01-01T00:00:00Z\0A\0S\0\nM"]
)
def test_a_text_that_was_cut_is_read_as_far_as_it_goes(text: str) -> None:
    assert parse_history(text) == {}


EVIL = "<img src=x onerror=alert(1)>\u202e</td></table><script>alert(1)</script>"


def test_hostile_names_and_subjects_are_text(lab: Project, prose: ProseRenderer) -> None:
    lab.git("config", "user.name", "x")
    lab.write("lab/experiments/qa-1/card.md", CARD.format("qa-1", "x"))
    lab.git("add", ".")
    lab.git("commit", "-qm", EVIL, f"--author={EVIL.replace('<', '[').replace('>', ']')} <a@b.c>")
    facts = make_facts(CARD.format("qa-1", "x"))
    context = replace(make_context(prose, facts), history=history_of(lab))
    body = render_card(facts, context).body
    assert_inert(body)
    part = parse(body).one("table", "cg-history")
    assert "<script>alert(1)</script>" in part.text
    assert "\u202e" not in body


def test_a_commit_links_to_its_page(lab: Project, prose: ProseRenderer) -> None:
    commit(lab, "qa-1", "Ask")
    facts = make_facts(CARD.format("qa-1", "x"))
    context = make_context(prose, facts)
    settings = context.settings.model_copy(update={"repository": "https://github.com/a/b"})
    config = context.config.model_copy(update={"settings": settings})
    context = replace(context, config=config, history=history_of(lab))
    link = parse(render_card(facts, context).body).one("table", "cg-history").one("a")
    head = lab.git("rev-parse", "HEAD").strip()
    assert link.attributes["href"] == f"https://github.com/a/b/commit/{head}"
    assert link.text == head[:7]
