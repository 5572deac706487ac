// A view as text for other programs: Markdown, CSV and LaTeX.
// @ts-check

/** A table of texts; the first row is its head.
 * @typedef {string[][]} Rows */

/** The formats by the name that readers see. */
export const FORMATS = { Markdown: formatMarkdown, CSV: formatCsv, LaTeX: formatLatex };

/** @param {Rows} rows
 * @param {boolean[]} numbers which columns are numbers */
export function formatMarkdown(rows, numbers) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const rule = line(numbers.map((number) => (number ? "---:" : "---")));
  const [head, ...body] = rows.map((cells) => line(cells.map(escapeMarkdown)));
  return `${[head, rule, ...body].join("\n")}\n`;
}

/** @param {string} text */
function escapeMarkdown(text) {
  return flat(text)
    .replace(/[\\`*_{}[\]<>|#~!]/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/@/g, "@\u200b"); // mentions nobody where it is pasted
}

/** @param {Rows} rows */
export function formatCsv(rows) {
  return rows.map((cells) => cells.map(escapeCsv).join(",")).join("\r\n") + "\r\n";
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** No spreadsheet takes a text for a formula.
 * @param {string} text */
function escapeCsv(text) {
  const safe = /^[=+\-@\t\r\0]/.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** @type {Record<string, string>} */
const LATEX = {
  "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
  "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}", '"': "\\textquotedbl{}",
  "±": "$\\pm$", "−": "$-$", "∞": "$\\infty$", "–": "--",
};

/** @param {Rows} rows
 * @param {boolean[]} numbers */
export function formatLatex(rows, numbers) {
  const line = (/** @type {string[]} */ cells) => `${cells.map(escapeLatex).join(" & ")} \\\\`;
  const [head, ...body] = rows.map(line);
  const spec = numbers.map((number) => (number ? "r" : "l")).join("");
  return ["\\begin{tabular}{" + spec + "}", "\\toprule", head, "\\midrule", ...body, "\\bottomrule",
    "\\end{tabular}", ""].join("\n");
}

/** @param {string} text */
function escapeLatex(text) {
  return flat(text).replace(/[\\~^<>|"±−∞–&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);
}

/** On one line and without signs that nobody sees.
 * @param {string} text */
function flat(text) {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

/** Put a text on the clipboard; whether that was possible. Pages that came without encryption have
 * no clipboard but an old command.
 * @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    area.value = text;
    area.className = "cg-unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus();
    return done;
  }
}
