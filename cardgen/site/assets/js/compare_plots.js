// Plots of many cards with their controls: which columns, which ranges, and the same as tables.
// @ts-check

import { fill, make, root } from "./common.js";
import { alignMeasures, alignParams, asFinite, asNumber, normalise } from "./compare_data.js";
import { extent, isWide, makeScale, mayLog, sample, sayCell } from "./compare_canvas.js";
import { Parallel } from "./parallel.js";
import { compareUrl } from "./picks.js";
import { Scatter } from "./scatter.js";

/** @typedef {import("./compare_data.js").Card} Card */
/** @typedef {import("./compare_canvas.js").Column} Column */
/** @typedef {import("./scatter.js").Table} Table */
/** @typedef {{labels: Record<string, string>, cardsPath: string}} Page */

const MOST_ROWS = 200;
const FIRST_AXES = 5;
const MOST_AXES = 12;
const SIDE_BY_SIDE = 12;
const BINS = 8;

/** The table of the cards' own records. @param {Card[]} cards @param {string} metric
 * @param {Record<string, string>} _labels @returns {Table} */
export function fromRecords(cards, metric, _labels) {
  const params = alignParams(cards).filter((row) => row.differs).map((row) => {
    const cells = row.cells.map((cell) => (cell ? cell.value ?? cell.text : null));
    const numeric = cells.every((cell) => cell === null || (typeof cell !== "boolean" && asFinite(cell) !== null));
    return column(row.name, "param", cells.map((cell, at) => (cell === null ? null : numeric ? asNumber(cell) : row.cells[at]?.text ?? "")));
  });
  const metrics = alignMeasures(cards, metric).filter((row) => row.differs).map((row) =>
    column(row.name, "metric", row.measures.map((one) => asFinite(one?.value)), row.measures.find(Boolean)?.direction));
  const own = metrics.find((one) => normalise(one.name) === normalise(metric));
  return {
    codes: cards.map((card) => card.code), titles: cards.map((card) => card.title),
    columns: [...params, ...metrics].filter((one) => one.cells.some((cell) => cell !== null)),
    metric: own?.name ?? "",
  };
}

/** The table of `cards/params.json`: of all cards, or of those with these codes.
 * @param {any} data @param {string[]|null} codes @param {Record<string, string>} labels
 * @returns {Table} */
export function fromTable(data, codes, labels) {
  const wanted = codes ? new Set(codes) : null;
  const rows = data.codes.map((/** @type {string} */ _, /** @type {number} */ at) => at)
    .filter((/** @type {number} */ at) => !wanted || wanted.has(data.codes[at]));
  const pick = (/** @type {any[]} */ all) => rows.map((/** @type {number} */ at) => all[at]);
  const columns = data.columns.map((/** @type {any} */ one) => {
    const cells = one.cells ?? one.at.map((/** @type {number} */ at) => (at < 0 ? null : one.words[at]));
    const label = one.kind === "input" ? labels[one.name] : one.name;
    return column(one.name, one.kind, pick(cells), one.direction, label);
  });
  return { codes: pick(data.codes), titles: pick(data.titles), columns, metric: data.metric };
}

/** @param {string} name @param {string} kind @param {(number|string|null)[]} cells @param {string} [direction] @param {string} [label]
 * @returns {Column} */
function column(name, kind, cells, direction, label = name) {
  const numeric = !cells.some((cell) => typeof cell === "string");
  return { name, label, kind, numeric, direction, cells };
}

/** How much of a metric's variance a column explains, from 0 to 1: it orders what is offered.
 * @param {Column} one @param {Column} metric */
export function explain(one, metric) {
  const scale = makeScale(one, isWide(one));
  /** @type {Map<string, [number, number, number]>} */
  const groups = new Map();
  let [count, sum, squares] = [0, 0, 0];
  const cards = sample(one.cells.length);
  cards.forEach((at) => {
    const [cell, value] = [one.cells[at], metric.cells[at]];
    if (cell === null || typeof value !== "number") return;
    const key = one.numeric ? String(Math.min(BINS - 1, Math.floor(scale.place(cell) * BINS))) : String(cell);
    const group = groups.get(key) ?? [0, 0, 0];
    group[0] += 1;
    group[1] += value;
    groups.set(key, group);
    [count, sum, squares] = [count + 1, sum + value, squares + value * value];
  });
  const total = squares - (sum * sum) / count;
  if (groups.size < 2 || count <= groups.size || !(total > 0)) return 0;
  const between = [...groups.values()].reduce((all, [n, s]) => all + (s * s) / n, 0) - (sum * sum) / count;
  const explained = 1 - ((total - between) / (count - groups.size)) / (total / (count - 1));
  return (Math.max(0, explained) * count) / cards.length; // what few cards have tells little
}

