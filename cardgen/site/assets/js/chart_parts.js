// The elements of a chart around its canvas: buttons, the reading box, the legend, the slider.
// @ts-check

import { formatValue } from "./chart_scales.js";
import { make } from "./common.js";

/** @typedef {import("./chart_lines.js").Line} Line */

const ROWS = 10; // lines that the reading box has room for

/** Drawings of buttons: paths on a square of 16. */
const ICONS = {
  in: "M8 3v10M3 8h10",
  out: "M3 8h10",
  reset: "M3.5 6.5A5 5 0 1 1 3 9M3 3v4h4",
  large: "M9.5 3H13v3.5M6.5 13H3V9.5M13 3 9 7M3 13l4-4",
  close: "M4 4l8 8M12 4l-8 8",
};

/** A button with a drawing.
 * @param {keyof typeof ICONS} icon
 * @param {string} label what it does, for a hint and for who cannot see it
 * @param {() => void} act */
export function makeButton(icon, label, act) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[icon]);
  svg.append(path);
  return dress(make("button", "cg-tool", svg), label, act);
}

/** A button with a word that is on or off.
 * @param {string} word
 * @param {string} label
 * @param {() => void} act */
export function makeSwitch(word, label, act) {
  const button = dress(make("button", "cg-tool cg-tool-word", word), label, act);
  button.setAttribute("aria-pressed", "false");
  return button;
}

/** @param {HTMLElement} button
 * @param {string} label
 * @param {() => void} act */
function dress(button, label, act) {
  button.setAttribute("type", "button");
  button.setAttribute("aria-label", label);
  button.title = label;
  button.addEventListener("click", act);
  return button;
}

/** A slider for smoothing, with its value beside it.
 * @param {string} label
 * @param {(weight: number) => void} act
 * @returns {HTMLElement} */
export function makeSlider(label, act) {
  const input = /** @type {HTMLInputElement} */ (make("input"));
  Object.assign(input, { type: "range", min: "0", max: "0.99", step: "0.01", value: "0" });
  const output = make("output", "", "0");
  input.addEventListener("input", () => {
    output.textContent = String(Number(input.value));
    act(Number(input.value));
  });
  return make("label", "cg-slide", make("span", "", label), input, output);
}

/** A choice of x axes.
 * @param {string} label
 * @param {[string, string][]} choices value and text
 * @param {(value: string) => void} act */
export function makeChoice(label, choices, act) {
  const select = /** @type {HTMLSelectElement} */ (make("select"));
  for (const [value, text] of choices) {
    const option = /** @type {HTMLOptionElement} */ (make("option", "", text));
    option.value = value;
    select.append(option);
  }
  select.setAttribute("aria-label", label); // where the word has no room
  select.addEventListener("change", () => act(select.value));
  return make("label", "cg-slide", make("span", "", label), select);
}

/** The legend: a button a line, which shows or hides it and, pointed at, tells it from the rest.
 * @param {Line[]} lines
 * @param {(line: Line) => void} toggle
 * @param {(line: Line|null) => void} tell
 * @returns {HTMLElement} */
export function makeLegend(lines, toggle, tell) {
  const list = make("ul", "cg-legend cg-legend-live");
  const listed = lines.filter(isListed).sort((a, b) => Number(isBase(a)) - Number(isBase(b)));
  for (const line of listed) {
    const button = make("button", "", makeKey(line), line.series.name);
    button.setAttribute("type", "button");
    button.setAttribute("aria-pressed", String(line.shown));
    button.addEventListener("click", () => {
      toggle(line);
      button.setAttribute("aria-pressed", String(line.shown));
    });
    for (const name of ["pointerenter", "focus"]) button.addEventListener(name, () => tell(line));
    for (const name of ["pointerleave", "blur"]) button.addEventListener(name, () => tell(null));
    list.append(make("li", "", button));
  }
  return list;
}

/** Whether a line is the baseline's, which stands last.
 * @param {Line} line */
function isBase({ series }) {
  return Boolean(series.quiet || series.faint);
}

/** Whether a line has an entry in the legend.
 * @param {Line} line */
export function isListed({ series }) {
  return !series.thin || Boolean(series.listed);
}

/** @param {Line} line */
function makeKey({ series }) {
  const dashed = series.dashed || series.quiet || series.faint;
  const ink = series.quiet ? "cg-base" : `cg-c${series.colour % 8}`;
  const kinds = [dashed && "cg-dashed", series.thin && "cg-key-thin", series.low && "cg-key-band"];
  return make("span", ["cg-key", ink, ...kinds].filter(Boolean).join(" "));
}

/** What one reads at an x value: each line's value there, the highest first.
 * @typedef {{line: Line, value: number, raw: number, x: number}} Reading */

/** @param {Line[]} lines
 * @param {number} x
 * @returns {Reading[]} */
export function readLines(lines, x) {
  const found = [];
  for (const line of lines) {
    const at = line.nearest(x);
    if (at >= 0) found.push({ line, value: line.ys[at], raw: line.raw[at], x: line.xs[at] });
  }
  return found.sort((a, b) => b.value - a.value);
}

/** Fill the reading box.
 * @param {HTMLElement} box
 * @param {string} title
 * @param {Reading[]} readings
 * @param {number} x */
export function fillReading(box, title, readings, x) {
  const listed = readings.filter(({ line }) => isListed(line) || readings.length <= ROWS);
  const rows = listed.slice(0, ROWS).map((one) =>
    make("tr", one.x === x ? "" : "cg-far",
      make("td", "", makeKey(one.line), one.line.series.name),
      make("td", "", formatValue(one.value)),
      make("td", "", one.value === one.raw ? "" : formatValue(one.raw),
        one.x === x ? "" : ` @ ${formatValue(one.x)}`)),
  );
  if (listed.length > ROWS) rows.push(make("tr", "cg-far", make("td", "", `+ ${listed.length - ROWS}`)));
  box.replaceChildren(make("strong", "", title), make("table", "cg-reading-rows", make("tbody", "", ...rows)));
}

/** The same in a sentence, for who hears it.
 * @param {string} title
 * @param {Reading[]} readings */
export function sayReading(title, readings) {
  const said = readings.filter(({ line }) => isListed(line)).slice(0, ROWS);
  return [title, ...said.map((one) => `${one.line.series.name} ${formatValue(one.value)}`)].join("; ");
}
