// Parallel coordinates of up to 10,000 cards on a canvas: a line a card, an axis a column.
// @ts-check

import { fill, make } from "./common.js";
import { cut, ink, isWide, makeScale, placeOf, sayCell, Surface } from "./compare_canvas.js";
import { legendOf, makePaint } from "./scatter.js";

/** @typedef {import("./compare_canvas.js").Column} Column */
/** @typedef {import("./compare_canvas.js").Scale} Scale */
/** @typedef {import("./scatter.js").Table} Table */
/** An axis: its places of all cards, and the part of it that cards are kept in.
 * @typedef {{column: Column, scale: Scale, places: Float32Array, x: number, range: [number, number]|null}} Axis */

const TOP = 40;
const BOTTOM = 26;
const NONE = -0.12; // below an axis: where the lines of cards without a value pass
const SIDE = 60;
const REACH = 10;
const BRUSH = 16; // pixels beside an axis that belong to it
const EDGE = 0.004;

export class Parallel {
  /** @param {HTMLElement} host @param {Table} table @param {Record<string, string>} labels
   * @param {(code: string) => string} address of a card's page
   * @param {(kept: number[]) => void} onKept called with the cards that all ranges hold */
  constructor(host, table, labels, address, onKept) {
    this.table = table;
    this.labels = labels;
    this.address = address;
    this.onKept = onKept;
    /** @type {Axis[]} */
    this.axes = [];
    /** @type {Column|undefined} */
    this.colour = undefined;
    /** @type {number[]} */
    this.kept = [];
    this.at = -1;
    this.length = 0;
    this.bottom = 0;
    /** @type {{axis: Axis, from: number}|null} */
    this.brush = null;
    this.frame = make("div", "cg-canvas");
    this.tip = make("div", "cg-tip");
    this.tip.hidden = true;
    this.said = make("p", "cg-below");
    this.said.setAttribute("aria-live", "polite");
    this.legend = make("ul", "cg-legend");
    host.append(this.frame, this.said, this.legend);
    this.surface = new Surface(this.frame, labels.cmp_parallel, (pen, width) => this.draw(pen, width), (pen) => this.mark(pen), (width) => (width < 500 ? 320 : 380));
    this.frame.append(this.tip);
    this.listen(this.surface.canvas);
  }

  /** @param {Column[]} columns @param {Column|undefined} colour */
  show(columns, colour) {
    const old = new Map(this.axes.map((axis) => [axis.column, axis.range]));
    this.axes = columns.map((column) => {
      const scale = makeScale(column, column.kind !== "metric" && isWide(column));
      const places = Float32Array.from(column.cells, (cell) => (cell === null ? NONE : scale.place(cell)));
      return { column, scale, places, x: 0, range: old.get(column) ?? null };
    });
    this.colour = colour;
    this.legend.replaceChildren(...(colour ? legendOf(colour, makePaint(colour).colours) : []));
    this.filter();
  }

  /** Keep cards between two places of an axis, all of them for null.
   * @param {Axis} axis @param {[number, number]|null} range */
  setRange(axis, range) {
    axis.range = range;
    this.filter();
  }

  reset() {
    for (const axis of this.axes) axis.range = null;
    this.filter();
  }

  filter() {
    const ranged = this.axes.filter((axis) => axis.range);
    this.kept = this.table.codes.map((_, card) => card).filter((card) =>
      ranged.every(({ places, range }) => range && places[card] >= range[0] - EDGE && places[card] <= range[1] + EDGE));
    this.at = -1;
    this.read(-1);
    this.surface.redraw();
    this.onKept(this.kept);
  }

