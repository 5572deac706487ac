// A view in the page's address, so that it can be sent to somebody.
// @ts-check

import { FACETS } from "./table_data.js";
import { emptyState } from "./table_model.js";

/** @typedef {import("./table_model.js").State} State */

const OWN = ["words", "sort", "columns", ...FACETS];

/** @param {string} search the address from its question mark on
 * @returns {State} */
export function readState(search) {
  const params = new URLSearchParams(search);
  const state = emptyState();
  state.words = params.get("words") ?? "";
  state.sort = params.get("sort") ?? "";
  for (const facet of FACETS) {
    const chosen = params.getAll(facet).filter(Boolean);
    if (chosen.length) state.chosen[facet] = [...new Set(chosen)];
  }
  const columns = params.get("columns");
  if (columns !== null) state.columns = columns.split(",").filter(Boolean);
  return state;
}

/** The address's part for a view; what is not the table's own stays.
 * @param {State} state
 * @param {string} search
 * @returns {string} */
export function formatState(state, search) {
  const params = new URLSearchParams(search);
  for (const name of OWN) params.delete(name);
  if (state.words.trim()) params.set("words", state.words.trim());
  for (const facet of FACETS) for (const value of state.chosen[facet] ?? []) params.append(facet, value);
  if (state.sort) params.set("sort", state.sort);
  if (state.columns) params.set("columns", state.columns.join(","));
  const text = params.toString().replace(/%2C/g, ",").replace(/%2F/g, "/");
  return text ? `?${text}` : "";
}
