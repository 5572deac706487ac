"""How the best value rose, as inline SVG: a dot for each card in its turn, a step at each record.

Cards stand one beside the other and not by their day, since a week's twenty would be one dot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from cardgen.site.scales import Scale, find_scale, find_ticks, format_ticks
from cardgen.site.speech import say_day

_WIDTH, _HEIGHT = 720, 210
_TOP, _RIGHT, _BOTTOM = 26, 12, 24
_LETTER = 6.2
_DOTS = 400
"""Cards that are drawn beside the records; of more, some are left out."""


@dataclass(frozen=True)
class Progress:
    """Cards in the order of time; all tuples have the same length, at least 1."""

    title: str
    description: str
    values: tuple[float, ...]
    codes: tuple[str, ...]
    dates: tuple[str, ...]
    shown: tuple[str, ...]
    best: tuple[bool, ...]


def draw(progress: Progress, cards: str) -> str:
    """The chart as an ``svg`` element; ``cards`` is the way to the cards' pages."""
    ys = find_scale(_pick_range(progress), _HEIGHT - _BOTTOM, _TOP)
    ticks = find_ticks(ys, 4)
    labels = format_ticks(ticks)
    left = 10 + _LETTER * max((len(label) for label in labels), default=1)
    xs = Scale(0, max(1, len(progress.values) - 1), left + 8, _WIDTH - _RIGHT)
    return "".join(
        [
            f'<svg class="cg-progress" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" '
            'xmlns="http://www.w3.org/2000/svg" font-size="11" fill="none" stroke="none">'
            f"<title>{escape(progress.title)}</title><desc>{escape(progress.description)}</desc>",
            *_draw_rules(ys, zip(ticks, labels, strict=True), left),
            *_draw_dates(progress, xs),
            *_draw_others(progress, xs, ys),
            _draw_steps(progress, xs, ys),
            *_draw_records(progress, xs, ys, cards),
            "</svg>",
        ]
    )


def _pick_range(progress: Progress) -> list[float]:
    """Records and the middle four fifths of all: what failed badly must not flatten the rest."""
    ordered = sorted(progress.values)
    cut = len(ordered) // 10
    records = [v for v, best in zip(progress.values, progress.best, strict=True) if best]
    return [*records, *ordered[cut : len(ordered) - cut or None]]


def _draw_rules(
    ys: Scale, ticks: Iterator[tuple[float, str]] | zip[tuple[float, str]], left: float
) -> Iterator[str]:
    for tick, label in ticks:
        y = ys.place(tick)
        yield (
            f'<path class="cg-progress-rule" d="M{left:.1f} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text fill="currentColor" x="{left - 6:.1f}" y="{y + 3.8:.1f}" '
            f'text-anchor="end">{escape(label)}</text>'
        )


def _draw_dates(progress: Progress, xs: Scale) -> Iterator[str]:
    """The first date, the last, and where a year begins."""
    y = _HEIGHT - 6
    dates = progress.dates
    last = len(dates) - 1
    if dates[0]:
        yield _text(xs.place(0), y, say_day(dates[0]), "start")
    if last and dates[last] != dates[0]:
        yield _text(xs.place(last), y, say_day(dates[last]), "end")
    free = xs.place(0) + 70
    for number in range(1, last):
        x = xs.place(number)
        turned = dates[number][:4] != dates[number - 1][:4]
        if turned and free < x < xs.place(last) - 90:
            yield _text(x, y, dates[number][:4], "middle")
            free = x + 40


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text fill="currentColor" x="{x:.1f}" y="{y:.1f}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _draw_others(progress: Progress, xs: Scale, ys: Scale) -> Iterator[str]:
    """Cards that were not the best; those beyond the axis lie on its edge."""
    others = [number for number, best in enumerate(progress.best) if not best]
    every = max(1, -(-len(others) // _DOTS))
    for number in others[::every]:
        value = min(max(progress.values[number], ys.low), ys.high)
        yield (
            f'<circle class="cg-progress-dot" fill="currentColor" cx="{xs.place(number):.1f}" '
            f'cy="{ys.place(value):.1f}" r="2.2"><title>{escape(progress.codes[number])} '
            f"{escape(progress.shown[number])}</title></circle>"
        )


def _draw_steps(progress: Progress, xs: Scale, ys: Scale) -> str:
    pieces: list[str] = []
    for number, value in _list_records(progress):
        x, y = xs.place(number), ys.place(value)
        pieces.append(f"H{x:.1f}V{y:.1f}" if pieces else f"M{x:.1f} {y:.1f}")
    return f'<path class="cg-progress-steps" d="{"".join(pieces)}H{xs.end:.1f}"/>'


def _draw_records(progress: Progress, xs: Scale, ys: Scale, cards: str) -> Iterator[str]:
    """Dots that lead to their cards; the latest are named, as far as there is room."""
    free = float(_WIDTH)
    for number, value in reversed(_list_records(progress)):
        x, y = xs.place(number), ys.place(value)
        code, shown = progress.codes[number], progress.shown[number]
        width = _LETTER * len(code)
        start = x + width > _WIDTH
        end = x if start else x + width / 2
        named = end + 4 < free
        if named:
            free = end - width
        anchor = "end" if start else "middle"
        name = (
            f'<text class="cg-progress-name" x="{x:.1f}" y="{y - 9:.1f}" text-anchor="{anchor}">'
            f"{escape(code)}</text>"
        )
        yield (
            f'<a href="{escape(cards + quote(code))}/" aria-label="{escape(f"{code}: {shown}")}">'
            f"<title>{escape(f'{code} · {shown} · {progress.dates[number]}')}</title>"
            f'<circle class="cg-progress-record" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
            f"{name if named else ''}</a>"
        )


def _list_records(progress: Progress) -> Sequence[tuple[int, float]]:
    pairs = enumerate(zip(progress.values, progress.best, strict=True))
    return [(number, value) for number, (value, best) in pairs if best]