  /** @param {HTMLCanvasElement} canvas */
  listen(canvas) {
    canvas.addEventListener("pointerdown", (event) => {
      const [x, y] = placeOf(event);
      const axis = this.axes.find((one) => Math.abs(one.x - x) <= BRUSH);
      if (!axis) return;
      this.brush = { axis, from: this.placeAt(y) };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = placeOf(event);
      if (!this.brush) {
        this.read(this.findNear(x, y));
        canvas.style.cursor = this.axes.some((one) => Math.abs(one.x - x) <= BRUSH) ? "ns-resize" : this.at < 0 ? "" : "pointer";
        return;
      }
      const { axis, from } = this.brush;
      const to = this.placeAt(y);
      axis.range = [Math.min(from, to), Math.max(from, to)];
      this.surface.redraw();
    });
    canvas.addEventListener("pointerup", (event) => {
      const brush = this.brush;
      this.brush = null;
      if (!brush) return;
      const to = this.placeAt(placeOf(event)[1]);
      const wide = Math.abs(to - brush.from) > 0.015; // a mere click on the axis takes the range away
      this.setRange(brush.axis, wide ? [Math.min(brush.from, to), Math.max(brush.from, to)] : null);
    });
    canvas.addEventListener("click", (event) => {
      const [x, y] = placeOf(event);
      if (this.axes.some((one) => Math.abs(one.x - x) <= BRUSH)) return;
      const near = this.findNear(x, y);
      if (near >= 0 && near === this.at) this.open();
      this.read(near);
    });
    canvas.addEventListener("pointerleave", () => this.read(-1));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step && this.kept.length) {
        const now = this.kept.indexOf(this.at);
        this.read(this.kept[now < 0 ? (step > 0 ? 0 : this.kept.length - 1) : (now + step + this.kept.length) % this.kept.length]);
      } else if (event.key === "Enter") this.open();
      else if (event.key === "Escape") this.read(-1);
      else return;
      event.preventDefault();
    });
  }

  open() {
    if (this.at >= 0) location.assign(this.address(this.table.codes[this.at]));
  }

  /** @param {number} y @returns {number} a place between 0 and 1 */
  placeAt(y) {
    return Math.max(0, Math.min(1, 1 - (y - TOP) / this.span()));
  }

  /** @param {number} place */
  yOf(place) {
    return TOP + (1 - place) * this.span();
  }

  /** How long the axes are, in pixels. */
  span() {
    const lacking = this.axes.some((axis) => axis.column.cells.includes(null));
    return (this.surface.canvas.clientHeight - TOP - BOTTOM) / (lacking ? 1 - NONE : 1);
  }

  /** The kept card whose line passes nearest. @param {number} x @param {number} y */
  findNear(x, y) {
    const at = this.axes.findIndex((axis, n) => n + 1 < this.axes.length && x >= axis.x && x <= this.axes[n + 1].x);
    if (at < 0) return -1;
    const [left, right] = [this.axes[at], this.axes[at + 1]];
    const part = (x - left.x) / (right.x - left.x || 1);
    let [best, distance] = [-1, REACH];
    for (const card of this.kept) {
      const place = left.places[card] * (1 - part) + right.places[card] * part;
      const d = Math.abs(this.bottom - place * this.length - y);
      if (d <= distance) [best, distance] = [card, d];
    }
    return best;
  }

  /** Say which card is meant. @param {number} card */
  read(card) {
    const moved = card !== this.at;
    this.at = card;
    if (moved) this.surface.mark();
    const { labels, table } = this;
    this.tip.hidden = card < 0;
    const all = fill(labels.cmp_count, this.kept.length, table.codes.length);
    if (card < 0) {
      this.said.textContent = `${all}. ${labels.cmp_parallel_hint}`;
      return;
    }
    const values = this.axes.map(({ column }) => `${column.label} ${sayCell(column.cells[card])}`);
    this.said.textContent = `${table.codes[card]}: ${values.join(", ")}`;
    const title = table.titles[card] === table.codes[card] ? [] : [make("div", "", table.titles[card])];
    this.tip.replaceChildren(make("b", "cg-code", table.codes[card]), ...title);
    this.tip.style.left = "auto";
    this.tip.style.right = "0";
    this.tip.style.top = "0";
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width */
  draw(pen, width) {
    const last = this.axes.length - 1;
    this.axes.forEach((axis, n) => (axis.x = last ? SIDE + ((width - 2 * SIDE) * n) / last : width / 2));
    [this.length, this.bottom] = [this.span(), this.yOf(0)]; // asked once, not for every point
    this.drawLines(pen);
    this.axes.forEach((axis) => this.drawAxis(pen, axis, last ? (width - 2 * SIDE) / last : width));
  }

  /** The lines left out faintly below; those kept, a shade at a time.
   * @param {CanvasRenderingContext2D} pen */
  drawLines(pen) {
    const kept = new Set(this.kept);
    const count = this.table.codes.length;
    const { paint, colours } = makePaint(this.colour);
    pen.lineWidth = 1;
    if (kept.size < count) {
      pen.strokeStyle = ink("--md-default-fg-color--lightest");
      pen.globalAlpha = count > 1000 ? 0.25 : 0.8;
      pen.beginPath();
      for (let card = 0; card < count; card += 1) if (!kept.has(card)) this.trace(pen, card);
      pen.stroke();
    }
    /** @type {number[][]} */
    const groups = colours.map(() => []);
    for (const card of this.kept) groups[paint(card)].push(card);
    pen.globalAlpha = Math.max(0.12, Math.min(0.9, 60 / Math.sqrt(kept.size || 1) / 10));
    pen.lineWidth = kept.size > 200 ? 1 : 1.8;
    const order = groups.map((_, n) => n); // the best above all others
    if (this.colour?.direction === "min") order.reverse();
    order.forEach((n) => {
      const group = groups[n];
      pen.strokeStyle = colours[n].colour;
      pen.beginPath();
      for (const card of group) this.trace(pen, card);
      pen.stroke();
    });
    pen.globalAlpha = 1;
  }

  /** The line of the card that is meant. @param {CanvasRenderingContext2D} pen */
  mark(pen) {
    if (this.at < 0) return;
    pen.strokeStyle = ink("--md-default-fg-color");
    pen.lineWidth = 3;
    pen.beginPath();
    this.trace(pen, this.at);
    pen.stroke();
  }

  /** A card's line. @param {CanvasRenderingContext2D} pen @param {number} card */
  trace(pen, card) {
    this.axes.forEach(({ places, x }, n) => {
      const y = this.bottom - places[card] * this.length;
      if (n) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    });
  }

  /** @param {CanvasRenderingContext2D} pen @param {Axis} axis @param {number} room */
  drawAxis(pen, axis, room) {
    const [top, bottom] = [this.yOf(1), this.yOf(0)];
    pen.strokeStyle = ink("--md-default-fg-color--light");
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(axis.x, top);
    pen.lineTo(axis.x, bottom);
    pen.stroke();
    if (axis.range) {
      const [low, high] = axis.range.map((place) => this.yOf(place));
      pen.fillStyle = ink("--md-accent-fg-color");
      pen.globalAlpha = 0.35;
      pen.fillRect(axis.x - 6, high, 12, Math.max(3, low - high));
      pen.globalAlpha = 1;
    }
    pen.textAlign = "center";
    pen.font = pen.font.replace("11px", "bold 11px");
    pen.fillStyle = ink("--md-default-fg-color");
    pen.fillText(shorten(pen, axis.column.label, Math.max(40, room - 8)), axis.x, 16);
    pen.font = pen.font.replace("bold 11px", "11px");
    pen.textAlign = "left";
    pen.lineWidth = 3;
    pen.strokeStyle = ink("--md-default-bg-color");
    let before = Infinity;
    const none = axis.column.cells.includes(null) ? [{ at: NONE, text: "–" }] : [];
    for (const tick of [...none, ...axis.scale.ticks]) {
      const y = this.yOf(tick.at);
      if (before - y < 12) continue;
      const text = shorten(pen, cut(tick.text), Math.max(30, room - 12));
      pen.strokeText(text, axis.x + 5, y + 4);
      pen.fillText(text, axis.x + 5, y + 4);
      before = y;
    }
  }
}

/** The end of a long name tells more than its beginning. @param {CanvasRenderingContext2D} pen @param {string} text @param {number} width */
function shorten(pen, text, width) {
  while (text.length > 3 && pen.measureText(text).width > width) text = `…${text.slice(2)}`;
  return text;
}
