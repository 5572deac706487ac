"""What 'check --fix' mends, byte for byte, and what it leaves alone."""

from __future__ import annotations

import json

import pytest

from cardgen.check.fixing import fix_problems
from cardgen.config import load_config
from cardgen.models import Problem
from tests.projects import Project

CARD = "experiments/qa-1/card.md"
BODY = "## Goal\n\nIs  it?  titel: x   \n\n## Conclusions\n\nmetric: f1 titel\n"


def mend(project: Project, front: str) -> tuple[str, str, list[str]]:
    """The front matter after the fix, what was said on stderr, and the rules that are left."""
    project.write(CARD, f"---\n{front}---\n{BODY}")
    done = project.cardgen("check", "--fix", "--format", "json")
    assert done.status in (0, 1), done
    text = project.read(CARD)
    assert text.endswith(f"---\n{BODY}")
    left = [problem["rule"] for problem in json.loads(done.out)["problems"]]
    return text.removeprefix("---\n").removesuffix(f"---\n{BODY}"), done.err, left


@pytest.mark.parametrize(
    ("front", "mended", "said"),
    [
        ("code: qa-7  # mine\ntitle: a\n", "code: qa-1  # mine\ntitle: a\n", "code=qa-1"),
        (
            "code: qa-1\nmetric:   f1 # the\nresults: {eval/f1: 1, eval/loss: 2}\n",
            "code: qa-1\nmetric:   eval/f1 # the\nresults: {eval/f1: 1, eval/loss: 2}\n",
            "metric=eval/f1",
        ),
        (
            "code: qa-1\nsupersedes:\n  - qa-1\n  - qa-2 # kept\n",
            "code: qa-1\nsupersedes:\n  - qa-2 # kept\n",
            "supersedes-=qa-1",
        ),
        ("code: qa-1\ntitel:   'a'   # b\n", "code: qa-1\ntitle:   'a'   # b\n", "titel -> title"),
        ('code: qa-1\n"Titel" : a\n', "code: qa-1\ntitle : a\n", "Titel -> title"),
        ("tag: [a]\ncode: qa-1\n", "tags: [a]\ncode: qa-1\n", "tag -> tags"),
        (
            "code: qa-1\nmodel:\n  nane: a/b\n  version: x\n",
            "code: qa-1\nmodel:\n  name: a/b\n  version: x\n",
            "model.nane -> model.name",
        ),
        (
            "code: qa-1\ndata: [{name: a}, {nam: b, versoin: v2}]\n",
            "code: qa-1\ndata: [{name: a}, {name: b, version: v2}]\n",
            "data.1.nam -> data.1.name",
        ),
    ],
)
def test_what_is_mended(project: Project, front: str, mended: str, said: str) -> None:
    project.write("experiments/qa-2/card.md", "---\ncode: qa-2\n---\n## Goal\nx\n")
    project.write("experiments/qa-7/card.md", "---\ncode: qa-7\n---\n## Goal\nx\n")
    after, err, left = mend(project, front)
    assert after == mended
    assert f"fixed  {CARD}: {said}\n" in err
    assert not set(left) & {"code-folder", "metric-unknown", "supersedes-unknown", "unknown-key"}


@pytest.mark.parametrize(
    ("front", "rule"),
    [
        ("code: qa-1\nmetric: f1\nresults: {eval/f1: 1, test/f1: 2}\n", "metric-unknown"),
        ("code: qa-1\ntitel: a\ntitle: b\n", "unknown-key"),
        ("code: qa-1\nwhatever: a\n", "unknown-key"),
        ("code: qa-1\nmetrics: {a: 1}\n", "unknown-key"),
        ("code: qa-1\nstatuss: nonsense\n", "unknown-key"),
        ("code: qa-1\nsource: {comit: abc, commit: abd}\n", "unknown-key"),
        ("code: qa-1\nbaseline: qa-1\n", "baseline-self"),
        ("code: qa-1\nbaseline: qa-l\n", "baseline-unknown"),
        ("code: qa-1\ntitel: a\nresults: [\n", "front-matter"),
    ],
)
def test_what_is_left_alone(project: Project, front: str, rule: str) -> None:
    after, err, left = mend(project, front)
    assert after == front
    assert "fixed" not in err
    assert rule in left


def test_what_cannot_be_mended_is_said(project: Project) -> None:
    _, err, _ = mend(project, "code: qa-1\nstatuss: nonsense\n")
    assert err.startswith(f"left   {CARD}: statuss -> status: ")


def test_line_ends_and_a_byte_order_mark_stay(project: Project) -> None:
    path = project.root / CARD
    path.parent.mkdir(parents=True)
    text = "\ufeff---\r\ncode: qa-1\r\ntitel: a\r\n---\r\n## Goal\r\nx\r\n"
    path.write_bytes(text.encode())
    done = project.cardgen("check", "--fix")
    assert path.read_bytes() == text.replace("titel", "title").encode(), done


def test_only_the_chosen_cards_are_mended(project: Project) -> None:
    for code in ("qa-1", "qa-2"):
        project.write(
            f"experiments/{code}/card.md", f"---\ncode: {code}\ntitel: a\n---\n## Goal\nx"
        )
    done = project.cardgen("check", "--fix", "qa-2")
    assert done.out == "No problems found.\n"
    assert "titel" in project.read(CARD)
    assert "title" in project.read("experiments/qa-2/card.md")


@pytest.mark.parametrize(
    "fix", ["baseline=x\ny", "prose -> goal", "no fix", "a -> b -> c", "x=1", "code=../x", "=", ""]
)
def test_a_fix_that_is_none_changes_nothing(project: Project, fix: str) -> None:
    text = f"---\ncode: qa-1\n---\n{BODY}"
    project.write(CARD, text)
    problem = Problem(CARD, 1, "schema", "error", "x", fix=(fix,))
    (fixed,) = fix_problems(load_config(project.root), [problem])
    if fixed.error is None:
        assert fix == "baseline=x\ny"
        return
    assert project.read(CARD) == text
