// A line chart that can be zoomed and read: on a canvas, by mouse, fingers and keys.
// @ts-check

import { drawChart, readTheme } from "./chart_draw.js";
import { listen } from "./chart_input.js";
import { Line, findFirst, joinSteps } from "./chart_lines.js";
import {
  fillReading, isListed, makeButton, makeChoice, makeLegend, makeSlider, makeSwitch, readLines, sayReading,
} from "./chart_parts.js";
import { formatValue, invert, place, widen } from "./chart_scales.js";
import { areDecades, makeView } from "./chart_view.js";
import { make } from "./common.js";

/** @typedef {import("./chart_lines.js").Series} Series */

/** What a chart shows. A `small` one takes the place of a static chart: it has no title and no
 * slider, and its buttons stand in `toolbar`, where that is given. `axes` are further x axes that
 * the series know, by name, and what they are called.
 * @typedef {object} Spec
 * @property {string} title
 * @property {string} xLabel
 * @property {boolean} mayLog whether decades make sense
 * @property {Series[]} series
 * @property {Record<string, string>} [axes]
 * @property {boolean} [small]
 * @property {HTMLElement} [toolbar] */

const DEEPEST = 1e4; // times that one can zoom in

export class LineChart {
  /** @param {Element} host the chart is its last child until it is destroyed
   * @param {Spec} spec
   * @param {Record<string, string>} labels those that `curves.pick_words` names */
  constructor(host, spec, labels) {
    this.spec = spec;
    this.labels = labels;
    this.axis = "";
    this.weight = 0;
    /** @type {[number, number]|null} */
    this.window = null;
    /** @type {boolean|null} */
    this.log = null; // until the reader says: by the values
    /** @type {number|null} */
    this.cursor = null;
    /** @type {Line|null} */
    this.told = null;
    /** @type {Line[]} */
    this.lines = [];
    this.steps = new Float64Array();
    /** @type {[number, number]} */
    this.whole = [0, 1];
    /** @type {import("./chart_scales.js").Scale} */
    this.scale = { low: 0, high: 1, start: 0, end: 1, log: false };
    this.frame = 0;
    this.ending = new AbortController();
    this.canvas = /** @type {HTMLCanvasElement} */ (make("canvas"));
    this.mark = make("div", "cg-live-mark");
    this.box = make("div", "cg-reading");
    this.plot = make("div", "cg-live-plot", this.canvas, this.mark, this.box);
    this.voice = make("p", "cg-unseen");
    this.logSwitch = makeSwitch("log", labels.chart_log ?? "log", () => this.toggleLog());
    this.resetButton = makeButton("reset", labels.chart_reset ?? "0", () => this.reset());
    this.tools = make("div", "cg-tools", ...this.makeTools());
    this.legend = make("ul");
    this.root = make("div", `cg-live${spec.small ? " cg-live-small" : ""}`);
    this.build(host);
    this.setSeries(spec.series);
    this.watch();
  }

  /** @param {Element} host */
  build(host) {
    const { spec, plot, tools, root } = this;
    this.mark.hidden = this.box.hidden = true;
    this.canvas.setAttribute("aria-hidden", "true");
    plot.tabIndex = 0;
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-label", `${spec.title}. ${this.labels.chart_keys ?? ""}`);
    this.voice.setAttribute("aria-live", "polite");
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", spec.title);
    if (spec.toolbar) spec.toolbar.prepend(tools);
    else root.append(make("div", "cg-live-head", make("strong", "", spec.small ? "" : spec.title), tools));
    root.append(plot, this.legend, this.voice);
    host.append(root);
  }

  *makeTools() {
    const { spec, labels } = this;
    if (!spec.small) {
      const others = Object.entries(spec.axes ?? {});
      yield makeSlider(labels.chart_smooth ?? "", (weight) => this.setSmoothing(weight));
      if (others.length) {
        yield makeChoice(labels.chart_axis ?? "", [["", spec.xLabel], ...others], (axis) => this.setAxis(axis));
      }
    }
    if (spec.mayLog) yield this.logSwitch;
    yield makeButton("in", labels.chart_in ?? "+", () => this.zoomBy(2));
    yield makeButton("out", labels.chart_out ?? "−", () => this.zoomBy(0.5));
    yield this.resetButton;
  }

