// Numbers, ratios, differences of words and Markdown, as readers see them. Knows no page.
// @ts-check

import { asNumber } from "./compare_data.js";

const MOST_DECIMALS = 6;
const MOST_WORDS = 400; // of a command line: beyond, it is shown whole
export const MISSING = "–";

/** Numbers that stand beside each other, with as many decimals as tell most of them apart.
 * @param {readonly (number|null)[]} values
 * @returns {string[]} */
export function formatNumbers(values) {
  const finite = [...new Set(values)].filter((value) => value !== null && Number.isFinite(value));
  const decimals = chooseDecimals(/** @type {number[]} */ (finite));
  return values.map((value) => (value === null ? MISSING : formatCell(value, decimals)));
}

/** @param {number} value */
export const formatNumber = (value) => formatNumbers([value])[0];

/** @param {number[]} numbers @returns {number|null} null where powers of ten are needed */
function chooseDecimals(numbers) {
  const largest = Math.max(0, ...numbers.map(Math.abs));
  if (numbers.every(Number.isInteger) && largest < 1e15) return 0;
  if (largest < 1e-3 || largest >= 1e9) return null;
  const magnitude = Math.floor(Math.log10(largest));
  let decimals = magnitude >= -2 && magnitude <= 0 ? 4 : magnitude > 0 ? Math.max(1, 4 - magnitude) : 6;
  const shown = () => new Set(numbers.map((number) => number.toFixed(decimals))).size;
  while (decimals < MOST_DECIMALS && shown() < 0.7 * numbers.length) decimals += 1;
  return decimals;
}

/** @param {number} value @param {number|null} decimals */
function formatCell(value, decimals) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (decimals === null || (value && Math.abs(value) < 0.5 * 10 ** -decimals)) return formatPower(value);
  return value.toFixed(decimals).replace(/^-(0\.?0*)$/, "$1");
}

/** A number as 3.2e-5. @param {number} value */
export function formatPower(value) {
  if (!value) return "0";
  const [digits, power] = value.toExponential(2).split("e");
  return `${digits.replace(/\.?0+$/, "")}e${Number(power)}`;
}

/** A difference with its sign and as many decimals as what it is a difference of.
 * @param {number} own
 * @param {number} base */
export function formatDifference(own, base) {
  const value = own - base;
  if (Number.isNaN(value)) return "";
  if (!value) return "±0";
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "−∞";
  const text = formatCell(Math.abs(value), chooseDecimals([...new Set([own, base])]));
  return `${value > 0 ? "+" : "−"}${text}`;
}

/** How many times as large a parameter is: `×2`, `÷10`; empty where that says nothing.
 * @param {unknown} own
 * @param {unknown} base */
export function formatRatio(own, base) {
  const [a, b] = [asNumber(own), asNumber(base)];
  if (typeof own === "boolean" || a === null || b === null || !(a / b > 0) || a === b) return "";
  const [ratio, sign] = a > b === a > 0 ? [a / b, "×"] : [b / a, "÷"];
  if (!Number.isFinite(ratio) || ratio >= 1e6) return "";
  return `${sign}${Number(ratio.toPrecision(3))}`;
}

/** The words of two texts: 0 in both, -1 in the first only, 1 in the second only.
 * @param {string} before
 * @param {string} after
 * @param {(a: string, b: string) => boolean} [same]
 * @returns {[number, string][]} */
export function diffWords(before, after, same = (a, b) => a === b) {
  const [a, b] = [before, after].map((text) => text.trim().split(/\s+/).filter(Boolean));
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return [[-1, before], [1, after]];
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const next = same(a[i], b[j]) ? common[(i + 1) * width + j + 1] + 1 : 0;
      common[i * width + j] = Math.max(next, common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  /** @type {[number, string][]} */
  const words = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const here = common[i * width + j];
    if (i < a.length && j < b.length && same(a[i], b[j]) && here === common[(i + 1) * width + j + 1] + 1) {
      words.push([0, b[j]]);
      [i, j] = [i + 1, j + 1];
    } else if (i < a.length && (j >= b.length || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      words.push([-1, a[i++]]);
    } else {
      words.push([1, b[j++]]);
    }
  }
  return words;
}

/** A Markdown table; cells cannot break out of it, whatever they hold.
 * @param {string[]} head
 * @param {string[][]} rows */
export function formatMarkdown(head, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(head), `|${" --- |".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** @param {string} text */
const escapeCell = (text) =>
  text.replace(/\s+/g, " ").trim().replace(/[\\`*_{}[\]<>()#!|~@$&]/g, "\\$&");

/** What a person wrote, as paragraphs and lists with code and emphasis; never as HTML.
 * @param {string} text Markdown
 * @returns {HTMLElement[]} */
export function renderProse(text) {
  return text.split(/\n\s*\n/).filter((block) => block.trim()).map(renderBlock);
}

/** @param {string} block */
function renderBlock(block) {
  const lines = block.trim().split("\n");
  if (/^```|^~~~/.test(lines[0]) || /^\s*\|/.test(lines[0])) {
    const pre = document.createElement("pre");
    pre.append(lines.filter((line) => !/^(```|~~~)/.test(line)).join("\n"));
    return pre;
  }
  if (!/^\s*([-*+]|\d+[.)])\s/.test(lines[0])) {
    const paragraph = document.createElement("p");
    paragraph.append(...renderInline(lines.join(" ").replace(/^#+\s*/, "")));
    return paragraph;
  }
  const list = document.createElement("ul");
  const items = lines.join("\n").split(/\n(?=\s*(?:[-*+]|\d+[.)])\s)/);
  for (const item of items) {
    const entry = document.createElement("li");
    entry.append(...renderInline(item.replace(/^\s*([-*+]|\d+[.)])\s+/, "").replace(/\s+/g, " ")));
    list.append(entry);
  }
  return list;
}

/** @param {string} text @returns {(Node|string)[]} */
function renderInline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map((piece) => {
    const name = piece.length > 2 && piece[0] === "`" ? "code" : piece.length > 4 && piece.startsWith("**") && piece.endsWith("**") ? "strong" : "";
    if (!name) return piece.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const element = document.createElement(name);
    element.textContent = name === "code" ? piece.slice(1, -1) : piece.slice(2, -2);
    return element;
  });
}
