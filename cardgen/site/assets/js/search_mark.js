// Marks on a page the words that a search found there.
// @ts-check

import { make } from "./common.js";

const MOST = 500; // marks on a page

/** @param {string} words separated by spaces, as the page has them */
export function markFound(words) {
  const article = document.querySelector("[data-pagefind-body]");
  const pattern = makePattern(words);
  if (!article || !pattern) return;
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  let left = MOST;
  for (const text of texts.filter((node) => !node.parentElement?.closest("svg, script, style, textarea"))) {
    const parts = text.data.split(pattern);
    if (parts.length < 2 || left <= 0) continue;
    left -= parts.length >> 1;
    text.replaceWith(...parts.map((part, i) => (i % 2 ? make("mark", "", part) : part)));
  }
}

/** Words as a pattern; the index has ' for every apostrophe. @param {string} words */
function makePattern(words) {
  const plain = words.slice(0, 1000).split(" ").filter(Boolean).map((word) =>
    word.replace(/[^\p{L}\p{N}'\u2019]/gu, "\\$&").replace(/['\u2019]/g, "['\u2019\u02bc]"),
  );
  if (!plain.length) return null;
  return new RegExp(`(?<![\\p{L}\\p{N}])(${plain.join("|")})(?![\\p{L}\\p{N}])`, "giu");
}
