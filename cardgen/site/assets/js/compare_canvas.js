// What both plots are drawn with: a canvas that keeps its size, scales with ticks, and colours.
// @ts-check

import { formatNumber } from "./compare_text.js";

/** A column of the table of cards: a cell a card, null where it has none.
 * @typedef {{name: string, label: string, kind: string, numeric: boolean, direction?: string,
 *   cells: (number|string|null)[]}} Column */
/** From a cell to a place between 0 and 1 (NaN for none) and back for numbers.
 * @typedef {{place(cell: number|string|null): number, ticks: {at: number, text: string}[],
 *   value(at: number): number, logarithmic: boolean}} Scale */

const MOST_WORDS = 24;
const CUT = 18;
// Viridis at five places: told apart by the colour-blind, and by its lightness alone.
const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
export const SHADES = 24;
export const SHAPES = ["●", "■", "▲", "◆", "▼", "✚", "⬟", "○"];

/** Whether powers of ten make sense: all numbers above zero.
 * @param {Column|undefined} column */
export function mayLog(column) {
  if (!column?.numeric) return false;
  const numbers = column.cells.filter((cell) => typeof cell === "number");
  return numbers.length > 0 && numbers.every((number) => number > 0);
}

/** Whether they are the better choice: most of the numbers are far apart as powers of ten.
 * @param {Column|undefined} column */
export function isWide(column) {
  if (!column || !mayLog(column)) return false;
  const numbers = sample(column.cells.length).map((card) => column.cells[card]).filter((cell) => typeof cell === "number").sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => numbers[Math.round(part * (numbers.length - 1))];
  return at(0.95) / at(0.05) >= 50;
}

const SAMPLE = 1000;

/** Some of so many cards, evenly: enough to choose what is offered first. @param {number} count */
export function sample(count) {
  const taken = Math.min(count, SAMPLE);
  return Array.from({ length: taken }, (_, n) => Math.floor((n * count) / taken));
}

/** @param {Column} column @returns {[number, number]} */
export function extent(column) {
  let [low, high] = [Infinity, -Infinity];
  for (const cell of column.cells) {
    if (typeof cell !== "number") continue;
    if (cell < low) low = cell;
    if (cell > high) high = cell;
  }
  return [low, high];
}

/** @param {Column} column @param {boolean} logarithmic @returns {Scale} */
export function makeScale(column, logarithmic) {
  if (!column.numeric) return wordScale(column);
  const bend = logarithmic ? Math.log10 : (/** @type {number} */ x) => x;
  const [low, high] = extent(column).map(bend);
  const [from, to] = low === high ? [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2] : [low, high];
  const place = (/** @type {number|string|null} */ cell) =>
    typeof cell === "number" ? (bend(cell) - from) / (to - from) : NaN;
  const value = (/** @type {number} */ at) => {
    const x = from + at * (to - from);
    return logarithmic ? 10 ** x : x;
  };
  const numbers = low === high ? [logarithmic ? 10 ** low : low] : logarithmic ? logTicks(10 ** from, 10 ** to) : linearTicks(from, to);
  return { place, value, logarithmic, ticks: numbers.map((number) => ({ at: place(number), text: short(number) })) };
}

/** @param {number} value */
const short = (value) => (Math.abs(value) >= 1e5 || (value && Math.abs(value) < 1e-3) ? value.toExponential().replace("e+", "e") : String(Number(value.toPrecision(6))));

/** @param {number} from @param {number} to */
function linearTicks(from, to) {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? 10 * power;
  const ticks = [];
  for (let n = Math.ceil(from / step - 1e-9); n * step <= to + step * 1e-9; n += 1) ticks.push(Number((n * step).toPrecision(12)));
  return ticks;
}

/** @param {number} from @param {number} to */
function logTicks(from, to) {
  const [low, high] = [from, to].map(Math.log10);
  const every = Math.max(1, Math.ceil((high - low) / 6));
  const digits = high - low < 1.5 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = Math.floor(low); power <= high; power += every) {
    for (const digit of digits) {
      const tick = Number((digit * 10 ** power).toPrecision(12));
      if (tick >= from * 0.9999 && tick <= to * 1.0001) ticks.push(tick);
    }
  }
  return ticks;
}

/** Words in the order of how many cards have them; the rarest of many share the last place.
 * @param {Column} column @returns {Scale} */
