// The open search box: what is typed and chosen, the results, and the keys. The theme's own markup,
// looks and words; its script leaves the box alone because its attributes are renamed.
// @ts-check

import { make } from "./common.js";
import { Columns, FACETS, renderFacets } from "./search_facets.js";
import { Index, fetchEntry } from "./search_index.js";
import { renderPreview, renderResult } from "./search_result.js";

/** @typedef {import("./search_index.js").Hit} Hit
 * @typedef {import("./search_facets.js").Choice} Choice */

const AT_ONCE = 10; // results shown before one scrolls
const PAUSE = 80; // while one types, only the last counts
const WIDE = matchMedia("(min-width: 60em)");

const config = JSON.parse(document.getElementById("__config")?.textContent ?? "{}");

const IS_ONE_PAGE = config.features?.includes("navigation.instant") ?? false;

/** The theme's words for results. @param {string} name @param {number} [count] */
function translate(name, count) {
  const words = config.translations ?? {};
  if (name === "count") name = count === 0 ? "none" : count === 1 ? "one" : "other";
  if (name === "more") name = count === 1 ? "more.one" : "more.other";
  return String(words[`search.result.${name}`] ?? "").replace("#", String(count));
}

/** @param {Element} box @param {HTMLInputElement} query @param {HTMLInputElement} toggle */
export async function start(box, query, toggle) {
  const entry = fetchEntry().then((text) => new Index(text)); // while the words are on their way
  entry.catch(() => {}); // opening the box says so
  const words = await loadWords();
  new SearchBox(box, query, toggle, words, await entry.catch(() => null)).open();
}

/** @returns {Promise<{[word: string]: string}>} */
async function loadWords() {
  const answer = await fetch(new URL("./search.json", import.meta.url));
  const all = await answer.json();
  return all[document.documentElement.lang.slice(0, 2)] ?? all.en;
}

class SearchBox {
  /** @param {Element} box @param {HTMLInputElement} query @param {HTMLInputElement} toggle
   * @param {{[word: string]: string}} words @param {Index | null} index */
  constructor(box, query, toggle, words, index) {
    this.box = box;
    this.query = query;
    this.toggle = toggle;
    this.words = words;
    this.meta = find(box, ".md-search-result__meta");
    this.list = find(box, ".md-search-result__list");
    this.scroller = find(box, ".md-search__scrollwrap");
    this.share = /** @type {HTMLAnchorElement | null} */ (box.querySelector("[data-cardgen=search-share]"));
    this.facets = make("div", "cg-search-facets");
    this.fold = /** @type {HTMLDetailsElement} */ (make("details", "cg-search-narrow"));
    this.summary = make("summary", "", words.narrow);
    this.fold.append(this.summary, this.facets);
    this.fold.open = WIDE.matches;
    this.fold.hidden = true;
    this.meta.after(this.fold);
    this.preview = make("aside", "cg-preview");
    this.preview.setAttribute("aria-label", words.preview);
    this.preview.hidden = true;
    this.scroller.after(this.preview);
    this.index = index;
    /** @type {Promise<Columns | null>} */
    this.columns = index ? Columns.load(index.entry).catch(() => null) : Promise.resolve(null);
    this.hasSearched = false;
    /** @type {Choice[]} */
    this.chosen = readChoices();
    /** @type {Set<string>} */
    this.opened = new Set();
    /** @type {Hit[]} */
    this.found = [];
    /** @type {Hit[]} */
    this.waiting = [];
    this.latest = 0; // of several searches under way only the last one is shown
    /** @type {WeakMap<Element, import("./search_index.js").Found>} */
    this.pages = new WeakMap();
    this.meta.setAttribute("aria-live", "polite");
    this.meta.setAttribute("role", "status");
    this.listen();
  }

