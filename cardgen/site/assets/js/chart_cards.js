// What cards' pages say of their curves (card.json) as the lines of charts.
// @ts-check

/** @typedef {import("./chart_lines.js").Series} Series */

/** A curve of card.json; NaN and infinities are null.
 * @typedef {object} Curve
 * @property {string} metric
 * @property {string} axis
 * @property {string} run
 * @property {string} name
 * @property {(number|null)[]} xs
 * @property {(number|null)[]} ys
 * @property {number} [best] */

/** @typedef {{step: number|null, epoch: number|null, origin: string, best: boolean,
 *   metrics: Record<string, {value: number|null}>}} Row */

/** What of card.json is used here.
 * @typedef {object} Card
 * @property {string} code
 * @property {string} metric
 * @property {string[]} runs
 * @property {Curve[]} curves
 * @property {Row[]} results
 * @property {{runs: {ref: string, left_out: string}[]}[]} groups
 * @property {number|null} leading */

/** One line as the page's own chart draws it: metric, numbers of runs, colour, name; then whether
 * it is dashed, thin, listed, a mean with a band.
 * @typedef {{m: string, r: number[], c: number, n?: string, d?: 1, t?: 1, l?: 1, b?: 1}} Drawn */

/** @typedef {{axis: string, log: number, over?: 1, lines: Drawn[]}} Chart */

/** A metric's name by which `eval/f1`, `eval_f1` and `eval.f1` are one.
 * @param {string} name */
function normalise(name) {
  return name.replace(/[/._\-: ]+/g, "/").toLowerCase();
}

/** The lines of a chart, without those that card.json has no curve of.
 * @param {Chart} chart
 * @param {Card} card
 * @returns {Series[]} */
export function listSeries(chart, card) {
  const found = chart.lines.map((line) => makeSeries(line, chart.axis, card));
  return found.filter((series) => series !== null);
}

/** @param {Drawn} line
 * @param {string} axis
 * @param {Card} card
 * @returns {Series|null} */
function makeSeries(line, axis, card) {
  const refs = line.r.map((number) => card.runs[number] ?? "");
  const curves = refs.flatMap((ref) => findCurve(card, line.m, ref, axis) ?? []);
  const looks = {
    name: line.n ?? line.m, colour: line.c, dashed: Boolean(line.d), thin: Boolean(line.t), listed: Boolean(line.l),
  };
  if (!curves.length) return null;
  if (line.t && !line.l && !line.n) looks.name = curves[0].name; // one of many: which run it is
  if (!line.b) return { ...looks, ...readCurve(curves[0], card) };
  const mean = findMean(curves, card);
  return mean && { ...looks, ...mean };
}

/** @param {Card} card
 * @param {string} metric
 * @param {string} ref
 * @param {string} axis */
function findCurve(card, metric, ref, axis) {
  const curve = card.curves.find((one) => one.metric === metric && one.run === ref && one.axis === axis);
  return curve ?? readRows(card, metric, ref, axis);
}

/** A metric by the table of checkpoints: card.json has no curves of single points, nor all of many.
 * @param {Card} card
 * @param {string} metric
 * @param {string} run
 * @param {string} axis
 * @returns {Curve|null} */
function readRows(card, metric, run, axis) {
  if (axis !== "step" && axis !== "epoch") return null;
  const rows = card.results.filter((row) => row.metrics[metric] && row[axis] !== null && isOf(row.origin, run));
  if (!rows.length) return null;
  const [xs, ys] = [rows.map((row) => row[axis]), rows.map((row) => row.metrics[metric].value)];
  return { metric, axis, run, name: run, xs, ys };
}

/** Whether a value comes from a run; those that a person wrote come from none.
 * @param {string} origin
 * @param {string} run */
function isOf(origin, run) {
  return !run || origin === run || origin.startsWith(`${run} `);
}

/** @param {Curve} curve
 * @param {Card} card */
function readCurve(curve, card) {
  const { xs, ys, best } = curve;
  return { xs, ys, best, axes: findEpochs(curve, card) };
}

