"""The picture that a chat or a forum shows beside a link to a card.

``make_picture`` says what is drawn, as text and in no time; ``draw_picture`` makes the PNG when
the site is written, and only where no file of that name is there: the name is that of the content.
Letters that the font does not have are not drawn as boxes: the line that has them is left out.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cardgen.facts import Facts
from cardgen.site.baseline import compare_with_baseline
from cardgen.site.context import RenderContext
from cardgen.site.results import say_headline, verdict_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 800, 420

_LOOKS = 1
"""Counted up whenever pictures are drawn otherwise, so that those kept are not used."""

_MARGIN = 43
_POINTS = 48
_TITLE = 120
_STEPS = 8
_END = b"IEND\xae\x42\x60\x82"
_INK, _QUIET, _PAPER, _LINE, _BLUE = "#1d2433", "#667085", "#ffffff", "#e4e7ec", "#3f5bd0"
_VERDICTS = {"better": "#1a7f4b", "worse": "#b3362b", "equal": _QUIET}
_STATES = {"finished": "#1a7f4b", "running": "#2f62c9", "failed": "#b3362b", "aborted": "#9a6700"}


class Picture(NamedTuple):
    """A picture's file name, and what is drawn on it."""

    name: str
    sketch: str


@dataclass(frozen=True)
class Sketch:
    """What is drawn: texts, and the values of the primary metric's curve."""

    site: str
    code: str
    title: str
    state: str = ""
    status: str = ""
    metric: str = ""
    value: str = ""
    difference: str = ""
    verdict: str = ""
    ys: Sequence[float] = ()


def make_picture(facts: Facts, context: RenderContext) -> Picture | None:
    """None where the site has no address: pictures are named by absolute ones."""
    if not context.settings.site.url:
        return None
    sketch = json.dumps(vars(make_sketch(facts, context)), ensure_ascii=False)
    digest = blake2b(f"{_LOOKS}{sketch}".encode("utf-8", "replace"), digest_size=6).hexdigest()
    return Picture(f"preview-{digest}.png", sketch)


def make_sketch(facts: Facts, context: RenderContext) -> Sketch:
    """What a picture tells of a card."""
    labels = context.labels
    state = facts.status.value if facts.status else ""
    found = compare_with_baseline(facts, context)
    verdict = verdict_of(found) if found else ""
    said = f"{found.text} {labels['versus'].format(found.code)}" if found else ""
    return Sketch(
        site=context.settings.title[:_TITLE],
        code=facts.code,
        title=facts.title[:_TITLE] if facts.title != facts.code else "",
        state=state,
        status=labels[f"status_{state}"] if state else "",
        metric=facts.metric if facts.primary else "",
        value=say_headline(facts),
        difference=f"{said} · {labels[f'baseline_{verdict}']}" if found else "",
        verdict=verdict,
        ys=find_ys(facts),
    )


def find_ys(facts: Facts) -> list[float]:
    """Values of the primary metric over the steps of the run it comes from, thinned."""
    if facts.primary is None:
        return []
    ref = facts.primary.origin.ref
    curves = (curve for run in facts.runs if run.ref == ref for curve in run.curves)
    values = next((curve.values for curve in curves if curve.metric == facts.metric), ())
    if not values:
        rows = (row.metrics.get(facts.metric) for row in facts.rows if row.origin.ref == ref)
        values = tuple(fact.value for fact in rows if fact)
    finite = [value for value in values if math.isfinite(value)]
    step = max(1, math.ceil(len(finite) / _POINTS))
    return [float(f"{value:.4g}") for value in (*finite[:-1:step], *finite[-1:])]


def format_head(title: str, description: str, picture: Picture, context: RenderContext) -> str:
    """The elements by which others find the picture; ``picture.name`` stands beside the page."""
    address = f"{context.settings.site.url.rstrip('/')}/"
    code = title.partition(" · ")[0]
    values = (
        ("property", "og:type", "article"),
        ("property", "og:site_name", context.settings.title),
        ("property", "og:title", title),
        ("property", "og:description", description),
        ("property", "og:image", f"{address}{context.page_path(code)}{picture.name}"),
        ("property", "og:image:width", str(WIDTH)),
        ("property", "og:image:height", str(HEIGHT)),
        ("name", "twitter:card", "summary_large_image"),
    )
    return "".join(f'<meta {kind}="{name}" content="{escape(v)}">' for kind, name, v in values if v)


