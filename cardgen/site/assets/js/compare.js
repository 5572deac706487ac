// The page that compares cards: reads the address, fetches each card's record, shows what differs.
// @ts-check

import { fetchJson, fill, make, readData } from "./common.js";
import { alignMeasures, alignParams, findBaseline, normalise } from "./compare_data.js";
import { startChooser } from "./compare_choose.js";
import { renderCurves, renderParts } from "./compare_views.js";
import { formatMarkdown, MISSING } from "./compare_text.js";
import { fromRecords, fromTable, renderPlots } from "./compare_plots.js";
import { toggle } from "./picks.js";

/** @typedef {import("./compare_data.js").Card} Card */
/** @typedef {import("./compare_tables.js").View} View */
/** What the address says. `everyone` stands for all cards of the site, in plots only.
 * @typedef {{codes: string[], baseline: string, all: boolean, metric: string, everyone: boolean}} State */

const SIDE_BY_SIDE = 12; // cards beside each other; more are for the plots
const FEWEST_PLOTTED = 3;
const MOST_CODES = 10000;

/** @param {HTMLElement} host */
export function start(host) {
  const data = readData("compare");
  if (data) new Comparison(host, data).load();
}

class Comparison {
  /** @param {HTMLElement} host @param {{labels: Record<string, string>, chart: Record<string, string>, pattern: string,
   *   cards: string}} data */
  constructor(host, data) {
    this.labels = data.labels;
    this.chartWords = data.chart;
    this.cardsPath = data.cards;
    this.pattern = new RegExp(data.pattern);
    /** @type {Map<string, Promise<Card|null>>} */
    this.records = new Map();
    /** @type {{destroy(): void}[]} */
    this.drawn = [];
    this.turn = 0;
    this.state = this.read();
    this.chooser = make("div", "cg-chooser");
    this.result = make("div", "cg-compared");
    host.replaceChildren(this.chooser, this.result);
    addEventListener("popstate", () => {
      this.state = this.read();
      this.load();
    });
  }

  /** @returns {State} */
  read() {
    const query = new URLSearchParams(location.search);
    const codes = (query.get("cards") ?? "").split(",").map((code) => code.trim()).filter(Boolean);
    return {
      codes: [...new Set(codes)].slice(0, MOST_CODES),
      baseline: query.get("baseline") ?? "",
      all: query.get("view") === "all",
      metric: query.get("metric") ?? "",
      everyone: query.has("all"),
    };
  }

  /** Keep what is shown in the address, with whatever else of it is not ours. */
  write() {
    const { codes, baseline, all, metric, everyone } = this.state;
    const query = new URLSearchParams(location.search);
    for (const name of ["cards", "baseline", "view", "metric", "all"]) query.delete(name);
    const own = [];
    if (codes.length) own.push(`cards=${codes.map(encodeURIComponent).join(",")}`);
    if (everyone) own.push("all");
    if (baseline) own.push(`baseline=${encodeURIComponent(baseline)}`);
    if (all) own.push("view=all");
    if (metric) own.push(`metric=${encodeURIComponent(metric)}`);
    const rest = query.toString();
    const search = [...own, ...(rest ? [rest] : [])].join("&");
    history.replaceState(history.state, "", `${location.pathname}${search ? `?${search}` : ""}${location.hash}`);
  }

  /** Change what is shown, the address with it. @param {Partial<State>} change */
  set(change) {
    const before = this.state.codes;
    this.state = { ...this.state, ...change };
    const now = this.state.codes;
    before.filter((code) => !now.includes(code)).forEach((code) => toggle(code, false));
    now.filter((code) => !before.includes(code)).forEach((code) => toggle(code, true));
    this.write();
    this.load();
  }

  /** @param {string} code */
  fetch(code) {
    const known = this.records.get(code) ?? fetchJson(`${this.cardsPath}${code}/card.json`).catch(() => null);
    this.records.set(code, known);
    return known;
  }

  async load() {
    const turn = (this.turn += 1);
    const { codes } = this.state;
    const fit = codes.filter((code) => this.pattern.test(code)); // nothing else is ever asked for
    const found = await Promise.all(fit.slice(0, SIDE_BY_SIDE).map((code) => this.fetch(code)));
    if (turn !== this.turn) return;
    const cards = found.filter((card) => card !== null);
    const faults = [
      ...codes.filter((code) => !fit.includes(code)).map((code) => fill(this.labels.cmp_no_code, code)),
      ...fit.filter((code, at) => found[at] === null).map((code) => fill(this.labels.cmp_missing, code)),
    ];
    const focus = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : "";
    this.drawn.splice(0).forEach((chart) => chart.destroy());
    const base = cards.length ? findBaseline(cards, this.state.baseline) : undefined;
    startChooser(this, this.chooser, cards, base?.code ?? "", faults);
    this.result.replaceChildren(...this.render(cards, base, fit));
    if (focus) this.focus(focus);
    if (cards.length) document.title = `${cards.map((card) => card.code).join(" · ")} – ${this.labels.compare}`;
  }

