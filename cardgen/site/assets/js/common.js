// What all modules share: the site's root, its words, numbers and elements.
// @ts-check

/** The site's root, whose folders the modules lie in: assets/cardgen/<digest>/. */
export const root = new URL("../../../", import.meta.url);

/** Data that a page carries: `<script type="application/json" id="cg-NAME">`.
 * @param {string} name
 * @returns {any} */
export function readData(name) {
  const element = document.getElementById(`cg-${name}`);
  return element ? JSON.parse(element.textContent ?? "null") : null;
}

/** A file of the site as JSON.
 * @param {string} path below the root
 * @returns {Promise<any>} */
export async function fetchJson(path) {
  const answer = await fetch(new URL(path, root));
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** An element with a class, text and children; never HTML, whatever the text holds.
 * @param {string} name
 * @param {string} [className]
 * @param {...(Node|string)} children
 * @returns {HTMLElement} */
export function make(name, className = "", ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** A text with its places `{0}`, `{1}` filled.
 * @param {string} text
 * @param {...unknown} values */
export function fill(text, ...values) {
  return text.replace(/\{(\d)\}/g, (_, at) => String(values[Number(at)] ?? ""));
}
