// The lines of a chart as numbers: points, smoothing, nearest points, ranges.
// @ts-check

/** What is drawn; `xs` and `ys` have the same length, null is a gap, `best` a ringed point.
 *
 * `axes` has further x values by the name of their axis (`epoch`). A `thin` line is one of many,
 * in the legend only where it is `listed`; a `quiet` one is the baseline's, in grey; a `faint` one
 * is the baseline's in the colour of its fellow. `low` and `high` bound a band.
 * @typedef {object} Series
 * @property {string} name
 * @property {number} colour 0 to 7
 * @property {(number|null)[]} xs
 * @property {(number|null)[]} ys
 * @property {boolean} [dashed]
 * @property {number} [best]
 * @property {boolean} [thin]
 * @property {boolean} [listed]
 * @property {boolean} [quiet]
 * @property {boolean} [faint]
 * @property {(number|null)[]} [low]
 * @property {(number|null)[]} [high]
 * @property {Record<string, (number|null)[]>} [axes] */

/** One line, its points in the order of their x; NaN is a gap. */
export class Line {
  /** @param {Series} series
   * @param {string} axis */
  constructor(series, axis) {
    this.series = series;
    this.shown = true;
    const given = (axis && series.axes?.[axis]) || (axis && series.axes ? [] : series.xs);
    const count = Math.min(given.length, series.ys.length);
    const xs = given.slice(0, count).map(toNumber);
    const order = xs.map((_, at) => at).filter((at) => Number.isFinite(xs[at]));
    if (order.some((at, n) => n && xs[at] < xs[order[n - 1]])) order.sort((a, b) => xs[a] - xs[b]);
    /** @param {(number|null)[]|undefined} values */
    const pick = (values) => Float64Array.from(order, (at) => toNumber(values?.[at] ?? null));
    this.xs = Float64Array.from(order, (at) => xs[at]);
    this.raw = pick(series.ys);
    this.low = series.low ? pick(series.low) : null;
    this.high = series.high ? pick(series.high) : null;
    this.best = series.best === undefined ? -1 : order.indexOf(series.best);
    this.ys = this.raw;
  }

  /** Smooth the line; 0 leaves it as it is.
   * @param {number} weight of what came before, below 1 */
  smooth(weight) {
    this.ys = weight > 0 ? smooth(this.raw, weight) : this.raw;
  }

  /** The place of the point nearest to `x` that has a value; -1 where there is none.
   * @param {number} x */
  nearest(x) {
    const { xs, raw } = this;
    let after = findFirst(xs, x);
    let before = after - 1;
    while (after < xs.length && Number.isNaN(raw[after])) after += 1;
    while (before >= 0 && Number.isNaN(raw[before])) before -= 1;
    if (after >= xs.length) return before;
    return before >= 0 && x - xs[before] < xs[after] - x ? before : after;
  }

  /** The places from the last point before a window to the first behind it.
   * @param {number} low
   * @param {number} high
   * @returns {[number, number]} */
  within(low, high) {
    const first = Math.max(0, findFirst(this.xs, low) - 1);
    return [first, Math.min(this.xs.length - 1, findFirst(this.xs, high))];
  }

  /** Lowest and highest value in a window, also where the line only passes its edges.
   * @param {number} low
   * @param {number} high
   * @param {boolean} positive whether to look at positive values only
   * @returns {[number, number]} infinities the wrong way round where there is none */
  range(low, high, positive) {
    let [least, most] = [Infinity, -Infinity];
    /** @param {number} value */
    const take = (value) => {
      if (positive && !(value > 0)) return;
      if (value < least) least = value;
      if (value > most) most = value;
    };
    const [first, last] = this.within(low, high);
    for (const values of new Set([this.raw, this.ys, this.low, this.high])) {
      if (!values) continue;
      for (let at = first; at <= last; at += 1) {
        if (this.xs[at] >= low && this.xs[at] <= high) take(values[at]);
      }
      for (const edge of [low, high]) take(this.interpolate(values, edge));
    }
    return [least, most];
  }

  /** @param {Float64Array} values
   * @param {number} x */
  interpolate(values, x) {
    const after = findFirst(this.xs, x);
    if (after <= 0 || after >= this.xs.length) return NaN;
    const [x0, x1] = [this.xs[after - 1], this.xs[after]];
    return values[after - 1] + ((x - x0) / (x1 - x0 || 1)) * (values[after] - values[after - 1]);
  }
}

/** @param {unknown} value numbers, and those that JSON cannot say as text */
function toNumber(value) {
  return value === null || value === undefined || value === "" ? NaN : Number(value);
}

/** An exponential mean that is not drawn to 0 at its start, as TensorBoard shows it.
 * @param {Float64Array} values
 * @param {number} weight */
function smooth(values, weight) {
  let [last, known] = [0, 0];
  return values.map((value) => {
    if (Number.isNaN(value)) return NaN;
    last = last * weight + (1 - weight) * value;
    known = known * weight + (1 - weight);
    return last / known;
  });
}

/** The place of the first of rising numbers that is not below one.
 * @param {Float64Array|number[]} numbers
 * @param {number} value */
export function findFirst(numbers, value) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** All x values of lines at which there is something to read, each once, rising.
 * @param {Line[]} lines */
export function joinSteps(lines) {
  /** @type {Float64Array[]} */
  const parts = [];
  for (const line of lines) {
    const steps = line.xs.filter((_, at) => !Number.isNaN(line.raw[at]));
    if (!parts.some((part) => areEqual(part, steps))) parts.push(steps); // runs of one schedule
  }
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all.sort().filter((x, at) => !at || x !== all[at - 1]);
}

/** @param {Float64Array} a
 * @param {Float64Array} b */
function areEqual(a, b) {
  return a.length === b.length && a.every((x, at) => x === b[at]);
}
