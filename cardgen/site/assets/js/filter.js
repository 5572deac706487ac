// Filters the entries of a digest by words and by what their cards are; the choice is in the address.
// Where a digest has further pages, those are read as soon as something is chosen.
// @ts-check

import { fill, make, readData } from "./common.js";
import { fold } from "./table_data.js";

const AT_ONCE = 4; // pages that are fetched side by side
const STEP = 100; // entries shown before one asks for more

/** @typedef {{head: string, parts: [HTMLElement, string][]}} Texts */

/** @param {HTMLElement} host */
export function start(host) {
  new Filter(host);
}

class Filter {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.words = readData("filter");
    this.list = /** @type {HTMLElement} */ (host.querySelector("[data-cg-items]"));
    this.pager = /** @type {HTMLElement|null} */ (host.querySelector("[data-cg-pager]"));
    this.number = Number(host.dataset.page);
    this.count = Number(host.dataset.pages);
    this.total = Number(host.dataset.total);
    /** @type {HTMLElement[][]} entries by page */
    this.pages = [];
    this.pages[this.number] = [...this.list.children].map((item) => /** @type {HTMLElement} */ (item));
    /** @type {Map<HTMLElement, Texts>} */
    this.texts = new Map();
    /** @type {Record<string, HTMLSelectElement>} */
    this.selects = {};
    this.reading = false;
    this.failed = false;
    this.limit = STEP;
    this.build();
    this.restore();
    this.apply();
  }

  build() {
    const { words } = this;
    this.input = /** @type {HTMLInputElement} */ (make("input", "cg-filter-words"));
    Object.assign(this.input, { type: "search", placeholder: words.table_words, autocomplete: "off" });
    this.input.setAttribute("aria-label", words.table_words);
    this.input.addEventListener("input", () => this.change());
    const bar = make("div", "cg-filter", this.input);
    bar.setAttribute("role", "search");
    for (const name of (this.host.dataset.facets ?? "").split(" ").filter(Boolean)) {
      bar.append(this.buildSelect(name));
    }
    this.clear = /** @type {HTMLButtonElement} */ (make("button", "cg-filter-clear", words.table_clear));
    this.clear.type = "button";
    this.clear.addEventListener("click", () => this.reset());
    this.said = make("span", "cg-filter-said");
    this.said.setAttribute("role", "status");
    this.more = /** @type {HTMLButtonElement} */ (make("button", "cg-filter-more", words.digest_show_more));
    this.more.type = "button";
    this.more.addEventListener("click", () => this.showMore());
    const about = /** @type {HTMLElement|null} */ (this.host.querySelector(".cg-digest-about"));
    const foot = make("p", "cg-filter-foot", this.said, this.clear);
    this.host.prepend(bar, foot);
    if (about) foot.prepend(about.textContent ?? "", " ");
    about?.remove();
    (this.list.closest(".cg-scroll") ?? this.list).after(this.more);
    bar.addEventListener("focusin", () => this.readFacets(), { once: true });
  }

  /** @param {string} name */
  buildSelect(name) {
    const select = /** @type {HTMLSelectElement} */ (document.createElement("select"));
    const counts = new Map();
    for (const item of this.pages[this.number]) {
      for (const value of valuesOf(item, name)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    this.selects[name] = select;
    this.fillSelect(name, [...counts].sort((a, b) => b[1] - a[1]));
    select.addEventListener("change", () => this.change());
    return make("label", "cg-filter-choice", make("span", "", this.words.facets[name]), select);
  }

  /** @param {string} name @param {[string, number][]} counts */
  fillSelect(name, counts) {
    const select = this.selects[name];
    const chosen = select.value;
    const any = new Option(this.words.digest_any, "");
    const whole = this.count === 1 || this.facetsRead;
    select.replaceChildren(any, ...counts.map(([value, count]) => {
      const said = name === "status" ? this.words.statuses[value] ?? value : value;
      return new Option(whole ? `${said} (${count})` : said, value);
    }));
    this.choose(name, chosen);
  }

  /** @param {string} name @param {string} value */
  choose(name, value) {
    const select = this.selects[name];
    if (value && ![...select.options].some((option) => option.value === value)) {
      select.append(new Option(value, value));
    }
    select.value = value;
    select.classList.toggle("cg-chosen", value !== "");
  }

  // What all pages have, since this one's entries are only some of them.
  async readFacets() {
    if (this.count === 1 || !Object.keys(this.selects).length || this.facetsRead) return;
    try {
      const answer = await fetch(new URL("facets.json", this.address(1)));
      const facets = await answer.json();
      this.facetsRead = true;
      for (const name of Object.keys(this.selects)) this.fillSelect(name, facets[name] ?? []);
    } catch {
      // The values of this page stay to choose from.
    }
  }

  // The address and what is chosen -----------------------------------------------------------

  restore() {
    const given = new URLSearchParams(location.search);
    if (this.input) this.input.value = given.get("words") ?? "";
    for (const name of Object.keys(this.selects)) this.choose(name, given.get(name) ?? "");
  }

  chosen() {
    const pairs = Object.entries(this.selects).map(([name, select]) => [name, select.value]);
    return Object.fromEntries([["words", this.input?.value.trim() ?? ""], ...pairs].filter(([, v]) => v));
  }

  change() {
    const address = new URL(location.href);
    const chosen = this.chosen();
    for (const name of ["words", ...Object.keys(this.selects)]) {
      address.searchParams.delete(name);
      if (chosen[name]) address.searchParams.set(name, chosen[name]);
      this.selects[name]?.classList.toggle("cg-chosen", name in chosen);
    }
    history.replaceState(history.state, "", address);
    this.limit = STEP;
    this.apply();
  }

  reset() {
    if (this.input) this.input.value = "";
    for (const name of Object.keys(this.selects)) this.choose(name, "");
    this.change();
    this.input?.focus();
  }

  showMore() {
    const at = this.limit;
    this.limit += STEP;
    this.apply();
    /** @type {HTMLElement|null} */ (this.list.children[at]?.querySelector("a"))?.focus();
  }

  // Showing ----------------------------------------------------------------------------------

  apply() {
    const chosen = this.chosen();
    const active = Object.keys(chosen).length > 0;
    const words = fold(chosen.words ?? "").split(/\s+/).filter(Boolean);
    const found = active
      ? this.pages.flat().filter((item) => this.fits(item, chosen, words))
      : this.pages[this.number];
    if (!active) found.forEach((item) => this.fits(item, chosen, words));
    this.list.replaceChildren(...found.slice(0, active ? this.limit : undefined));
    if (this.pager) this.pager.hidden = active;
    if (this.more) this.more.hidden = !active || found.length <= this.limit;
    if (this.clear) this.clear.hidden = !active;
    this.say(active, found.length);
    this.mark((chosen.words ?? "").toLowerCase().split(/\s+/).filter(Boolean));
    if (active && !this.reading && !this.failed) this.readPages();
  }

  /** @param {boolean} active @param {number} count */
  say(active, count) {
    const { words } = this;
    const read = Object.keys(this.pages).length;
    let text = active ? fill(words.digest_found, count, this.total) : "";
    if (active && !count && read === this.count) text = words.table_none;
    if (active && this.failed) text += ` · ${fill(words.digest_this_page, this.count - read)}`;
    else if (active && read < this.count) text += ` · ${fill(words.digest_loading, read, this.count)}`;
    if (this.said) this.said.textContent = text;
  }

  /** Whether an entry has what is chosen and all words; hides its parts that have them not.
   * @param {HTMLElement} item
   * @param {Record<string, string>} chosen
   * @param {string[]} words */
  fits(item, chosen, words) {
    for (const name of Object.keys(this.selects)) {
      if (chosen[name] && !valuesOf(item, name).includes(chosen[name])) return false;
    }
    const { head, parts } = this.read(item);
    const left = words.filter((word) => !head.includes(word));
    const fit = parts.filter(([, text]) => left.every((word) => text.includes(word)));
    for (const [part] of parts) part.hidden = left.length > 0;
    for (const [part] of fit) part.hidden = false;
    return left.length === 0 || fit.length > 0;
  }

  /** @param {HTMLElement} item */
  read(item) {
    const known = this.texts.get(item);
    if (known) return known;
    const copy = /** @type {HTMLElement} */ (item.cloneNode(true));
    for (const part of copy.querySelectorAll("[data-cg-part]")) part.remove();
    const parts = /** @type {NodeListOf<HTMLElement>} */ (item.querySelectorAll("[data-cg-part]"));
    /** @type {Texts} */
    const texts = {
      head: fold(copy.textContent ?? ""),
      parts: [...parts].map((part) => [part, fold(part.textContent ?? "")]),
    };
    this.texts.set(item, texts);
    return texts;
  }

  // Marks the words where the browser can without changing the page.
  /** @param {string[]} words */
  mark(words) {
    if (!("highlights" in CSS)) return;
    const ranges = [];
    const walker = document.createTreeWalker(this.list, NodeFilter.SHOW_TEXT);
    while (words.length && walker.nextNode()) {
      const node = /** @type {Text} */ (walker.currentNode);
      const text = node.data.toLowerCase();
      for (const word of text.length === node.length ? words : []) {
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + word.length);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("cg-found", new Highlight(...ranges));
  }

  // Further pages ----------------------------------------------------------------------------

  /** @param {number} number */
  address(number) {
    const home = new URL(this.host.dataset.home ?? "./", location.href);
    home.search = home.hash = "";
    return number === 1 ? home : new URL(`${this.host.dataset.base ?? ""}${number}/`, home);
  }

  async readPages() {
    this.reading = true;
    const left = Array.from({ length: this.count }, (_, at) => at + 1).filter((n) => !this.pages[n]);
    while (left.length && !this.failed) {
      await Promise.all(left.splice(0, AT_ONCE).map((number) => this.readPage(number)));
      this.apply();
    }
    this.reading = false;
  }

  /** @param {number} number */
  async readPage(number) {
    const url = this.address(number);
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const items = /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-cg-item]"));
      this.pages[number] = [...items].map((item) => adopt(item, url));
    } catch {
      this.failed = true;
    }
  }
}

/** The values by which an entry is filtered.
 * @param {HTMLElement} item @param {string} name */
function valuesOf(item, name) {
  return (item.dataset[name] ?? "").split("\n").filter(Boolean);
}

/** An entry of another page, its links made whole.
 * @param {HTMLElement} item @param {URL} url */
function adopt(item, url) {
  const own = document.importNode(item, true);
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (own.querySelectorAll("a[href]"))) {
    link.href = new URL(link.getAttribute("href") ?? "", url).href;
  }
  return own;
}
