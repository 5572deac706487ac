// The columns that a reader may choose: what stands in a cell and what is copied of it.
// @ts-check

import { make } from "./common.js";

/** @typedef {import("./table_data.js").Data} Data */
/** `width` is in rem; `first` are the columns shown where there is room, the most telling first;
 * `start` says which way the first click sorts, empty where a column is not sorted.
 * @typedef {{key: string, label: string, width: number, start: ""|"up"|"down", number?: boolean,
 *   cell: (card: number) => (Node|string)[], plain: (card: number) => string}} Column */

const FIRST = ["status", "value", "difference", "date", "spark", "model", "data", "tag", "author"];
const ORDER = ["status", "value", "difference", "spark", "tag", "model", "data", "date", "author"];
const SVG = "http://www.w3.org/2000/svg";
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MARKS = { better: "▲", worse: "▼", equal: "=" };

/** A number as readers of the page's language write it.
 * @param {number} value
 * @param {string} language */
export function formatNumber(value, language) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: 6 }).format(value);
}

/** All columns in their order, the experiment first: that one is always shown.
 * @param {Data} data
 * @returns {Column[]} */
export function makeColumns(data) {
  const { labels } = data;
  /** @param {string} key @param {string} label @param {number} width @returns {Column} */
  const one = (key, label, width) => ({
    key, label, width, start: "up",
    cell: (card) => linkFacet(key, data.one(key, card), data),
    plain: (card) => data.name(key, data.one(key, card)),
  });
  /** @param {string} key @param {string} label @param {number} width @returns {Column} */
  const many = (key, label, width) => ({
    key, label, width, start: "up",
    cell: (card) => data.many(key, card).flatMap((value) => linkFacet(key, value, data)),
    plain: (card) => data.many(key, card).join(", "),
  });
  /** @param {"goal"|"conclusions"|"commit"} key @param {string} label @param {number} width
   * @returns {Column} */
  const late = (key, label, width) => ({
    key, label, width, start: "up",
    cell: (card) => [make("span", "cg-t-prose", key === "commit" ? data.late(key, card).slice(0, 10) : data.late(key, card))],
    plain: (card) => data.late(key, card),
  });
  const best = data.direction === "min" ? "up" : "down";
  return [
    {
      key: "code", label: labels.experiment, width: 14, start: "up",
      cell: (card) => [data.text("code", card), " ", data.text("title", card)],
      plain: (card) => data.text("code", card),
    },
    one("status", labels.status, 5.6),
    {
      key: "value", label: labels.result, width: 6.2, start: best, number: true,
      cell: (card) => showValue(data, card), plain: (card) => plainNumber(data.raw.numbers.value[card], data.text("shown", card)),
    },
    {
      key: "difference", label: labels.versus_baseline, width: 6, start: best, number: true,
      cell: (card) => showDifference(data, card),
      plain: (card) => plainNumber(data.raw.numbers.difference[card], data.text("difference_shown", card)),
    },
    {
      key: "spark", label: labels.table_curve, width: 5, start: "",
      cell: (card) => drawSpark(data.text("spark", card), data.one("direction", card)), plain: () => "",
    },
    many("tag", labels.table_tags, 9),
    one("model", labels.model, 7.5),
    many("data", labels.data, 7.5),
    { ...one("date", labels.date, 6.6), start: "down", cell: (card) => showDay(data, card) },
    many("author", labels.table_author, 7),
    one("metric", labels.table_metric, 7),
    one("branch", labels.table_branch, 7),
    { ...one("baseline", labels.table_baseline, 5.5), cell: (card) => [make("span", "cg-code", data.one("baseline", card))] },
    late("goal", labels.part_goal, 16),
    late("conclusions", labels.part_conclusions, 16),
    late("commit", labels.table_commit, 6),
  ];
}

/** The columns of a reader who chose none: what says something, as far as there is room.
 * @param {Column[]} columns
 * @param {Data} data
 * @param {number} room in rem
 * @returns {string[]} */
export function chooseColumns(columns, data, room) {
  let left = room - columns[0].width;
  const chosen = FIRST.filter((key) => {
    const column = columns.find((one) => one.key === key);
    if (!column || !saysAnything(data, key) || isSame(data, key) || column.width > left) return false;
    left -= column.width;
    return true;
  });
  return ORDER.filter((key) => chosen.includes(key));
}

