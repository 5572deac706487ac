// Pagefind behind the theme's own search box: its markup, its looks and its keys.
// The theme's script leaves the box alone because its data-md-component attributes are renamed.

const box = document.querySelector("[data-cardgen=search]");
const toggle = document.getElementById("__search");
const config = JSON.parse(document.getElementById("__config")?.textContent ?? "{}");
const root = new URL((config.base ?? ".").replace(/\/?$/, "/"), location.href);
const bundle = new URL("pagefind/", root);
const AT_ONCE = 10; // results shown before one scrolls
const SECTIONS = 3; // further places of a page shown with it
const SIGN = /[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]/g;
const MARKED = config.features?.includes("search.highlight") ?? false;

if (box && toggle) start();
if (MARKED) markFound(new URLSearchParams(location.search).get("h") ?? "");

function start() {
  const query = box.querySelector("[data-cardgen=search-query]");
  const meta = box.querySelector(".md-search-result__meta");
  const list = box.querySelector(".md-search-result__list");
  const scroller = box.querySelector(".md-search__scrollwrap");
  const share = box.querySelector("[data-cardgen=search-share]");
  const say = (text) => (meta.textContent = text);
  let indexes = null; // one per language, loaded when the box is first used
  let entry = ""; // what names their files; another one, and they were built anew
  let latest = 0; // of several searches under way only the last one is shown
  let waiting = []; // results not shown yet

  meta.setAttribute("aria-live", "polite");

  async function load(anew) {
    try {
      if (anew || !indexes) {
        const text = await fetchEntry();
        if (text !== entry) {
          entry = text;
          indexes = openIndexes(JSON.parse(text), indexes);
        }
      }
      await indexes;
      if (!query.value.trim()) say(translate("placeholder"));
    } catch {
      entry = "";
      indexes = null;
      say(translate("none"));
    }
  }

  async function search() {
    const mine = ++latest;
    const text = query.value.trim();
    if (share) share.dataset.clipboardText = share.href = shareAddress(text);
    if (!text) return show([], translate("placeholder"), mine);
    await load();
    await new Promise((done) => setTimeout(done, 80)); // while one types, only the last counts
    if (mine !== latest || !indexes) return;
    const found = await searchAll(await indexes, text);
    if (mine === latest) await show(found, translate("count", found.length), mine);
  }

  async function show(found, text, mine) {
    waiting = found;
    list.replaceChildren();
    scroller.scrollTop = 0;
    say(text);
    await showMore(mine);
  }

  async function showMore(mine = latest) {
    const pages = await Promise.all(waiting.splice(0, AT_ONCE).map((result) => result.data()));
    if (mine === latest) list.append(...pages.map(renderResult));
  }

  const open = (on) => {
    if (toggle.checked !== on) toggle.click(); // the theme listens for clicks
  };
  const close = () => {
    open(false);
    query.blur();
  };
  const step = (by) => {
    const stops = [query, ...list.querySelectorAll("a, details[open] a, summary")].filter(
      (stop) => stop === query || stop.offsetParent,
    );
    const at = Math.max(0, stops.indexOf(document.activeElement));
    stops[(at + by + stops.length) % stops.length].focus();
  };

  query.addEventListener("input", search);
  query.addEventListener("focus", () => {
    open(true);
    load(true);
  });
  query.form.addEventListener("submit", (event) => event.preventDefault());
  query.form.addEventListener("reset", () => {
    setTimeout(search);
    query.focus();
  });
  toggle.addEventListener("change", () => (toggle.checked ? query.focus() : query.blur()));
  share?.addEventListener("click", (event) => event.preventDefault());
  list.addEventListener("click", (event) => event.target.closest("a") && open(false));
  scroller.addEventListener("scroll", () => {
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    if (left < 200 && waiting.length) showMore();
  });

  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
    const act = toggle.checked ? searchKey(event) : isTyping() ? null : globalKey(event);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });

  function globalKey({ key }) {
    if (!["f", "s", "/"].includes(key)) return null;
    return () => {
      query.focus();
      query.select();
    };
  }

  function searchKey({ key }) {
    const first = list.querySelector("a");
    if (key === "Enter" && document.activeElement === query) return () => first?.click();
    if (key === "Escape" || key === "Tab") return close;
    if (key === "ArrowDown") return () => step(1);
    if (key === "ArrowUp") return () => step(-1);
    // Whoever types on while a result has the focus means the box.
    if (key.length === 1 && key !== " " && document.activeElement !== query) query.focus();
    return null;
  }

  const shared = new URLSearchParams(location.search).get("q");
  if (shared) {
    query.value = shared;
    query.focus();
    search();
  }
}

function isTyping() {
  const at = document.activeElement;
  return at?.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at?.tagName);
}

function translate(name, number) {
  const words = config.translations ?? {};
  if (name === "count") name = number === 0 ? "none" : number === 1 ? "one" : "other";
  if (name.startsWith("more")) name = number === 1 ? "more.one" : "more.other";
  return (words[`search.result.${name}`] ?? "").replace("#", number);
}

function shareAddress(text) {
  const address = new URL(location.href);
  address.hash = "";
  address.searchParams.delete("q");
  if (text) address.searchParams.set("q", text);
  return address.href;
}

// Pagefind keeps an index per language, each with that language's word stems. A module of its own
// for each, since a module holds one language; it reads the language off the page when it starts.
async function fetchEntry() {
  const answer = await fetch(new URL("pagefind-entry.json", bundle), { cache: "no-cache" });
  return answer.text();
}

