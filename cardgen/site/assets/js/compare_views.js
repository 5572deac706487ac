// The parts of the page that compares: in short, what was learnt, metrics, what went in, curves.
// @ts-check

import { fill, make } from "./common.js";
import {
  alignEnvironments, alignInputs, alignMeasures, alignParams, alignSource, asNumber, differInCommands,
  judge, normalise, rangeLink,
} from "./compare_data.js";
import { arrow, cardLink, commandRows, isChanged, makeTable, metricRow, sayMeasure, textRow } from "./compare_tables.js";
import { formatDifference, formatNumbers, formatRatio, MISSING, renderProse } from "./compare_text.js";

/** @typedef {import("./compare_tables.js").View} View */
/** @typedef {import("./compare_data.js").Card} Card */
/** @typedef {import("./compare_data.js").Row} Row */
/** @typedef {import("./compare_data.js").Measure} Measure */

const MOST_VERDICTS = 6;
const MOST_CHANGES = 8;
const FIRST_CHARTS = 4;
const MOST_CHARTS = 16;

/** A text with elements in its places. @param {string} text @param {...(Node|string)} parts */
export function fillNodes(text, ...parts) {
  return text.split(/\{(\d)\}/).map((piece, at) => (at % 2 ? parts[Number(piece)] ?? "" : piece));
}

/** A part under its heading. @param {string} anchor @param {string} title @param {...(Node|string)} children */
export function makePart(anchor, title, ...children) {
  const heading = make("h2", "", title);
  heading.id = anchor;
  const made = make("section", `cg-part cg-part-${anchor}`, heading, ...children);
  made.setAttribute("aria-labelledby", anchor);
  return made;
}

/** All parts in their order. @param {View} view @param {string} metric */
export function renderParts(view, metric) {
  const several = view.cards.length > 1;
  const parts = [
    several ? renderSummary(view, metric) : null,
    renderProseOf(view),
    renderMetrics(view, metric),
    renderText(view, "params", view.labels.part_params, alignParams(view.cards)),
    renderCommands(view),
    renderText(view, "inputs", view.labels.part_model, alignInputs(view.cards, view.labels)),
    renderSource(view),
    renderEnvironment(view),
  ];
  return [...parts, renderSame(view)].filter((part) => part !== null);
}

/** What nothing differs in, in one place. @param {View} view */
function renderSame(view) {
  if (!view.same.length) return null;
  const lines = view.same.map(({ title, names }) => make("div", "", make("dt", "", title), make("dd", "", names.join(", "))));
  return makePart("same", view.labels.cmp_same_title, make("dl", "cg-facts", ...lines));
}

// In short ------------------------------------------------------------------------------------

/** Which is better by how much, and what was changed. @param {View} view @param {string} metric */
function renderSummary(view, metric) {
  const row = alignMeasures(view.cards, metric).find((one) => normalise(one.name) === normalise(metric));
  const [base, ...others] = view.cards;
  const measures = row?.measures ?? view.cards.map(() => null);
  const blocks = others.slice(0, MOST_VERDICTS).map((card, at) =>
    make("div", `cg-outcome cg-outcome-${word(judge(measures[at + 1], measures[0]))}`,
      ...renderVerdict(view, row?.name ?? metric, base, card, measures[0], measures[at + 1]),
      ...renderChanges(view, base, card)),
  );
  return makePart("summary", view.labels.cmp_summary, ...blocks);
}

const word = (/** @type {number} */ verdict) => (verdict > 0 ? "better" : verdict < 0 ? "worse" : "equal");

/** @param {View} view @param {string} name @param {Card} base @param {Card} card @param {Measure|null} before @param {Measure|null} after */
function renderVerdict(view, name, base, card, before, after) {
  const { labels } = view;
  const [own, other] = [asNumber(after?.value), asNumber(before?.value)];
  const links = [cardLink(view, card), cardLink(view, base)];
  if (own === null || other === null || Number.isNaN(own - other) || !after || !before) {
    return [make("p", "cg-said", ...fillNodes(labels.cmp_no_metric, ...links))];
  }
  const verdict = judge(after, before);
  const [shown, shownBase] = formatNumbers([own, other]);
  const strong = make("strong", "", shown);
  strong.title = sayMeasure(view, after, card);
  const beside = make("span", "", shownBase);
  beside.title = sayMeasure(view, before, base);
  const difference = make("span", `cg-${word(verdict)}`, formatDifference(own, other));
  const text = labels[`cmp_${word(verdict)}`];
  const said = make("p", "cg-said", ...(verdict ? [arrow(verdict), " "] : []),
    ...fillNodes(text, ...links, make("code", "", name), strong, beside, difference));
  const std = Math.max(asNumber(after.std) ?? 0, asNumber(before.std) ?? 0);
  const noisy = verdict && std >= Math.abs(own - other);
  return noisy ? [said, make("p", "cg-noise", fill(labels.cmp_noise, Number(std.toPrecision(2))))] : [said];
}

