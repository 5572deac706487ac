// A result as the search box shows it, and the preview beside the results. Whatever a card says is
// put in as text: of an excerpt's HTML only its text and its marks are taken over.
// @ts-check

import { make, root } from "./common.js";

/** @typedef {import("./search_index.js").Found} Found
 * @typedef {import("./search_index.js").Place} Place
 * @typedef {{more: (count: number) => string, marked: boolean}} Style */

const SECTIONS = 2; // further places of a page shown with it
const PREVIEWED = ["goal", "conclusions"];
const PREVIEW = 90; // words of a part in the preview
const GIST = 24; // words of a card that was found by its head alone
const SIGNS = / *([\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]) */g;
const STATES = ["planned", "running", "finished", "failed", "aborted", "superseded", "broken"];

/** @param {Found} page @param {Style} style @returns {HTMLElement} */
export function renderResult(page, style) {
  const item = make("li", "md-search-result__item");
  const title = page.meta.title ?? "";
  /** @param {Place} place */
  const isIntro = (place) => !place.url.includes("#") || tidy(place.title) === title;
  const places = page.sub_results.filter((place) => !isIntro(place));
  const intro = page.sub_results.find(isIntro) ?? (places.length ? null : page);
  const words = style.marked ? findMarked([page, ...page.sub_results]) : "";
  /** @param {Place} place */
  const renderPlace = (place) => {
    const name = tidy(place.title);
    return renderLink(place.url, words, make("h2", "", name), renderExcerpt(place.excerpt, name));
  };
  const address = page.meta.url ?? page.url;
  const icon = make("div", "md-search-result__icon md-icon");
  const text = page.meta.state ? renderGist(page, places) : renderExcerpt(intro?.excerpt ?? "", title);
  item.append(renderLink(address, words, icon, make("h1", "", title), ...renderFacts(page), text));
  item.append(...places.slice(0, SECTIONS).map(renderPlace));
  const more = places.slice(SECTIONS);
  if (more.length) {
    const summary = make("summary", "", make("div", "", style.more(more.length)));
    item.append(make("details", "md-search-result__more", summary, ...more.map(renderPlace)));
  }
  return item;
}

/** Of a card, whose head repeats what stands above: what was learnt, unless a place says more.
 * @param {Found} page @param {Place[]} places */
function renderGist(page, places) {
  if (places.length) return null;
  const text = readPart(page, "conclusions", GIST) || readPart(page, "goal", GIST);
  return text ? make("p", "", text) : null;
}

/** @param {string} address @param {string} words @param {...(HTMLElement | null)} parts */
function renderLink(address, words, ...parts) {
  const link = /** @type {HTMLAnchorElement} */ (make("a", "md-search-result__link"));
  const target = new URL(address.replace(/^\/+/, ""), root);
  if (words) target.searchParams.set("h", words);
  link.href = target.href;
  const there = /** @type {HTMLElement[]} */ (parts.filter((part) => part !== null));
  link.append(make("article", "md-search-result__article md-typeset", ...there));
  return link;
}

/** Status, value and date in a line, tags below. @param {Found} page */
function renderFacts(page) {
  const { date, result, state = "" } = page.meta;
  const { status = [], tag = [], model = [] } = page.filters ?? {};
  const line = make("div", "cg-found-facts");
  const known = STATES.includes(state) ? ` cg-status cg-is-${state}` : "";
  const tags = [
    ...status.map((text) => make("span", `md-tag cg-found-status${known}`, text)),
    ...tag.map((text) => make("span", "md-tag", text)),
  ];
  if (result) line.append(make("strong", "cg-found-result", result));
  if (model.length) line.append(make("span", "", model.join(", ")));
  if (date) line.append(make("span", "", date));
  return [line.hasChildNodes() ? line : null, tags.length ? make("div", "md-tags", ...tags) : null];
}

/** Without the spaces that the index has between signs. @param {string} text */
export function tidy(text) {
  return text.replace(/\u200b/g, "").replace(SIGNS, "$1");
}

/** An excerpt is HTML; it is parsed apart from the page, where nothing of it runs.
 * @param {string} html */
const parse = (html) => new DOMParser().parseFromString(html, "text/html").body;

/** Text and marks of an excerpt; null of one that only repeats the title.
 * @param {string} html @param {string} title */
function renderExcerpt(html, title) {
  const body = parse(html);
  const between = body.textContent?.search(SIGNS) === -1 ? null : " ";
  /** @type {[boolean, string][]} */
  const pieces = [...body.childNodes].map((node) => [
    node.nodeName === "MARK",
    node.textContent === between ? "" : tidy(node.textContent ?? ""),
  ]);
  const whole = pieces.map(([, text]) => text).join("");
  let spare = [`${title}. `, `${title}.`].find((start) => whole.startsWith(start))?.length ?? 0;
  const text = make("p");
  for (const [isMark, piece] of pieces) {
    const rest = piece.slice(spare);
    spare = Math.max(0, spare - piece.length);
    if (rest) text.append(isMark ? make("mark", "", rest) : rest);
  }
  return text.hasChildNodes() ? text : null;
}

/** The words of a page that a search found, as they stand there.
 * @param {{excerpt: string}[]} places */
function findMarked(places) {
  const marks = places.flatMap((place) => [...parse(place.excerpt).querySelectorAll("mark")]);
  const words = marks.map((mark) =>
    tidy(mark.textContent ?? "").replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ""),
  );
  return [...new Set(words.filter(Boolean))].slice(0, 20).join(" ");
}

/** What a card asked and learnt, for who looks at its result; null of a page that is no card.
 * @param {Found} page @param {{[word: string]: string}} words @returns {HTMLElement | null} */
export function renderPreview(page, words) {
  const parts = PREVIEWED.map((id) => [words[`part_${id}`] ?? id, readPart(page, id, PREVIEW)]);
  if (!parts.some(([, text]) => text)) return null;
  const pane = make("div", "cg-preview-card", make("div", "cg-preview-title", page.meta.title ?? ""));
  if (page.meta.result) pane.append(make("div", "cg-preview-result", page.meta.result));
  for (const [name, text] of parts) {
    if (text) pane.append(make("div", "cg-preview-name", name), make("p", "", text));
  }
  return pane;
}

/** The text below a heading, which the index has by the number of its first word.
 * @param {Found} page @param {string} id @param {number} most words */
function readPart(page, id, most) {
  const anchors = [...(page.anchors ?? [])].sort((a, b) => a.location - b.location);
  const at = anchors.findIndex((anchor) => anchor.id === id && anchor.element === "h2");
  if (at < 0) return "";
  const raw = page.raw_content ?? "";
  const parted = raw.includes("\u200b");
  const words = parted ? raw.split("\u200b") : page.content.split(/[\r\n\s]+/g);
  const end = anchors.slice(at + 1).find((anchor) => anchor.element === "h2")?.location;
  const from = anchors[at].location;
  const mine = words.slice(from, Math.min(end ?? Infinity, from + most)).join(parted ? "" : " ");
  const plain = parted ? (parse(mine.replace(/&(?!lt;|gt;)/g, "&amp;")).textContent ?? "") : mine;
  const text = tidy(plain).trim();
  const heading = tidy(anchors[at].text).trim();
  const rest = text.startsWith(heading) ? text.slice(heading.length).replace(/^[.\s]+/, "") : text;
  const isCut = from + most < (end ?? words.length);
  return isCut ? `${rest}…` : rest;
}
