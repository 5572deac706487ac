// Draws a chart on a canvas: axes, bands, lines, dots, the best point, the reading cursor.
// @ts-check

import { findTicks, formatTicks, formatValue, makePlace } from "./chart_scales.js";

/** @typedef {import("./chart_scales.js").Scale} Scale */
/** @typedef {import("./chart_lines.js").Line} Line */

/** What a drawing is made of. `unit` is the size of one unit of the static chart in pixels.
 * @typedef {object} View
 * @property {number} width
 * @property {number} height
 * @property {number} unit
 * @property {Scale} xs
 * @property {Scale} ys
 * @property {number[]} ticks
 * @property {string[]} tickLabels
 * @property {string} xLabel
 * @property {Line[]} lines those that are shown, the lowest first
 * @property {Line|null} told the one that a reader points at in the legend
 * @property {number|null} cursor an x value
 * @property {Theme} theme */

/** Colours and the font, read from the page.
 * @typedef {{inks: string[], base: string, text: string, strong: string, rule: string,
 *   axis: string, back: string, font: string}} Theme */

const DOTS = 40; // points of a line from which they get no dots

/** The page's colours as they are now.
 * @param {Element} element
 * @returns {Theme} */
export function readTheme(element) {
  const style = getComputedStyle(element);
  /** @param {string} name */
  const read = (name) => style.getPropertyValue(name).trim() || style.color;
  return {
    inks: Array.from({ length: 8 }, (_, n) => read(`--cg-${n}`)),
    base: read("--cg-base"),
    text: read("--md-default-fg-color--light"),
    strong: read("--md-default-fg-color"),
    rule: read("--md-default-fg-color--lightest"),
    axis: read("--md-default-fg-color--lighter"),
    back: read("--md-default-bg-color"),
    font: style.fontFamily,
  };
}

/** @param {Line} line
 * @param {Theme} theme */
export function findInk(line, theme) {
  return line.series.quiet ? theme.base : theme.inks[line.series.colour % theme.inks.length];
}

/** Draw all of it.
 * @param {CanvasRenderingContext2D} canvas scaled to CSS pixels
 * @param {View} view */
export function drawChart(canvas, view) {
  canvas.clearRect(0, 0, view.width, view.height);
  canvas.lineJoin = canvas.lineCap = "round";
  drawAxes(canvas, view);
  canvas.save();
  canvas.beginPath();
  const { xs, ys, unit } = view;
  const air = 4 * unit;
  canvas.rect(xs.start - air, ys.end - air, xs.end - xs.start + 2 * air, ys.start - ys.end + 2 * air);
  canvas.clip();
  for (const line of view.lines) drawBand(canvas, view, line);
  for (const line of view.lines) drawLine(canvas, view, line);
  canvas.restore();
  for (const line of view.lines) drawBest(canvas, view, line);
  drawCursor(canvas, view);
  canvas.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} canvas
 * @param {View} view */
function drawAxes(canvas, view) {
  const { xs, ys, unit, theme } = view;
  const [placeX, placeY] = [makePlace(xs), makePlace(ys)];
  canvas.setLineDash([]);
  canvas.lineWidth = Math.max(1, unit);
  canvas.font = `${11 * unit}px ${theme.font}`;
  canvas.fillStyle = theme.text;
  canvas.textAlign = "right";
  canvas.textBaseline = "alphabetic";
  canvas.strokeStyle = theme.rule;
  canvas.beginPath();
  view.ticks.forEach((tick, at) => {
    const y = placeY(tick);
    canvas.moveTo(xs.start, y);
    canvas.lineTo(xs.end, y);
    canvas.fillText(view.tickLabels[at], xs.start - 6 * unit, y + 3.8 * unit);
  });
  canvas.stroke();
  canvas.strokeStyle = theme.axis;
  canvas.beginPath();
  canvas.moveTo(xs.start, ys.start);
  canvas.lineTo(xs.end, ys.start);
  const room = Math.max(3, Math.min(8, Math.floor((xs.end - xs.start) / (64 * unit))));
  const ticks = findTicks(xs, room).filter((tick) => tick >= xs.low && tick <= xs.high);
  formatTicks(ticks).forEach((text, at) => {
    const x = placeX(ticks[at]);
    canvas.moveTo(x, ys.start);
    canvas.lineTo(x, ys.start + 4 * unit);
    canvas.textAlign = x > xs.end - 8 * unit ? "right" : "center";
    canvas.fillText(text, x, ys.start + 16 * unit);
  });
  canvas.stroke();
  canvas.textAlign = "center";
  canvas.fillText(view.xLabel, (xs.start + xs.end) / 2, view.height - 6 * unit);
}