  /** @param {string} key */
  focus(key) {
    const element = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (element instanceof HTMLElement) element.focus();
  }

  /** @param {Card[]} cards @param {Card|undefined} base @param {string[]} codes @returns {Node[]} */
  render(cards, base, codes) {
    if (!base) return this.state.everyone ? [this.plotAll(null)] : [];
    const ordered = [base, ...cards.filter((card) => card !== base)];
    /** @type {View} */
    const view = { cards: ordered, labels: this.labels, all: this.state.all, cardsPath: this.cardsPath, same: [] };
    const metric = this.state.metric || base.metric;
    const parts = renderParts(view, metric);
    const at = parts.findIndex((part) => part.classList.contains("cg-part-metrics")) + 1;
    const curves = renderCurves(view, metric, (host, spec) => this.draw(host, spec));
    if (curves) parts.splice(at, 0, curves);
    const made = cards.length > 1 ? [this.renderTools(view, metric)] : [];
    if (codes.length > SIDE_BY_SIDE) {
      made.push(make("p", "cg-below", fill(this.labels.cmp_cut, SIDE_BY_SIDE, codes.length)));
    }
    return [...made, ...parts, ...this.plot(ordered, codes, metric)];
  }

  /** @param {View} view @param {string} metric */
  renderTools(view, metric) {
    const all = make("input");
    if (!(all instanceof HTMLInputElement)) throw new TypeError();
    Object.assign(all, { type: "checkbox", checked: this.state.all });
    all.dataset.key = "all";
    all.addEventListener("change", () => this.set({ all: all.checked }));
    const select = make("select");
    select.dataset.key = "metric";
    for (const row of alignMeasures(view.cards, metric)) {
      const option = make("option", "", row.name);
      option.toggleAttribute("selected", normalise(row.name) === normalise(metric));
      select.append(option);
    }
    select.addEventListener("change", () => {
      if (select instanceof HTMLSelectElement) this.set({ metric: select.value === view.cards[0].metric ? "" : select.value });
    });
    const copy = make("button", "cg-button", this.labels.cmp_copy);
    copy.setAttribute("type", "button");
    copy.addEventListener("click", () => this.copy(view, metric, copy));
    return make("div", "cg-compare-tools", make("label", "", `${this.labels.cmp_by} `, select),
      make("label", "", all, ` ${this.labels.cmp_all}`), copy);
  }

  /** @param {View} view @param {string} metric @param {HTMLElement} button */
  async copy(view, metric, button) {
    await navigator.clipboard.writeText(asMarkdown(view, metric));
    button.textContent = this.labels.cmp_copied;
    setTimeout(() => (button.textContent = this.labels.cmp_copy), 2000);
  }

  /** @param {HTMLElement} host @param {object} spec */
  async draw(host, spec) {
    const turn = this.turn;
    const { LineChart } = await loadCharts();
    if (turn === this.turn && host.isConnected) this.drawn.push(new LineChart(host, spec, this.chartWords));
  }

  /** @param {Card[]} cards @param {string[]} codes @param {string} metric @returns {Node[]} */
  plot(cards, codes, metric) {
    if (this.state.everyone || codes.length > SIDE_BY_SIDE) return [this.plotAll(this.state.everyone ? null : codes)];
    if (cards.length < FEWEST_PLOTTED) return [];
    const plots = renderPlots(this, fromRecords(cards, metric, this.labels));
    return [plots];
  }

  /** Plots of all cards, or of these. @param {string[]|null} codes */
  plotAll(codes) {
    const holder = make("div", "cg-plots-of-all");
    fetchJson("cards/params.json").then((table) => {
      holder.append(renderPlots(this, fromTable(table, codes, this.labels)));
    }, () => holder.append(make("p", "cg-quiet", this.labels.cmp_no_columns)));
    return holder;
  }
}

/** Charts come by a module of their own. @returns {Promise<any>} */
function loadCharts() {
  const address = "./chart.js";
  return import(address);
}

/** Metrics and differing parameters as a Markdown table. @param {View} view @param {string} metric */
export function asMarkdown(view, metric) {
  const metrics = alignMeasures(view.cards, metric).filter((row) => view.all || row.differs);
  const params = alignParams(view.cards).filter((row) => view.all || row.differs);
  const head = [view.labels.name, ...view.cards.map((card) => card.code)];
  return `${formatMarkdown(head, [
    ...metrics.map((row) => [row.name, ...row.measures.map((one) => (one ? String(one.value) : MISSING))]),
    ...params.map((row) => [row.name, ...row.cells.map((cell) => cell?.text ?? MISSING)]),
  ])}\n`;
}
