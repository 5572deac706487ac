// The indexes of all languages as one: a search asks each in its own spelling and merges what they
// find by one measure.
// @ts-check

import { root } from "./common.js";

/** What Pagefind keeps of a page, with what it found there.
 * @typedef {{title: string, url: string, excerpt: string, anchor?: {id: string}}} Place
 * @typedef {{url: string, excerpt: string, content: string, raw_content?: string,
 *   meta: {[name: string]: string}, filters: {[name: string]: string[]}, sub_results: Place[],
 *   anchors: {element: string, id: string, text: string, location: number}[]}} Found
 * @typedef {{id: string, language: string, score: number, read: () => Promise<Found | null>}} Hit
 * @typedef {{version: string, cardgen_split?: boolean,
 *   languages: {[code: string]: {hash: string, page_count: number}}}} Entry */

export const bundle = new URL("pagefind/", root);
const SIGN = /[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]/g;
const HAS_SIGN = /[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]/;
const FEW = 5; // results of a spelling below which others are tried
const SPELLINGS = 8;
const LONGEST = 30; // signs of a text that is taken apart to find it

/** The file that names all others of the index; its text is another one when they are.
 * @returns {Promise<string>} */
export async function fetchEntry() {
  const answer = await fetch(new URL("pagefind-entry.json", bundle), { cache: "no-cache" });
  if (!answer.ok) throw new Error(`pagefind-entry.json: ${answer.status}`);
  return answer.text();
}

/** The index of one language. */
class Tongue {
  /** @param {string} language @param {number} pages @param {Entry} entry */
  constructor(language, pages, entry) {
    this.language = language;
    this.pages = pages;
    this.split = entry.cardgen_split ?? true;
    this.worker = new Worker(new URL("./search_worker.js", import.meta.url), { type: "module" });
    /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
    this.waiting = new Map();
    this.asked = 0;
    this.worker.addEventListener("message", ({ data: { id, value, error } }) => {
      const asked = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) asked?.reject(new Error(error));
      else asked?.resolve(value);
    });
    this.worker.addEventListener("error", () => {
      for (const asked of this.waiting.values()) asked.reject(new Error("The worker failed."));
      this.waiting.clear();
    });
    this.ready = this.ask("open", bundle.href, entry.version, language);
    this.ready.catch(() => {}); // whoever searches is told
  }

  /** @param {string} call @param {...unknown} args @returns {Promise<any>} */
  ask(call, ...args) {
    return new Promise((resolve, reject) => {
      this.waiting.set(++this.asked, { resolve, reject });
      this.worker.postMessage({ id: this.asked, call, args });
    });
  }

  /** All results of a text in the spellings that may be meant; of none, all pages.
   * @param {string} text @returns {Promise<Hit[]>} */
  async search(text) {
    await this.ready;
    if (!text) return this.find(null);
    /** @type {Map<string, Hit>} */
    const hits = new Map();
    for (const spelling of spell(text, this.language, this.split)) {
      for (const hit of await this.find(spelling)) if (!hits.has(hit.id)) hits.set(hit.id, hit);
      if (hits.size >= FEW) break;
    }
    const respelled = hits.size || this.split ? "" : await this.respell(text);
    return respelled ? this.find(respelled) : [...hits.values()];
  }

  /** A Chinese text by words that the index has: those that the indexer saw may be shorter than
   * those that the browser sees. Empty where there is nothing to be done.
   * @param {string} text */
  async respell(text) {
    if (!/^(zh|ja)/.test(this.language) || !HAS_SIGN.test(text) || text.length > LONGEST) return "";
    const words = [];
    for (const { segment } of new Intl.Segmenter(this.language, { granularity: "word" }).segment(text)) {
      const signs = HAS_SIGN.test(segment) ? [...segment] : [];
      if (!signs.length && segment.trim()) words.push(segment);
      const cuts = signs.map((_, at) => `${signs.slice(0, at).join("")} ${signs.slice(at).join("")}`);
      for (const spelling of [...cuts.map((cut) => cut.trim()), signs.join(" ")].filter(Boolean)) {
        if (!(await this.find(spelling)).length) continue;
        words.push(spelling);
        break;
      }
    }
    return words.join(" ");
  }

  /** @param {string | null} text @returns {Promise<Hit[]>} */
  async find(text) {
    const { search, ids, scores } = await this.ask("search", text);
    return ids.map((/** @type {string} */ id, /** @type {number} */ at) => ({
      id,
      language: this.language,
      score: scores[at],
      read: () => this.ask("read", search, at),
    }));
  }
}

