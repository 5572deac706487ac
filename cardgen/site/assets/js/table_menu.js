// Buttons that open a panel below them: one at a time, closed by Escape or a click elsewhere.
// @ts-check

import { fill, make } from "./common.js";
import { fold } from "./table_data.js";

const SHOWN = 100; // values in a panel; further ones are found by typing
const MANY = 16; // from so many on there is a box to type in

let number = 0;

/** A button with a panel, filled anew each time it opens.
 * @param {string} label
 * @param {(panel: HTMLElement) => void} open */
export function makeMenu(label, open) {
  const button = make("button", "cg-t-button", make("span", "", label));
  const panel = make("div", "cg-t-panel");
  const menu = make("div", "cg-t-menu", button, panel);
  panel.id = `cg-t-panel-${++number}`;
  panel.hidden = true;
  panel.setAttribute("role", "group");
  panel.setAttribute("aria-label", label);
  button.setAttribute("type", "button");
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", panel.id);
  const show = (/** @type {boolean} */ on) => {
    panel.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
    if (on) {
      open(panel);
      keepInSight(panel);
    }
  };
  button.addEventListener("click", () => show(panel.hidden === true));
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      event.stopPropagation();
      show(false);
      button.focus();
    }
  });
  document.addEventListener("click", (event) => {
    // What was clicked may have been replaced meanwhile, and then lies nowhere.
    if (!panel.hidden && !event.composedPath().includes(menu)) show(false);
  });
  menu.addEventListener("focusout", (event) => {
    const next = /** @type {Node|null} */ (event.relatedTarget);
    if (next && !menu.contains(next)) show(false);
  });
  return { menu, button, panel, close: () => show(false) };
}

/** A panel that would leave the window on the right opens to the left.
 * @param {HTMLElement} panel */
function keepInSight(panel) {
  panel.classList.remove("cg-t-left");
  const { right } = panel.getBoundingClientRect();
  panel.classList.toggle("cg-t-left", right > document.documentElement.clientWidth - 4);
}

/** One of several to tick.
 * @typedef {{value: string, name: string, count?: string, checked: boolean, group?: string}} Option */

/** Tick boxes, with a box to type in where there are many.
 * @param {HTMLElement} panel
 * @param {Option[]} options
 * @param {Record<string, string>} labels
 * @param {(value: string, on: boolean) => void} tick */
export function fillOptions(panel, options, labels, tick) {
  const list = make("div", "cg-t-options");
  const show = (/** @type {string} */ words) => {
    const found = options.filter((option) => fold(option.name).includes(fold(words)));
    list.replaceChildren(...groupOptions(found.slice(0, SHOWN), tick));
    const left = found.length - SHOWN;
    if (left > 0) list.append(make("p", "cg-below", fill(labels.table_more, left)));
  };
  show("");
  if (options.length <= MANY) return panel.replaceChildren(list);
  const input = /** @type {HTMLInputElement} */ (make("input", "cg-t-find"));
  input.type = "search";
  input.placeholder = labels.table_find;
  input.setAttribute("aria-label", labels.table_find);
  input.addEventListener("input", () => show(input.value));
  panel.replaceChildren(input, list);
}

/** @param {Option[]} options
 * @param {(value: string, on: boolean) => void} tick
 * @returns {HTMLElement[]} */
function groupOptions(options, tick) {
  const made = [];
  let group = "";
  for (const option of options) {
    if (option.group && option.group !== group) {
      group = option.group;
      made.push(make("p", "cg-t-group", group));
    }
    made.push(makeOption(option, tick));
  }
  return made;
}

/** @param {Option} option
 * @param {(value: string, on: boolean) => void} tick */
function makeOption(option, tick) {
  const box = /** @type {HTMLInputElement} */ (make("input"));
  box.type = "checkbox";
  box.checked = option.checked;
  box.addEventListener("change", () => {
    option.checked = box.checked;
    tick(option.value, box.checked);
  });
  const name = make("span", "cg-t-name", option.name);
  name.title = option.name;
  const count = option.count === undefined ? [] : [make("span", "cg-t-count", option.count)];
  return make("label", option.count === "0" && !option.checked ? "cg-t-option cg-t-nil" : "cg-t-option", box, name, ...count);
}