/** Both plots, or a word of why there are none. @param {Page} page @param {Table} table */
export function renderPlots(page, table) {
  const heading = make("h2", "", page.labels.cmp_plots);
  heading.id = "plots";
  const part = make("section", "cg-part cg-part-plots", heading);
  const metrics = table.columns.filter((one) => one.kind === "metric");
  const metric = metrics.find((one) => one.name === table.metric) ?? metrics[0];
  const inputs = table.columns.filter((one) => one.kind !== "metric");
  if (!metric || table.columns.length < 2) {
    part.append(make("p", "cg-quiet", page.labels.cmp_no_columns));
    return part;
  }
  const worth = new Map(inputs.map((one) => [one, explain(one, metric)]));
  const widths = new Map(inputs.map((one) => [one, new Set(one.cells).size]));
  const spread = (/** @type {Column} */ one) => widths.get(one) ?? 0;
  inputs.sort((a, b) => (worth.get(b) ?? 0) - (worth.get(a) ?? 0) || Number(b.numeric) - Number(a.numeric) || spread(b) - spread(a));
  const columns = [...inputs, ...metrics];
  part.append(renderScatter(page, table, columns, metric), renderParallel(page, table, columns, metric));
  return part;
}

/** @param {Page} page */
const addressOf = (page) => (/** @type {string} */ code) => new URL(`${page.cardsPath}${encodeURIComponent(code)}/`, root).href;

/** @param {Page} page @param {Table} table @param {Column[]} columns @param {Column} metric */
function renderScatter(page, table, columns, metric) {
  const { labels } = page;
  const part = make("div", "cg-plot-part", make("h3", "", labels.cmp_scatter));
  const [x, y, colour] = [picker(labels.cmp_x, columns, columns[0]), picker(labels.cmp_y, columns, metric), picker(labels.cmp_colour, columns, undefined, labels.cmp_no_colour)];
  const logX = logBox(labels, labels.cmp_x);
  const logY = logBox(labels, labels.cmp_y);
  part.append(make("div", "cg-plot-tools", x.label, logX.label, y.label, logY.label, colour.label));
  const host = make("div", "cg-scatter");
  part.append(host);
  const scatter = new Scatter(host, table, labels, addressOf(page));
  const fold = foldTable(page, table, metric);
  part.append(fold.details);
  const show = () => {
    const [across, up, shade] = [x.get(), y.get(), colour.get()];
    if (!across || !up) return;
    scatter.show({ x: across, y: up, colour: shade, logX: logX.box.checked && mayLog(across), logY: logY.box.checked && mayLog(up) });
    fold.set([...new Set([across, up, ...(shade ? [shade] : [])])], scatter.order);
  };
  const offer = () => {
    logX.offer(x.get());
    logY.offer(y.get());
    show();
  };
  x.select.addEventListener("change", offer);
  y.select.addEventListener("change", offer);
  for (const one of [colour.select, logX.box, logY.box]) one.addEventListener("change", show);
  offer();
  return part;
}

/** @param {Page} page @param {Table} table @param {Column[]} columns @param {Column} metric */
function renderParallel(page, table, columns, metric) {
  const { labels } = page;
  const part = make("div", "cg-plot-part", make("h3", "", labels.cmp_parallel));
  const colour = picker(labels.cmp_colour, columns, metric, labels.cmp_no_colour);
  const reset = make("button", "cg-button", labels.cmp_reset);
  reset.setAttribute("type", "button");
  const inputs = columns.filter((one) => one.kind !== "metric");
  const chosen = new Set([...inputs.slice(0, FIRST_AXES), metric]);
  const axes = make("details", "cg-fold", make("summary", "", labels.cmp_axes));
  const ranges = make("details", "cg-fold", make("summary", "", labels.cmp_ranges));
  const fields = make("div", "cg-ranges");
  ranges.append(fields);
  const host = make("div", "cg-parallel");
  const these = make("p", "cg-these");
  const fold = foldTable(page, table, metric);
  const parallel = new Parallel(host, table, labels, addressOf(page), (kept) => {
    fold.set([...chosen], kept);
    these.replaceChildren(...(kept.length > 1 && kept.length <= SIDE_BY_SIDE && kept.length < table.codes.length ? [compareThese(labels, kept.map((card) => table.codes[card]))] : []));
    for (const refresh of refreshers) refresh();
  });
  /** @type {(() => void)[]} */
  let refreshers = [];
  const show = () => {
    parallel.show(columns.filter((one) => chosen.has(one)), colour.get());
    refreshers = [];
    fields.replaceChildren(...parallel.axes.filter((axis) => axis.column.numeric).map((axis) => rangeFields(labels, parallel, axis, refreshers)));
  };
  const boxes = make("div", "cg-axes", ...columns.map((one) => {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = chosen.has(one);
    box.addEventListener("change", () => {
      if (box.checked && chosen.size < MOST_AXES) chosen.add(one);
      else chosen.delete(one);
      box.checked = chosen.has(one);
      show();
    });
    return make("label", "", box, ` ${one.label}`);
  }));
  axes.append(boxes);
  reset.addEventListener("click", () => parallel.reset());
  colour.select.addEventListener("change", show);
  part.append(make("div", "cg-plot-tools", colour.label, reset), host, these, axes, ranges, fold.details);
  show();
  return part;
}