def draw_picture(sketch: str) -> bytes:
    """The PNG of a sketch; the same bytes for the same sketch."""
    from PIL import Image, ImageDraw  # noqa: PLC0415  # 40 ms that no other command needs

    told = Sketch(**json.loads(sketch))
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 8), fill=_BLUE)
    for line in _place_texts(told):
        _write(draw, line)
    if len(told.ys) > 1:
        _draw_curve(draw, told.ys, (WIDTH // 2 + 30, 220, WIDTH - _MARGIN, HEIGHT - 60))
    # Few colours are enough: half of the size, and of the time to pack them.
    data = io.BytesIO()
    few = image.quantize(palette=_load_palette(), dither=Image.Dither.NONE)
    few.save(data, "PNG", compress_level=4)
    return data.getvalue()


def is_whole(path: Path) -> bool:
    """Whether a picture was written to its end: a build may have been killed meanwhile."""
    try:
        with path.open("rb") as file:
            file.seek(-len(_END), io.SEEK_END)
            return file.read() == _END
    except OSError:
        return False


class _Line(NamedTuple):
    """A line of text from ``x`` to the picture's margin; ``end``: up to ``x``."""

    x: int
    y: int
    text: str
    size: int
    colour: str
    bold: bool = False
    end: bool = False


def _place_texts(told: Sketch) -> Iterator[_Line]:
    right = WIDTH - _MARGIN
    yield _Line(_MARGIN, 34, told.code, 23, _QUIET)
    yield _Line(right, 34, told.status, 20, _STATES.get(told.state, _QUIET), end=True)
    title = _wrap(told.title or told.code, 39, right - _MARGIN)
    for number, text in enumerate(title):
        yield _Line(_MARGIN, 74 + 50 * number, text, 39, _INK, bold=True)
    yield _Line(_MARGIN, 220, told.metric, 22, _QUIET)
    yield _Line(_MARGIN, 248, told.value, 50, _BLUE, bold=True)
    yield _Line(_MARGIN, 319, told.difference, 22, _VERDICTS.get(told.verdict, _QUIET))
    yield _Line(_MARGIN, HEIGHT - 46, told.site, 19, _QUIET)


def _write(draw: ImageDraw, line: _Line) -> None:
    """Draw a line, cut where it would leave the picture; not where letters are missing."""
    text = line.text
    if not text or not can_write(text):
        return
    font = _load_font(line.size, bold=line.bold)
    room = line.x - _MARGIN if line.end else WIDTH - _MARGIN - line.x
    if font.getlength(text) > room:
        while text and font.getlength(f"{text}…") > room:
            text = text[:-1]
        text = f"{text.rstrip()}…"
    place = (line.x, line.y)
    draw.text(place, text, fill=line.colour, font=font, anchor="ra" if line.end else "la")


def _wrap(text: str, size: int, room: int) -> list[str]:
    """A title on at most two lines, broken between words."""
    if not can_write(text):
        return []
    font = _load_font(size, bold=True)
    if font.getlength(text) <= room:
        return [text]
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(lines) < 2 and font.getlength(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _draw_curve(draw: ImageDraw, ys: Sequence[float], box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    low, high = min(ys), max(ys)
    span = (high - low) or 1.0
    points = [
        (left + (right - left) * at / (len(ys) - 1), bottom - (bottom - top) * (y - low) / span)
        for at, y in enumerate(ys)
    ]
    draw.line(((left, bottom + 10), (right, bottom + 10)), fill=_LINE, width=2)
    draw.line(points, fill=_BLUE, width=4, joint="curve")


@cache
def _load_palette() -> Image:
    """Each colour in steps to the paper's, which letters have at their edges."""
    from PIL import Image, ImageColor  # noqa: PLC0415

    inks = sorted({_INK, _QUIET, _BLUE, *_VERDICTS.values(), *_STATES.values()})
    edges = [
        round(255 + (part - 255) * (step + 1) / _STEPS)
        for colour in inks
        for step in range(_STEPS)
        for part in ImageColor.getrgb(colour)
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette([255, 255, 255, *ImageColor.getrgb(_LINE), *edges])
    return palette


@cache
def _load_font(size: int, *, bold: bool) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415

    name = "Roboto-Bold.ttf" if bold else "Roboto-Regular.ttf"
    data = (files("font_roboto") / "files" / name).read_bytes()
    return ImageFont.truetype(io.BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _has_letter(letter: str) -> bool:
    font = _load_font(20, bold=False)
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))


def can_write(text: str) -> bool:
    """Whether the font has all letters of a text."""
    return all(map(_has_letter, text))