/** What was changed from the baseline to a card. @param {View} view @param {Card} base @param {Card} card */
function renderChanges(view, base, card) {
  const pair = [base, card];
  const { labels } = view;
  const rows = [...alignParams(pair), ...alignInputs(pair, labels), ...alignSource(pair, labels), ...alignEnvironments(pair, labels).machine].filter((row) => row.differs);
  const items = rows.slice(0, MOST_CHANGES).map(changeItem);
  if (!rows.length && differInCommands(base.train, base.code, card.train, card.code)) {
    const commands = commandRows({ ...view, cards: pair, all: false }, "train");
    return commands ? [make("h3", "", labels.cmp_changed), commands] : [];
  }
  const packages = alignEnvironments(pair, labels).packages.filter((row) => row.differs);
  if (packages.length && items.length < MOST_CHANGES) {
    items.push(make("li", "", fill(labels.packages, packages.length)));
  }
  if (!items.length) return [make("p", "cg-quiet", labels.cmp_unchanged)];
  if (rows.length > MOST_CHANGES) {
    items.push(make("li", "cg-quiet", fill(labels.and_more, rows.length - MOST_CHANGES)));
  }
  return [make("h3", "", labels.cmp_changed), make("ul", "cg-changes", ...items)];
}

/** @param {Row} row */
function changeItem(row) {
  const [before, after] = row.cells;
  const ratio = formatRatio(after?.value, before?.value);
  const item = make("li", "", make("code", "", row.name), " ", make("span", "cg-before", before?.text || MISSING));
  const arrowTo = make("span", "cg-to", " → ");
  item.append(arrowTo, make("strong", "", after?.text || MISSING));
  if (ratio) item.append(" ", make("span", "cg-ratio", ratio));
  return item;
}

// What people wrote ---------------------------------------------------------------------------

/** Goals, conclusions and problems beside each other. @param {View} view */
function renderProseOf(view) {
  const { labels } = view;
  const columns = view.cards.map((card) => {
    const column = make("div", "cg-asked", make("h3", "", cardLink(view, card), ` ${card.title === card.code ? "" : card.title}`));
    for (const key of ["goal", "conclusions", "problems"]) {
      const sections = card.sections.filter((section) => section.key === key && section.text);
      const body = sections.flatMap((section) => renderProse(section.text));
      if (!body.length && key === "problems") continue;
      const title = sections[0]?.title || labels[`part_${key}`];
      const empty = make("p", "cg-quiet", key === "goal" ? labels.no_goal : labels.no_conclusions);
      column.append(make("h4", "", title), ...(body.length ? body : [empty]));
    }
    return column;
  });
  return makePart("learnt", labels.cmp_learnt, make("div", "cg-side-by-side", ...columns));
}

// Tables --------------------------------------------------------------------------------------

/** @param {View} view @param {string} metric */
function renderMetrics(view, metric) {
  const rows = alignMeasures(view.cards, metric);
  const shown = rows.filter((row) => view.all || row.differs || view.cards.length < 2);
  if (!rows.length) return null;
  const title = view.labels.cmp_metrics;
  const made = shown.map((row) => metricRow(view, row));
  return makePart("metrics", title, ...(made.length ? [makeTable(view, title, made, "cg-metrics")] : []),
    ...sayRest(view, rows.filter((row) => !shown.includes(row)).map((row) => row.name)));
}

/** @param {View} view @param {string} anchor @param {string} title @param {Row[]} rows @param {...Node} more */
function renderText(view, anchor, title, rows, ...more) {
  if (!rows.length) return null;
  const sorted = [...rows].sort((a, b) => Number(b.differs) - Number(a.differs));
  const shown = sorted.filter((row) => view.all || row.differs || view.cards.length < 2);
  if (!shown.length && !more.length) {
    view.same.push({ title, names: sorted.map((row) => row.name) });
    return null;
  }
  const table = shown.length ? [makeTable(view, title, shown.map((row) => textRow(view, row)), "cg-params")] : [];
  return makePart(anchor, title, ...table, ...more, ...sayRest(view, sorted.filter((row) => !shown.includes(row)).map((row) => row.name)));
}