/** @param {Record<string, string>} labels @param {string[]} codes */
function compareThese(labels, codes) {
  const link = make("a", "cg-button cg-button-main", fill(labels.cmp_these, codes.length));
  link.setAttribute("href", compareUrl(codes));
  return link;
}

/** Two fields a numeric axis, for who cannot drag. @param {Record<string, string>} labels @param {Parallel} parallel
 * @param {import("./parallel.js").Axis} axis @param {(() => void)[]} refreshers */
function rangeFields(labels, parallel, axis, refreshers) {
  const { column: one, scale } = axis;
  const ends = [labels.cmp_from, labels.cmp_to].map((text, end) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "number", step: "any" });
    field.placeholder = sayCell(extent(one)[end]);
    field.addEventListener("change", () => apply());
    return { field, label: make("label", "", `${fill(text, one.label)} `, field) };
  });
  const apply = () => {
    const places = ends.map(({ field }, end) => {
      const number = asNumber(field.value);
      const usable = number !== null && (!scale.logarithmic || number > 0);
      return usable ? Math.max(0, Math.min(1, scale.place(number))) : end;
    });
    const open = ends.every(({ field }) => !field.value.trim());
    parallel.setRange(axis, open ? null : [Math.min(...places), Math.max(...places)]);
  };
  refreshers.push(() => ends.forEach(({ field }, end) => {
    if (field === document.activeElement) return;
    field.value = axis.range ? String(Number(scale.value(axis.range[end]).toPrecision(4))) : "";
  }));
  return make("div", "cg-range", ends[0].label, ends[1].label);
}

/** @param {string} text @param {Column[]} columns @param {Column|undefined} chosen @param {string} [none] */
function picker(text, columns, chosen, none) {
  const select = document.createElement("select");
  if (none !== undefined) select.append(new Option(none, "-1"));
  columns.forEach((one, at) => select.append(new Option(one.label, String(at), one === chosen, one === chosen)));
  return { select, label: make("label", "", `${text} `, select), get: () => columns[Number(select.value)] };
}

/** @param {Record<string, string>} labels @param {string} of which axis */
function logBox(labels, of) {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.setAttribute("aria-label", `${of}: ${labels.cmp_log}`);
  const label = make("label", "cg-log", box, ` ${labels.cmp_log}`);
  const offer = (/** @type {Column|undefined} */ one) => {
    label.hidden = !mayLog(one);
    box.checked = one?.kind !== "metric" && isWide(one);
  };
  return { box, label, offer };
}

/** The cards of a plot as a table, the best first; made when it is opened.
 * @param {Page} page @param {Table} table @param {Column} metric */
function foldTable(page, table, metric) {
  const { labels } = page;
  const details = make("details", "cg-fold", make("summary", "", labels.cmp_table));
  const holder = make("div");
  details.append(holder);
  /** @type {[Column[], number[]]} */
  let shown = [[], []];
  const worth = (/** @type {number} */ card) => {
    const cell = metric.cells[card];
    return typeof cell !== "number" ? Infinity : metric.direction === "min" ? cell : -cell;
  };
  const render = () => {
    if (!details.hasAttribute("open")) return;
    const [columns, cards] = shown;
    const sorted = [...cards].sort((a, b) => worth(a) - worth(b)).slice(0, MOST_ROWS);
    const cut = cards.length > MOST_ROWS ? [make("p", "cg-below", fill(labels.cmp_rows, MOST_ROWS, cards.length))] : [];
    holder.replaceChildren(makeRows(page, table, columns, sorted), ...cut);
  };
  details.addEventListener("toggle", render);
  const set = (/** @type {Column[]} */ columns, /** @type {number[]} */ cards) => {
    shown = [columns, cards];
    render();
  };
  return { details, set };
}

/** @param {Page} page @param {Table} table @param {Column[]} columns @param {number[]} cards */
function makeRows(page, table, columns, cards) {
  const head = [page.labels.experiment, ...columns.map((one) => one.label)].map((text) => {
    const cell = make("th", "", text);
    cell.setAttribute("scope", "col");
    return cell;
  });
  const address = addressOf(page);
  const rows = cards.map((card) => {
    const link = make("a", "cg-code", table.codes[card]);
    link.setAttribute("href", address(table.codes[card]));
    const name = make("th", "", link);
    name.setAttribute("scope", "row");
    return make("tr", "", name, ...columns.map((one) => make("td", one.numeric ? "cg-number" : "", sayCell(one.cells[card]))));
  });
  const box = make("div", "cg-scroll cg-tall", make("table", "cg-table", make("thead", "", make("tr", "", ...head)), make("tbody", "", ...rows)));
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", page.labels.cmp_table);
  return box;
}