  listen() {
    const { query, box, toggle, list, scroller } = this;
    query.addEventListener("input", () => this.search());
    query.addEventListener("focus", () => this.open());
    query.form?.addEventListener("reset", () => {
      this.chosen = [];
      setTimeout(() => this.search());
      query.focus();
    });
    toggle.addEventListener("change", () => toggle.checked || this.forget());
    this.share?.addEventListener("click", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      // Who comes back from another page finds the search as it was.
      if (link && (link.pathname === location.pathname || IS_ONE_PAGE)) this.close();
    });
    for (const kind of ["focusin", "pointerover"]) {
      list.addEventListener(kind, (event) => this.look(event.target));
    }
    scroller.addEventListener("scroll", () => {
      const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
      if (left < 200 && this.waiting.length) this.showMore();
    });
    box.addEventListener("focusout", (event) => {
      const to = /** @type {FocusEvent} */ (event).relatedTarget;
      if (to instanceof Node && !box.contains(to)) this.close();
    });
    document.addEventListener("keydown", (event) => this.press(event));
  }

  /** Opens the box, and searches what it holds already. */
  async open() {
    this.show(true);
    if (document.activeElement !== this.query && !this.box.contains(document.activeElement)) this.query.focus();
    await this.load(this.hasSearched || !this.index);
    if ((this.query.value.trim() || this.chosen.length) && !this.list.hasChildNodes()) this.search();
  }

  /** @param {boolean} on */
  show(on) {
    if (this.toggle.checked !== on) this.toggle.click(); // the theme listens for clicks
  }

  close() {
    this.show(false);
    this.forget();
    if (document.activeElement === this.query) this.query.blur();
  }

  /** A closed box leaves no search in the address: who loads the page again wants the page. */
  forget() {
    keepAddress("", []);
  }

  /** @param {boolean} [anew] whether to look for an index built since */
  async load(anew = false) {
    try {
      if (anew || !this.index) {
        const text = await fetchEntry();
        if (text !== this.index?.text) {
          this.index?.close();
          this.index = new Index(text);
          this.columns = Columns.load(this.index.entry).catch(() => null);
        }
      }
      if (!this.query.value.trim() && !this.chosen.length) this.say(translate("placeholder"));
    } catch {
      this.index = null;
      this.say(this.words.none);
    }
  }

  /** @param {string} text */
  say(text) {
    if (this.meta.textContent !== text) this.meta.textContent = text;
  }

  async search() {
    const mine = ++this.latest;
    const text = this.query.value.trim();
    const address = keepAddress(text, this.chosen);
    if (this.share) this.share.dataset.clipboardText = this.share.href = address;
    if (!text && !this.chosen.length) {
      this.found = [];
      this.draw(mine);
      return;
    }
    if (!this.index) await this.load();
    if (this.hasSearched) await new Promise((done) => setTimeout(done, PAUSE));
    this.hasSearched = true;
    if (mine !== this.latest || !this.index) return;
    try {
      const found = await this.index.search(text);
      if (mine !== this.latest) return;
      this.found = found;
      this.opened.clear();
      await this.draw(mine);
    } catch {
      if (mine === this.latest) this.say(this.words.none);
    }
  }

  /** What was found, narrowed to what is chosen. @param {number} mine */
  async draw(mine) {
    const isEmpty = !this.query.value.trim() && !this.chosen.length;
    const columns = await this.columns;
    if (mine !== this.latest) return;
    const hits = columns ? columns.narrow(this.found, this.chosen) : this.found;
    this.waiting = [...hits];
    this.list.replaceChildren();
    this.scroller.scrollTop = 0;
    this.preview.hidden = true;
    this.say(isEmpty ? translate("placeholder") : translate("count", hits.length));
    this.drawFacets(columns, isEmpty ? [] : hits);
    await this.showMore(mine);
  }

  /** @param {Columns | null} columns @param {Hit[]} hits */
  drawFacets(columns, hits) {
    const at = document.activeElement;
    const name = at instanceof HTMLElement && this.facets.contains(at) ? at.dataset.facet : undefined;
    /** @param {Choice[]} chosen */
    const choose = (chosen) => {
      this.chosen = chosen;
      const address = keepAddress(this.query.value.trim(), chosen);
      if (this.share) this.share.dataset.clipboardText = this.share.href = address;
      // All pages are found anew once nothing but choices is asked for.
      if (this.query.value.trim()) this.draw(++this.latest);
      else this.search();
    };
    const redraw = () => this.drawFacets(columns, hits);
    const bar = columns && renderFacets(columns, hits, this.chosen, this.words, this.opened, choose, redraw);
    this.facets.replaceChildren(...(bar ? [bar] : []));
    this.fold.hidden = !bar;
    this.summary.dataset.count = this.chosen.length ? String(this.chosen.length) : "";
    if (!name || !bar) return void (name && this.query.focus());
    const buttons = /** @type {HTMLElement[]} */ ([...bar.querySelectorAll("button")]);
    this.roam(buttons, buttons.find((button) => button.dataset.facet === name) ?? buttons[0]);
  }

  async showMore(mine = this.latest) {
    const found = await Promise.all(this.waiting.splice(0, AT_ONCE).map((hit) => hit.read()));
    if (mine !== this.latest) return;
    const style = {
      marked: config.features?.includes("search.highlight") ?? false,
      more: (/** @type {number} */ count) => translate("more", count),
    };
    const isFirst = !this.list.hasChildNodes();
    for (const page of found) {
      if (!page) continue;
      const item = renderResult(page, style);
      this.pages.set(item, page);
      this.list.append(item);
    }
    if (isFirst) this.look(this.list.firstElementChild);
  }

  /** Shows the preview of the result that is looked at. @param {EventTarget | null} target */
  look(target) {
    const item = target instanceof Element ? target.closest(".md-search-result__item") : null;
    const page = item && this.pages.get(item);
    if (!item || !page) return;
    for (const other of this.list.querySelectorAll(".cg-looked-at")) other.classList.remove("cg-looked-at");
    const pane = renderPreview(page, this.words);
    this.preview.replaceChildren(...(pane ? [pane] : []));
    this.preview.hidden = !pane;
    if (pane) item.classList.add("cg-looked-at");
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (!this.toggle.checked || event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
    const act = this.choose(event);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** What a key means. @param {KeyboardEvent} event @returns {(() => void) | null} */
  choose({ key }) {
    const at = /** @type {HTMLElement | null} */ (document.activeElement);
    const inFacets = !!at && this.facets.contains(at);
    if (key === "Escape") return () => this.close();
    if (key === "Enter" && at === this.query) return () => this.list.querySelector("a")?.click();
    if (key === "ArrowDown") return () => this.step(1);
    if (key === "ArrowUp") return () => this.step(-1);
    if (inFacets) {
      const way = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[key];
      return way === undefined ? null : () => this.roamBy(way);
    }
    // Whoever types on while a result has the focus means the box.
    if (key.length === 1 && key !== " " && at !== this.query) this.query.focus();
    return null;
  }

  /** From the field to the results and round. @param {number} by */
  step(by) {
    const all = /** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll("a, summary"));
    const stops = [this.query, ...[...all].filter((stop) => stop.offsetParent)];
    const active = /** @type {any} */ (document.activeElement);
    const at = Math.max(0, stops.indexOf(active));
    stops[(at + by + stops.length) % stops.length].focus();
  }

  /** @param {number} by chips to the right */
  roamBy(by) {
    const buttons = /** @type {HTMLElement[]} */ ([...this.facets.querySelectorAll("button")]);
    const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
    this.roam(buttons, buttons[Math.min(buttons.length - 1, Math.max(0, at + by))]);
  }

  /** Of all chips, Tab reaches the one that had the focus last. @param {HTMLElement[]} buttons
   * @param {HTMLElement | undefined} to */
  roam(buttons, to) {
    for (const button of buttons) button.tabIndex = button === to ? 0 : -1;
    to?.focus();
  }
}

/** @param {Element} box @param {string} selector @returns {HTMLElement} */
function find(box, selector) {
  const element = /** @type {HTMLElement | null} */ (box.querySelector(selector));
  if (!element) throw new Error(`The search box has no ${selector}.`);
  return element;
}

/** @returns {Choice[]} */
function readChoices() {
  return new URLSearchParams(location.search).getAll("in").flatMap((text) => {
    const at = text.indexOf(":");
    const facet = text.slice(0, at);
    return FACETS.includes(facet) && text.length > at + 1 ? [{ facet, value: text.slice(at + 1) }] : [];
  });
}

/** Puts a search into the page's address, where it can be sent and reloaded; returns it.
 * @param {string} text @param {Choice[]} chosen */
function keepAddress(text, chosen) {
  const address = new URL(location.href);
  for (const name of ["q", "in"]) address.searchParams.delete(name);
  const isSearch = text || chosen.length;
  if (text) address.searchParams.set("q", text);
  for (const { facet, value } of chosen) address.searchParams.append("in", `${facet}:${value}`);
  if (address.href !== location.href) history.replaceState(history.state, "", address);
  if (isSearch) address.hash = "";
  return address.href;
}