/** @param {CanvasRenderingContext2D} canvas
 * @param {View} view
 * @param {Line} line */
function drawBand(canvas, view, line) {
  const { low, high } = line;
  if (!low || !high) return;
  const [placeX, placeY] = [makePlace(view.xs), makePlace(view.ys)];
  const floor = view.ys.log ? view.ys.low : -Infinity;
  canvas.globalAlpha = 0.16 * fade(view, line);
  canvas.fillStyle = findInk(line, view.theme);
  let start = 0;
  for (let at = 0; at <= line.xs.length; at += 1) {
    if (at < line.xs.length && !Number.isNaN(low[at]) && !Number.isNaN(high[at])) continue;
    if (at - start > 1) {
      canvas.beginPath();
      for (let n = start; n < at; n += 1) canvas.lineTo(placeX(line.xs[n]), placeY(high[n]));
      for (let n = at - 1; n >= start; n -= 1) {
        canvas.lineTo(placeX(line.xs[n]), placeY(Math.max(low[n], floor)));
      }
      canvas.fill();
    }
    start = at + 1;
  }
}

/** How strongly a line is drawn while another is pointed at.
 * @param {View} view
 * @param {Line} line */
function fade(view, line) {
  return view.told && view.told !== line ? 0.2 : 1;
}

/** A line, its dots where there are few, and crosses where values are no numbers.
 * @param {CanvasRenderingContext2D} canvas
 * @param {View} view
 * @param {Line} line */
function drawLine(canvas, view, line) {
  const { unit } = view;
  const { series } = line;
  const strength = fade(view, line) * (series.thin ? 0.45 : series.faint ? 0.65 : 1);
  canvas.strokeStyle = canvas.fillStyle = findInk(line, view.theme);
  canvas.lineWidth = (series.thin ? 0.8 : view.told === line ? 2.6 : 1.7) * unit;
  canvas.setLineDash(series.dashed || series.quiet || series.faint ? [5 * unit, 4 * unit] : []);
  if (line.ys !== line.raw) {
    canvas.globalAlpha = strength * 0.25;
    tracePath(canvas, view, line, line.raw);
  }
  canvas.globalAlpha = strength;
  tracePath(canvas, view, line, line.ys);
  canvas.setLineDash([]);
  drawDots(canvas, view, line);
}

/** Through the points of the window; of many in one column of pixels the lowest and the highest.
 * @param {CanvasRenderingContext2D} canvas
 * @param {View} view
 * @param {Line} line
 * @param {Float64Array} values */
function tracePath(canvas, view, line, values) {
  const [placeX, placeY] = [makePlace(view.xs), makePlace(view.ys)];
  const [first, last] = line.within(view.xs.low, view.xs.high);
  const dense = last - first > view.xs.end - view.xs.start;
  canvas.lineJoin = dense ? "bevel" : "round"; // which costs less where no corner is seen
  let down = false;
  canvas.beginPath();
  for (let at = first; at <= last; at += 1) {
    const y = placeY(values[at]);
    if (Number.isNaN(y)) {
      down = false;
      continue;
    }
    const x = placeX(line.xs[at]);
    if (!down) canvas.moveTo(x, y);
    if (dense) {
      let [low, high, end] = [y, y, y];
      const column = Math.floor(x);
      while (at < last && Math.floor(placeX(line.xs[at + 1])) === column) {
        const next = placeY(values[at + 1]);
        if (Number.isNaN(next)) break;
        [low, high, end] = [Math.min(low, next), Math.max(high, next), next];
        at += 1;
      }
      canvas.lineTo(x, low);
      if (high !== low) canvas.lineTo(x, high);
      if (end !== high) canvas.lineTo(x, end);
    } else if (down) canvas.lineTo(x, y);
    down = true;
  }
  canvas.stroke();
}

/** @param {CanvasRenderingContext2D} canvas
 * @param {View} view
 * @param {Line} line */
