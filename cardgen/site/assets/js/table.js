// The list of all cards: a table to sort, filter and copy, in the place of the plain one.
// @ts-check

import { fill, make } from "./common.js";
import { formatState, readState } from "./table_address.js";
import { chooseColumns, formatNumber, makeColumns, saysAnything } from "./table_columns.js";
import { FORMATS, copyText } from "./table_copy.js";
import { Data, FACETS } from "./table_data.js";
import { fillOptions, makeMenu } from "./table_menu.js";
import { Model, emptyState, isFiltered, isLate } from "./table_model.js";
import { View } from "./table_view.js";

/** @typedef {import("./table_model.js").State} State */

const PHONE = "(max-width: 44.9em)"; // as in the style sheet

/** Bring a list to life; where its data cannot be had, the plain list stays.
 * @param {Element} element */
export async function start(element) {
  const [data, picks] = await Promise.all([Data.load().catch(() => null), loadPicks()]);
  if (!data) return;
  const table = new Table(data, picks);
  element.replaceChildren(...table.elements);
  element.classList.add("cg-t-live");
  table.begin();
}

/** What keeps the ticked cards; null where cards cannot be compared.
 * @returns {Promise<any>} */
async function loadPicks() {
  try {
    return await import("./picks.js");
  } catch {
    return null;
  }
}

class Table {
  /** @param {Data} data
   * @param {any} picks */
  constructor(data, picks) {
    this.data = data;
    this.labels = data.labels;
    this.picks = picks;
    this.model = new Model(data);
    this.columns = makeColumns(data);
    this.state = readState(location.search);
    const isPicked = picks ? (/** @type {string} */ code) => this.picked.has(code) : null;
    this.picked = new Set(picks?.getPicks() ?? []);
    this.view = new View(data, { sort: (key) => this.sortBy(key) }, isPicked);
    /** @type {Int32Array} */
    this.cards = new Int32Array(0);
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.keeping = undefined;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.saying = undefined;
    this.input = this.makeWords();
    this.facets = this.makeFacets();
    this.chips = make("p", "cg-t-chips");
    this.count = make("span", "cg-t-total");
    this.count.setAttribute("role", "status");
    this.said = make("span", "cg-t-said");
    this.said.setAttribute("role", "status");
    this.nothing = make("p", "cg-missing", this.labels.table_none);
    this.elements = this.arrange();
  }

  arrange() {
    const filters = make("div", "cg-t-facets", ...this.facets.map((facet) => facet.menu));
    filters.id = "cg-t-facets";
    const fold = make("button", "cg-t-button cg-t-fold", this.labels.table_filters);
    fold.setAttribute("type", "button");
    fold.setAttribute("aria-expanded", "false");
    fold.setAttribute("aria-controls", filters.id);
    fold.addEventListener("click", () => {
      const on = filters.classList.toggle("cg-t-open");
      fold.setAttribute("aria-expanded", String(on));
    });
    const bar = make("div", "cg-t-bar", this.input, fold, filters, make("div", "cg-t-tools", this.makeSortMenu(), this.makeColumnMenu(), this.makeCopyMenu().menu));
    return [bar, make("p", "cg-t-line", this.count, this.said), this.chips, this.nothing, this.view.box];
  }

  /** On a phone, where no column has a head. */
  makeSortMenu() {
    const sort = makeMenu(this.labels.table_sort, (panel) => {
      panel.replaceChildren(...this.columns.filter((column) => column.start).map((column) => {
        const arrow = this.state.sort === column.key ? " ↑" : this.state.sort === `-${column.key}` ? " ↓" : "";
        const button = make("button", "cg-t-choice", column.label + arrow);
        button.setAttribute("type", "button");
        button.setAttribute("aria-pressed", String(arrow !== ""));
        button.addEventListener("click", () => {
          sort.close();
          this.sortBy(column.key);
          sort.button.focus();
        });
        return button;
      }));
    });
    sort.menu.classList.add("cg-t-sorts");
    return sort.menu;
  }

  /** The first time, when the table stands on the page and has a width. */
  begin() {
    this.picks?.onChange(() => this.markPicks());
    this.picks?.start?.(this.view.box);
    this.view.box.addEventListener("click", (event) => this.filterByClick(event));
    addEventListener("popstate", () => this.reread());
    const narrow = () => {
      if (this.state.columns) return;
      this.showColumns();
      this.view.redraw();
    };
    addEventListener("resize", narrow);
    this.showColumns();
    this.update(false);
    this.fetchTexts();
  }

  reread() {
    this.state = readState(location.search);
    this.input.value = this.state.words;
    this.showColumns();
    this.update(false);
    this.fetchTexts();
  }

  /** What the view shows, after a choice of the reader.
   * @param {boolean} keep whether the address is to say so */
  update(keep = true) {
    this.cards = this.model.select(this.state);
    this.view.setCards(this.cards);
    this.nothing.hidden = this.cards.length > 0;
    this.showCount();
    this.showChips();
    if (keep) this.keep();
  }

