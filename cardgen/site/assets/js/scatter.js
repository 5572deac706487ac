// A scatter plot of any column against any other: up to 10,000 cards on a canvas, each readable by
// pointer and keyboard.
// @ts-check

import { fill, make } from "./common.js";
import { cut, ink, inks, makeScale, makeShades, placeOf, rankWords, sayCell, SHADES, SHAPES, Surface } from "./compare_canvas.js";

/** @typedef {import("./compare_canvas.js").Column} Column */
/** @typedef {{codes: string[], titles: string[], columns: Column[], metric: string}} Table */
/** @typedef {{x: Column, y: Column, colour?: Column, logX: boolean, logY: boolean}} Choice */

const MARGIN = { left: 64, right: 18, top: 14, bottom: 44 };
const REACH = 14; // pixels from a point within which it is meant
const NAMED = 14; // points that have room for their codes

export class Scatter {
  /** @param {HTMLElement} host @param {Table} table @param {Record<string, string>} labels
   * @param {(code: string) => string} address of a card's page */
  constructor(host, table, labels, address) {
    this.table = table;
    this.labels = labels;
    this.address = address;
    this.at = -1;
    /** @type {number[]} cards that have both values, from left to right */
    this.order = [];
    this.xs = new Float32Array(table.codes.length);
    this.ys = new Float32Array(table.codes.length);
    /** @type {Choice|null} */
    this.choice = null;
    this.frame = make("div", "cg-canvas");
    this.tip = make("div", "cg-tip");
    this.tip.hidden = true;
    this.said = make("p", "cg-below");
    this.said.setAttribute("aria-live", "polite");
    this.legend = make("ul", "cg-legend");
    host.append(this.frame, this.said, this.legend);
    this.surface = new Surface(this.frame, labels.cmp_scatter, (pen, width, height) => this.draw(pen, width, height), (pen) => this.mark(pen), (width) => Math.min(460, Math.max(280, width * 0.55)));
    this.frame.append(this.tip);
    this.listen(this.surface.canvas);
  }

  /** @param {Choice} choice */
  show(choice) {
    this.choice = choice;
    this.at = -1;
    this.order = this.table.codes.map((_, card) => card).filter((card) => this.isDrawn(card));
    const scale = makeScale(choice.x, choice.logX);
    const left = this.order.map((card) => scale.place(choice.x.cells[card]));
    const places = new Map(this.order.map((card, n) => [card, left[n]]));
    this.order.sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
    this.surface.redraw();
    this.read(-1);
    this.showLegend();
  }

  /** @param {number} card */
  isDrawn(card) {
    const { x, y } = this.choice ?? {};
    return x !== undefined && y !== undefined && x.cells[card] !== null && y.cells[card] !== null;
  }

  /** @param {HTMLCanvasElement} canvas */
  listen(canvas) {
    canvas.addEventListener("pointermove", (event) => this.read(this.findNear(...placeOf(event))));
    canvas.addEventListener("pointerleave", () => this.read(-1));
    canvas.addEventListener("click", (event) => {
      const near = this.findNear(...placeOf(event));
      if (near >= 0 && near === this.at) this.open();
      this.read(near);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (step && this.order.length) {
        const now = this.order.indexOf(this.at);
        const next = now < 0 ? (step > 0 ? 0 : this.order.length - 1) : (now + step + this.order.length) % this.order.length;
        this.read(this.order[next]);
      } else if (event.key === "Enter") this.open();
      else if (event.key === "Escape") this.read(-1);
      else return;
      event.preventDefault();
    });
  }

  open() {
    if (this.at >= 0) location.assign(this.address(this.table.codes[this.at]));
  }

  /** @param {number} x @param {number} y @returns {number} the card there, -1 for none */
  findNear(x, y) {
    let [best, distance] = [-1, REACH * REACH];
    for (const card of this.order) {
      const d = (this.xs[card] - x) ** 2 + (this.ys[card] - y) ** 2;
      if (d <= distance) [best, distance] = [card, d];
    }
    return best;
  }

