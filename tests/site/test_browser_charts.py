"""Learning curves in a real Chromium: zoomed, read, smoothed and laid over the baseline's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cardgen.config import Config, Settings
from cardgen.models import Checkpoint, Curve, Run
from cardgen.site.build import build_site
from cardgen.site.context import RenderContext
from cardgen.site.prose import ProseRenderer
from cardgen.site.records import make_record
from cardgen.site.render import render_card
from cardgen.site.scales import find_scale, find_ticks, format_ticks
from cardgen.site.server import Server
from cardgen.site.theme import load_assets
from tests.site.cards import make_facts
from tests.site.samples import make_source
from tests.site.test_browser_shell import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

EVIL = "eval/<img src=x onerror=window.ran=1>"
FACTS = {
    "qa-0": "---\ncode: qa-0\nmetric: eval_f1\n---\n",
    "qa-1": "---\ncode: qa-1\nmetric: eval/f1\nbaseline: qa-0\n---\n",
    "seeds-1": "---\ncode: seeds-1\nmetric: eval/f1\nbaseline: gone-1\n---\n",
}


def make_run(ref: str, f1: str = "eval/f1", lift: float = 0.0, **params: Any) -> Run:
    """Ten checkpoints, the eighth best, and a noisy training loss with a gap."""
    values = [0.3 + 0.05 * n + lift for n in range(8)] + [0.5 + lift, 0.45 + lift]
    losses = [4 / (1 + n / 20) + 0.3 * math.sin(7 * n) - 5 * lift for n in range(200)]
    losses[150] = math.nan
    points = (
        Checkpoint(step=100 * n, epoch=n / 2, metrics={f1: v, EVIL: 1 - v})
        for n, v in enumerate(values, 1)
    )
    return Run(
        ref=ref,
        tracker="mlflow",
        status="finished",
        params={"lr": 0.1, **params},
        checkpoints=tuple(points),
        curves=(Curve(metric="train/loss", steps=tuple(range(0, 1000, 5)), values=tuple(losses)),),
    )


RUNS = {
    "qa-0": [make_run("mlflow:a", "eval_f1", -0.1)],
    "qa-1": [make_run("mlflow:b")],
    "seeds-1": [make_run(f"mlflow:s{seed}", lift=seed / 10, seed=seed) for seed in range(3)],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("charts")
    facts = {code: make_facts(text, RUNS[code], code=code) for code, text in FACTS.items()}
    prose = ProseRenderer()
    context = RenderContext(Config(root=root, settings=Settings()), prose, facts)
    pages = [
        replace(
            render_card(one, context),
            files={},
            data={"card.json": json.dumps(make_record(one, context))},
        )
        for one in facts.values()
    ]
    prose.close()
    return build_site(pages, make_source(root, index="# Home\n")).output


@dataclass
class Reader:
    """Somebody who looks at the curves of a card."""

    tab: Tab

    @property
    def page(self) -> Page:
        return self.tab.page

    def open(self, code: str = "qa-1") -> Page:
        page = self.tab.open(f"cards/{code}/")
        self.tab.until("document.querySelector('.cg-curve-tools').children.length > 0")
        page.locator(".cg-curves").scroll_into_view_if_needed()
        return page

    def chart(self, title: str) -> Locator:
        caption = self.page.locator("figcaption").get_by_text(title, exact=True)
        return self.page.locator(".cg-chart").filter(has=caption)

    def wake(self, title: str) -> Locator:
        """The plot of a chart that the mouse came near."""
        chart = self.chart(title)
        chart.scroll_into_view_if_needed()
        chart.hover()
        plot = chart.locator(".cg-live-plot")
        plot.wait_for()
        return plot

    def read(self, plot: Locator, share: float) -> str:
        """What is read at a share of the plot's width."""
        box = plot.bounding_box()
        assert box
        self.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        self.settle()
        return " ".join(plot.locator(".cg-reading").all_inner_texts()[0].split())

    def drag(self, plot: Locator, start: float, end: float) -> None:
        box = plot.bounding_box()
        assert box
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + start * box["width"], y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + end * box["width"], y, steps=5)
        self.page.mouse.up()
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def ink(self, plot: Locator, name: str) -> int:
        """Pixels of the canvas in one of the page's colours."""
        return int(plot.locator("canvas").evaluate(_COUNT, name))