/** Whether any card has a value in a column.
 * @param {Data} data
 * @param {string} key */
export function saysAnything(data, key) {
  const { one, many, texts, numbers } = data.raw;
  if (one[key]) return one[key].values.length > 0;
  if (many[key]) return many[key].values.length > 0;
  if (key === "value") return texts.shown.some(Boolean);
  return texts[key] ? texts[key].some(Boolean) : numbers[key] ? numbers[key].some((n) => n !== null) : true;
}

/** Whether all cards say the same in a column, which is then nothing to choose by.
 * @param {Data} data
 * @param {string} key */
function isSame(data, key) {
  const column = key === "date" ? null : data.facets[key];
  return data.count > 1 && column?.values.length === 1 && column.at.every((places) => places.length > 0);
}

/** A value that filters by itself when it is clicked; the facet's menu does the same.
 * @param {string} facet
 * @param {string} value
 * @param {Data} data
 * @returns {(Node|string)[]} */
function linkFacet(facet, value, data) {
  if (!value) return [];
  const chip = facet === "status" ? `cg-chip cg-status cg-is-${value}` : facet === "tag" ? "cg-chip cg-tag" : "cg-t-value";
  const made = make("span", chip, data.name(facet, value));
  made.dataset.facet = facet;
  made.dataset.value = value;
  made.title = data.name(facet, value);
  return [made];
}

/** A date as the page's language writes it.
 * @param {Data} data
 * @param {number} card */
function showDay(data, card) {
  const { at, days } = data.raw.one.date;
  if (at[card] < 0) return [];
  const day = make("time", "", days?.[at[card]] ?? "");
  day.setAttribute("datetime", data.one("date", card));
  return [day];
}

/** @param {Data} data
 * @param {number} card */
function showValue(data, card) {
  const shown = data.text("shown", card);
  if (!shown) return [];
  const metric = data.one("metric", card);
  const value = make("b", "", shown);
  const direction = data.labels[`direction_${data.one("direction", card)}`] ?? "";
  value.title = [data.raw.numbers.value[card] ?? shown, data.one("place", card)].filter((part) => part !== "").join(" · ");
  const below = make("span", "cg-below", metric);
  below.title = `${metric} · ${direction}`;
  return [value, below];
}

/** @param {Data} data
 * @param {number} card */
function showDifference(data, card) {
  const shown = data.text("difference_shown", card);
  if (!shown) return [];
  const verdict = /** @type {keyof typeof MARKS} */ (data.one("verdict", card));
  const mark = make("span", "cg-t-mark", `${MARKS[verdict]} `);
  mark.setAttribute("aria-hidden", "true");
  const said = make("span", "cg-unseen", ` ${data.labels[`baseline_${verdict}`]}`);
  const value = make("span", `cg-${verdict}`, mark, shown, said);
  value.title = data.labels[`baseline_${verdict}`];
  return [value, make("span", "cg-below", data.one("baseline", card))];
}

/** A curve of 24 values at most in 64 by 20 pixels, its best point marked.
 * @param {string} heights
 * @param {string} direction */
export function drawSpark(heights, direction) {
  if (heights.length < 2) return [];
  const ys = [...heights].map((sign) => 18 - (DIGITS.indexOf(sign) * 16) / 61);
  const xs = ys.map((_, at) => 2 + (at * 60) / (ys.length - 1));
  const best = ys.indexOf(direction === "min" ? Math.max(...ys) : Math.min(...ys));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 64 20");
  svg.setAttribute("class", "cg-spark");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", `M${ys.map((y, at) => `${xs[at].toFixed(1)} ${y.toFixed(1)}`).join("L")}`);
  const dot = document.createElementNS(SVG, "circle");
  dot.setAttribute("cx", xs[best].toFixed(1));
  dot.setAttribute("cy", ys[best].toFixed(1));
  dot.setAttribute("r", "1.9");
  svg.append(path, dot);
  return [svg];
}

/** A number as programs read it; what is shown where there is none (a NaN, say).
 * @param {number|null} value
 * @param {string} shown */
function plainNumber(value, shown) {
  return value === null ? shown : shown.includes("±") && !shown.startsWith("±") ? shown : String(value);
}
