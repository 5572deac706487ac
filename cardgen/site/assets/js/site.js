// Loads what a page needs: a widget's module when its element stands on the page.
// @ts-check

export {};

/** Selector of an element to the module that brings it to life with its `start(element)`. */
const WIDGETS = [
  ["[data-cg-table]", "./table.js"],
  ["[data-cg-compare]", "./compare.js"],
  ["[data-cg-curves]", "./curves.js"],
  ["[data-cg-filter]", "./filter.js"],
  ["[data-cg-pick]", "./picks.js"],
  ["[data-cg-card]", "./card.js"],
];

for (const [selector, address] of WIDGETS) {
  const elements = document.querySelectorAll(selector);
  if (elements.length) {
    import(address).then((module) => elements.forEach((element) => module.start(element)));
  }
}

// The bar of ticked cards stands on every page, also on one without a box to tick.
try {
  if (sessionStorage.getItem("cardgen-picks")) import("./picks.js").then((module) => module.start());
} catch {
  // A browser that keeps nothing has nothing ticked.
}