/** The names of what is the same in all. @param {View} view @param {string[]} names */
function sayRest(view, names) {
  return names.length ? [make("p", "cg-below", fill(view.labels.cmp_same, names.join(", ")))] : [];
}

/** @param {View} view */
function renderCommands(view) {
  const kinds = /** @type {const} */ (["train", "predict"]);
  const parts = kinds.flatMap((kind) => {
    const rows = commandRows(view, kind);
    return rows ? [make("h3", "", view.labels[`command_${kind}`]), rows] : [];
  });
  return parts.length ? makePart("commands", view.labels.cmp_commands, ...parts) : null;
}

/** @param {View} view */
function renderSource(view) {
  const [base, ...others] = view.cards;
  const links = others.map((card) => [card, rangeLink(base, card)]).filter(([, url]) => url);
  const items = /** @type {[Card, string][]} */ (links).map(([card, url]) => {
    const link = make("a", "", fill(view.labels.cmp_commits, base.code, card.code));
    link.setAttribute("href", url);
    link.setAttribute("rel", "noopener");
    return make("li", "", link);
  });
  const list = items.length ? [make("ul", "", ...items)] : [];
  return renderText(view, "source", view.labels.part_source, alignSource(view.cards, view.labels), ...list);
}

/** @param {View} view */
function renderEnvironment(view) {
  const { machine, packages } = alignEnvironments(view.cards, view.labels);
  const several = view.cards.length > 1;
  const rows = [...machine, ...packages.filter((row) => row.differs || (view.all && several))];
  return renderText(view, "environment", view.labels.part_environment, rows);
}

// Curves --------------------------------------------------------------------------------------

/** One chart a metric, a line a card: that of the run whose result the card stands for.
 * @param {View} view
 * @param {string} metric
 * @returns {{title: string, xLabel: string, mayLog: boolean, series: object[]}[]} */
export function listCharts(view, metric) {
  /** @type {Map<string, {title: string, axis: string, process: boolean, lines: (import("./compare_data.js").Curve|null)[]}>} */
  const found = new Map();
  view.cards.forEach((card, at) => {
    for (const curve of card.curves) {
      const key = `${curve.axis} ${normalise(curve.metric)}`;
      const chart = found.get(key) ?? { title: curve.metric, axis: curve.axis, process: false, lines: view.cards.map(() => null) };
      chart.lines[at] ??= curve; // curves of the run with the best value come first
      found.set(key, chart);
    }
  });
  const wanted = normalise(metric);
  const count = (/** @type {{lines: unknown[]}} */ chart) => chart.lines.filter(Boolean).length;
  const least = view.cards.length > 1 ? 2 : 1;
  const charts = [...found.values()].filter((chart) => count(chart) >= least);
  charts.sort((a, b) => Number(normalise(b.title) === wanted) - Number(normalise(a.title) === wanted));
  return charts.slice(0, MOST_CHARTS).map((chart) => ({
    title: chart.title,
    xLabel: view.labels[`axis_${chart.axis}`] ?? chart.axis,
    mayLog: chart.lines.some((line) => line?.ys.some((value) => value !== null && value > 1)),
    series: chart.lines.flatMap((line, at) => (line ? [{
      name: view.cards[at].code, colour: at % 8, dashed: at >= 8, xs: line.xs, ys: line.ys, best: line.best,
    }] : [])),
  }));
}

/** The part with the curves; `draw` is called for each chart's host when it is to be drawn.
 * @param {View} view
 * @param {string} metric
 * @param {(host: HTMLElement, spec: object) => void} draw */
export function renderCurves(view, metric, draw) {
  const charts = listCharts(view, metric);
  if (!charts.length) return null;
  const host = (/** @type {object} */ spec) => {
    const made = make("div", "cg-overlay");
    draw(made, spec);
    return made;
  };
  const part = makePart("curves", view.labels.part_curves, make("div", "cg-overlays", ...charts.slice(0, FIRST_CHARTS).map(host)));
  const rest = charts.slice(FIRST_CHARTS);
  if (!rest.length) return part;
  const fold = make("details", "cg-fold", make("summary", "", fill(view.labels.more_charts, rest.length)));
  fold.addEventListener("toggle", () => fold.append(make("div", "cg-overlays", ...rest.map(host))), { once: true });
  part.append(fold);
  return part;
}