export class Index {
  /** @param {string} text of the entry */
  constructor(text) {
    this.text = text;
    /** @type {Entry} */
    this.entry = JSON.parse(text);
    this.tongues = Object.entries(this.entry.languages).map(
      ([language, { page_count: pages }]) => new Tongue(language, pages, this.entry),
    );
  }

  close() {
    for (const tongue of this.tongues) tongue.worker.terminate();
  }

  /** @param {string} text @returns {Promise<Hit[]>} best first */
  async search(text) {
    const asked = await Promise.allSettled(this.tongues.map((tongue) => tongue.search(text)));
    const found = asked.map((one) => (one.status === "fulfilled" ? one.value : []));
    const failed = asked.find((one) => one.status === "rejected");
    if (failed && asked.every((one) => one.status === "rejected")) throw failed.reason;
    const weights = weigh(this.tongues.map((one) => one.pages), found.map((one) => one.length));
    found.forEach((hits, i) => hits.forEach((hit) => (hit.score *= weights[i])));
    return found.flat().sort((a, b) => b.score - a.score);
  }
}

/** By what to multiply the scores of each index. A score holds how rare a word is, but in one
 * index: a word of the three Polish cards would count next to nothing beside 10,000 English ones.
 * So each gets the rarity that the word has in all of them (the idf of BM25).
 * @param {number[]} pages @param {number[]} found @returns {number[]} */
export function weigh(pages, found) {
  /** @param {number[]} numbers */
  const add = (numbers) => numbers.reduce((sum, one) => sum + one, 0);
  /** @param {number} all @param {number} some */
  const rarity = (all, some) => Math.log(1 + (Math.max(0, all - some) + 0.5) / (some + 0.5));
  const whole = rarity(add(pages), add(found));
  return pages.map((all, i) => (found[i] ? whole / rarity(all, found[i]) : 1));
}

/** What may be meant by a text, likeliest first. Pagefind folds accents (zrodlo would find źródło)
 * but not the stroke of ł, which many leave out. Where it cannot tell Chinese words apart, each
 * sign is a word of the index; in quotes, they have to follow closely.
 * @param {string} text @param {string} language @param {boolean} split @returns {string[]} */
export function spell(text, language, split) {
  const plain = text.replace(/[\u2019\u02bc]/g, "'");
  if (/^(zh|ja)/.test(language)) return split ? spellSigns(plain) : [plain];
  return language === "pl" ? [plain, ...spellStrokes(plain)] : [plain];
}

/** @param {string} text */
function spellSigns(text) {
  const signs = text.replace(SIGN, " $& ").trim().replace(/\s+/g, " ");
  return text.length > 1 && !text.replace(SIGN, "") ? [`"${signs}"`, signs] : [signs];
}

/** @param {string} text */
function spellStrokes(text) {
  const without = text.replace(/ł/g, "l").replace(/Ł/g, "L");
  /** @param {string} word */
  const stroke = (word) => word.replace(/l/g, "ł").replace(/L/g, "Ł");
  const words = without.split(/\s+/);
  const spelled = [without, stroke(without)];
  if (words.length > 1) words.forEach((_, at) => spelled.push(words.map((w, i) => (i === at ? stroke(w) : w)).join(" ")));
  for (const { index } of without.matchAll(/l/gi)) {
    spelled.push(without.slice(0, index) + stroke(without[index]) + without.slice(index + 1));
  }
  return [...new Set(spelled)].filter((one) => one !== text).slice(0, SPELLINGS);
}