_COUNT = """(canvas, name) => {
  const colour = getComputedStyle(canvas).getPropertyValue(name).trim();
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    const off = Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b);
    if (data[at + 3] > 100 && off < 24) count += 1;
  }
  return count;
}"""


@contextmanager
def read_site(chromium: Browser, site: Path, **options: Any) -> Iterator[Reader]:
    with Server(site, port=0) as server:
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", **options}
        )
        context.set_default_timeout(8000)
        tab = Tab(context.new_page(), server.url)
        yield Reader(tab)
        context.close()
        assert tab.complaints == []


@pytest.fixture
def reader(chromium: Browser, site: Path) -> Iterator[Reader]:
    with read_site(chromium, site) as reader:
        yield reader
        assert reader.page.evaluate("window.ran") is None if reader.page.url != "about:blank" else 1


# Static first --------------------------------------------------------------------------------


def test_without_scripts_there_are_drawings_and_no_controls(chromium: Browser, site: Path) -> None:
    with read_site(chromium, site, java_script_enabled=False) as reader:
        page = reader.tab.open("cards/qa-1/")
        assert page.locator(".cg-chart svg.cg-plot").count() == 3
        assert page.locator(".cg-curves :is(button, input, canvas)").count() == 0
        assert page.locator(".cg-curve-tools:visible").count() == 0
        assert page.locator(".cg-legend").first.inner_text().split("\n")[-1] == "qa-0 · baseline"


def test_from_the_file_system_no_control_is_shown(chromium: Browser, site: Path) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto((site / "cards" / "qa-1" / "index.html").as_uri())
    page.wait_for_timeout(300)
    assert page.locator(".cg-chart svg.cg-plot:visible").count() == 3
    assert page.locator(".cg-curves :is(button, input, canvas)").count() == 0
    context.close()


def test_where_nothing_can_be_fetched_the_drawing_stays(chromium: Browser, site: Path) -> None:
    with read_site(chromium, site) as reader:
        page = reader.page
        page.route("**/card.json", lambda route: route.abort())
        reader.open()
        reader.chart("train/loss").hover()
        page.get_by_role("status").get_by_text("could not be loaded").wait_for()
        assert page.locator(".cg-chart svg.cg-plot").count() == 3
        assert page.locator(".cg-curves :is(button, input, canvas)").count() == 0
        assert all("ERR_FAILED" in one for one in reader.tab.complaints)
        reader.tab.complaints.clear()


def test_a_chart_comes_to_life_where_it_stands(reader: Reader) -> None:
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    page = reader.open()
    charts = page.locator(".cg-chart")
    before = [charts.nth(n).bounding_box() for n in range(3)]
    plot = charts.first.locator("svg.cg-plot").bounding_box()
    assert not [url for url in asked if url.endswith("card.json")]
    live = reader.wake("eval/f1")
    assert [charts.nth(n).bounding_box() for n in range(3)] == before
    assert live.bounding_box() == pytest.approx(plot, abs=0.6)
    assert charts.locator("svg.cg-plot").count() == 2
    fetched = [url.removeprefix(reader.tab.url) for url in asked if url.endswith("card.json")]
    assert sorted(fetched) == ["cards/qa-0/card.json", "cards/qa-1/card.json"]


def test_the_live_chart_has_the_numbers_of_the_drawn_one(reader: Reader) -> None:
    reader.open()
    plot = reader.wake("eval/f1")
    assert reader.read(plot, 0.998).startswith("step 1000 eval/f1 0.45")
    assert reader.read(plot, 0.5).startswith("step 500 eval/f1 0.5 qa-0 · baseline 0.4")
    legend = reader.chart("eval/f1").locator(".cg-legend button")
    assert legend.all_inner_texts() == ["eval/f1", "qa-0 · baseline"]
    assert min(reader.ink(plot, "--cg-0"), reader.ink(plot, "--cg-base")) > 100


# Zooming and reading -------------------------------------------------------------------------