function wordScale(column) {
  const words = rankWords(column);
  const places = new Map(words.map((word, at) => [word, Math.min(at, MOST_WORDS - 1)]));
  const count = Math.min(words.length, MOST_WORDS);
  const place = (/** @type {number|string|null} */ cell) => ((places.get(String(cell)) ?? NaN) + 0.5) / count;
  const ticks = words.slice(0, count).map((word, at) => ({
    at: (at + 0.5) / count, text: at === MOST_WORDS - 1 && words.length > MOST_WORDS ? "…" : cut(word),
  }));
  return { place: (cell) => (cell === null ? NaN : place(cell)), ticks, value: () => NaN, logarithmic: false };
}

/** The words of a column, the most frequent first. @param {Column} column */
export function rankWords(column) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const cell of column.cells) if (cell !== null) counts.set(String(cell), (counts.get(String(cell)) ?? 0) + 1);
  return [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || a.localeCompare(b));
}

/** @param {string} text */
export const cut = (text) => (text.length > CUT ? `${text.slice(0, CUT - 1)}…` : text);

/** A cell as readers see it. @param {number|string|null} cell */
export const sayCell = (cell) => (cell === null ? "–" : typeof cell === "number" ? formatNumber(cell) : cell);

/** The shade of each place between 0 and 1; on dark ground without the darkest, on light without
 * the lightest.
 * @returns {string[]} */
export function makeShades() {
  const [from, to] = isDark() ? [0.3, 1] : [0, 0.86];
  return Array.from({ length: SHADES }, (_, n) => shade(from + ((to - from) * n) / (SHADES - 1)));
}

/** @param {number} at */
function shade(at) {
  const place = Math.min(at, 0.9999) * (STOPS.length - 1);
  const [low, part] = [Math.floor(place), place % 1];
  const mixed = STOPS[low].map((from, n) => Math.round(from + (STOPS[low + 1][n] - from) * part));
  return `rgb(${mixed.join(" ")})`;
}

export const isDark = () => document.body.dataset.mdColorScheme === "slate";

/** A colour of the page's own style sheet. @param {string} name @param {Element} [element] */
export const ink = (name, element = document.body) => getComputedStyle(element).getPropertyValue(name).trim();

/** The eight colours for words. */
export const inks = () => Array.from({ length: 8 }, (_, n) => ink(`--cg-${n}`));

/** A canvas as wide as its host that is drawn anew when its size or the page's colours change; what
 * is pointed at is marked on a second one above it, so that ten thousand lines are not drawn again. */
export class Surface {
  /** @param {HTMLElement} host @param {string} label
   * @param {(pen: CanvasRenderingContext2D, width: number, height: number) => void} draw
   * @param {(pen: CanvasRenderingContext2D) => void} mark
   * @param {(width: number) => number} height */
  constructor(host, label, draw, mark, height) {
    this.host = host;
    this.drawing = draw;
    this.marking = mark;
    this.height = height;
    this.asked = 0;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", label);
    this.above = document.createElement("canvas");
    this.above.className = "cg-above";
    this.above.setAttribute("aria-hidden", "true");
    host.append(this.canvas, this.above);
    this.watcher = new ResizeObserver(() => this.redraw());
    this.watcher.observe(host);
    this.scheme = new MutationObserver(() => this.redraw());
    this.scheme.observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] });
  }

  /** Soon, and once however often it is asked. */
  redraw() {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (!this.host.isConnected) return this.destroy();
    const width = Math.max(200, this.host.clientWidth);
    const height = this.height(width);
    const pen = openPen(this.canvas, width, height);
    if (pen) this.drawing(pen, width, height);
    this.mark();
  }

  /** Only what is pointed at. */
  mark() {
    const pen = openPen(this.above, this.canvas.clientWidth, this.canvas.clientHeight);
    if (pen) this.marking(pen);
  }

  destroy() {
    this.watcher.disconnect();
    this.scheme.disconnect();
  }
}

/** An empty canvas of that size in CSS pixels. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function openPen(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  if (!pen) return null;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = `11px ${ink("--md-text-font-family") || "sans-serif"}`;
  return pen;
}

/** Where an event happened on a canvas. @param {MouseEvent} event @returns {[number, number]} */
export function placeOf(event) {
  return [event.offsetX, event.offsetY];
}
