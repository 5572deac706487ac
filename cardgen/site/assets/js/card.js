// A card's page: where each value comes from, a filter for parameters, folds that open on paper.
// @ts-check

import { fill, make } from "./common.js";

const GROUPS = "table, dl, .cg-head";

/** Values and marks in a text that are links: a finger's first tap tells of them, the next follows. */
const LINKED = ".cg-live > a[href], a.cg-accepted";

/** @typedef {Record<string, string>} Words */

/** @param {HTMLElement} head the element that carries the page's words */
export function start(head) {
  const article = head.closest("article") ?? document.body;
  /** @type {Words} */
  const words = JSON.parse(head.dataset.cgCard ?? "{}");
  new Origins(article, words);
  article.querySelectorAll("table.cg-params").forEach((table, at) => {
    if (at === 0) addFilter(/** @type {HTMLTableElement} */ (table), article, words);
  });
  openForPrint(article);
}

/** Says of the value that is pointed at, tapped or focused which run and step it comes from. */
class Origins {
  /** @param {HTMLElement} article
   * @param {Words} words */
  constructor(article, words) {
    this.article = article;
    this.words = words;
    this.box = make("div", "cg-origin md-typeset");
    this.box.id = "cg-origin";
    this.box.setAttribute("role", "tooltip");
    this.box.hidden = true;
    document.body.append(this.box);
    /** @type {HTMLElement | null} */
    this.shown = null;
    this.timer = 0;
    this.listen();
    this.makeReachable();
  }

