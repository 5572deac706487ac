// Which cards a view shows and in which order: filters, counts and sorting, without the page.
// @ts-check

import { FACETS, fold } from "./table_data.js";

/** @typedef {import("./table_data.js").Data} Data */
/** What the reader chose: all of it is in the address. `columns` is null where nothing was chosen,
 * `sort` a column's key, `-` before it for the largest first.
 * @typedef {{words: string, chosen: Record<string, string[]>, sort: string,
 *   columns: string[]|null}} State */

/** Columns of numbers that mean something beside those of the same metric only. */
const NUMBERS = ["value", "difference"];

/** @returns {State} */
export function emptyState() {
  return { words: "", chosen: {}, sort: "", columns: null };
}

/** Whether anything is left out.
 * @param {State} state */
export function isFiltered(state) {
  return state.words.trim() !== "" || FACETS.some((facet) => state.chosen[facet]?.length);
}

export class Model {
  /** @param {Data} data */
  constructor(data) {
    this.data = data;
    /** @type {string[]|null} */
    this.hay = null;
    this.hayHasTexts = false;
    /** @type {Map<string, Float64Array>} */
    this.ranks = new Map();
    this.groups = groupMetrics(data);
  }

  /** The cards of a view in its order.
   * @param {State} state
   * @returns {Int32Array} */
  select(state) {
    const { misses, words } = this.check(state);
    const shown = new Int32Array(this.data.count);
    let length = 0;
    for (let card = 0; card < this.data.count; card++) {
      if (words[card] && !misses[card]) shown[length++] = card;
    }
    return this.sort(shown.subarray(0, length), state.sort);
  }

  /** How many cards each value of a facet has among those that fit all else that was chosen.
   * @param {State} state
   * @param {string} facet */
  count(state, facet) {
    const { misses, words } = this.check(state);
    const own = 1 << FACETS.indexOf(facet);
    const { values, at } = this.data.facets[facet];
    const counts = new Int32Array(values.length);
    for (let card = 0; card < this.data.count; card++) {
      if (words[card] && !(misses[card] & ~own)) for (const place of at[card]) counts[place]++;
    }
    return counts;
  }

  /** For each card whether it has the words, and a bit for each facet that it does not fit.
   * @param {State} state */
  check(state) {
    const misses = new Uint8Array(this.data.count);
    FACETS.forEach((facet, number) => this.miss(misses, facet, state.chosen[facet] ?? [], 1 << number));
    return { misses, words: this.find(state.words) };
  }

  /** @param {Uint8Array} misses
   * @param {string} facet
   * @param {string[]} chosen
   * @param {number} bit */
  miss(misses, facet, chosen, bit) {
    if (!chosen.length) return;
    const { values, at } = this.data.facets[facet];
    const fits = values.map((value) => chosen.includes(value));
    for (let card = 0; card < misses.length; card++) {
      if (!at[card].some((place) => fits[place])) misses[card] |= bit;
    }
  }

  /** @param {string} text
   * @returns {Uint8Array} */
  find(text) {
    const found = new Uint8Array(this.data.count).fill(1);
    const words = fold(text).split(/\s+/).filter(Boolean);
    if (!words.length) return found;
    const hay = this.makeHay();
    for (const word of words) {
      for (let card = 0; card < found.length; card++) {
        if (found[card] && !hay[card].includes(word)) found[card] = 0;
      }
    }
    return found;
  }

  /** What words are looked for in; made again when the texts have come. */
  makeHay() {
    const { data } = this;
    if (this.hay && this.hayHasTexts === Boolean(data.texts)) return this.hay;
    this.hayHasTexts = Boolean(data.texts);
    const tags = foldAll(data.raw.many.tag);
    const sets = foldAll(data.raw.many.data);
    const models = data.raw.one.model.values.map(fold);
    const hay = [];
    for (let card = 0; card < data.count; card++) {
      const own = `${data.text("code", card)}\n${data.text("title", card)}\n${data.late("goal", card)}\n${data.late("conclusions", card)}`;
      const model = data.raw.one.model.at[card];
      hay.push(`${fold(own)}\n${model < 0 ? "" : models[model]}\n${tags[card]}\n${sets[card]}`);
    }
    this.hay = hay;
    return hay;
  }

