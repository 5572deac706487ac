// Which cards are compared: chips to pin, move and remove, and a field to add one.
// @ts-check

import { fetchJson, fill, make } from "./common.js";
import { compareUrl } from "./picks.js";

/** @typedef {import("./compare_data.js").Card} Card */
/** @typedef {{labels: Record<string, string>, state: {codes: string[], everyone: boolean},
 *   pattern: RegExp, cardsPath: string, set(change: object): void}} Page */
/** @typedef {{code: string, title: string, baseline?: string}} Listed */

const OFFERED = 50;
const PAIRS = 8;

/** Fill the chooser anew.
 * @param {Page} page
 * @param {HTMLElement} host
 * @param {Card[]} cards
 * @param {string} baseline
 * @param {string[]} faults what could not be loaded, in words */
export function startChooser(page, host, cards, baseline, faults) {
  const { labels } = page;
  const list = make("ul", "cg-chosen", ...cards.map((card) => renderChip(page, card, cards, baseline)));
  list.setAttribute("aria-label", labels.cmp_chosen);
  const told = faults.map((fault) => make("li", "", fault));
  const problems = make("ul", "cg-faults", ...told);
  problems.setAttribute("role", "status");
  host.replaceChildren(
    ...(cards.length ? [list] : []), renderAdder(page), ...(told.length ? [problems] : []), ...suggest(page, cards),
  );
}

/** @param {Page} page @param {Card} card @param {Card[]} cards @param {string} baseline */
function renderChip(page, card, cards, baseline) {
  const { labels } = page;
  const { code } = card;
  const pinned = code === baseline;
  const move = (/** @type {number} */ by) => {
    const codes = cards.map((one) => one.code);
    const at = codes.indexOf(code);
    codes.splice(at + by, 0, ...codes.splice(at, 1));
    page.set({ codes });
  };
  const at = cards.indexOf(card);
  const pin = button(`pin ${code}`, pinned ? "★" : "☆", fill(labels.cmp_pin, code), () => page.set({ baseline: code }));
  pin.setAttribute("aria-pressed", String(pinned));
  const left = button(`left ${code}`, "‹", fill(labels.cmp_left, code), () => move(-1));
  const right = button(`right ${code}`, "›", fill(labels.cmp_right, code), () => move(1));
  left.toggleAttribute("disabled", at === 0);
  right.toggleAttribute("disabled", at === cards.length - 1);
  const rest = page.state.codes.filter((one) => one !== code);
  const remove = button(`remove ${code}`, "×", fill(labels.cmp_remove, code), () => page.set({ codes: rest }));
  const title = card.title === code ? [] : [make("span", "cg-chosen-title", card.title)];
  const mark = pinned ? [make("span", "cg-chip cg-is-baseline", labels.baseline)] : [];
  return make("li", pinned ? "cg-pinned" : "", pin, make("span", "cg-code", code), ...title, ...mark,
    ...(cards.length > 1 ? [left, right] : []), remove);
}

/** @param {string} key @param {string} sign @param {string} label @param {() => void} act */
function button(key, sign, label, act) {
  const made = make("button", "cg-icon-button", sign);
  made.setAttribute("type", "button");
  made.setAttribute("aria-label", label);
  made.title = label;
  made.dataset.key = key;
  made.addEventListener("click", act);
  return made;
}

/** @param {Page} page */
function renderAdder(page) {
  const { labels } = page;
  const field = document.createElement("input");
  const options = document.createElement("datalist");
  options.id = "cg-codes";
  Object.assign(field, { type: "text", id: "cg-add", autocomplete: "off", spellcheck: false });
  field.setAttribute("list", options.id);
  field.dataset.key = "add";
  const label = make("label", "", labels.cmp_add);
  label.setAttribute("for", field.id);
  const add = () => {
    const codes = field.value.split(/[\s,]+/).filter(Boolean);
    if (codes.length) page.set({ codes: [...new Set([...page.state.codes, ...codes])] });
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") add();
  });
  field.addEventListener("input", async () => {
    const listed = await listCards();
    if (listed.some((one) => one.code === field.value)) return; // chosen from the list
    options.replaceChildren(...findMatching(listed, field.value, page.state.codes).map(makeOption));
  });
  field.addEventListener("focus", async () => {
    options.replaceChildren(...findMatching(await listCards(), "", page.state.codes).map(makeOption));
  });
  const go = make("button", "cg-button", labels.cmp_add_button);
  go.setAttribute("type", "button");
  go.addEventListener("click", add);
  return make("div", "cg-adder", label, field, options, go);
}

/** @param {Listed[]} listed @param {string} text @param {string[]} taken */
function findMatching(listed, text, taken) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (const one of listed) {
    const said = `${one.code} ${one.title}`.toLowerCase();
    if (!taken.includes(one.code) && words.every((word) => said.includes(word))) found.push(one);
    if (found.length === OFFERED) break;
  }
  return found;
}

/** @param {Listed} one */
function makeOption(one) {
  const option = document.createElement("option");
  option.value = one.code;
  option.label = one.title === one.code ? one.code : `${one.code} · ${one.title}`;
  return option;
}

/** @type {Promise<Listed[]>|null} */
let index = null;

/** The codes and titles of all cards; none where the site has no index.
 * @returns {Promise<Listed[]>} */
function listCards() {
  index ??= fetchJson("cards/index.json").then(readIndex, () => []);
  return index;
}

/** @param {any} data @returns {Listed[]} */
function readIndex(data) {
  const rows = Array.isArray(data) ? data : data?.cards ?? data?.rows ?? [];
  return rows.filter((/** @type {any} */ row) => typeof row?.code === "string").map((/** @type {any} */ row) => ({
    code: row.code, title: String(row.title || row.code), baseline: String(row.baseline ?? ""),
  }));
}

/** What to do next where there is nothing to compare yet. @param {Page} page @param {Card[]} cards */
function suggest(page, cards) {
  const { labels, state } = page;
  if (cards.length > 1 || state.everyone) return [];
  const everyone = make("a", "", labels.cmp_everything);
  everyone.setAttribute("href", "?all");
  const all = make("p", "", everyone);
  if (cards.length === 1) {
    const { baseline, code } = cards[0];
    if (!baseline || baseline === code || !page.pattern.test(baseline)) return [make("p", "cg-quiet", labels.cmp_one)];
    const go = make("button", "cg-button cg-button-main", fill(labels.cmp_add_baseline, baseline));
    go.setAttribute("type", "button");
    go.addEventListener("click", () => page.set({ codes: [...state.codes, baseline], baseline }));
    return [make("p", "", go)];
  }
  const pairs = make("ul", "cg-pairs");
  listCards().then((listed) => {
    const known = new Map(listed.map((one) => [one.code, one]));
    const fit = listed.filter((one) => one.baseline && one.baseline !== one.code && known.has(one.baseline));
    pairs.append(...fit.slice(-PAIRS).map((one) => {
      const link = make("a", "", make("span", "cg-code", one.code), ` ${one.title} `, make("span", "cg-quiet", `↔ ${one.baseline} ${known.get(one.baseline ?? "")?.title ?? ""}`));
      link.setAttribute("href", compareUrl([one.baseline ?? "", one.code]));
      return make("li", "", link);
    }));
  });
  return [make("p", "cg-quiet", labels.cmp_none), pairs, all];
}