  /** Say which card is meant, beside it and for screen readers. @param {number} card */
  read(card) {
    const { choice, labels } = this;
    if (!choice) return;
    const moved = card !== this.at;
    this.at = card;
    if (moved) this.surface.mark();
    this.tip.hidden = card < 0;
    this.surface.canvas.style.cursor = card < 0 ? "" : "pointer";
    const all = fill(labels.cmp_count, this.order.length, this.table.codes.length);
    if (card < 0) {
      this.said.textContent = `${all}. ${labels.cmp_scatter_hint}`;
      return;
    }
    const columns = [choice.x, choice.y, ...(choice.colour ? [choice.colour] : [])];
    const values = columns.map((column) => `${column.label} ${sayCell(column.cells[card])}`);
    const { codes, titles } = this.table;
    this.said.textContent = `${codes[card]}: ${values.join(", ")}`;
    const title = titles[card] === codes[card] ? [] : [make("div", "", titles[card])];
    this.tip.replaceChildren(make("b", "cg-code", codes[card]), ...title, ...values.map((value) => make("div", "cg-quiet", value)));
    const right = this.xs[card] > this.frame.clientWidth / 2;
    this.tip.style.left = right ? "auto" : `${this.xs[card] + 12}px`;
    this.tip.style.right = right ? `${this.frame.clientWidth - this.xs[card] + 12}px` : "auto";
    this.tip.style.top = `${Math.max(0, this.ys[card] - 20)}px`;
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height */
  draw(pen, width, height) {
    const { choice } = this;
    if (!choice) return;
    const [x, y] = [makeScale(choice.x, choice.logX), makeScale(choice.y, choice.logY)];
    const plot = { left: MARGIN.left, top: MARGIN.top, width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
    const across = (/** @type {number} */ at) => plot.left + 10 + at * (plot.width - 20);
    const up = (/** @type {number} */ at) => plot.top + plot.height - 10 - at * (plot.height - 20);
    this.drawAxes(pen, plot, x.ticks.map((tick) => ({ at: across(tick.at), text: tick.text })), y.ticks.map((tick) => ({ at: up(tick.at), text: tick.text })));
    for (const card of this.order) {
      this.xs[card] = across(x.place(choice.x.cells[card])) + (choice.x.numeric ? 0 : scatterOf(card) * 14);
      this.ys[card] = up(y.place(choice.y.cells[card])) + (choice.y.numeric ? 0 : scatterOf(card * 7 + 3) * 10);
    }
    this.drawPoints(pen);
    if (this.order.length <= NAMED) this.drawNames(pen, width);
  }

  /** A ring around the card that is meant. @param {CanvasRenderingContext2D} pen */
  mark(pen) {
    if (this.at < 0) return;
    pen.lineWidth = 2;
    pen.strokeStyle = ink("--md-default-fg-color");
    pen.beginPath();
    pen.arc(this.xs[this.at], this.ys[this.at], 8, 0, 7);
    pen.stroke();
  }

  /** @param {CanvasRenderingContext2D} pen
   * @param {{left: number, top: number, width: number, height: number}} plot
   * @param {{at: number, text: string}[]} xTicks @param {{at: number, text: string}[]} yTicks */
  drawAxes(pen, plot, xTicks, yTicks) {
    const choice = /** @type {Choice} */ (this.choice);
    const bottom = plot.top + plot.height;
    pen.strokeStyle = ink("--md-default-fg-color--lightest");
    pen.fillStyle = ink("--md-default-fg-color--light");
    pen.lineWidth = 1;
    pen.textAlign = "center";
    let last = -Infinity;
    for (const tick of xTicks) {
      line(pen, tick.at, plot.top, tick.at, bottom);
      const half = pen.measureText(tick.text).width / 2;
      if (tick.at - half < last + 6) continue;
      pen.fillText(tick.text, tick.at, bottom + 15);
      last = tick.at + half;
    }
    pen.textAlign = "right";
    for (const tick of yTicks) {
      line(pen, plot.left, tick.at, plot.left + plot.width, tick.at);
      pen.fillText(fit(pen, tick.text, plot.left - 8), plot.left - 6, tick.at + 4);
    }
    pen.font = pen.font.replace("11px", "bold 12px");
    pen.fillStyle = ink("--md-default-fg-color");
    pen.textAlign = "center";
    pen.fillText(choice.x.label, plot.left + plot.width / 2, bottom + 35, plot.width);
    pen.textAlign = "left";
    pen.fillText(choice.y.label, 4, plot.top - 3, plot.width);
    pen.font = pen.font.replace("bold 12px", "11px");
  }

  /** Points of one colour and shape together: a canvas draws them ten times as fast.
   * @param {CanvasRenderingContext2D} pen */
  drawPoints(pen) {
    const { paint, colours } = makePaint(this.choice?.colour);
    const many = this.order.length > 1500;
    const radius = many ? 2.6 : this.order.length > 200 ? 3.5 : 5;
    /** @type {number[][]} */
    const groups = colours.map(() => []);
    for (const card of this.order) groups[paint(card)].push(card);
    pen.globalAlpha = many ? 0.55 : 0.9;
    groups.forEach((group, n) => {
      pen.fillStyle = colours[n].colour;
      pen.beginPath();
      for (const card of group) shape(pen, colours[n].shape, this.xs[card], this.ys[card], radius);
      pen.fill();
    });
    pen.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width */
  drawNames(pen, width) {
    pen.fillStyle = ink("--md-default-fg-color");
    /** @type {[number, number, number][]} */
    const taken = [];
    for (const card of this.order) {
      const text = cut(this.table.codes[card]);
      const wide = pen.measureText(text).width;
      const right = this.xs[card] + 9 + wide > width;
      const x = right ? this.xs[card] - 9 - wide : this.xs[card] + 9;
      let y = this.ys[card] + 4;
      while (taken.some(([from, to, at]) => Math.abs(at - y) < 12 && x < to && x + wide > from)) y += 12;
      taken.push([x, x + wide, y]);
      pen.textAlign = "left";
      pen.fillText(text, x, y);
    }
  }

  showLegend() {
    const colour = this.choice?.colour;
    this.legend.replaceChildren(...(colour ? legendOf(colour, makePaint(colour).colours) : []));
  }
}

/** A colour and a shape for each card. @param {Column|undefined} column
 * @returns {{paint: (card: number) => number, colours: {colour: string, shape: number}[]}} */
export function makePaint(column) {
  if (!column) return { paint: () => 0, colours: [{ colour: inks()[0], shape: 0 }] };
  const quiet = { colour: ink("--md-default-fg-color--lighter"), shape: 7 };
  if (column.numeric) {
    const scale = makeScale(column, false);
    const colours = [...makeShades().map((colour) => ({ colour, shape: 0 })), quiet];
    const paint = (/** @type {number} */ card) => {
      const at = scale.place(column.cells[card]);
      return Number.isNaN(at) ? SHADES : Math.max(0, Math.min(SHADES - 1, Math.floor(at * SHADES)));
    };
    return { paint, colours };
  }
  const words = rankWords(column).slice(0, 7);
  const colours = [...words.map((_, n) => ({ colour: inks()[n], shape: n })), quiet];
  const places = new Map(words.map((word, n) => [word, n]));
  return { paint: (card) => places.get(String(column.cells[card])) ?? words.length, colours };
}

/** What the colours stand for. @param {Column} column @param {{colour: string, shape: number}[]} colours */
export function legendOf(column, colours) {
  const name = make("li", "", make("b", "", column.label));
  if (!column.numeric) {
    return [name, ...rankWords(column).slice(0, 7).map((word, n) => {
      const key = make("span", "cg-shape", SHAPES[n]);
      key.style.color = colours[n].colour;
      return make("li", "", key, ` ${word}`);
    })];
  }
  const numbers = column.cells.filter((cell) => typeof cell === "number").sort((a, b) => a - b);
  const bar = make("span", "cg-shades");
  bar.style.background = `linear-gradient(to right, ${colours.slice(0, SHADES).map((one) => one.colour).join(", ")})`;
  return [name, make("li", "", sayCell(numbers[0] ?? null), " ", bar, " ", sayCell(numbers[numbers.length - 1] ?? null))];
}

/** A place of its own beside the line of a word, always the same for a card. @param {number} card */
const scatterOf = (card) => ((card * 2654435761) % 4294967296) / 4294967296 - 0.5;

/** @param {CanvasRenderingContext2D} pen @param {string} text @param {number} width */
function fit(pen, text, width) {
  while (text.length > 2 && pen.measureText(text).width > width) text = `${text.slice(0, -2)}…`;
  return text;
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} a @param {number} b */
function line(pen, x, y, a, b) {
  pen.beginPath();
  pen.moveTo(Math.round(x) + 0.5, Math.round(y) + 0.5);
  pen.lineTo(Math.round(a) + 0.5, Math.round(b) + 0.5);
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {number} kind @param {number} x @param {number} y @param {number} r */
function shape(pen, kind, x, y, r) {
  if (kind === 1) pen.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  else if (kind >= 2 && kind <= 6) polygon(pen, kind, x, y, r * 1.2);
  else {
    pen.moveTo(x + r, y);
    pen.arc(x, y, r, 0, 7);
  }
}

/** Triangle, diamond, triangle downwards, cross as a star of four, pentagon.
 * @param {CanvasRenderingContext2D} pen @param {number} kind @param {number} x @param {number} y @param {number} r */
function polygon(pen, kind, x, y, r) {
  const [sides, turn] = { 2: [3, -0.25], 3: [4, -0.25], 4: [3, 0.25], 5: [8, -0.25], 6: [5, -0.25] }[kind] ?? [3, 0];
  for (let n = 0; n <= sides; n += 1) {
    const angle = (turn + n / sides) * 2 * Math.PI;
    const reach = kind === 5 && n % 2 ? r * 0.4 : r;
    const [px, py] = [x + reach * Math.cos(angle), y + reach * Math.sin(angle)];
    if (n) pen.lineTo(px, py);
    else pen.moveTo(px, py);
  }
}
