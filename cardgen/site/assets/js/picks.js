// Ticked cards, on whatever page they are ticked: kept in this tab's session, shown in a quiet bar.
// @ts-check

import { fetchJson, fill, make, root } from "./common.js";

const KEY = "cardgen-picks";
const EVENT = "cg-picks";
const BOX = "input[data-cg-pick]";
const SHOWN = 8; // codes in the bar; of more, how many
const CODE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The codes of the ticked cards, in the order in which they were ticked.
 * @returns {string[]} */
export function getPicks() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((code) => typeof code === "string" && CODE.test(code)) : [];
  } catch {
    return memory;
  }
}

/** @type {string[]} */
let memory = []; // where the browser keeps nothing for this page

/** Tick exactly these cards. @param {string[]} codes */
export function setPicks(codes) {
  memory = [...new Set(codes)].filter((code) => CODE.test(code));
  try {
    sessionStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    // This page remembers them.
  }
  document.dispatchEvent(new CustomEvent(EVENT));
}

/** Tick a card or take the tick away.
 * @param {string} code
 * @param {boolean} [on] what it shall be; without, the other of what it is */
export function toggle(code, on) {
  const picks = getPicks();
  const there = picks.includes(code);
  if ((on ?? !there) === there) return;
  setPicks(there ? picks.filter((one) => one !== code) : [...picks, code]);
}

/** Call a function whenever the ticked cards change. @param {(picks: string[]) => void} listener */
export function onChange(listener) {
  document.addEventListener(EVENT, () => listener(getPicks()));
}

/** The address of the page that compares cards. @param {readonly string[]} codes */
export function compareUrl(codes) {
  return new URL(`compare/?cards=${codes.map(encodeURIComponent).join(",")}`, root).href;
}

let started = false;

/** Bring tick boxes to life; once for all of a page, also for those that come later.
 * @param {Element} [_element] */
export function start(_element) {
  if (started) return;
  started = true;
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box instanceof HTMLInputElement && box.matches(BOX)) toggle(box.dataset.cgPick ?? "", box.checked);
  });
  adopt();
  onChange(show);
  addEventListener("pageshow", () => show()); // ticks made on another page, after "back"
  show();
}

/** Keep what was ticked before this script came; what a browser restores of an older visit is none. */
function adopt() {
  const [visit] = performance.getEntriesByType("navigation");
  if (visit instanceof PerformanceNavigationTiming && visit.type !== "navigate") return;
  for (const box of document.querySelectorAll(BOX)) {
    if (box instanceof HTMLInputElement && box.checked) toggle(box.dataset.cgPick ?? "", true);
  }
}

function show() {
  const picks = getPicks();
  for (const box of document.querySelectorAll(BOX)) {
    if (box instanceof HTMLInputElement) box.checked = picks.includes(box.dataset.cgPick ?? "");
  }
  showBar(picks);
}

/** @type {Promise<Record<string, string>>|null} */
let words = null;
/** @type {HTMLElement|null} */
let bar = null;

/** @param {string[]} picks */
async function showBar(picks) {
  if (!picks.length || document.querySelector("[data-cg-compare]")) {
    bar?.remove();
    return;
  }
  words ??= fetchJson("compare/labels.json");
  const labels = await words.catch(() => /** @type {Record<string, string>} */ ({}));
  const now = getPicks(); // they may have changed meanwhile
  if (!now.length) return;
  bar ??= make("aside", "cg-picks md-typeset");
  const focused = bar.contains(document.activeElement);
  bar.setAttribute("aria-label", labels.picks_title ?? "");
  bar.replaceChildren(...renderBar(now, labels));
  if (!bar.isConnected) document.body.append(bar);
  if (focused) bar.querySelector("a")?.focus();
}

/** @param {string[]} picks @param {Record<string, string>} labels */
function renderBar(picks, labels) {
  const chips = picks.slice(0, SHOWN).map((code) => {
    const remove = make("button", "cg-chip-remove", "×");
    remove.setAttribute("type", "button");
    remove.setAttribute("aria-label", fill(labels.cmp_remove ?? "{0}", code));
    remove.addEventListener("click", () => toggle(code, false));
    return make("li", "cg-chip cg-code", code, remove);
  });
  if (picks.length > SHOWN) chips.push(make("li", "", fill(labels.and_more ?? "", picks.length - SHOWN)));
  const go = make("a", "cg-button cg-button-main", `${labels.picks_compare ?? "→"} (${picks.length})`);
  go.setAttribute("href", compareUrl(picks));
  const clear = make("button", "cg-button", labels.picks_clear ?? "×");
  clear.setAttribute("type", "button");
  clear.addEventListener("click", () => setPicks([]));
  return [make("ul", "cg-picked", ...chips), make("div", "cg-picks-do", go, clear)];
}
