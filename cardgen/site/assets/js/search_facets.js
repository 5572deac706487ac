// By what results are narrowed: a column a facet, a row a page of the index, and the chips of it.
// @ts-check

import { fill, make } from "./common.js";
import { bundle } from "./search_index.js";

/** @typedef {import("./search_index.js").Hit} Hit
 * @typedef {import("./search_index.js").Entry} Entry
 * @typedef {{values: string[], rows: (number | number[])[]}} Column
 * @typedef {{facet: string, value: string}} Choice
 * @typedef {{[word: string]: string}} Words */

export const FACETS = ["status", "tag", "model", "data", "author", "year", "branch"];
const SHOWN = 5; // values of a facet before one asks for more
const MOST = 60;

export class Columns {
  /** @param {{[language: string]: {[facet: string]: Column}}} columns
   * @param {Map<string, number>} rows by a page's name */
  constructor(columns, rows) {
    this.columns = columns;
    this.rows = rows;
  }

  /** Columns of an index; of one that has none, no facets. @param {Entry} entry */
  static async load(entry) {
    const languages = Object.entries(entry.languages);
    const tag = languages.map(([, { hash }]) => hash).join();
    const [columns, ...names] = await Promise.all([
      unzip(`cards.pf_facets?${tag}`).then((text) => JSON.parse(new TextDecoder().decode(text))),
      ...languages.map(([, about]) => listPages(about.hash, about.page_count)),
    ]);
    return new Columns(columns, new Map(names.flat().map(([name, row]) => [name, row])));
  }

  /** @param {Hit} hit @param {string} facet @returns {string[]} */
  read({ id, language }, facet) {
    const column = this.columns[language]?.[facet];
    const row = column?.rows[this.rows.get(id) ?? -1];
    if (!row) return [];
    return (typeof row === "number" ? [row] : row).map((number) => column.values[number - 1]);
  }

  /** @param {Hit[]} hits @param {Choice[]} chosen */
  narrow(hits, chosen) {
    if (!chosen.length) return hits;
    return hits.filter((hit) => chosen.every(({ facet, value }) => this.read(hit, facet).includes(value)));
  }

  /** How many of the hits have each value. @param {Hit[]} hits @param {string} facet */
  count(hits, facet) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const hit of hits) {
      for (const value of this.read(hit, facet)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return counts;
  }
}

/** @param {string} name */
async function unzip(name) {
  const answer = await fetch(new URL(name, bundle), { cache: "force-cache" });
  if (!answer.ok || !answer.body) throw new Error(`${name}: ${answer.status}`);
  const plain = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/** The names of a language's pages with their rows: the first in its metadata, which search has
 * loaded already. @param {string} hash @param {number} count @returns {Promise<[string, number][]>} */
async function listPages(hash, count) {
  const text = new TextDecoder("latin1").decode(await unzip(`pagefind.${hash}.pf_meta`));
  const prefix = hash.slice(0, hash.lastIndexOf("_"));
  /** @type {[string, number][]} */
  const names = [];
  for (const [name] of text.matchAll(new RegExp(`${prefix}_[0-9a-f]{7,}`, "g"))) {
    if (names.push([name, names.length]) === count) break;
  }
  return names;
}

/** Chips of what is chosen and of what would narrow the hits further; null where nothing would.
 * @param {Columns} columns @param {Hit[]} hits @param {Choice[]} chosen @param {Words} words
 * @param {Set<string>} open facets of which all values are shown
 * @param {(chosen: Choice[]) => void} choose @param {() => void} redraw
 * @returns {HTMLElement | null} */
export function renderFacets(columns, hits, chosen, words, open, choose, redraw) {
  const rows = FACETS.map((facet) => renderRow(facet));
  if (!chosen.length && !rows.some(Boolean)) return null;
  const bar = make("div", "cg-facets", ...rows.filter((row) => row !== null));
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", words.narrow);
  const first = bar.querySelector("button");
  if (first) first.tabIndex = 0;
  return bar;

  /** @param {string} facet */
  function renderRow(facet) {
    const mine = chosen.filter((choice) => choice.facet === facet);
    const counts = columns.count(hits, facet);
    const useful = [...counts]
      .filter(([value, count]) => count < hits.length && !mine.some((choice) => choice.value === value))
      .sort(([a, m], [b, n]) => n - m || a.localeCompare(b, undefined, { numeric: true }));
    if (!mine.length && !useful.length) return null;
    const label = make("span", "cg-facet-name", words[facet] ?? facet);
    const row = make("div", "cg-facet", label);
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", words[facet] ?? facet);
    const shown = useful.slice(0, open.has(facet) ? MOST : SHOWN);
    row.append(
      ...mine.map(({ value }) => renderChip(facet, value, counts.get(value) ?? 0, true)),
      ...shown.map(([value, count]) => renderChip(facet, value, count, false)),
    );
    if (useful.length > SHOWN) row.append(renderMore(facet, Math.min(useful.length, MOST) - SHOWN));
    return row;
  }

  /** @param {string} facet @param {string} value @param {number} count @param {boolean} on */
  function renderChip(facet, value, count, on) {
    const name = make("span", "cg-facet-value", value);
    const chip = make("button", "cg-facet-chip", name, make("span", "cg-facet-count", on ? "×" : String(count)));
    chip.setAttribute("aria-pressed", String(on));
    if (on) chip.setAttribute("aria-label", fill(words.remove, words[facet] ?? facet, value));
    chip.title = value;
    chip.dataset.facet = `${facet}:${value}`;
    return arm(chip, () => {
      const others = chosen.filter((choice) => choice.facet !== facet || choice.value !== value);
      choose(on ? others : [...others, { facet, value }]);
    });
  }

  /** @param {string} facet @param {number} left */
  function renderMore(facet, left) {
    const on = open.has(facet);
    const more = make("button", "cg-facet-more", on ? words.less : fill(words.more, left));
    more.setAttribute("aria-expanded", String(on));
    more.dataset.facet = facet;
    return arm(more, () => {
      if (!open.delete(facet)) open.add(facet);
      redraw();
    });
  }
}

/** @param {HTMLElement} button @param {() => void} act */
function arm(button, act) {
  button.setAttribute("type", "button");
  button.tabIndex = -1;
  button.addEventListener("click", act);
  return button;
}