def test_a_range_is_dragged_and_shown_again_whole(reader: Reader) -> None:
    reader.open()
    plot = reader.wake("train/loss")
    reset = reader.chart("train/loss").get_by_role("button", name="Show all")
    assert reset.is_disabled()
    reader.drag(plot, 0.5, 0.7)
    assert not reset.is_disabled()
    low, high = (_step(reader.read(plot, share)) for share in (0.13, 0.96))
    assert 430 <= low < 520
    assert 610 < high <= 720
    plot.dblclick()
    reader.settle()
    assert reset.is_disabled()
    assert _step(reader.read(plot, 0.99)) == 995


def _step(reading: str) -> int:
    found = re.match(r"step (\d+)", reading)
    assert found, reading
    return int(found[1])


def test_a_drag_beyond_the_edge_and_a_click_do_no_harm(reader: Reader) -> None:
    reader.open()
    plot = reader.wake("train/loss")
    reset = reader.chart("train/loss").get_by_role("button", name="Show all")
    plot.click()
    reader.drag(plot, 0.501, 0.504)
    reader.settle()
    assert reset.is_disabled()
    reader.drag(plot, 0.9, 1.4)
    assert 850 < _step(reader.read(plot, 0.3)) <= 995


def test_the_wheel_zooms_with_ctrl_only(reader: Reader) -> None:
    page = reader.open()
    plot = reader.wake("train/loss")
    reset = reader.chart("train/loss").get_by_role("button", name="Show all")
    reader.read(plot, 0.5)
    middle = _step(reader.read(plot, 0.5))
    page.mouse.wheel(0, 40)
    reader.settle()
    assert reset.is_disabled()
    plot.scroll_into_view_if_needed()
    page.keyboard.down("Control")
    reader.read(plot, 0.5)
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    reader.settle()
    assert not reset.is_disabled()
    assert abs(_step(reader.read(plot, 0.5)) - middle) <= 5  # what is below the pointer stays
    assert _step(reader.read(plot, 0.13)) > 250


def test_buttons_and_keys_do_all_that_a_mouse_does(reader: Reader) -> None:
    page = reader.open()
    page.locator(".cg-chart-bar button").nth(0).focus()  # focus alone wakes a chart
    chart = reader.chart("eval/f1")
    plot = chart.locator(".cg-live-plot")
    plot.wait_for()
    reset = chart.get_by_role("button", name="Show all")
    said = chart.locator("[aria-live=polite]")
    plot.focus()
    page.keyboard.press("ArrowRight")
    assert said.inner_text() == "step 100; eval/f1 0.3; qa-0 · baseline 0.2"
    page.keyboard.press("ArrowRight")
    assert said.inner_text().startswith("step 200; eval/f1 0.35")
    page.keyboard.press("End")
    assert said.inner_text().startswith("step 1000; eval/f1 0.45")
    page.keyboard.press("+")
    reader.settle()
    page.keyboard.press("Home")
    assert said.inner_text().startswith("step 500;")
    page.keyboard.press("-")
    page.keyboard.press("+")
    page.keyboard.press("0")
    reader.settle()
    page.keyboard.press("Home")
    assert said.inner_text().startswith("step 100;")
    chart.get_by_role("button", name="Zoom in").click()
    reader.settle()
    assert not reset.is_disabled()
    chart.get_by_role("button", name="Zoom out").click()
    reader.settle()
    assert reset.is_disabled()
    assert plot.get_attribute("aria-label") == (
        "eval/f1. Arrow keys read values, + and − zoom, 0 shows all."
    )


def test_two_fingers_zoom_and_one_reads(chromium: Browser, site: Path) -> None:
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    with read_site(chromium, site, **phone) as reader:
        page = reader.open()
        chart = reader.chart("train/loss")
        chart.locator("svg.cg-plot").tap()
        plot = chart.locator(".cg-live-plot")
        plot.wait_for()
        plot.tap()
        assert _step(" ".join(plot.locator(".cg-reading").inner_text().split())) > 300
        box = plot.bounding_box()
        assert box
        middle, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        session = page.context.new_cdp_session(page)
        for kind, apart in (("touchStart", 30), ("touchMove", 60), ("touchMove", 120)):
            points = [
                {"x": middle - apart, "y": y, "id": 0},
                {"x": middle + apart, "y": y, "id": 1},
            ]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        reader.settle()
        assert not chart.get_by_role("button", name="Show all").is_disabled()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_lines_are_hidden_and_shown_by_the_legend(reader: Reader) -> None:
    reader.open()
    plot = reader.wake("eval/f1")
    own = reader.chart("eval/f1").get_by_role("button", name="eval/f1", exact=True)
    assert own.get_attribute("aria-pressed") == "true"
    there = reader.ink(plot, "--cg-0")
    own.click()
    reader.page.mouse.move(0, 0)
    reader.settle()
    assert own.get_attribute("aria-pressed") == "false"
    assert reader.ink(plot, "--cg-0") == 0 < there
    own.click()
    reader.page.mouse.move(0, 0)
    own.blur()
    reader.settle()
    assert reader.ink(plot, "--cg-0") == pytest.approx(there, rel=0.05)