  listen() {
    const { article, box } = this;
    article.addEventListener("pointerover", (event) => this.point(event));
    article.addEventListener("pointerout", (event) => {
      if (event.pointerType === "mouse") this.later(() => this.hide(), 250);
    });
    box.addEventListener("pointerenter", () => clearTimeout(this.timer));
    box.addEventListener("pointerleave", () => this.later(() => this.hide(), 250));
    article.addEventListener("click", (event) => this.tap(event));
    article.addEventListener("focusin", (event) => {
      const found = find(event.target);
      const byKeyboard = event.target instanceof Element && event.target.matches(":focus-visible");
      if (found && byKeyboard) this.show(found);
    });
    article.addEventListener("focusout", () => this.later(() => this.hide(), 250));
    article.addEventListener("keydown", (event) => this.move(event));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.hide();
    });
    document.addEventListener("click", (event) => {
      const target = event.target;
      if (target instanceof Node && !box.contains(target) && !find(target)) this.hide();
    });
  }

  /** @param {PointerEvent} event */
  point(event) {
    if (event.pointerType !== "mouse") return;
    const found = find(event.target);
    if (!found) return;
    // The browser's own hint would lie over ours.
    hush(found);
    if (found === this.shown) clearTimeout(this.timer);
    else this.later(() => this.show(found), 180);
  }

  /** @param {MouseEvent} event */
  tap(event) {
    const target = event.target;
    const found = find(target);
    const mouse = "pointerType" in event && event.pointerType === "mouse";
    const touch = "pointerType" in event && event.pointerType === "touch";
    if (found && touch && found !== this.shown && target instanceof Element && target.closest(LINKED)) {
      event.preventDefault();
      this.show(found);
      return;
    }
    if (!found || (target instanceof Element && target.closest("a, button, summary, input, pre"))) return;
    if (String(getSelection())) return; // somebody copies a number
    if (this.shown === found && !mouse) this.hide();
    else this.show(found);
  }

  /** Arrows go from value to value within a table or list.
   * @param {KeyboardEvent} event */
  move(event) {
    const from = event.target;
    if (!(from instanceof HTMLElement) || !from.matches("[data-origin][tabindex]")) return;
    const to = findNext(from, event.key);
    if (!to) return;
    event.preventDefault();
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }

  /** One value of each table or list can be reached with the tabulator, the others from it. */
  makeReachable() {
    const seen = new Set();
    for (const element of listOrigins(this.article)) {
      if (element.matches(".cg-run, .cg-command, .cg-packages") || element.querySelector("a[href]")) continue;
      const group = element.closest(GROUPS) ?? element; // a value in a text stands alone
      element.tabIndex = seen.has(group) ? -1 : 0;
      seen.add(group);
    }
  }

  /** @param {() => void} act
   * @param {number} wait */
  later(act, wait) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(act, wait);
  }

  /** @param {HTMLElement} element */
  show(element) {
    clearTimeout(this.timer);
    hush(element);
    this.hide();
    this.box.replaceChildren(...this.describe(element));
    this.box.hidden = false;
    this.shown = element;
    element.setAttribute("aria-describedby", this.box.id);
    this.place(element);
  }

  hide() {
    clearTimeout(this.timer);
    this.shown?.removeAttribute("aria-describedby");
    this.shown = null;
    this.box.hidden = true;
  }

  /** @param {HTMLElement} element */
  place(element) {
    const at = element.getBoundingClientRect();
    const own = this.box.getBoundingClientRect();
    const room = document.documentElement.clientWidth - own.width - 8;
    const below = at.bottom + own.height + 6 < innerHeight || at.top < own.height + 70;
    this.box.style.left = `${Math.max(8, Math.min(at.left, room)) + scrollX}px`;
    this.box.style.top = `${(below ? at.bottom + 5 : at.top - own.height - 5) + scrollY}px`;
  }

  /** Value, run, tracker and step, with links to the run here and in its tracker.
   * @param {HTMLElement} element
   * @returns {HTMLElement[]} */
  describe(element) {
    const origin = element.dataset.origin ?? element.closest("tr")?.dataset.origin ?? "";
    const lines = [];
    const hint = element.dataset.hint ?? "";
    const [said, place] = origin ? split(hint) : ["", hint];
    const value = element.dataset.value ?? said;
    if (value) lines.push(make("div", "", make("b", "", value)));
    const refs = origin.split(", ");
    const quoted = element.dataset.card;
    const difference = element.matches(".cg-live") && place.includes(" − ");
    const card = origin.match(/(?:^|\/)([^/]+\.md)(?::(\d+))?$/);
    if (difference) lines.push(make("div", "", place));
    else if (card) {
      const where = quoted ? place : card[2] ? `${card[1]}:${card[2]}` : card[1];
      lines.push(make("div", "", fill(this.words.written, where)));
    } else if (refs.length > 1) {
      lines.push(make("div", "", `${this.words.runs}: ${refs.length}`));
      if (place && place !== origin) lines.push(make("div", "", place));
    } else if (origin) lines.push(...this.describeRun(origin));
    else if (place) lines.push(make("div", "", place));
    const there = element.querySelector("a[href]");
    if (quoted && there instanceof HTMLAnchorElement) lines.push(make("div", "", link(there.href, quoted)));
    return lines.length ? lines : [make("div", "", element.dataset.hint ?? origin)];
  }

  /** @param {string} origin a ref, perhaps with its step
   * @returns {HTMLElement[]} */
  describeRun(origin) {
    const { words } = this;
    const parts = origin.match(/^(.*?)(?: step (\S+))?$/);
    const ref = parts?.[1] ?? origin;
    const step = parts?.[2];
    const run = [...this.article.querySelectorAll(".cg-run")].find(
      (one) => one instanceof HTMLElement && one.dataset.origin === ref,
    );
    const name = run?.querySelector("strong")?.textContent ?? "";
    const tracker = ref.split(":")[0];
    const lines = [make("div", "", `${words.run}: `, make("b", "", name || ref))];
    const place = [step ? `${words.step} ${step}` : "", `${words.tracker} ${tracker}`];
    lines.push(make("div", "", place.filter(Boolean).join(" · ")));
    const links = make("div");
    const mark = run?.querySelector(".cg-mark[id]");
    if (mark) links.append(link(`#${mark.id}`, `${words.run} ${mark.textContent}`));
    const there = run?.querySelector('a[href^="http"]');
    if (there instanceof HTMLAnchorElement) links.append(link(there.href, there.textContent ?? ""));
    if (links.childElementCount) lines.push(links);
    return lines;
  }
}

/** @param {string} address of this page or taken from one of its links
 * @param {string} text */
