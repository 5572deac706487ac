// The list's data: columns as they were published, and what is asked of them.
// @ts-check

import { fetchJson } from "./common.js";

/** A column that repeats its values: for each card the place in `values`, -1 for none. `days` are
 * dates as the page's language writes them.
 * @typedef {{values: string[], at: number[], days?: string[]}} One */
/** The same where a card has several.
 * @typedef {{values: string[], at: number[][]}} Many */
/** What `cards/table.json` holds.
 * @typedef {{language: string, labels: Record<string, string>, count: number,
 *   texts: Record<string, string[]>, numbers: Record<string, (number|null)[]>,
 *   one: Record<string, One>, many: Record<string, Many>}} Raw */
/** What `cards/texts.json` holds.
 * @typedef {{goal: string[], conclusions: string[], commit: string[]}} Texts */

/** What a reader filters by, in the order of the buttons; the key is that of the address. */
export const FACETS = ["status", "tag", "model", "data", "metric", "author", "year", "branch"];

export class Data {
  /** @param {Raw} raw */
  constructor(raw) {
    this.raw = raw;
    this.count = raw.count;
    this.labels = raw.labels;
    this.language = raw.language;
    /** @type {Texts|null} */
    this.texts = null;
    /** @type {Promise<Texts|null>|null} */
    this.loading = null;
    this.direction = this.findDirection();
    const year = code(raw.one.date.at.map((at) => (at < 0 ? "" : raw.one.date.values[at].slice(0, 4))));
    /** @type {Record<string, Many>} */
    this.facets = { ...raw.many };
    for (const key of ["status", "model", "metric", "branch"]) this.facets[key] = spread(raw.one[key]);
    this.facets.year = spread(year);
  }

  static async load() {
    return new Data(await fetchJson("cards/table.json"));
  }

  /** Goals, conclusions and commits: most of the bytes, and seldom wanted. */
  async loadTexts() {
    this.loading ??= fetchJson("cards/texts.json").catch(() => null);
    this.texts = await this.loading;
  }

  /** A value of a column that repeats its values.
   * @param {string} name
   * @param {number} card */
  one(name, card) {
    const { values, at } = this.raw.one[name];
    return at[card] < 0 ? "" : values[at[card]];
  }

  /** @param {string} name
   * @param {number} card */
  many(name, card) {
    const { values, at } = this.raw.many[name];
    return at[card].map((place) => values[place]);
  }

  /** @param {string} name
   * @param {number} card */
  text(name, card) {
    return this.raw.texts[name][card];
  }

  /** Of the texts that may not be there yet.
   * @param {"goal"|"conclusions"|"commit"} name
   * @param {number} card */
  late(name, card) {
    return this.texts?.[name][card] ?? "";
  }

  /** What a value of a facet is called.
   * @param {string} facet
   * @param {string} value */
  name(facet, value) {
    return facet === "status" ? (this.labels[`status_${value}`] ?? value) : value;
  }

  /** Whether more or less is better of the metric that most cards have. */
  findDirection() {
    const { values, at } = this.raw.one.direction;
    const counts = values.map((_, place) => at.filter((one) => one === place).length);
    return values[counts.indexOf(Math.max(...counts))] ?? "max";
  }
}

/** @param {string[]} all
 * @returns {One} */
function code(all) {
  const places = new Map();
  const at = all.map((value) => {
    if (!value) return -1;
    if (!places.has(value)) places.set(value, places.size);
    return places.get(value);
  });
  return { values: [...places.keys()], at };
}

/** @param {One} column
 * @returns {Many} */
function spread({ values, at }) {
  const single = values.map((_, place) => [place]);
  /** @type {number[]} */
  const none = [];
  return { values, at: at.map((place) => (place < 0 ? none : single[place])) };
}

/** @type {Record<string, string>} */
const PLAIN = { ł: "l", đ: "d", ø: "o", ß: "ss", æ: "ae", œ: "oe", ı: "i", "’": "'" };

/** A text without case and accents, also those that Unicode takes for letters of their own.
 * @param {string} text */
export function fold(text) {
  const lower = text.toLowerCase();
  if (!/[^\0-\x7f]/.test(lower)) return lower;
  return lower.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[łđøßæœı’]/g, (sign) => PLAIN[sign]);
}
