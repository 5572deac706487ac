// Opens the search box: by its keys, a click, or an address that holds a search. What searching
// takes is loaded when somebody searches. On a page that a search led to, marks what was found.
// @ts-check

export {};

const box = document.querySelector("[data-cardgen=search]");
const query = /** @type {HTMLInputElement | null} */ (
  box?.querySelector("[data-cardgen=search-query]") ?? null
);
const toggle = /** @type {HTMLInputElement | null} */ (document.getElementById("__search"));
const address = new URLSearchParams(location.search);

if (box && query && toggle) start(box, query, toggle);
const found = address.get("h");
if (found) import("./search_mark.js").then((module) => module.markFound(found));

/** @param {Element} box @param {HTMLInputElement} query @param {HTMLInputElement} toggle */
function start(box, query, toggle) {
  /** @type {Promise<void> | null} */
  let loaded = null;
  const load = () => {
    loaded ??= import("./search_box.js").then((module) => module.start(box, query, toggle));
    return loaded;
  };
  query.addEventListener("focus", load);
  toggle.addEventListener("change", () => (toggle.checked ? query.focus() : query.blur()));
  query.form?.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
    if (toggle.checked || !["f", "s", "/"].includes(event.key) || isTyping()) return;
    event.preventDefault();
    event.stopPropagation();
    query.focus();
    query.select();
  });
  if (address.has("q") || address.has("in")) {
    query.value = address.get("q") ?? "";
    load();
  } else if (document.activeElement === query) load(); // somebody was faster than this script
}

function isTyping() {
  const at = /** @type {HTMLElement | null} */ (document.activeElement);
  return !!at && (at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName));
}