/** The mean of curves at the steps that all have, a standard deviation below and above it.
 * @param {Curve[]} curves
 * @param {Card} card */
function findMean(curves, card) {
  if (curves.length < 2) return null;
  const known = curves.map((curve) => new Map(curve.xs.map((x, at) => [x, curve.ys[at]])));
  const xs = curves[0].xs.filter((x) => x !== null && known.every((one) => one.has(x)));
  if (xs.length < 2) return null;
  const spreads = xs.map((x) => findSpread(known.map((one) => one.get(x) ?? null)));
  return {
    xs,
    ys: spreads.map((one) => one && one.mean),
    low: spreads.map((one) => one && one.mean - one.deviation),
    high: spreads.map((one) => one && one.mean + one.deviation),
    axes: findEpochs({ ...curves[0], xs }, card),
  };
}

/** @param {(number|null)[]} values */
function findSpread(values) {
  const numbers = values.filter((value) => value !== null).map(Number);
  if (numbers.length < values.length) return null;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (numbers.length - 1)) };
}

/** The epochs of a curve's steps, from the checkpoints of its run that say both.
 * @param {Curve} curve
 * @param {Card} card
 * @returns {Record<string, (number|null)[]>|undefined} */
function findEpochs(curve, card) {
  if (curve.axis === "epoch") return { epoch: curve.xs };
  if (curve.axis !== "step") return undefined;
  /** @type {[number, number][]} */
  const marks = [];
  for (const { step, epoch, origin } of card.results) {
    if (isOf(origin, curve.run) && step !== null && epoch !== null && Number(step) > 0) marks.push([Number(step), Number(epoch)]);
  }
  if (!marks.length) return undefined;
  marks.push([0, 0]);
  marks.sort((a, b) => a[0] - b[0]);
  return { epoch: curve.xs.map((x) => (x === null ? null : interpolate(marks, Number(x)))) };
}

/** Between the marks on either side, or on from the last two.
 * @param {[number, number][]} marks
 * @param {number} x */
function interpolate(marks, x) {
  const behind = marks.findIndex(([step]) => step >= x);
  const after = Math.max(1, behind < 0 ? marks.length - 1 : behind);
  const [[x0, y0], [x1, y1]] = [marks[after - 1], marks[after]];
  return y0 + ((x - x0) / (x1 - x0 || 1)) * (y1 - y0);
}

/** The baseline's lines of the metrics of a chart: the mean of its best group, else its best run.
 * @param {Chart} chart
 * @param {Card} base
 * @param {string} word for a baseline
 * @returns {Series[]} */
export function listOverlays(chart, base, word) {
  /** @type {Map<string, Drawn>} */
  const metrics = new Map();
  for (const line of chart.lines) {
    const name = normalise(line.m);
    if (!metrics.has(name)) metrics.set(name, line);
  }
  const found = [...metrics].flatMap(([name, line]) => {
    const curves = base.curves.filter((one) => normalise(one.metric) === name && one.axis === chart.axis);
    return curves.length ? [{ line, metric: curves[0].metric, points: chooseCurve(curves, base) }] : [];
  });
  const many = found.length > 1;
  return found.map(({ line, metric, points }) => ({
    name: `${base.code} · ${many ? metric : word}`, colour: line.c, quiet: !many, faint: many, ...points,
  }));
}

/** @param {Curve[]} curves of one metric
 * @param {Card} base */
function chooseCurve(curves, base) {
  const leading = base.leading === null ? undefined : base.groups[base.leading];
  const counted = (leading?.runs ?? []).filter((run) => !run.left_out).map((run) => run.ref);
  const mean = findMean(curves.filter((curve) => counted.includes(curve.run)), base);
  if (counted.length > 1 && mean) return { xs: mean.xs, ys: mean.ys, axes: mean.axes };
  const best = base.results.find((row) => row.best)?.origin ?? "";
  const chosen = curves.find((one) => one.run && isOf(best, one.run)) ?? curves[0];
  return { ...readCurve(chosen, base), best: undefined };
}