  /** @param {Int32Array} cards
   * @param {string} sort */
  sort(cards, sort) {
    const down = sort.startsWith("-");
    const key = down ? sort.slice(1) : sort;
    if (!key) return cards;
    const ranks = this.rank(key);
    if (!ranks) return cards;
    const sign = down ? -1 : 1;
    const { groups } = this;
    // What has no value stands last both ways; equal ones stay in the order of their codes.
    const rated = cards.filter((card) => ranks[card] === ranks[card]);
    const others = cards.filter((card) => ranks[card] !== ranks[card]);
    if (NUMBERS.includes(key)) rated.sort((a, b) => groups[a] - groups[b] || sign * (ranks[a] - ranks[b]) || a - b);
    else rated.sort((a, b) => sign * (ranks[a] - ranks[b]) || a - b);
    cards.set(rated);
    cards.set(others, rated.length);
    return cards;
  }

  /** A number for each card by which a column is sorted, NaN where it has no value.
   * @param {string} key */
  rank(key) {
    let ranks = this.ranks.get(key) ?? null;
    if (!ranks) {
      ranks = this.makeRanks(key);
      // Texts may come later, and then sort otherwise.
      if (ranks && (!isLate(key) || this.data.texts)) this.ranks.set(key, ranks);
    }
    return ranks;
  }

  /** @param {string} key
   * @returns {Float64Array|null} */
  makeRanks(key) {
    const { data } = this;
    const { one, many, numbers } = data.raw;
    if (key === "code") return Float64Array.from({ length: data.count }, (_, card) => card);
    if (numbers[key]) return Float64Array.from(numbers[key], (value) => value ?? NaN);
    if (one[key]) return rankPlaces(one[key]);
    if (many[key]) {
      const { values, at } = many[key];
      const order = orderOf(values);
      return Float64Array.from(at, (places) => (places.length ? order[places[0]] : NaN));
    }
    if (isLate(key)) return rankTexts(data.texts?.[key] ?? []);
    return data.raw.texts[key] ? rankTexts(data.raw.texts[key]) : null;
  }
}

/** For each card the number of its metric, the most common one first: an accuracy and a loss are
 * not sorted among each other.
 * @param {Data} data */
function groupMetrics(data) {
  const { values, at } = data.raw.one.metric;
  const counts = values.map(() => 0);
  for (const place of at) if (place >= 0) counts[place]++;
  const order = values.map((_, place) => place).sort((a, b) => counts[b] - counts[a]);
  return Int32Array.from(at, (place) => order.indexOf(place));
}

/** @param {string} key
 * @returns {key is "goal"|"conclusions"|"commit"} */
export function isLate(key) {
  return key === "goal" || key === "conclusions" || key === "commit";
}

/** @param {import("./table_data.js").Many} column */
function foldAll({ values, at }) {
  const folded = values.map(fold);
  return at.map((places) => places.map((place) => folded[place]).join("\n"));
}

/** The rank of each of different values.
 * @param {string[]} values */
function orderOf(values) {
  const keys = values.map(sortKey);
  const order = new Float64Array(values.length);
  keys
    .map((_, place) => place)
    .sort((a, b) => (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : 0))
    .forEach((place, rank) => (order[place] = rank));
  return order;
}

/** @param {import("./table_data.js").One} column */
function rankPlaces({ values, at }) {
  const order = orderOf(values);
  return Float64Array.from(at, (place) => (place < 0 ? NaN : order[place]));
}

/** @param {string[]} texts */
function rankTexts(texts) {
  const order = orderOf(texts);
  return Float64Array.from(texts, (text, card) => (text ? order[card] : NaN));
}

/** A text so that numbers in it sort by their value: ten times as fast as a collator.
 * @param {string} text */
function sortKey(text) {
  return fold(text).replace(/\d+/g, (digits) => digits.padStart(12, "0"));
}
