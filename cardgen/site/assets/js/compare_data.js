// Cards' records side by side: what is equal, what differs, which is the better. Knows no page.
// @ts-check

/** A value with its origin, as `card.json` has it.
 * @typedef {{value: any, origin: string, others?: Fact[]}} Fact */
/** What a card has of one metric.
 * @typedef {{metric: string, direction: "max"|"min", kind: string, value: unknown, std?: unknown,
 *   seeds?: number, step?: number, epoch?: number, origin?: string, process?: boolean,
 *   judged?: boolean}} Measure */
/** @typedef {{metric: string, axis: string, run: string, name: string, xs: (number|null)[],
 *   ys: (number|null)[], best?: number}} Curve */
/** @typedef {{key: string, title: string, text: string}} Section */
/** The content of a card's `card.json`, as far as it is compared.
 * @typedef {{code: string, title: string, baseline: string, metric: string,
 *   direction: "max"|"min", sections: Section[], status: Fact|null, date: Fact|null,
 *   model: Fact|null, source: Fact|null, train: Fact[], predict: Fact[], data: Fact[],
 *   output: Fact[], environments: Fact[], params: Record<string, Fact>, measures: Measure[],
 *   curves: Curve[], repository: {url?: string, commit?: string, range?: string}}} Card */
/** One card's cell of a row: `text` in full, `title` says where it comes from.
 * @typedef {{text: string, title: string, value?: unknown, href?: string}} Cell */
/** A row of a table of cards: null where a card has nothing.
 * @typedef {{name: string, cells: (Cell|null)[], differs: boolean}} Row */

/** A name by which `eval/f1`, `eval_f1` and `eval.f1` are one. @param {string} name */
export const normalise = (name) => name.replace(/[/._\-: ]+/g, "/").toLowerCase();

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** @type {Record<string, number>} */
const ODD = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

/** The number that a value is or spells; null for anything else.
 * @param {unknown} value
 * @returns {number|null} */
export function asNumber(value) {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return null;
  const text = value.trim();
  if (text in ODD) return ODD[text];
  return NUMBER.test(text) ? Number(text) : null;
}

/** A finite number or null. @param {unknown} value @returns {number|null} */
export function asFinite(value) {
  const number = asNumber(value);
  return number !== null && Number.isFinite(number) ? number : null;
}

/** What is equal for equal values only: numbers by value, however they are written.
 * @param {unknown} value
 * @param {string} [code] the card's own code, which differs between any two cards */
export function valueKey(value, code = "") {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean" || /^(true|false)$/i.test(String(value))) return `truth ${value}`.toLowerCase();
  const number = asNumber(value);
  if (number !== null) return `number ${number}`;
  const text = sayValue(value).split(/\s+/).join(" ");
  return `text ${code ? withoutCode(text, code) : text}`;
}

/** A text in which a card's own code stands for itself, as a whole word.
 * @param {string} text
 * @param {string} code */
export function withoutCode(text, code) {
  const plain = code.replace(/[.]/g, "\\.");
  return text.replace(new RegExp(`(?<![A-Za-z0-9])${plain}(?![A-Za-z0-9])`, "g"), "\u{f8ff}");
}

/** A value in full. @param {unknown} value @returns {string} */
export function sayValue(value) {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value);
}

/** @param {Fact|null|undefined} fact @returns {Cell|null} */
function factCell(fact) {
  if (!fact) return null;
  const values = [fact, ...(fact.others ?? [])];
  return {
    text: values.map((one) => sayValue(one.value)).join(" · "),
    title: values.map((one) => one.origin).join(" · "),
    value: values.length === 1 ? fact.value : undefined,
  };
}

/** @param {string} name @param {(Cell|null)[]} cells @param {readonly Card[]} cards @returns {Row} */
function makeRow(name, cells, cards) {
  const keys = cells.map((cell, at) => (cell ? valueKey(cell.value ?? cell.text, cards[at].code) : ""));
  return { name, cells, differs: new Set(keys).size > 1 };
}