  /** Browsers allow few changes of the address a second: the last of them counts. */
  keep() {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => {
      const search = formatState(this.state, location.search);
      if (search !== location.search) history.replaceState(history.state, "", `${location.pathname}${search}${location.hash}`);
    }, 150);
  }

  /** Goals and conclusions, once somebody looks for words or wants to see them. */
  async fetchTexts() {
    const wanted = this.state.words.trim() || this.state.columns?.some(isLate) || isLate(this.state.sort.replace("-", ""));
    if (!wanted || this.data.texts) return;
    await this.data.loadTexts();
    if (this.data.texts) this.update(false);
  }

  // Sorting -----------------------------------------------------------------------------------

  /** @param {string} key */
  sortBy(key) {
    const column = this.columns.find((one) => one.key === key);
    if (!column) return;
    const first = column.start === "down" ? `-${key}` : key;
    const second = column.start === "down" ? key : `-${key}`;
    this.state.sort = this.state.sort === first ? second : this.state.sort === second ? "" : first;
    this.showColumns();
    this.update();
    this.fetchTexts();
    const head = this.view.head.querySelector(`[data-sort="${CSS.escape(key)}"]`);
    if (head instanceof HTMLElement) head.focus({ preventScroll: true });
  }

  // Filters -----------------------------------------------------------------------------------

  makeWords() {
    const input = /** @type {HTMLInputElement} */ (make("input", "cg-t-words"));
    input.type = "search";
    input.value = this.state.words;
    input.placeholder = this.labels.table_words;
    input.setAttribute("aria-label", this.labels.table_words);
    input.addEventListener("focus", async () => {
      await this.data.loadTexts();
      requestIdleCallback?.(() => this.model.makeHay());
    });
    input.addEventListener("input", () => {
      this.state.words = input.value;
      this.update();
      this.fetchTexts();
    });
    return input;
  }

  /** Facets by which cards differ; what all have alike is none to choose by. */
  makeFacets() {
    return FACETS.filter((facet) => this.tellsApart(facet)).map((facet) => {
      const menu = makeMenu(this.nameFacet(facet), (panel) => this.fillFacet(facet, panel));
      menu.button.dataset.facet = facet;
      return { ...menu, facet };
    });
  }

  /** @param {string} facet */
  tellsApart(facet) {
    const { values, at } = this.data.facets[facet];
    if (facet === "metric") return values.length > 1;
    return Boolean(this.state.chosen[facet]) || values.length > 1 || (values.length === 1 && at.some((places) => !places.length));
  }

  /** @param {string} facet */
  nameFacet(facet) {
    const own = /** @type {Record<string, string>} */ ({ tag: "table_tags", metric: "table_metric", author: "table_author", year: "table_year", branch: "table_branch" });
    return this.labels[own[facet] ?? facet];
  }

  /** @param {string} facet
   * @param {HTMLElement} panel */
  fillFacet(facet, panel) {
    const counts = this.model.count(this.state, facet);
    const chosen = this.state.chosen[facet] ?? [];
    const { values } = this.data.facets[facet];
    const order = values.map((_, place) => place).sort((a, b) =>
      Number(chosen.includes(values[b])) - Number(chosen.includes(values[a])) ||
      (facet === "year" ? Number(values[b]) - Number(values[a]) : counts[b] - counts[a] || (values[a] < values[b] ? -1 : 1)));
    const options = order.map((place) => ({
      value: values[place],
      name: this.data.name(facet, values[place]),
      count: this.say(counts[place]),
      checked: chosen.includes(values[place]),
    }));
    fillOptions(panel, options, this.labels, (value, on) => this.choose(facet, value, on));
  }

  /** @param {string} facet
   * @param {string} value
   * @param {boolean} on */
  choose(facet, value, on) {
    const others = (this.state.chosen[facet] ?? []).filter((one) => one !== value);
    this.state.chosen[facet] = on ? [...others, value] : others;
    this.update();
  }

  /** @param {MouseEvent} event */
  filterByClick(event) {
    const found = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest("[data-facet]"));
    const { facet = "", value = "" } = found?.dataset ?? {};
    if (value && FACETS.includes(facet) && !getSelection()?.toString()) this.choose(facet, value, !this.state.chosen[facet]?.includes(value));
  }

  showChips() {
    const made = [];
    for (const facet of FACETS) {
      for (const value of this.state.chosen[facet] ?? []) made.push(this.makeChip(facet, value));
    }
    if (isFiltered(this.state)) made.push(this.makeClear());
    this.chips.replaceChildren(...made);
    this.chips.hidden = !made.length;
    for (const { facet, button } of this.facets) {
      const count = this.state.chosen[facet]?.length ?? 0;
      button.classList.toggle("cg-t-on", count > 0);
    }
  }

  /** @param {string} facet
   * @param {string} value */
  makeChip(facet, value) {
    const name = this.data.name(facet, value);
    const chip = make("button", "cg-t-chip", make("span", "cg-quiet", `${this.nameFacet(facet)}: `), name, make("span", "cg-t-cross", " ×"));
    chip.setAttribute("type", "button");
    chip.setAttribute("aria-label", fill(this.labels.table_remove, this.nameFacet(facet), name));
    chip.addEventListener("click", () => {
      this.choose(facet, value, false);
      /** @type {HTMLElement|null} */ (this.chips.querySelector("button"))?.focus();
    });
    return chip;
  }

  makeClear() {
    const clear = make("button", "cg-t-clear", this.labels.table_clear);
    clear.setAttribute("type", "button");
    clear.addEventListener("click", () => {
      this.state = { ...emptyState(), sort: this.state.sort, columns: this.state.columns };
      this.input.value = "";
      this.update();
      this.input.focus();
    });
    return clear;
  }

  showCount() {
    const all = this.say(this.data.count);
    this.count.textContent = isFiltered(this.state)
      ? fill(this.labels.table_shown, this.say(this.cards.length), all)
      : fill(this.labels.count_cards, all);
  }

  /** @param {number} count */
  say(count) {
    return formatNumber(count, this.data.language);
  }

  // Columns -----------------------------------------------------------------------------------

  listColumns() {
    const keys = this.state.columns ?? chooseColumns(this.columns, this.data, this.findRoom());
    return this.columns.filter((column) => column.key === "code" || keys.includes(column.key));
  }

  /** How wide the table may be without scrolling sideways, in rem; a phone shows few of them. */
  findRoom() {
    if (matchMedia(PHONE).matches) return Infinity;
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = this.view.box.parentElement?.clientWidth ?? 0;
    return width / size - (this.picks ? 1.7 : 0);
  }

  showColumns() {
    this.view.setColumns(this.listColumns(), this.state.sort);
  }

  makeColumnMenu() {
    const { menu } = makeMenu(this.labels.table_columns, (panel) => this.fillColumns(panel));
    menu.classList.add("cg-t-columns");
    return menu;
  }

  /** @param {HTMLElement} panel */
  fillColumns(panel) {
    const shown = this.listColumns();
    const options = this.columns.slice(1).filter((column) => saysAnything(this.data, column.key) || shown.includes(column))
      .map((column) => ({ value: column.key, name: column.label, checked: shown.includes(column) }));
    fillOptions(panel, options, this.labels, (key, on) => {
      const keys = this.listColumns().map((column) => column.key).filter((one) => one !== key && one !== "code");
      this.setColumns(on ? [...keys, key] : keys);
    });
    const reset = make("button", "cg-t-clear", this.labels.table_reset);
    reset.setAttribute("type", "button");
    reset.addEventListener("click", () => {
      this.setColumns(null);
      this.fillColumns(panel);
    });
    panel.append(reset);
  }

  /** @param {string[]|null} keys */
  setColumns(keys) {
    this.state.columns = keys && this.columns.map((column) => column.key).filter((key) => keys.includes(key));
    this.showColumns();
    this.view.redraw();
    this.keep();
    this.fetchTexts();
  }

  // Copying -----------------------------------------------------------------------------------

  makeCopyMenu() {
    const menu = makeMenu(this.labels.table_copy, (panel) => {
      panel.replaceChildren(...Object.keys(FORMATS).map((name) => {
        const button = make("button", "cg-t-choice", name);
        button.setAttribute("type", "button");
        button.addEventListener("click", () => {
          menu.close();
          menu.button.focus();
          this.copy(/** @type {keyof typeof FORMATS} */ (name));
        });
        return button;
      }));
    });
    return menu;
  }

  /** @param {keyof typeof FORMATS} format */
  async copy(format) {
    const rows = this.listRows();
    const numbers = this.copied().map((column) => Boolean(column.number));
    const done = await copyText(FORMATS[format](rows, numbers));
    this.said.classList.toggle("cg-t-sorry", !done);
    this.said.textContent = done ? fill(this.labels.table_copied, format, this.say(rows.length - 1)) : this.labels.table_not_copied;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => (this.said.textContent = ""), 5000);
  }

  /** The columns in sight but for drawings, and what a value is of where one is shown. */
  copied() {
    const shown = this.listColumns().filter((column) => column.key !== "spark");
    const [code] = shown;
    const title = { ...code, key: "title", label: this.labels.table_title, plain: (/** @type {number} */ card) => this.data.text("title", card) };
    const metric = this.columns.filter((column) => column.key === "metric" && !shown.includes(column));
    return [code, title, ...shown.slice(1).flatMap((column) => (column.key === "value" ? [...metric, column] : [column]))];
  }

  listRows() {
    const columns = this.copied();
    return [columns.map((column) => column.label), ...Array.from(this.cards, (card) => columns.map((column) => column.plain(card)))];
  }

  // Comparing ---------------------------------------------------------------------------------

  markPicks() {
    this.picked = new Set(this.picks.getPicks());
    for (const box of this.view.body.querySelectorAll("[data-cg-pick]")) {
      const tick = /** @type {HTMLInputElement} */ (box);
      tick.checked = this.picked.has(tick.dataset.cgPick ?? "");
    }
  }
}