function link(address, text) {
  const made = /** @type {HTMLAnchorElement} */ (make("a", "", text));
  made.href = address;
  made.rel = "noopener";
  return made;
}

/** A hint is "value · place", or the place alone.
 * @param {string} hint
 * @returns {[string, string]} */
function split(hint) {
  const at = hint.lastIndexOf(" · ");
  return at < 0 ? ["", hint] : [hint.slice(0, at), hint.slice(at + 3)];
}

/** The value that something is in; a cell where its row says the origin for all of it.
 * @param {EventTarget | null} target
 * @returns {HTMLElement | null} */
function find(target) {
  if (!(target instanceof Element)) return null;
  const found = target.closest("[data-origin], [data-hint], td[title]");
  const value = found instanceof HTMLTableRowElement ? target.closest("td") : found;
  return value instanceof HTMLElement && !value.matches(".cg-run, .cg-packages") ? value : null;
}

/** @param {HTMLElement} element */
function hush(element) {
  if (!element.title) return;
  element.dataset.hint = element.title;
  element.removeAttribute("title");
}

/** @param {HTMLElement} within
 * @returns {HTMLElement[]} */
function listOrigins(within) {
  const all = /** @type {NodeListOf<HTMLElement>} */ (within.querySelectorAll("[data-origin]"));
  return [...all].filter((one) => !(one instanceof HTMLTableRowElement));
}

/** The value in the direction of an arrow; none where there is no further one.
 * @param {HTMLElement} from
 * @param {string} key
 * @returns {HTMLElement | null} */
function findNext(from, key) {
  const group = from.closest(GROUPS);
  if (!(group instanceof HTMLElement)) return null;
  const all = listOrigins(group).filter((one) => one.hasAttribute("tabindex") && one.offsetParent);
  const at = all.indexOf(from);
  if (key === "ArrowRight") return all[at + 1] ?? null;
  if (key === "ArrowLeft") return all[at - 1] ?? null;
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const here = from.getBoundingClientRect();
  const below = key === "ArrowDown" ? all.slice(at + 1) : all.slice(0, at).reverse();
  const rows = below.filter((one) => Math.abs(one.getBoundingClientRect().top - here.top) > 4);
  return rows.find((one) => Math.abs(one.getBoundingClientRect().right - here.right) < 24) ?? rows[0] ?? null;
}

/** An input over the parameters, where some of them are folded.
 * @param {HTMLTableElement} table the first table of them
 * @param {HTMLElement} article
 * @param {Words} words */
function addFilter(table, article, words) {
  const fold = table.closest(".cg-scroll")?.nextElementSibling;
  if (!(fold instanceof HTMLDetailsElement) || !fold.querySelector("table.cg-params")) return;
  const rows = [...article.querySelectorAll("table.cg-params > tbody > tr")];
  const input = /** @type {HTMLInputElement} */ (make("input"));
  input.type = "search";
  input.id = "cg-filter-params";
  input.placeholder = words.filter;
  input.setAttribute("aria-label", words.filter);
  const count = make("span", "cg-quiet");
  count.setAttribute("role", "status");
  table.closest(".cg-scroll")?.before(make("div", "cg-filter-params", input, count));
  const wasOpen = () => fold.dataset.open === "1";
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    if (!("open" in fold.dataset)) fold.dataset.open = fold.open ? "1" : "0";
    let left = 0;
    for (const row of rows) {
      const hit = !wanted || (row.textContent ?? "").toLowerCase().includes(wanted);
      /** @type {HTMLElement} */ (row).hidden = !hit;
      if (hit) left += 1;
    }
    fold.open = wanted ? fold.querySelector("tbody > tr:not([hidden])") !== null : wasOpen();
    if (!wanted) delete fold.dataset.open;
    count.textContent = wanted ? fill(words.count, left, rows.length) : "";
  });
}

/** Open what is folded while the page is printed.
 * @param {HTMLElement} article */
function openForPrint(article) {
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...article.querySelectorAll("details")].filter((fold) => !fold.open);
    for (const fold of opened) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
  });
}