def test_the_y_axis_becomes_logarithmic(reader: Reader) -> None:
    reader.open()
    reader.wake("train/loss")
    log = reader.chart("train/loss").get_by_role("button", name="Logarithmic y axis")
    assert log.get_attribute("aria-pressed") == "false"
    log.click()
    reader.settle()
    assert log.get_attribute("aria-pressed") == "true"
    assert not reader.chart("eval/f1").get_by_role("button", name="Logarithmic y axis").count()


def test_smoothing_keeps_the_raw_line_faint(reader: Reader) -> None:
    page = reader.open()
    plot = reader.wake("train/loss")
    raw = reader.read(plot, 0.5)
    strong = reader.ink(plot, "--cg-0")
    page.get_by_label("Smoothing").fill("0.9")
    reader.settle()
    smooth = reader.read(plot, 0.5)
    value, behind = smooth.split()[-2:]
    assert raw.endswith(f"train/loss {behind}")
    assert value != behind
    assert 0 < reader.ink(plot, "--cg-0") < strong
    page.get_by_label("Smoothing").fill("0")
    assert reader.read(plot, 0.5) == raw


def test_epochs_instead_of_steps_for_all_charts(reader: Reader) -> None:
    page = reader.open()
    plot = reader.wake("train/loss")
    page.get_by_label("x axis").select_option("epoch")
    reader.settle()
    assert reader.read(plot, 0.99).startswith("epoch 4.975 ")
    assert reader.read(reader.wake("eval/f1"), 0.99).startswith("epoch 5 eval/f1 0.45")


# Over the baseline ---------------------------------------------------------------------------


def test_the_baseline_s_curves_are_laid_under_all_charts_and_taken_away(reader: Reader) -> None:
    page = reader.open()
    over = page.get_by_role("button", name="Lay over qa-0")
    over.click()
    loss = reader.wake("train/loss")
    legend = reader.chart("train/loss").locator(".cg-legend button")
    reader.tab.until("document.querySelectorAll('.cg-live').length === 3")
    assert legend.all_inner_texts() == ["train/loss", "qa-0 · baseline"]
    page.mouse.move(0, 0)
    reader.settle()
    assert reader.ink(loss, "--cg-base") > 100
    assert over.get_attribute("aria-pressed") == "true"
    over.click()
    reader.tab.until(
        "![...document.querySelectorAll('.cg-chart')].slice(1)"
        ".some((chart) => chart.innerText.includes('baseline'))"
    )
    assert reader.ink(loss, "--cg-base") < 30


def test_without_a_baseline_at_hand_nothing_offers_it(reader: Reader) -> None:
    page = reader.open("seeds-1")
    assert not page.get_by_role("button", name="Lay over").count()


def test_the_mean_of_seeds_and_its_band_are_drawn(reader: Reader) -> None:
    reader.open("seeds-1")
    plot = reader.wake("eval/f1")
    assert reader.read(plot, 0.5).startswith("step 500")
    said = plot.locator(".cg-reading").inner_text()
    assert "0.6" in said  # the mean of 0.5, 0.6 and 0.7


# Large, dark, dense --------------------------------------------------------------------------


