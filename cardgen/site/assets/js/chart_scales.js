// Axes of charts: where values lie, and the round numbers beside them; as cardgen/site/scales.py.
// @ts-check

/** Maps `low`…`high` onto `start`…`end` (pixels), evenly or by logarithm.
 * @typedef {{low: number, high: number, start: number, end: number, log: boolean}} Scale */

const STEPS = [1, 2, 5, 10];
const DECADES = 300; // highest by lowest value from which a scale is logarithmic

/** Where a value lies; NaN where a logarithm has no place for it.
 * @param {Scale} scale
 * @param {number} value */
export function place(scale, value) {
  return makePlace(scale)(value);
}

/** The same for many values.
 * @param {Scale} scale
 * @returns {(value: number) => number} */
export function makePlace({ low, high, start, end, log }) {
  const first = log ? Math.log10(low) : low;
  const share = (end - start) / ((log ? Math.log10(high) : high) - first || 1);
  if (log) return (value) => (value > 0 ? start + (Math.log10(value) - first) * share : NaN);
  return (value) => start + (value - first) * share;
}

/** The value at a pixel of an even scale.
 * @param {Scale} scale
 * @param {number} pixel */
export function invert({ low, high, start, end }, pixel) {
  return low + ((pixel - start) / (end - start || 1)) * (high - low);
}

/** Whether values between these are drawn by decades unless one says otherwise.
 * @param {number} low
 * @param {number} high */
export function spansDecades(low, high) {
  return low > 0 && high / low >= DECADES;
}

/** A scale with a little air, or from 0 where that is near.
 * @param {number} low
 * @param {number} high
 * @param {number} start
 * @param {number} end
 * @param {boolean} log only where all values are positive
 * @returns {Scale} */
export function findScale(low, high, start, end, log) {
  if (!(low <= high)) [low, high] = [0, 1];
  if (log && low > 0) {
    return { low, high: high > low ? high : low * 10, start, end, log: true };
  }
  if (low === high) {
    const margin = Math.abs(low) / 10 || 0.5;
    return { low: low - margin, high: high + margin, start, end, log: false };
  }
  const air = (high - low) / 20;
  let [lower, upper] = [low - air, high + air];
  if ((low >= 0 && lower < 0) || (low >= 0 && low < (high - low) / 4)) lower = 0;
  if (low >= 0 && high <= 1 && upper > 1) upper = 1;
  return { low: lower, high: upper, start, end, log: false };
}

/** The scale of steps: from 0 where that is near, the whole range else.
 * @param {number} low
 * @param {number} high
 * @returns {[number, number]} */
export function widen(low, high) {
  if (!(low <= high)) return [0, 1];
  if (low === high) {
    const margin = Math.max(1, Math.abs(low) / 1000);
    return [low - margin, high + margin];
  }
  return [low > 0 && low <= (high - low) / 2 ? 0 : low, high];
}

/** About `count` round numbers within a scale.
 * @param {Scale} scale
 * @param {number} count
 * @returns {number[]} */
export function findTicks(scale, count) {
  const decades = scale.log ? findDecades(scale, count) : [];
  return decades.length > 1 ? decades : findEven(scale, count);
}

/** @param {Scale} scale
 * @param {number} count */
function findEven({ low, high, log }, count) {
  const span = (high - low) / count;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const power = 10 ** Math.floor(Math.log10(span));
  const step = (STEPS.find((one) => one * power >= span * 0.85) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = [];
  for (let at = first; at <= Math.min(last, first + 2 * count); at += 1) {
    if (!log || at > 0) ticks.push(at * step);
  }
  return ticks;
}

/** @param {Scale} scale
 * @param {number} count */
function findDecades({ low, high }, count) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first) / count));
  const ticks = [];
  for (let power = first; power <= last; power += every) ticks.push(10 ** power);
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

/** Labels of ticks, alike in their decimals; thousands and millions as k and M.
 * @param {number[]} ticks
 * @returns {string[]} */
export function formatTicks(ticks) {
  const sizes = ticks.map(Math.abs);
  const largest = Math.max(0, ...sizes);
  if (largest && (largest >= 1e10 || largest < 1e-3)) return ticks.map(formatPower);
  if (ticks.length > 1 && Math.max(...ticks) >= 100 * Math.min(...sizes) && Math.min(...sizes)) {
    return ticks.map(Math.min(...sizes) < 1e-4 ? formatPower : formatAlone);
  }
  const [size, unit] = findUnit(largest);
  const decimals = Math.max(0, ...ticks.map((tick) => countDecimals(tick / size)));
  return ticks.map((tick) => (tick / size).toFixed(decimals) + (tick ? unit : ""));
}

/** @param {number} largest
 * @returns {[number, string]} */
function findUnit(largest) {
  if (largest >= 1e9) return [1e9, "G"];
  if (largest >= 1e6) return [1e6, "M"];
  return largest >= 1e4 ? [1e3, "k"] : [1, ""];
}

/** @param {number} tick */
function formatAlone(tick) {
  const [size, unit] = findUnit(Math.abs(tick));
  return (tick / size).toFixed(size === 1 ? countDecimals(tick) : 0) + unit;
}

/** @param {number} tick */
function formatPower(tick) {
  if (!tick) return "0";
  const [digits, power] = tick.toExponential(2).split("e");
  return Number(power) ? `${Number(digits)}e${Number(power)}` : String(Number(digits));
}

/** @param {number} value */
function countDecimals(value) {
  for (let decimals = 0; decimals < 8; decimals += 1) {
    const off = Math.abs(Number(value.toFixed(decimals)) - value);
    if (off <= Math.max(1e-9 * Math.abs(value), 1e-12)) return decimals;
  }
  return 8;
}

/** A value as one reads it: five digits, whole numbers whole.
 * @param {number} value */
export function formatValue(value) {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e12) return String(value);
  const size = Math.abs(value);
  if (size && (size < 1e-4 || size >= 1e9)) return formatPower5(value);
  return String(Number(value.toPrecision(5)));
}

/** @param {number} value */
function formatPower5(value) {
  const [digits, power] = value.toExponential(4).split("e");
  return `${Number(digits)}e${Number(power)}`;
}
