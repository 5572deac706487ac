// A card's learning curves: the page's static charts become ones that can be zoomed when a reader
// comes near them, and the baseline's curves can be laid over them.
// @ts-check

import { listOverlays, listSeries } from "./chart_cards.js";
import { makeButton, makeChoice, makeSlider, makeSwitch } from "./chart_parts.js";
import { LineChart } from "./chart.js";
import { fetchJson, fill, make } from "./common.js";

/** @typedef {import("./chart_cards.js").Chart} Chart */
/** @typedef {import("./chart_cards.js").Card} Card */

/** @typedef {{code: string, base: string, epochs: boolean, charts: Chart[]}} Live */

/** Bring the curves of a page to life.
 * @param {HTMLElement} element */
export function start(element) {
  if (location.protocol === "file:") return; // nothing can be fetched there
  new Curves(element);
}

class Curves {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    /** @type {Live} */
    this.live = JSON.parse(element.dataset.cgCurves ?? "null");
    /** @type {Record<string, string>} */
    this.words = JSON.parse(element.dataset.cgWords ?? "{}");
    /** @type {Map<string, Promise<Card|null>>} */
    this.cards = new Map();
    this.over = false;
    this.weight = 0;
    this.axis = "";
    const figures = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(".cg-chart"));
    this.figures = [...figures].map((figure, at) => new Figure(this, figure, this.live.charts[at]));
    this.status = make("span", "cg-curve-status");
    this.status.setAttribute("role", "status");
    this.tools = element.querySelector(".cg-curve-tools");
    this.tools?.append(...this.makeTools(), this.status);
  }

  *makeTools() {
    const { words, live } = this;
    if (live.base) {
      const label = fill(words.chart_over, live.base);
      this.overSwitch = makeSwitch(label, label, () => this.layOver(!this.over));
      this.overSwitch.classList.add("cg-tool-over");
      yield this.overSwitch;
    }
    yield makeSlider(words.chart_smooth, (weight) => {
      this.weight = weight;
      this.showAll((chart) => chart.setSmoothing(weight));
    });
    if (live.epochs && live.charts.some((chart) => chart.axis === "step")) {
      /** @type {[string, string][]} */
      const axes = [["", words.axis_step], ["epoch", words.axis_epoch]];
      yield makeChoice(words.chart_axis, axes, (axis) => {
        this.axis = axis;
        this.showAll((chart, figure) => figure.setAxis(chart, axis));
      });
    }
    yield make("span", "cg-curve-hint", words.chart_hint);
  }

  /** A card's data, fetched once; null where that fails.
   * @param {string} code
   * @returns {Promise<Card|null>} */
  load(code) {
    let card = this.cards.get(code);
    if (!card) {
      card = fetchJson(`cards/${encodeURIComponent(code)}/card.json`).catch(() => null);
      this.cards.set(code, card);
    }
    return card;
  }

  /** Bring the charts that are not folded to life and change each, later ones, too.
   * @param {(chart: LineChart, figure: Figure) => void} change */
  async showAll(change) {
    for (const figure of this.figures) {
      if (figure.chart) change(figure.chart, figure);
      else if (figure.seen) figure.show();
    }
  }

  /** @param {boolean} over */
  async layOver(over) {
    this.over = over;
    this.overSwitch?.setAttribute("aria-pressed", String(over));
    const base = over ? await this.load(this.live.base) : null;
    const charts = this.figures.filter((figure) => figure.seen);
    const none = base && !charts.some((figure) => listOverlays(figure.drawn, base, "").length);
    const missing = over && !base ? this.words.chart_failed : none ? this.words.chart_none : "";
    this.status.textContent = fill(missing, this.live.base);
    await Promise.all(charts.map((figure) => figure.show()));
    this.figures.forEach((figure) => figure.update());
  }

  /** Nothing can be fetched: take away what cannot work. */
  fail() {
    for (const figure of this.figures) figure.bar.remove();
    this.status.textContent = this.words.chart_failed;
    this.tools?.replaceChildren(this.status);
  }
}

/** One chart of the page, static until a reader comes near. */
class Figure {
  /** @param {Curves} all
   * @param {HTMLElement} element
   * @param {Chart} drawn */
  constructor(all, element, drawn) {
    this.all = all;
    this.element = element;
    this.drawn = drawn;
    /** @type {LineChart|null} */
    this.chart = null;
    /** @type {Promise<void>|null} */
    this.showing = null;
    this.title = element.querySelector("figcaption")?.textContent ?? "";
    this.bar = make("div", "cg-chart-bar", makeButton("large", all.words.chart_large, () => this.enlarge()));
    element.append(this.bar);
    for (const name of ["pointerenter", "pointerdown", "focusin"]) {
      element.addEventListener(name, () => this.show(), { once: true });
    }
  }

  get seen() {
    return this.element.offsetParent !== null && !this.element.closest("details:not([open])");
  }

  /** Put the live chart in the place of the static one. */
  show() {
    this.showing ??= this.replace();
    return this.showing;
  }

  async replace() {
    const series = await this.list();
    if (!series) {
      this.all.fail();
      return;
    }
    const picture = this.element.querySelector("svg.cg-plot");
    if (!series.length || !picture || this.chart) return;
    const host = make("div");
    this.chart = new LineChart(host, { ...this.describe(), series, small: true, toolbar: this.bar }, this.all.words);
    picture.after(host);
    this.setAxis(this.chart, this.all.axis);
    this.chart.setSmoothing(this.all.weight);
    this.chart.draw();
    picture.remove();
    this.element.querySelector(":scope > ul.cg-legend")?.remove();
  }

  /** The lines that are to be drawn; null where they cannot be had. */
  async list() {
    const { all, drawn } = this;
    const card = await all.load(all.live.code);
    if (!card) return null;
    const wanted = all.live.base && (all.over || drawn.over);
    const base = wanted ? await all.load(all.live.base) : null;
    return [...(base ? listOverlays(drawn, base, all.words.baseline) : []), ...listSeries(drawn, card)];
  }

  describe() {
    const { words, live } = this.all;
    const epochs = live.epochs && this.drawn.axis === "step";
    return {
      title: this.title,
      xLabel: words[`axis_${this.drawn.axis}`] ?? this.drawn.axis,
      mayLog: Boolean(this.drawn.log),
      ...(epochs ? { axes: { epoch: words.axis_epoch } } : {}),
    };
  }

  /** @param {LineChart} chart
   * @param {string} axis */
  setAxis(chart, axis) {
    if (this.drawn.axis === "step" && chart.axis !== axis) chart.setAxis(axis);
  }

  async update() {
    const series = this.chart && (await this.list());
    if (series?.length) this.chart?.setSeries(series);
  }

  /** The chart as large as the window, with all its tools. */
  async enlarge() {
    const series = await this.list();
    if (!series?.length) return;
    const dialog = /** @type {HTMLDialogElement} */ (make("dialog", "cg-large"));
    const close = makeButton("close", this.all.words.chart_close, () => dialog.close());
    close.classList.add("cg-large-close");
    dialog.setAttribute("aria-label", this.title);
    dialog.append(close);
    this.all.element.append(dialog);
    dialog.showModal();
    const chart = new LineChart(dialog, { ...this.describe(), series }, this.all.words);
    chart.plot.focus();
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      chart.destroy();
      dialog.remove();
    });
  }
}