def test_a_chart_is_enlarged_and_put_back(reader: Reader) -> None:
    page = reader.open()
    small = reader.wake("train/loss").bounding_box()
    button = reader.chart("train/loss").get_by_role("button", name="Enlarge")
    button.click()
    dialog = page.locator("dialog.cg-large")
    plot = dialog.locator(".cg-live-plot")
    large = plot.bounding_box()
    assert small
    assert large
    assert large["width"] > 2 * small["width"]
    assert dialog.get_by_label("Smoothing").is_visible()
    page.keyboard.press("ArrowRight")
    assert dialog.locator("[aria-live=polite]").inner_text().startswith("step 0; train/loss 4")
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert button.evaluate("(button) => button === document.activeElement")


def test_a_change_of_colours_is_drawn_at_once(reader: Reader) -> None:
    page = reader.open()
    plot = reader.wake("train/loss")
    before = plot.evaluate("(plot) => getComputedStyle(plot).getPropertyValue('--cg-0')")
    page.evaluate("scrollTo(0, 0)")
    page.locator("label[for^=__palette]:visible").first.click()
    reader.settle()
    after = plot.evaluate("(plot) => getComputedStyle(plot).getPropertyValue('--cg-0')")
    assert before != after
    assert reader.ink(plot, "--cg-0") > 100


def test_lines_are_sharp_on_dense_screens_and_follow_the_width(
    chromium: Browser, site: Path
) -> None:
    with read_site(chromium, site, device_scale_factor=2) as reader:
        page = reader.open()
        plot = reader.wake("eval/f1")
        for width in (1280, 700):
            page.set_viewport_size({"width": width, "height": 900})
            reader.settle()
            reader.settle()
            box = plot.bounding_box()
            assert box
            drawn = plot.locator("canvas").evaluate("(canvas) => canvas.width")
            assert drawn == pytest.approx(2 * box["width"], abs=1)


# The same numbers as on paper ----------------------------------------------------------------


def load_module(page: Page, name: str, script: str, value: Any) -> Any:
    """What a function of one of our modules answers."""
    folder = next(iter(load_assets())).rpartition("/")[0]
    return page.evaluate(
        f"async ([at, value]) => {{ const module = await import(at); return ({script})(value); }}",
        [f"/{folder}/{name}", value],
    )


@pytest.mark.parametrize("may_log", [False, True])
def test_axes_are_those_of_the_drawing(reader: Reader, may_log: bool) -> None:
    page = reader.open()
    ranges = [(0.12, 0.91), (0, 1), (2.3, 2.32), (0, 24_000), (0, 3.2e6), (0, 5e-5), (-2, 2),
              (3, 3), (0, 0), (0.01, 10), (1, 5000), (1e-8, 1), (0.6267, 0.9805)]  # fmt: skip
    script = """(ranges) => ranges.map(([low, high, log]) => {
      const scale = module.findScale(low, high, 200, 10, log && module.spansDecades(low, high));
      return module.formatTicks(module.findTicks(scale, 5));
    })"""
    theirs = load_module(page, "chart_scales.js", script, [[*one, may_log] for one in ranges])
    ours = [
        format_ticks(find_ticks(find_scale(one, 200, 10, may_log=may_log), 5)) for one in ranges
    ]
    assert theirs == ours


def test_smoothing_starts_at_the_first_value_and_passes_gaps(reader: Reader) -> None:
    page = reader.open()
    script = """(ys) => {
      const line = new module.Line({ name: "", colour: 0, xs: ys.map((_, at) => at), ys }, "");
      line.smooth(0.5);
      return [...line.ys].map((y) => (Number.isNaN(y) ? null : y));
    }"""
    smooth = load_module(page, "chart_lines.js", script, [1, 1, None, 3])
    assert smooth == pytest.approx([1, 1, None, (1 * 0.375 + 3 * 0.5) / 0.875])


def test_points_out_of_order_and_gaps_are_read_rightly(reader: Reader) -> None:
    page = reader.open()
    script = """({ xs, ys, at }) => {
      const line = new module.Line({ name: "", colour: 0, xs, ys, best: 0 }, "");
      return [...at.map((x) => line.raw[line.nearest(x)]), line.raw[line.best]];
    }"""
    given = {"xs": [30, 10, 20, 40], "ys": [3, 1, None, 4], "at": [-5, 12, 19, 24, 99]}
    assert load_module(page, "chart_lines.js", script, given) == [1, 1, 1, 3, 4, 3]