/** Rows by what they are called, whatever separators a tracker uses; named as the first has them.
 * @param {readonly Card[]} cards
 * @param {(card: Card) => [string, Cell|null][]} list */
function align(cards, list) {
  /** @type {Map<string, {name: string, cells: (Cell|null)[]}>} */
  const found = new Map();
  cards.forEach((card, at) => {
    for (const [name, cell] of list(card)) {
      const key = normalise(name);
      const row = found.get(key) ?? { name, cells: cards.map(() => null) };
      row.cells[at] ??= cell;
      found.set(key, row);
    }
  });
  return [...found.values()].map((row) => makeRow(row.name, row.cells, cards));
}

/** Parameters, those that all cards have in front of those that some lack.
 * @param {readonly Card[]} cards */
export function alignParams(cards) {
  const rows = align(cards, (card) => Object.entries(card.params).map(([name, fact]) => [name, factCell(fact)]));
  const lacking = (/** @type {Row} */ row) => Number(row.cells.includes(null));
  return rows.sort((a, b) => lacking(a) - lacking(b) || a.name.localeCompare(b.name));
}

/** Metrics with each card's measure; the declared one first.
 * @param {readonly Card[]} cards
 * @param {string} declared
 * @returns {{name: string, measures: (Measure|null)[], differs: boolean}[]} */
export function alignMeasures(cards, declared) {
  /** @type {Map<string, {name: string, measures: (Measure|null)[]}>} */
  const found = new Map();
  cards.forEach((card, at) => {
    for (const measure of card.measures) {
      const key = normalise(measure.metric);
      const row = found.get(key) ?? { name: measure.metric, measures: cards.map(() => null) };
      row.measures[at] ??= measure;
      found.set(key, row);
    }
  });
  const rows = [...found.entries()].map(([key, row]) => {
    const keys = row.measures.map((one) => (one ? valueKey(one.value) : ""));
    const process = row.measures.some((one) => one?.process);
    return { ...row, key, process, differs: new Set(keys).size > 1 };
  });
  const first = normalise(declared);
  return rows.sort((a, b) => Number(b.key === first) - Number(a.key === first) || Number(a.process) - Number(b.process));
}

/** @param {Record<string, unknown>} value @param {string[]} names */
const join = (value, names) =>
  names.map((name) => value[name]).filter((one) => typeof one === "string" && one).join(" ");

/** The name of a model or of data, with what tells versions of it apart.
 * @param {Record<string, string>} value */
function sayThing(value) {
  const name = value.name || value.path || value.url || value.digest || value.kind || "";
  const version = value.version || (value.digest && value.digest !== name ? value.digest.slice(0, 12) : "");
  return version ? `${name} @ ${version}` : name;
}

/** The starting model and the data, by what each is for.
 * @param {readonly Card[]} cards
 * @param {Record<string, string>} labels */
export function alignInputs(cards, labels) {
  return align(cards, (card) => {
    /** @type {Map<string, Cell>} */
    const found = new Map();
    const add = (/** @type {string} */ name, /** @type {Fact} */ fact) => {
      const text = sayThing(fact.value);
      const old = found.get(name);
      found.set(name, { text: old ? `${old.text}, ${text}` : text, title: fact.origin });
    };
    if (card.model) add(labels.model_start, card.model);
    for (const fact of card.data) {
      const context = fact.value.context ?? "";
      add(`${labels.data}${context ? ` · ${labels[`data_${context}`] ?? context}` : ""}`, fact);
    }
    return [...found.entries()];
  });
}

/** Repository, branch, commit and entry point; a commit is cut as git cuts it.
 * @param {readonly Card[]} cards
 * @param {Record<string, string>} labels */
