"""Edits in place: the edited value's bytes change, and no others, or the edit is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.documents import split_document
from cardgen.edits import edit_front_matter, parse_assignment
from cardgen.errors import CardgenError, DocumentError, UsageError
from cardgen.safeyaml import parse_yaml

CARD = """---
code: qa-1   # the code
title: "Old: title" # keep
status: planned
tags: [a, b]  # tags
runs:
  - mlflow:abc  # first
  - hf:x
authors:
- Ann
baseline:
params:
  lr: 1e-4
  optim:
    name: adamw  # c
# trailing comment
model: org/name
x-note: |
  block

---

## Goal

status: planned
"""

PATH = Path("experiments/qa-1/card.md")


def edit(text: str, *assignments: str) -> str:
    parsed = tuple(parse_assignment(assignment) for assignment in assignments)
    return edit_front_matter(text, parsed, PATH, PATH.as_posix())


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("assignment", "old", "new"),
    [
        ("status=finished", "status: planned", "status: finished"),
        ("title=2024", '"Old: title" # keep', '"2024" # keep'),
        ("title=a # b", '"Old: title" # keep', '"a # b" # keep'),
        ("tags+=plt5", "[a, b]  # tags", "[a, b, plt5]  # tags"),
        ("tags-=a", "[a, b]  # tags", "[b]  # tags"),
        ("tags-=b", "[a, b]  # tags", "[a]  # tags"),
        ("tags=[]", "[a, b]  # tags", "[]  # tags"),
        ("runs+=mlflow:def", "  - hf:x\n", "  - hf:x\n  - mlflow:def\n"),
        ("runs-=hf:x", "  - hf:x\n", ""),
        ("authors+=Bob Żółć", "- Ann\n", "- Ann\n- Bob Żółć\n"),
        ("authors-=Ann", "authors:\n- Ann\n", "authors: []\n"),
        ("authors=[A, B]", "authors:\n- Ann\n", "authors: [A, B]\n"),
        ("baseline=qa-0", "baseline:\n", "baseline: qa-0\n"),
        ("params.lr=3e-5", "lr: 1e-4", "lr: 3.0e-05"),
        ("params.optim.name=sgd", "name: adamw  # c", "name: sgd  # c"),
        ("params.batch=32", "adamw  # c\n", "adamw  # c\n  batch: 32\n"),
        ("params.name=yes", "adamw  # c\n", 'adamw  # c\n  name: "yes"\n'),
        ("model={name: org/name, version: v1}", "org/name", "{name: org/name, version: v1}"),
        ("x-note=hey", "x-note: |\n  block\n", "x-note: hey\n"),
        ("date=2024-01-01", "  block\n\n", "  block\n\ndate: 2024-01-01\n"),
        ("data+=org/d", "  block\n\n", "  block\n\ndata: [org/d]\n"),
        (
            "source.commit=12e4567",
            "  block\n\n",
            '  block\n\nsource:\n  commit: "12e4567"\n',
        ),
        ("accepted=[]", "  block\n\n", "  block\n\naccepted: []\n"),
        (
            'accepted=[{rule: unsupported-number, about: "57.1", reason: By hand.}]',
            "  block\n\n",
            '  block\n\naccepted: [{rule: unsupported-number, about: "57.1", reason: By hand.}]\n',
        ),
        ("source.dirty=true", "  block\n\n", "  block\n\nsource:\n  dirty: true\n"),
    ],
)
def test_an_edit_changes_only_the_edited_value(
    assignment: str, old: str, new: str, newline: str
) -> None:
    text, old, new = (part.replace("\n", newline) for part in (CARD, old, new))
    assert text.count(old) >= 1
    assert edit(text, assignment) == text.replace(old, new, 1)


@pytest.mark.parametrize("assignment", ["tags+=a", "status=planned", "model=org/name"])
def test_an_edit_that_changes_no_value_changes_no_byte(assignment: str) -> None:
    assert edit(CARD, assignment) == CARD


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("status=done", "'status' should be"),
        ("titel=x", "'titel' is no key"),
        ("runs-=mlflow:abc", "comment beside"),
        ("runs=[mlflow:1]", "comments among"),
        ("tags-=zzz", "does not hold 'zzz'"),
        ("model.version=3", "single value"),
        ("params.optim=3", "cannot be edited|comments among"),
    ],
)
def test_an_edit_that_cannot_be_made_cleanly_is_refused(assignment: str, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        edit(CARD.replace("name: adamw", "name: adamw # x\n    # y\n    eps: 1"), assignment)


@pytest.mark.parametrize("text", ["status", "=x", "goal=x", "code=qa-2", ""])
def test_what_is_no_assignment_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_assignment(text)


def test_several_assignments_are_made_together_or_not_at_all() -> None:
    edited = edit(CARD, "status=failed", "tags+=x", "params.lr=1")
    assert parse_yaml(split_document(edited).front)["tags"] == ["a", "b", "x"]  # type: ignore[union-attr]
    with pytest.raises(DocumentError):
        edit(CARD, "status=failed", "titel=x")


@given(
    key=st.sampled_from(["title", "baseline", "metric", "params.lr", "params.optim.name", "model"]),
    value=st.text(max_size=40),
)
def test_any_text_is_kept_exactly_or_refused(key: str, value: str) -> None:
    try:
        edited = edit(CARD, f"{key}={value}")
    except CardgenError:
        return
    before, after = split_document(CARD), split_document(edited)
    assert before is not None
    assert after is not None
    assert after.body == before.body
    old, new = parse_yaml(before.front), parse_yaml(after.front)
    top = key.split(".", maxsplit=1)[0]
    assert {k: v for k, v in new.items() if k != top} == {k: v for k, v in old.items() if k != top}
    if key in ("title", "baseline", "metric", "model"):
        assert (new[key] or "") == value