  watch() {
    const { signal } = this.ending;
    listen(
      {
        plot: this.plot,
        mark: this.mark,
        bounds: () => [this.scale.start, this.scale.end],
        value: (pixel) => invert(this.scale, pixel),
        zoomTo: (low, high) => this.zoomTo(low, high),
        zoomBy: (factor, pixel) => this.zoomBy(factor, pixel),
        pan: (pixels) => this.pan(pixels),
        reset: () => this.reset(),
        zoomed: () => this.window !== null,
        read: (pixel) => this.read(pixel),
        walk: (step) => this.walk(step),
        toggleLog: () => this.spec.mayLog && this.toggleLog(),
      },
      signal,
    );
    const sizes = new ResizeObserver(() => this.draw());
    sizes.observe(this.plot);
    const schemes = new MutationObserver(() => this.redraw());
    for (const element of [document.body, document.documentElement]) {
      schemes.observe(element, { attributeFilter: ["data-md-color-scheme", "class"] });
    }
    signal.addEventListener("abort", () => {
      sizes.disconnect();
      schemes.disconnect();
    });
  }

  /** Take the chart away. */
  destroy() {
    this.ending.abort();
    cancelAnimationFrame(this.frame);
    this.root.remove();
    this.tools.remove();
  }

  /** Other lines; zoom, smoothing and what is hidden stay.
   * @param {Series[]} series */
  setSeries(series) {
    const hidden = new Set(this.lines.filter((line) => !line.shown).map((line) => line.series.name));
    this.spec.series = series;
    this.lines = series.map((one) => new Line(one, this.axis));
    for (const line of this.lines) {
      line.shown = !hidden.has(line.series.name);
      line.smooth(this.weight);
    }
    const legend = makeLegend(
      this.lines,
      (line) => this.toggle(line),
      (line) => {
        this.told = line;
        this.redraw();
      },
    );
    const listed = this.lines.filter(isListed);
    legend.hidden = listed.length === 1 && listed[0].series.name === this.spec.title;
    this.legend.replaceWith(legend);
    this.legend = legend;
    this.measure();
  }

  /** @param {number} weight of what came before: 0 for none, below 1 */
  setSmoothing(weight) {
    this.weight = weight;
    this.lines.forEach((line) => line.smooth(weight));
    this.redraw();
  }

  /** @param {string} axis one of the spec's `axes`, empty for the first */
  setAxis(axis) {
    this.axis = axis;
    this.window = null;
    this.setSeries(this.spec.series);
  }

  /** @param {Line} line */
  toggle(line) {
    line.shown = !line.shown;
    this.measure();
  }

  /** Find out what all that is shown spans. */
  measure() {
    const lines = this.shown();
    this.steps = joinSteps(lines);
    const { steps } = this;
    this.whole = steps.length ? widen(steps[0], steps[steps.length - 1]) : widen(0, 1);
    this.cursor = null;
    this.showReading("");
    this.redraw();
  }

  shown() {
    return this.lines.filter((line) => line.shown);
  }

  toggleLog() {
    this.log = !this.view().ys.log;
    this.redraw();
  }

  reset() {
    this.window = null;
    this.redraw();
  }

  /** @param {number} low
   * @param {number} high */
  zoomTo(low, high) {
    const [least, most] = this.whole;
    const span = Math.max(high - low, (most - least) / DEEPEST);
    if (!Number.isFinite(span)) return;
    const start = Math.max(least, Math.min(low, most - span));
    this.window = span >= (most - least) * 0.999 ? null : [start, Math.min(most, start + span)];
    this.redraw();
  }

  /** @param {number} factor above 1 to see less of more
   * @param {number} [pixel] what stays where it is: the cursor, or the middle */
  zoomBy(factor, pixel) {
    const [low, high] = this.window ?? this.whole;
    const middle = this.cursor !== null && this.cursor >= low && this.cursor <= high ? this.cursor : (low + high) / 2;
    const still = pixel === undefined ? middle : Math.max(low, Math.min(high, invert(this.scale, pixel)));
    this.zoomTo(still - (still - low) / factor, still + (high - still) / factor);
  }

