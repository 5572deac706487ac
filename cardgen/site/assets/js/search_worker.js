// One language's index in a thread of its own. A module of Pagefind holds one language's word
// stems, so every language has a worker; all of them load the same files.
// @ts-check

import { isFound } from "./search_match.js";

const KEPT = 4; // searches whose results can still be asked for

/** @type {any} */
let pagefind = null;
let number = 0;
/** @type {Map<number, any[]>} */
const searches = new Map();

/** @type {{[name: string]: (...args: any[]) => Promise<any>}} */
const calls = {
  /** @param {string} bundle @param {string} version @param {string} language */
  async open(bundle, version, language) {
    // Pagefind reads the language off the page; there is none here.
    Object.assign(self, {
      document: { currentScript: null, querySelector: () => ({ getAttribute: () => language }) },
    });
    pagefind = await unpack(bundle, version).catch(() => import(`${bundle}pagefind.js?${version}`));
    await pagefind.options({ basePath: bundle, excerptLength: 24 });
    await pagefind.init();
    await pagefind.options({ excerptLength: 24 });
  },

  /** Ids and scores of all results, best first. @param {string | null} text */
  async search(text) {
    let { results } = await pagefind.search(text);
    if (text && results.length && !isFound(text, await readWords(results[0]))) results = [];
    searches.set(++number, results);
    searches.delete(number - KEPT);
    return {
      search: number,
      ids: results.map((/** @type {any} */ one) => one.id),
      scores: Float64Array.from(results, (/** @type {any} */ one) => one.score),
    };
  },

  /** A result's page with its excerpts; null where the search is forgotten.
   * @param {number} search @param {number} at */
  async read(search, at) {
    return (await searches.get(search)?.[at]?.data()) ?? null;
  },
};

/** Pagefind's script, a third of its size on the way. @param {string} bundle @param {string} version */
async function unpack(bundle, version) {
  const answer = await fetch(`${bundle}pagefind.pf_script?${version}`);
  if (!answer.ok || !answer.body) throw new Error(String(answer.status));
  const plain = await new Response(answer.body.pipeThrough(new DecompressionStream("gzip"))).text();
  const address = URL.createObjectURL(new Blob([plain], { type: "text/javascript" }));
  try {
    return await import(address);
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** The words of a page that a search found. @param {any} result @returns {Promise<string[]>} */
async function readWords(result) {
  const page = await result.data();
  const raw = /** @type {string} */ (page.raw_content ?? page.content);
  const words = raw.includes("\u200b") ? raw.split("\u200b") : raw.split(/[\r\n\s]+/g);
  return page.locations.map((/** @type {number} */ at) => words[at]?.replace(/<\/?mark>/g, "") ?? "");
}

self.addEventListener("message", async ({ data: { id, call, args } }) => {
  try {
    postMessage({ id, value: await calls[call](...args) });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