function drawDots(canvas, view, line) {
  const [placeX, placeY] = [makePlace(view.xs), makePlace(view.ys)];
  const [first, last] = line.within(view.xs.low, view.xs.high);
  const few = last - first < DOTS && !line.series.thin;
  const { raw } = line;
  for (let at = first; at <= last; at += 1) {
    const alone = Number.isNaN(raw[at - 1] ?? NaN) && Number.isNaN(raw[at + 1] ?? NaN);
    const x = placeX(line.xs[at]);
    if (Number.isNaN(raw[at])) {
      // One for neighbours; a mean's crosses are those of its runs.
      if (!line.low && !Number.isNaN(raw[at - 1] ?? 0)) drawCross(canvas, view, x);
    } else if ((few || alone) && !Number.isNaN(placeY(raw[at]))) {
      drawDot(canvas, x, placeY(raw[at]), 2.6 * view.unit);
    }
  }
}

/** @param {CanvasRenderingContext2D} canvas
 * @param {number} x
 * @param {number} y
 * @param {number} radius */
function drawDot(canvas, x, y, radius) {
  canvas.beginPath();
  canvas.arc(x, y, radius, 0, 2 * Math.PI);
  canvas.fill();
}

/** A value was logged here that is no number.
 * @param {CanvasRenderingContext2D} canvas
 * @param {View} view
 * @param {number} x */
function drawCross(canvas, view, x) {
  const size = 3 * view.unit;
  const y = view.ys.start - 5 * view.unit;
  canvas.lineWidth = 1.5 * view.unit;
  canvas.beginPath();
  canvas.moveTo(x - size, y - size);
  canvas.lineTo(x + size, y + size);
  canvas.moveTo(x + size, y - size);
  canvas.lineTo(x - size, y + size);
  canvas.stroke();
}

/** A ring with the value, as the static chart has it.
 * @param {CanvasRenderingContext2D} canvas
 * @param {View} view
 * @param {Line} line */
function drawBest(canvas, view, line) {
  const { xs, unit, theme } = view;
  const at = line.best;
  const [x, y] = [makePlace(xs)(line.xs[at]), makePlace(view.ys)(line.raw[at])];
  if (at < 0 || Number.isNaN(y) || !(x >= xs.start - 1 && x <= xs.end + 1)) return;
  canvas.globalAlpha = fade(view, line);
  canvas.strokeStyle = findInk(line, theme);
  canvas.lineWidth = 1.6 * unit;
  canvas.setLineDash([]);
  canvas.beginPath();
  canvas.arc(x, y, 6 * unit, 0, 2 * Math.PI);
  canvas.stroke();
  canvas.font = `700 ${11 * unit}px ${theme.font}`;
  canvas.textAlign = x < xs.start + 30 * unit ? "left" : x > xs.end - 30 * unit ? "right" : "center";
  canvas.strokeStyle = theme.back;
  canvas.lineWidth = 4 * unit;
  canvas.strokeText(formatValue(Number(line.raw[at].toPrecision(4))), x, y - 11 * unit);
  canvas.fillStyle = theme.strong;
  canvas.fillText(formatValue(Number(line.raw[at].toPrecision(4))), x, y - 11 * unit);
}

/** An upright line, and a dot on each line's nearest point.
 * @param {CanvasRenderingContext2D} canvas
 * @param {View} view */
function drawCursor(canvas, view) {
  if (view.cursor === null) return;
  const { xs, ys, unit, theme } = view;
  const [placeX, placeY] = [makePlace(xs), makePlace(ys)];
  canvas.globalAlpha = 1;
  canvas.strokeStyle = theme.text;
  canvas.lineWidth = 1;
  canvas.setLineDash([]);
  canvas.beginPath();
  canvas.moveTo(placeX(view.cursor), ys.end - 4 * unit);
  canvas.lineTo(placeX(view.cursor), ys.start);
  canvas.stroke();
  for (const line of view.lines) {
    const at = line.nearest(view.cursor);
    const [x, y] = [placeX(line.xs[at]), placeY(line.ys[at])];
    if (at < 0 || Number.isNaN(y) || x < xs.start - 1 || x > xs.end + 1) continue;
    canvas.fillStyle = theme.back;
    drawDot(canvas, x, y, 4.6 * unit);
    canvas.fillStyle = findInk(line, theme);
    drawDot(canvas, x, y, 3.2 * unit);
  }
}