  /** @param {number} pixels */
  pan(pixels) {
    if (!this.window) return;
    const [low, high] = this.window;
    const by = (-pixels / (this.scale.end - this.scale.start)) * (high - low);
    const [least, most] = this.whole;
    const kept = Math.max(least - low, Math.min(most - high, by));
    this.zoomTo(low + kept, high + kept);
  }

  /** The x values of points that are to be seen. */
  within() {
    const [low, high] = this.window ?? this.whole;
    const { steps } = this;
    const end = findFirst(steps, high);
    return steps.subarray(findFirst(steps, low), steps[end] === high ? end + 1 : end);
  }

  /** Read at a pixel; null to read no more.
   * @param {number|null} pixel */
  read(pixel) {
    const { scale } = this;
    const steps = this.within();
    let cursor = null;
    if (pixel !== null && steps.length && pixel >= scale.start - 12 && pixel <= scale.end + 12) {
      const x = invert(scale, pixel);
      const after = Math.min(steps.length - 1, findFirst(steps, x));
      const before = Math.max(0, after - 1);
      cursor = x - steps[before] < steps[after] - x ? steps[before] : steps[after];
    }
    if (cursor === this.cursor) return;
    this.cursor = cursor;
    this.showReading("");
    this.redraw();
  }

  /** Go to a neighbouring point and say its values.
   * @param {number} step */
  walk(step) {
    const steps = this.within();
    if (!steps.length) return;
    const from = this.cursor === null ? (step > 0 ? -1 : steps.length) : findFirst(steps, this.cursor);
    this.cursor = steps[Math.max(0, Math.min(steps.length - 1, from + step))];
    this.showReading("polite");
    this.redraw();
  }

  /** @param {string} aloud whether to say it, too */
  showReading(aloud) {
    const { cursor, box } = this;
    box.hidden = cursor === null;
    if (cursor === null) return;
    const title = `${this.xLabel()} ${formatValue(cursor)}`;
    const readings = readLines(this.shown(), cursor);
    fillReading(box, title, readings, cursor);
    if (aloud) this.voice.textContent = sayReading(title, readings);
  }

  xLabel() {
    return this.axis ? (this.spec.axes?.[this.axis] ?? this.axis) : this.spec.xLabel;
  }

  /** Draw with the next picture. */
  redraw() {
    if (this.frame || this.ending.signal.aborted) return;
    this.frame = requestAnimationFrame(() => this.draw());
  }

  /** Draw now. */
  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const view = this.view();
    if (!view.width || !view.height) return;
    const dense = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(view.width * dense), Math.round(view.height * dense)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
    }
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.setTransform(width / view.width, 0, 0, height / view.height, 0, 0);
    drawChart(context, view);
    this.logSwitch.setAttribute("aria-pressed", String(view.ys.log));
    this.resetButton.toggleAttribute("disabled", this.window === null);
    Object.assign(this.mark.style, { top: `${view.ys.end}px`, height: `${view.ys.start - view.ys.end}px` });
    this.placeReading(view);
  }

  /** @returns {import("./chart_draw.js").View} */
  view() {
    const { width, height } = this.plot.getBoundingClientRect();
    const lines = this.shown();
    const [low, high] = this.window ?? this.whole;
    if (this.log === null && !this.window) this.log = this.spec.mayLog && areDecades(lines, low, high) ? true : null;
    const view = makeView({
      width, height, low, high, lines, small: Boolean(this.spec.small), log: Boolean(this.log),
      xLabel: this.xLabel(), told: this.told, cursor: this.cursor, theme: readTheme(this.plot),
    }); // prettier-ignore
    this.scale = view.xs;
    return view;
  }

  /** Beside the cursor, on the side that has room.
   * @param {import("./chart_draw.js").View} view */
  placeReading(view) {
    if (this.cursor === null) return;
    const x = place(view.xs, this.cursor);
    const wide = this.box.offsetWidth;
    const right = x + 12 + wide <= view.width || x < view.width / 2;
    const left = right ? Math.min(x + 12, view.width - wide) : Math.max(0, x - 12 - wide);
    this.box.style.left = `${left}px`;
    this.box.style.top = `${view.ys.end}px`;
  }
}

