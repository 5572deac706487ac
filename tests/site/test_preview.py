"""Pictures for link previews: what they tell, and that they are made only where needed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from cardgen.config import Settings, SiteConfig
from cardgen.models import Checkpoint, Curve, Run
from cardgen.site.page import Page
from cardgen.site.preview import (
    HEIGHT,
    WIDTH,
    Sketch,
    can_write,
    draw_picture,
    is_whole,
    make_picture,
)
from cardgen.site.prose import ProseRenderer
from cardgen.site.render import render_card
from tests.site.cards import make_context, make_facts

SITE = Settings(title="Lab", site=SiteConfig(url="https://example.org/lab"))
HEAD = "---\ncode: {0}\ntitle: 'A \"title\" <b>'\nstatus: finished\nmetric: eval/f1\n{1}---\n"


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer()
    yield renderer
    renderer.close()


def make_run(value: float) -> Run:
    curve = Curve(
        metric="eval/f1", steps=tuple(range(500)), values=tuple(i / 500 for i in range(500))
    )
    rows = (Checkpoint(step=1, metrics={"eval/f1": value}),)
    return Run(ref=f"hf:{value}", tracker="hf", checkpoints=rows, curves=(curve,))


def page_of(prose: ProseRenderer, settings: Settings = SITE, value: float = 0.75) -> Page:
    base = make_facts(HEAD.format("qa-0", ""), [make_run(0.5)], code="qa-0")
    facts = make_facts(HEAD.format("qa-1", "baseline: qa-0\n"), [make_run(value)])
    return render_card(facts, make_context(prose, facts, base, settings=settings))


def draw(**texts: object) -> Image.Image:
    sketch = Sketch(**{"site": "", "code": "", "title": "", **texts})
    return Image.open(io.BytesIO(draw_picture(json.dumps(vars(sketch))))).convert("RGB")


def differs(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is not None


def test_a_picture_tells_value_difference_and_curve(prose: ProseRenderer) -> None:
    (sketch,) = page_of(prose).pictures.values()
    told = json.loads(sketch)
    assert told["value"] == "0.7500"
    assert told["difference"] == "+0.2500 vs qa-0 · better"
    assert told["status"] == "finished"
    assert told["title"] == 'A "title" <b>'
    assert 2 < len(told["ys"]) <= 50


def test_a_page_names_its_picture_by_an_absolute_address(prose: ProseRenderer) -> None:
    page = page_of(prose)
    (name,) = page.pictures
    assert f'content="https://example.org/lab/cards/qa-1/{name}"' in page.head
    assert "qa-1 · A &quot;title&quot; &lt;b&gt;" in page.head
    assert 'name="twitter:card" content="summary_large_image"' in page.head


def test_without_an_address_there_is_none(prose: ProseRenderer) -> None:
    page = page_of(prose, Settings())
    assert page.pictures == {}
    assert "og:" not in page.head


def test_the_name_is_that_of_the_content(prose: ProseRenderer) -> None:
    assert page_of(prose).pictures == page_of(prose).pictures
    assert page_of(prose).pictures.keys() != page_of(prose, value=0.8).pictures.keys()


def test_the_same_bytes_for_the_same_sketch(prose: ProseRenderer) -> None:
    (sketch,) = page_of(prose).pictures.values()
    data = draw_picture(sketch)
    assert data == draw_picture(sketch)
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    assert len(data) < 30_000


@pytest.mark.parametrize("text", ["Zażółć gęślą jaźń", "Модель обучена", "épœuvés"])
def test_letters_of_the_projects_languages_are_drawn(text: str) -> None:
    assert can_write(text)
    assert differs(draw(title=text), draw())


@pytest.mark.parametrize("text", ["中文标题", "a \x07 b", "🦦", "\ufffe"])
def test_a_title_with_letters_that_are_missing_is_left_out(text: str) -> None:
    assert not can_write(text)
    assert not differs(draw(title=text), draw())


def test_long_texts_stay_within_the_picture() -> None:
    image = draw(title="word " * 60, value="9" * 90, difference="x" * 400, code="c" * 64, ys=[1, 2])
    edge = image.crop((WIDTH - 20, 20, WIDTH, HEIGHT))
    assert edge.getcolors() == [(edge.width * edge.height, (255, 255, 255))]


@pytest.mark.parametrize("ys", [[], [1.0], [2.0, 2.0], [1e308, -1e308], [0.0, 1e-300]])
def test_any_curve_is_drawn(ys: list[float]) -> None:
    assert draw(ys=ys).size == (WIDTH, HEIGHT)


def test_values_that_are_no_numbers_are_not_drawn(prose: ProseRenderer) -> None:
    curve = Curve(metric="f1", steps=(1, 2, 3), values=(float("nan"), float("inf"), 0.5))
    run = Run(
        ref="hf:x", tracker="hf", curves=(curve,), checkpoints=(Checkpoint(metrics={"f1": 0.5}),)
    )
    facts = make_facts("---\ncode: qa-1\nmetric: f1\n---\n", [run])
    picture = make_picture(facts, make_context(prose, facts, settings=SITE))
    assert picture is not None
    assert json.loads(picture.sketch)["ys"] == [0.5]


def test_a_torn_picture_is_not_whole(tmp_path: Path) -> None:
    data = draw_picture(json.dumps(vars(Sketch("", "a", ""))))
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert is_whole(path)
    path.write_bytes(data[:-1])
    assert not is_whole(path)
    path.write_bytes(b"")
    assert not is_whole(path)
    assert not is_whole(tmp_path / "none.png")
