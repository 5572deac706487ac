// The tables of the page that compares: a column a card, the baseline's first.
// @ts-check

import { make, root } from "./common.js";
import { asNumber, differInCommands, judge, sayValue, valueKey, withoutCode } from "./compare_data.js";
import { diffWords, formatDifference, formatNumber, formatNumbers, formatRatio, MISSING } from "./compare_text.js";

/** @typedef {import("./compare_data.js").Card} Card */
/** @typedef {import("./compare_data.js").Row} Row */
/** @typedef {import("./compare_data.js").Cell} Cell */
/** @typedef {import("./compare_data.js").Measure} Measure */

/** What all tables are made from: the cards with the baseline first, and the page's words. `same`
 * gathers the parts in which nothing differs.
 * @typedef {{cards: Card[], labels: Record<string, string>, all: boolean, cardsPath: string,
 *   same: {title: string, names: string[]}[]}} View */

/** The page of a card. @param {View} view @param {string} code */
export const cardUrl = (view, code) => new URL(`${view.cardsPath}${encodeURIComponent(code)}/`, root).href;

/** A link to a card. @param {View} view @param {Card} card */
export function cardLink(view, card) {
  const link = make("a", "cg-code", card.code);
  link.setAttribute("href", cardUrl(view, card.code));
  if (card.title !== card.code) link.title = card.title;
  return link;
}

/** A table that scrolls in its own box; its first column names the rows.
 * @param {View} view
 * @param {string} title
 * @param {HTMLElement[]} rows
 * @param {string} [kind] class of the table */
export function makeTable(view, title, rows, kind = "") {
  const head = make("tr", "", columnHead(view.labels.name));
  view.cards.forEach((card, at) => {
    const cell = columnHead("");
    cell.append(cardLink(view, card));
    if (!at) cell.append(" ", make("span", "cg-chip cg-is-baseline", view.labels.baseline));
    head.append(cell);
  });
  const table = make("table", `cg-table cg-versus ${kind}`, make("thead", "", head), make("tbody", "", ...rows));
  const box = make("div", "cg-scroll", table);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", title);
  return box;
}

/** @param {string} text */
function columnHead(text) {
  const cell = make("th", "", text);
  cell.setAttribute("scope", "col");
  return cell;
}

/** The head of a row; long names may break behind their separators. @param {string} name */
export function rowHead(name) {
  const cell = make("th");
  cell.setAttribute("scope", "row");
  name.split(/(?<=[/_])/).forEach((piece, at) => cell.append(...(at ? [make("wbr"), piece] : [piece])));
  return cell;
}

/** A row of texts: what differs from the baseline is marked, numbers say how many times as large.
 * @param {View} view
 * @param {Row} row
 * @returns {HTMLElement} */
export function textRow(view, row) {
  const made = make("tr", row.differs ? "cg-differing" : "", rowHead(row.name));
  const base = row.cells[0];
  row.cells.forEach((cell, at) => {
    const changed = at > 0 && row.differs && isChanged(cell, base, view.cards[at].code, view.cards[0].code);
    made.append(textCell(cell, changed, at ? formatRatio(cell?.value, base?.value) : ""));
  });
  return made;
}

/** @param {Cell|null} cell @param {Cell|null} base @param {string} code @param {string} baseCode */
export function isChanged(cell, base, code, baseCode) {
  const key = (/** @type {Cell|null} */ one, /** @type {string} */ own) => (one ? valueKey(one.value ?? one.text, own) : "");
  return key(cell, code) !== key(base, baseCode);
}

/** @param {Cell|null} cell @param {boolean} changed @param {string} ratio */
function textCell(cell, changed, ratio) {
  const made = make("td", changed ? "cg-was-changed" : "");
  if (!cell) {
    made.append(MISSING);
    return made;
  }
  const text = make(changed ? "mark" : "span", "cg-text", cell.text);
  if (cell.href) {
    const link = make("a", "", text);
    link.setAttribute("href", cell.href);
    link.setAttribute("rel", "noopener");
    made.append(link);
  } else made.append(text);
  made.title = cell.title;
  if (ratio) made.append(" ", make("span", "cg-ratio", ratio));
  return made;
}

/** A row of a metric: each value with its difference to the baseline's.
 * @param {View} view
 * @param {{name: string, measures: (Measure|null)[]}} row */