async function openIndexes(entry, old) {
  for (const { pagefind } of (await old) ?? []) await pagefind.destroy();
  const languages = Object.keys(entry.languages);
  const modules = await Promise.all(
    languages.map((language) => import(new URL(`pagefind.js?${entry.version}-${language}`, bundle).href)),
  );
  return Promise.all(modules.map((pagefind, i) => openIndex(pagefind, languages[i])));
}

async function openIndex(pagefind, language) {
  const page = document.documentElement;
  const own = page.lang;
  page.lang = language;
  const ready = pagefind.init();
  page.lang = own;
  await ready;
  await pagefind.options({ excerptLength: 24 });
  return { pagefind, language };
}

async function searchAll(indexes, text) {
  const found = await Promise.all(indexes.map((index) => searchOne(index, text)));
  return found.flat().sort((a, b) => b.score - a.score);
}

async function searchOne({ pagefind, language }, text) {
  for (const spelling of spellings(text, language)) {
    const { results } = await pagefind.search(spelling);
    if (results.length) return results;
  }
  return [];
}

// Pagefind folds accents (zrodlo would find źródło) but not the stroke of ł, which many leave out.
// Of Chinese and Japanese each sign is a word of the index; in quotes, they have to follow closely.
function* spellings(text, language) {
  if (/^(zh|ja)/.test(language)) {
    const signs = text.replace(SIGN, " $& ").trim().replace(/\s+/g, " ");
    if (!text.replace(SIGN, "") && text.length > 1) yield `"${signs}"`;
    yield signs;
    return;
  }
  yield text;
  if (language !== "pl") return;
  const places = [...text.matchAll(/l/gi)].map((found) => found.index);
  const stroke = (at) => at.reduce((t, i) => t.slice(0, i) + "ł" + t.slice(i + 1), text);
  if (places.length) yield stroke(places);
  if (places.length > 1) yield* places.slice(0, 6).map((place) => stroke([place]));
}

function renderResult(page) {
  const item = element("li", "md-search-result__item");
  const tags = Object.values(page.filters ?? {}).flat();
  const isIntro = (place) => !place.url.includes("#") || tidy(place.title) === page.meta.title;
  const places = page.sub_results.filter((place) => !isIntro(place));
  const intro = page.sub_results.find(isIntro) ?? (places.length ? null : page);
  const words = findMarked([page, ...page.sub_results]);
  const renderPlace = (place) => renderLink(place.url, "h2", tidy(place.title), place.excerpt, [], words);
  item.append(renderLink(page.meta.url, "h1", page.meta.title, intro?.excerpt, tags, words));
  item.append(...places.slice(0, SECTIONS).map(renderPlace));
  const more = places.slice(SECTIONS);
  if (more.length) {
    const details = element("details", "md-search-result__more");
    const summary = element("summary");
    summary.tabIndex = -1;
    summary.append(element("div", "", translate("more", more.length)));
    details.append(summary, ...more.map(renderPlace));
    item.append(details);
  }
  return item;
}

function renderLink(address, heading, title, excerpt, tags, words) {
  const link = element("a", "md-search-result__link");
  const article = element("article", "md-search-result__article md-typeset");
  const target = new URL(address.replace(/^\//, ""), root);
  if (MARKED && words) target.searchParams.set("h", words);
  link.href = target.href;
  link.tabIndex = -1;
  if (heading === "h1") article.append(element("div", "md-search-result__icon md-icon"));
  article.append(element(heading, "", title));
  if (tags.length) {
    const nav = element("nav", "md-tags");
    nav.append(...tags.map((tag) => element("span", "md-tag", tag)));
    article.append(nav);
  }
  const text = element("p");
  text.append(...renderExcerpt(excerpt ?? "", `${title}. `));
  if (text.hasChildNodes()) article.append(text);
  link.append(article);
  return link;
}

// Without the spaces that the index has between signs.
function tidy(text) {
  return text.replace(/ *([\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]) */g, "$1");
}

// An excerpt is HTML; of it, only text and its marks are taken over.
const parse = (html) => new DOMParser().parseFromString(html, "text/html").body;

function renderExcerpt(html, title) {
  const body = parse(html);
  const between = body.textContent.search(SIGN) < 0 ? null : " ";
  for (const node of body.childNodes) {
    node.textContent = node.textContent === between ? "" : tidy(node.textContent);
  }
  let spare = body.textContent.startsWith(title) ? title.length : 0; // it stands above already
  const cut = (text) => {
    const rest = text.slice(spare);
    spare = Math.max(0, spare - text.length);
    return rest;
  };
  return [...body.childNodes]
    .map((node) => [node.nodeName, cut(node.textContent)])
    .filter(([, text]) => text)
    .map(([name, text]) => (name === "MARK" ? element("mark", "", text) : text));
}

// The words of a page that a search found, as they stand there.
function findMarked(places) {
  const marks = places.flatMap((place) => [...parse(place.excerpt).querySelectorAll("mark")]);
  const words = marks.map((mark) => mark.textContent.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ""));
  return [...new Set(words.filter(Boolean))].slice(0, 20).join(" ");
}

// The theme's "search.highlight": marks on the page what was searched for.
function markFound(words) {
  const article = document.querySelector("[data-pagefind-body]");
  const plain = words.split(" ").filter(Boolean).map((word) => word.replace(/[^\p{L}\p{N}]/gu, "\\$&"));
  if (!article || !plain.length) return;
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${plain.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts.filter((node) => !node.parentElement.closest("svg, script, style"))) {
    const parts = text.data.split(pattern);
    if (parts.length > 1) {
      text.replaceWith(...parts.map((part, i) => (i % 2 ? element("mark", "", part) : part)));
    }
  }
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
