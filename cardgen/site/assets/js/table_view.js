// The table itself: of thousands of rows only those in sight are on the page.
// @ts-check

import { fill, make, root } from "./common.js";

/** @typedef {import("./table_data.js").Data} Data */
/** @typedef {import("./table_columns.js").Column} Column */

const SPARE = 6; // rows beyond both edges of what is in sight
const PRINTED = 2000;

export class View {
  /** @param {Data} data
   * @param {{sort: (key: string) => void}} acts what a click on a head does
   * @param {((code: string) => boolean)|null} isPicked null where cards cannot be ticked */
  constructor(data, acts, isPicked) {
    this.data = data;
    this.isPicked = isPicked;
    /** @type {Column[]} */
    this.columns = [];
    /** @type {Int32Array} */
    this.cards = new Int32Array(0);
    /** @type {Map<number, HTMLElement>} */
    this.rows = new Map();
    this.height = 0;
    this.acts = acts;
    this.head = make("tr");
    this.head.setAttribute("role", "row");
    this.body = make("tbody");
    this.body.setAttribute("role", "rowgroup");
    this.widths = make("colgroup");
    const thead = make("thead", "", this.head);
    thead.setAttribute("role", "rowgroup");
    this.table = make("table", "cg-table cg-t-table", this.widths, thead, this.body);
    this.table.setAttribute("role", "table");
    this.box = make("div", "cg-scroll cg-t-box", this.table);
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "region");
    this.box.setAttribute("aria-label", data.labels.experiment);
    this.above = makeSpacer();
    this.below = makeSpacer();
    this.watch();
  }

  watch() {
    let waiting = false;
    const later = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        this.draw();
      });
    };
    this.box.addEventListener("scroll", later, { passive: true });
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", () => {
      this.height = 0;
      later();
    });
    addEventListener("beforeprint", () => this.draw(PRINTED));
    addEventListener("afterprint", later);
  }

  /** Other columns, or another order; the rows follow at the next `setCards` or `redraw`.
   * @param {Column[]} columns
   * @param {string} sort */
  setColumns(columns, sort) {
    this.columns = columns;
    const tick = this.isPicked ? [make("col", "cg-t-tick")] : [];
    const wide = columns.length + (this.isPicked ? 1 : 0); // one more would take part of the width
    for (const spacer of [this.above, this.below]) spacer.firstElementChild?.setAttribute("colspan", String(wide));
    this.widths.replaceChildren(...tick, ...columns.map((column) => {
      const col = make("col");
      if (column.key !== "code") col.style.width = `${column.width}rem`; // it takes what is left
      return col;
    }));
    const total = columns.reduce((sum, column) => sum + column.width, this.isPicked ? 1.7 : 0);
    this.table.style.setProperty("--cg-t-width", `${total}rem`);
    this.head.replaceChildren(...(this.isPicked ? [this.makeTickHead()] : []), ...columns.map((column) => this.makeHead(column, sort)));
  }

  makeTickHead() {
    const head = make("th", "cg-t-tick", make("span", "cg-unseen", this.data.labels.table_picks));
    head.setAttribute("scope", "col");
    head.setAttribute("role", "columnheader");
    return head;
  }

  /** @param {Column} column
   * @param {string} sort */
  makeHead(column, sort) {
    const head = make("th", column.number ? "cg-number" : "");
    head.setAttribute("scope", "col");
    head.setAttribute("role", "columnheader");
    if (!column.start) {
      head.append(make("span", "cg-t-plain", column.label));
      return head;
    }
    const state = sort === column.key ? "ascending" : sort === `-${column.key}` ? "descending" : "none";
    head.setAttribute("aria-sort", state);
    const button = make("button", "cg-t-sort", column.label);
    button.setAttribute("type", "button");
    button.dataset.sort = column.key;
    button.addEventListener("click", () => this.acts.sort(column.key));
    head.append(button);
    return head;
  }

  /** Other cards, from the top.
   * @param {Int32Array} cards */
  setCards(cards) {
    this.cards = cards;
    this.table.setAttribute("aria-rowcount", String(cards.length + 1));
    this.box.hidden = !cards.length;
    if (this.box.scrollTop) this.box.scrollTop = 0;
    this.redraw();
  }

  /** All rows in sight anew. */
  redraw() {
    this.rows.clear();
    this.body.replaceChildren(this.above, this.below);
    // As high as it will be, so that the box already has its size when it is seen what is in sight.
    setHeight(this.above, 0);
    setHeight(this.below, this.cards.length * this.height);
    this.draw();
  }

  /** The rows in sight, and how much is above and below them.
   * @param {number} atLeast */
  draw(atLeast = 0) {
    if (!this.cards.length || !this.columns.length || !this.box.isConnected) return;
    if (!this.height) this.measure();
    if (!this.rows.size) setHeight(this.below, this.cards.length * this.height);
    const [first, last] = this.findSight(atLeast);
    const kept = document.activeElement?.closest("[data-row]");
    for (const [number, row] of this.rows) {
      if ((number < first || number >= last) && row !== kept) {
        row.remove();
        this.rows.delete(number);
      }
    }
    let after = /** @type {ChildNode} */ (this.above);
    for (let number = first; number < last; number++) {
      const row = this.rows.get(number) ?? this.makeRow(number);
      if (after.nextSibling !== row) after.after(row);
      after = row;
    }
    setHeight(this.above, first * this.height);
    setHeight(this.below, (this.cards.length - last) * this.height);
  }

  /** Which rows are in sight, in the box and in the window.
   * @param {number} atLeast */
  findSight(atLeast) {
    const box = this.box.getBoundingClientRect();
    const top = this.body.getBoundingClientRect().top;
    const from = Math.max(0, box.top) - top;
    const to = Math.min(innerHeight, box.bottom) - top;
    const first = Math.max(0, Math.floor(from / this.height) - SPARE);
    const last = Math.min(this.cards.length, Math.ceil(to / this.height) + SPARE);
    if (atLeast) return [0, Math.min(this.cards.length, atLeast)];
    return [Math.min(first, last), Math.max(first, last)];
  }

  /** All rows are of the same height: that of the first. */
  measure() {
    const row = this.rows.get(0) ?? this.makeRow(0);
    if (!row.isConnected) this.above.after(row);
    this.height = row.getBoundingClientRect().height || 40;
    row.remove();
    this.rows.delete(0);
  }

  /** @param {number} number */
  makeRow(number) {
    const card = this.cards[number];
    const row = make("tr", "", ...(this.isPicked ? [this.makeTick(card)] : []), ...this.columns.map((column) => this.makeCell(column, card)));
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", String(number + 2));
    row.dataset.row = String(number);
    row.dataset.code = this.data.text("code", card);
    this.rows.set(number, row);
    return row;
  }

  /** @param {Column} column
   * @param {number} card */
  makeCell(column, card) {
    if (column.key === "code") return this.makeName(card);
    const content = column.cell(card);
    const cell = make("td", `cg-at-${column.key}${column.number ? " cg-number" : ""}`, ...content);
    if (!content.length) cell.append(make("span", "cg-quiet", "–"));
    cell.setAttribute("role", "cell");
    return cell;
  }

  /** @param {number} card */
  makeName(card) {
    const code = this.data.text("code", card);
    const title = this.data.text("title", card);
    const link = make("a", "", make("span", "cg-code", code), " ", make("span", "cg-t-title", title));
    link.setAttribute("href", new URL(`cards/${encodeURIComponent(code)}/`, root).href);
    link.title = title;
    const cell = make("th", "cg-at-code", link);
    cell.setAttribute("scope", "row");
    cell.setAttribute("role", "rowheader");
    return cell;
  }

  /** @param {number} card */
  makeTick(card) {
    const code = this.data.text("code", card);
    const tick = /** @type {HTMLInputElement} */ (make("input"));
    tick.type = "checkbox";
    tick.dataset.cgPick = code;
    tick.checked = this.isPicked?.(code) ?? false;
    tick.setAttribute("aria-label", fill(this.data.labels.table_pick, code));
    const cell = make("td", "cg-t-tick", tick);
    cell.setAttribute("role", "cell");
    return cell;
  }
}

function makeSpacer() {
  const cell = make("td");
  const row = make("tr", "cg-t-spacer", cell);
  row.setAttribute("aria-hidden", "true");
  return row;
}

/** @param {HTMLElement} spacer
 * @param {number} height in pixels */
function setHeight(spacer, height) {
  const cell = /** @type {HTMLElement} */ (spacer.firstChild);
  spacer.hidden = height <= 0;
  cell.style.height = `${Math.max(0, height)}px`;
}