export function metricRow(view, row) {
  const made = make("tr", "", rowHead(row.name));
  const numbers = row.measures.map((measure) => asNumber(measure?.value));
  const shown = formatNumbers(numbers);
  const best = findBest(row.measures);
  row.measures.forEach((measure, at) => {
    const cell = make("td", "cg-number");
    const base = at ? row.measures[0] : null;
    if (measure) cell.title = sayMeasure(view, measure, view.cards[at]);
    if (row.measures.length > 2 && at === best) {
      const star = make("span", "cg-star", "★", make("span", "cg-unseen", ` ${view.labels.cmp_is_best} `));
      star.title = view.labels.cmp_is_best;
      cell.append(star);
    }
    cell.append(make("b", "", shown[at]));
    const std = asNumber(measure?.std);
    if (std) cell.append(make("span", "cg-std", ` ± ${Number(std.toPrecision(2))}`));
    if (base && measure) cell.append(differenceOf(view, measure, base));
    made.append(cell);
  });
  return made;
}

/** @param {(Measure|null)[]} measures @returns {number} the place of the one best, else -1 */
function findBest(measures) {
  const places = measures.map((_, at) => at).filter((at) => measures[at]?.judged);
  const best = places.reduce((a, b) => (a < 0 || judge(measures[b], measures[a]) > 0 ? b : a), -1);
  return places.every((at) => at === best || judge(measures[best], measures[at]) > 0) ? best : -1;
}

/** A difference by sign, arrow and colour; hardware and counts have no better or worse.
 * @param {View} view
 * @param {Measure} measure
 * @param {Measure} base */
export function differenceOf(view, measure, base) {
  const [own, other] = [asNumber(measure.value), asNumber(base.value)];
  if (own === null || other === null || Number.isNaN(own - other)) return make("span");
  const verdict = judge(measure, base);
  const word = verdict > 0 ? "better" : verdict < 0 ? "worse" : "equal";
  const made = make("span", `cg-below cg-difference cg-${word}`, formatDifference(own, other));
  if (verdict) made.append(" ", arrow(verdict), make("span", "cg-unseen", ` ${view.labels[`baseline_${word}`]}`));
  return made;
}

/** Up for better and down for worse, so that colour is not needed. @param {number} verdict */
export function arrow(verdict) {
  const made = make("span", "cg-arrow", verdict > 0 ? "▲" : "▼");
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** The value in full, and which run, step and choice it is of.
 * @param {View} view
 * @param {Measure} measure
 * @param {Card} card */
export function sayMeasure(view, measure, card) {
  const { labels } = view;
  const how = { mean: labels.mean_of_seeds.replace("{0}", String(measure.seeds)),
    best: labels.cmp_at_best.replace("{0}", () => card.metric), own: labels.cmp_at_own,
    last: labels.last_value }[measure.kind];
  const parts = [sayValue(measure.value), how];
  if (measure.step !== undefined) parts.push(`${labels.axis_step} ${measure.step}`);
  if (measure.epoch !== undefined) parts.push(`${labels.axis_epoch} ${formatNumber(measure.epoch)}`);
  return [...parts, measure.origin].filter(Boolean).join(" · ");
}

/** The command lines of each card, word by word against the baseline's.
 * @param {View} view
 * @param {"train"|"predict"} kind
 * @returns {HTMLElement|null} null where there are none, or all are equal and only that is asked */
export function commandRows(view, kind) {
  const [base, ...others] = view.cards;
  const differ = others.some((card) => differInCommands(card[kind], card.code, base[kind], base.code));
  if (!view.cards.some((card) => card[kind].length) || !(differ || view.all)) return null;
  const list = make("div", "cg-commands");
  view.cards.forEach((card, at) => {
    if (at && !view.all && !differInCommands(card[kind], card.code, base[kind], base.code)) return;
    const name = make("div", "cg-command-of", cardLink(view, card));
    const lines = card[kind].map((fact, line) => commandLine(view, card, fact, at ? base[kind][line] : undefined));
    list.append(name, make("div", "cg-command-lines", ...(lines.length ? lines : [MISSING])));
  });
  return list;
}

/** @param {View} view @param {Card} card @param {import("./compare_data.js").Fact} fact @param {import("./compare_data.js").Fact|undefined} base */
function commandLine(view, card, fact, base) {
  const code = make("code");
  const text = sayValue(fact.value);
  if (!base) code.append(text);
  else {
    const own = (/** @type {string} */ word, /** @type {string} */ name) => withoutCode(word, name);
    const same = (/** @type {string} */ a, /** @type {string} */ b) => own(a, view.cards[0].code) === own(b, card.code);
    diffWords(sayValue(base.value), text, same).forEach(([side, word], at) => {
      code.append(at ? " " : "", side ? changedWord(view, side, word) : word);
    });
  }
  const line = make("pre", "", code);
  line.title = fact.origin;
  return line;
}

/** @param {View} view @param {number} side @param {string} word */
function changedWord(view, side, word) {
  const label = side > 0 ? view.labels.cmp_word_added : view.labels.cmp_word_removed;
  return make(side > 0 ? "ins" : "del", "", make("span", "cg-unseen", `${label}: `), word);
}