export function alignSource(cards, labels) {
  return align(cards, (card) => {
    const source = card.source?.value ?? {};
    const title = card.source?.origin ?? "";
    /** @type {[string, Cell|null][]} */
    const rows = [];
    for (const name of ["repository", "branch", "commit", "entrypoint"]) {
      const text = source[name];
      if (!text) continue;
      const isCommit = name === "commit";
      const href = isCommit ? commitLink(card, text) : "";
      rows.push([labels[`source_${name}`], { text: isCommit ? text.slice(0, 10) : text, value: text, title: isCommit ? `${text} · ${title}` : title, href }]);
    }
    if (typeof source.dirty === "boolean") {
      rows.push([labels.source_dirty, { text: source.dirty ? labels.dirty_yes : labels.dirty_no, title }]);
    }
    return rows;
  });
}

const COMMIT = /^[0-9a-f]{7,64}$/;

/** @param {Card} card @param {string} commit */
function commitLink(card, commit) {
  const { url = "", commit: path = "" } = card.repository;
  return isWeb(url) && COMMIT.test(commit) ? url + path.replace("{0}", commit) : "";
}

/** The page of the commits between two cards; empty where no host has one.
 * @param {Card} base
 * @param {Card} card */
export function rangeLink(base, card) {
  const { url = "", range = "" } = card.repository;
  const [from, to] = [base, card].map((one) => one.source?.value.commit ?? "");
  if (!isWeb(url) || !range || base.repository.url !== url || from === to) return "";
  if (!COMMIT.test(from) || !COMMIT.test(to)) return "";
  return url + range.replace("{0}", from).replace("{1}", to);
}

const isWeb = (/** @type {string} */ url) => /^https?:\/\//.test(url);

/** What it ran on, then its packages.
 * @param {readonly Card[]} cards
 * @param {Record<string, string>} labels
 * @returns {{machine: Row[], packages: Row[]}} */
export function alignEnvironments(cards, labels) {
  const machine = align(cards, (card) => {
    const fact = card.environments[0];
    const names = ["python", "os", "host", "accelerator", "seed"].filter((name) => fact?.value[name] !== undefined);
    return names.map((name) => [
      labels[`environment_${name}`],
      { text: sayValue(fact.value[name]), value: fact.value[name], title: fact.origin },
    ]);
  });
  const packages = align(cards, (card) => {
    const fact = card.environments[0];
    const all = Object.entries(fact?.value.packages ?? {});
    return all.map(([name, version]) => [name, { text: sayValue(version), title: fact.origin }]);
  });
  packages.sort((a, b) => a.name.localeCompare(b.name));
  return { machine, packages };
}

/** Whether the command lines of two cards differ in more than the cards' codes.
 * @param {Fact[]} a @param {string} codeA @param {Fact[]} b @param {string} codeB */
export function differInCommands(a, codeA, b, codeB) {
  const key = (/** @type {Fact[]} */ facts, /** @type {string} */ code) =>
    facts.map((fact) => withoutCode(sayValue(fact.value).split(/\s+/).join(" "), code)).join("\n");
  return key(a, codeA) !== key(b, codeB);
}

/** Whether `value` is better than `other`: 1, -1, or 0 where they are equal or cannot be told.
 * @param {Measure|null} measure
 * @param {Measure|null} base */
export function judge(measure, base) {
  const [own, other] = [asNumber(measure?.value), asNumber(base?.value)];
  if (!measure?.judged || own === null || other === null || isEqual(own, other)) return 0;
  if (Number.isNaN(own) || Number.isNaN(other)) return 0;
  return own > other === (measure.direction === "max") ? 1 : -1;
}

/** What floating point adds to equal shares is no difference. @param {number} a @param {number} b */
export const isEqual = (a, b) =>
  a === b || Math.abs(a - b) <= Math.max(1e-12 * Math.max(Math.abs(a), Math.abs(b)), 1e-15);

/** The card that the others are compared with: the one that most of them name, else the first.
 * @param {readonly Card[]} cards
 * @param {string} wanted */
export function findBaseline(cards, wanted) {
  const named = (/** @type {Card} */ card) => cards.filter((one) => one.baseline === card.code).length;
  const given = cards.find((card) => card.code === wanted);
  return given ?? [...cards].sort((a, b) => named(b) - named(a))[0];
}
