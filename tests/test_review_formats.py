"""A review as text, as Markdown for one comment, and as JSON that comes from strangers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from cardgen.config import load_config
from cardgen.errors import CardgenError
from cardgen.evidence import format_evidence
from cardgen.models import Checkpoint, Evidence, Run
from cardgen.review import FORMATS, Review, format_review, load_review, review_cards
from cardgen.review.jsons import parse_review
from cardgen.review.markdown import MARKER, MAX_BYTES
from cardgen.review.models import MAX_BYTES as MAX_JSON
from cardgen.review.models import (
    MAX_CARDS,
    MAX_CHANGES,
    MAX_LINES,
    MAX_PROBLEMS,
    TEXT,
    Alike,
    Change,
    Found,
    Measure,
    ReviewedCard,
    clip,
)
from cardgen.schemas import make_schemas
from tests.hostile import HOSTILE, WRITABLE
from tests.projects import Project
from tests.test_markdown import REFERENCES, SEEN, read

OURS = SEEN | {"details", "summary", "h3", "sub", "em", "strong", "ul", "li", "blockquote", "!--"}
TAGS = re.compile(r"<(?!(?:/?details|details open|/?summary|/?code|/?sub|!-- cardgen-review --)>)")
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")


def make_card(text: str, code: str = "") -> ReviewedCard:
    """A card with a text in every field that data comes into."""
    name, said = clip(text, 120), clip(text)
    change = Change(
        topic="params", name=name, old=said, new=said + "x" if len(said) < TEXT else "x",
        note=said, lines=(said, clip(f"+ {text}")), attention=said, difference=0.5, better=True,
    )  # fmt: skip
    topics = ("evidence", "results", "text", "about", "inputs", "params", "files")
    changes = tuple(change.model_copy(update={"topic": topic}) for topic in topics)
    added = tuple(one.model_copy(update={"old": "", "attention": ""}) for one in changes)
    measure = Measure(
        metric=name, text=name, was=name, base=name or "1", difference=-0.5, better=False
    )
    found = Found(path=said, line=3, rule=name, severity="error", message=said, hint=said)
    return ReviewedCard(
        code=code or name, kind="renamed", before=name, title=said, status=name, path=said,
        baseline=name, notes=(said,), measures=(measure, measure), changes=(*changes, *added),
        versus=changes, missing=(name,), similar=(Alike(code=name, reasons=(said, said)),),
        problems=(found, found.model_copy(update={"new": False})),
    )  # fmt: skip


def make_review(text: str) -> Review:
    name, said = clip(text, 120), clip(text)
    return Review(base=name, head=name, old="a" * 40, notes=(said,), cards=(make_card(text),))


def check_markdown(text: str) -> None:
    """What a reader of the comment sees is data, and tags of our own."""
    assert text.startswith(f"{MARKER}\n")
    assert text.count("<!--") == 1
    assert len(text.encode()) <= MAX_BYTES
    page = read(text)
    assert set(page.tags) <= OURS, set(page.tags) - OURS
    assert page.targets == []
    assert not REFERENCES.search(page.loose), REFERENCES.search(page.loose)
    assert page.tags.count("details") == page.tags.count("summary")
    check_log(text)


def check_log(text: str) -> None:
    """What the log of a job, or a terminal, would obey."""
    assert not CONTROLS.search(text), CONTROLS.search(text)
    assert "##[" not in text
    assert "##vso[" not in text
    for line in text.split("\n"):
        assert not line.lstrip().startswith("::"), line


@pytest.mark.parametrize("part", range(12))
def test_hostile_texts_do_nothing(part: int) -> None:
    for text in HOSTILE[part::12]:
        review = make_review(text)
        check_markdown(format_review(review, "md"))
        check_log(format_review(review, "text"))
        written = format_review(review, "json")
        check_log(written)
        assert parse_review(written) == review
        assert format_review(parse_review(written), "md") == format_review(review, "md")


def test_hostile_cards_of_a_real_branch_do_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.git("init", "-q", "-b", "main")
    project.write("cardgen.yaml", "")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "main")
    project.git("checkout", "-q", "-b", "topic")
    texts = [text for text in WRITABLE if len(text) < 2000]
    for number in range(0, len(texts), 5):
        write_hostile(project, f"qa-{number}", *texts[number : number + 5])
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "topic")
    review = review_cards(load_config(tmp_path), "main")
    assert len(review.cards) == min(len(range(0, len(texts), 5)), MAX_CARDS)
    titles = {card.title for card in review.cards}
    assert len(titles) > 50
    for part in range(0, len(review.cards), 8):
        some = review.model_copy(update={"cards": review.cards[part : part + 8]})
        check_markdown(format_review(some, "md"))
    for kind in ("text", "json"):
        check_log(format_review(review, kind))
    check_markdown(project.ok("review", "main", "--format", "md").removesuffix("\n"))


def write_hostile(project: Project, code: str, *texts: str) -> None:
    title, goal, name, metric, tag = (*texts, "a", "b", "c", "d", "e")[:5]
    front = {"code": code, "title": title, "tags": [tag], "params": {name or "x": goal}}
    head = json.dumps(front, ensure_ascii=True)
    project.write(f"experiments/{code}/card.md", f"---\n{head}\n---\n## Goal\n\n{goal}\n")
    points = (Checkpoint(step=1, metrics={metric: 0.5}),)
    run = Run(ref=f"mlflow:{name}", tracker="mlflow", name=title, checkpoints=points)
    text = format_evidence(Evidence(code=code, runs=(run,)))
    project.write(f"experiments/{code}/evidence.json", text)


# Size ------------------------------------------------------------------------------------------


def make_large(count: int, text: str) -> Review:
    change = Change(
        topic="text", name="goal", new="9 words", lines=tuple([clip(f"+ {text}")] * MAX_LINES)
    )
    cards = tuple(
        ReviewedCard(
            code=f"qa-{number}",
            kind="changed",
            title=clip(text),
            changes=tuple([change] * MAX_CHANGES),
            problems=tuple(
                [Found(path="x", rule="x", severity="error", message=clip(text))] * MAX_PROBLEMS
            ),
        )
        for number in range(count)
    )
    return Review(base="main", head="HEAD", cards=cards, more_cards=7)


@pytest.mark.parametrize("text", ["wide " * 100, "ж" * 400, "\U0001f600" * 400, "##" * 200])
@pytest.mark.parametrize("count", [1, 12, MAX_CARDS])
def test_sizes_are_bounded(text: str, count: int) -> None:
    review = make_large(count, text)
    shown = format_review(review, "md")
    assert len(shown.encode()) <= MAX_BYTES
    details = shown.count("<details>") + shown.count("<details open>")
    assert details == shown.count("</details>") >= 1
    assert f"… and {count - details + 7} more: run `cardgen review`." in shown
    check_markdown(shown)
    written = format_review(review, "json")
    assert len(written.encode()) <= MAX_JSON
    kept = parse_review(written)
    assert len(kept.cards) + kept.more_cards == count + 7
    assert all(card.problems or card.more_problems == MAX_PROBLEMS for card in kept.cards)


def test_few_cards_are_open_and_the_table_comes_first() -> None:
    shown = format_review(make_review("plain"), "md")
    assert shown.index("| card") < shown.index("Look at this first") < shown.index("<details open>")


# JSON from strangers ---------------------------------------------------------------------------


def schema() -> dict[str, object]:
    found: dict[str, object] = json.loads(make_schemas()["review.schema.json"])
    return found


def test_what_is_written_is_as_the_schema_says() -> None:
    for review in (make_review("plain"), make_large(2, "x"), Review(base="a", head="b")):
        values = json.loads(format_review(review, "json"))
        assert values["schema"] == 1
        jsonschema.validate(values, schema())


def spoil(path: str, value: object) -> str:
    values = json.loads(format_review(make_review("plain"), "json"))
    target = values
    *parents, last = path.split("/")
    for part in parents:
        target = target[int(part)] if isinstance(target, list) else target[part]
    target[last] = value
    return json.dumps(values)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", 2),
        ("extra", 1),
        ("base", 5),
        ("base", "x" * 121),
        ("old", "<b>"),
        ("old", "HEAD"),
        ("more_cards", -1),
        ("more_cards", "1"),
        ("cards", {}),
        ("cards", [{"code": "a", "kind": "new"}] * (MAX_CARDS + 1)),
        ("notes", ["x"] * 13),
        ("cards/0/kind", "<script>"),
        ("cards/0/title", "x" * (TEXT + 1)),
        ("cards/0/title", None),
        ("cards/0/html", "<b>"),
        ("cards/0/problems/0/severity", "bad"),
        ("cards/0/problems/0/line", 1.5),
        ("cards/0/problems/0/line", 10**12),
        ("cards/0/changes/0/topic", "other"),
        ("cards/0/changes/0/better", "yes"),
        ("cards/0/changes/0/lines", ["x"] * (MAX_LINES + 1)),
        ("cards/0/measures/0/difference", "NaN"),
    ],
)
def test_reviews_that_are_none_are_refused(path: str, value: object, tmp_path: Path) -> None:
    text = spoil(path, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(text), schema())
    with pytest.raises(CardgenError, match="It is no review"):
        parse_review(text)
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    done = Project(tmp_path).cardgen("review", "--from", "r.json", "--format", "md")
    assert (done.status, done.out) == (2, "")


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", "[" * 100_000, '{"base": NaN}', "\ufeff{}", " " * (MAX_JSON + 1)],
)
def test_texts_that_are_no_review_are_refused(text: str) -> None:
    with pytest.raises(CardgenError):
        parse_review(text.encode())


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(CardgenError, match="cannot be read"):
            load_review(path)
    (tmp_path / "huge.json").write_bytes(b" " * (MAX_JSON + 1))
    with pytest.raises(CardgenError, match="more than"):
        load_review(tmp_path / "huge.json")


def test_a_review_is_shown_again_without_a_repository(tmp_path: Path) -> None:
    review = make_review("plain <b>@text</b>")
    (tmp_path / "r.json").write_text(format_review(review, "json"), encoding="utf-8")
    project = Project(tmp_path)
    for kind in FORMATS:
        done = project.ok("review", "--from", "r.json", "--format", kind)
        assert done == format_review(review, kind) + "\n"
    assert project.cardgen("review", "--from", "r.json", "--fail").status == 1
