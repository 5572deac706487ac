// Whether an index has what was asked for. Where none of its words begins like a word, Pagefind
// takes ever shorter beginnings of it: the Polish "a" for "aardvark". In one index that may help;
// of several, each would add all of its cards.
// @ts-check

const SIGNS = /[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]/g;

/** Letters and digits alone, without case, accents and strokes. @param {string} text */
function fold(text) {
  const plain = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/ł/g, "l").replace(/[^\p{L}\p{N}]/gu, "");
}

/** @param {string} word @param {string} other */
function countCommon(word, other) {
  let at = 0;
  while (at < word.length && word[at] === other[at]) at++;
  return at;
}

/** Whether a word of a page may be what was meant: the same stem, or a part of a longer word.
 * @param {string} word folded @param {string} there as the page has it */
function isMeant(word, there) {
  if (fold(there).includes(word)) return true;
  const enough = Math.max(Math.min(3, word.length), Math.ceil(word.length * 0.4));
  const pieces = [there, ...there.split(/[^\p{L}\p{N}]+/u)];
  return pieces.some((piece) => countCommon(word, fold(piece)) >= enough);
}

/** Whether each word of a text is among those that were found. Of Chinese, each sign: where its
 * words end, the index may see in another way.
 * @param {string} text @param {string[]} found */
export function isFound(text, found) {
  const all = found.join("");
  const words = text.split(/\s+/).map(fold).filter(Boolean);
  return !found.length || words.every((word) => {
    const signs = word.match(SIGNS) ?? [];
    const rest = word.replace(SIGNS, "");
    return signs.every((sign) => all.includes(sign)) && (!rest || found.some((there) => isMeant(rest, there)));
  });
}
