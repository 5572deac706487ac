// What is to be seen of a chart: its scales for a window of steps and a size.
// @ts-check

import { findScale, findTicks, formatTicks, spansDecades } from "./chart_scales.js";

/** @typedef {import("./chart_lines.js").Line} Line */
/** @typedef {import("./chart_draw.js").View} View */

const [TOP, RIGHT, BOTTOM] = [24, 14, 38]; // margins of the static chart, in its units
const LETTER = 6.2;
const WIDTH = 420;

/** What decides the scales; `low` and `high` bound the window. A `small` chart scales its letters
 * with its width, as the static one does.
 * @typedef {Pick<View, "width"|"height"|"lines"|"xLabel"|"told"|"cursor"|"theme">
 *   & {low: number, high: number, small: boolean, log: boolean}} Given */

/** @param {Given} given
 * @returns {View} */
export function makeView(given) {
  const { width, height, low, high, lines } = given;
  const unit = given.small ? width / WIDTH : Math.max(0.9, Math.min(1.15, width / WIDTH));
  const ys = findHeights(given, height - BOTTOM * unit, TOP * unit);
  const count = given.small ? 5 : Math.max(3, Math.min(9, Math.round(height / (44 * unit))));
  const ticks = findTicks(ys, count);
  const tickLabels = formatTicks(ticks);
  const left = (10 + LETTER * Math.max(1, ...tickLabels.map((text) => text.length))) * unit;
  const xs = { low, high, start: left, end: width - RIGHT * unit, log: false };
  return { ...given, lines, unit, xs, ys, ticks, tickLabels };
}

/** Whether the values of a window span so much that a logarithm shows more.
 * @param {Line[]} lines
 * @param {number} low
 * @param {number} high */
export function areDecades(lines, low, high) {
  return spansDecades(...findRange(lines, low, high, false));
}

/** @param {Given} given
 * @param {number} start
 * @param {number} end */
function findHeights({ lines, low, high, log }, start, end) {
  if (log) {
    const [least, most] = findRange(lines, low, high, true);
    if (least <= most) return findScale(least, most, start, end, true);
  }
  const [least, most] = findRange(lines, low, high, false);
  return findScale(least, most, start, end, false);
}

/** @param {Line[]} lines
 * @param {number} low
 * @param {number} high
 * @param {boolean} positive
 * @returns {[number, number]} */
function findRange(lines, low, high, positive) {
  const ranges = lines.map((line) => line.range(low, high, positive));
  return [Math.min(...ranges.map((one) => one[0])), Math.max(...ranges.map((one) => one[1]))];
}
