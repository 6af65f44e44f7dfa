// The filters: which posts may be used.

import { el } from "./dom.js";

const part = (name) => document.querySelector(name);
const fields = ["#tags", "#source", "#since"];
const MOST_SUGGESTED = 50;
let known = [];

// The filters in force as the server reads them, or null.
export function filtersInForce() {
  const tags = part("#tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
  const source = part("#source").value.trim();
  const since = part("#since").value.trim();
  const unanswered = part("#unanswered").checked;
  if (!tags.length && !source && !since && !unanswered) return null;
  return { tags, sources: source ? [source] : [], since: since || null, unanswered };
}

// Filters in words, one a condition.
export function conditionsOf(filters) {
  return [
    ...filters.tags.map((tag) => `tag ${tag}`),
    ...filters.sources.map((source) => `file ${source}`),
    filters.since ? `since ${filters.since}` : "",
    filters.unanswered ? "no reply" : "",
  ].filter(Boolean);
}

// Folded, the filters say what they are: one that is forgotten looks like a forum without answers.
function say() {
  const inForce = filtersInForce();
  const conditions = inForce ? conditionsOf(inForce) : [];
  part("#filters-said").textContent = conditions.length ? ` (${conditions.length} in force)` : "";
  part("#chip").hidden = conditions.length === 0;
  part("#chip span").textContent = conditions.join(" · ");
}

export function fold() {
  part("#filters").open = false;
}

// Tags to suggest, the most frequent first.
export function suggest(tags) {
  known = tags;
  offer();
}

// The box takes several tags, a browser's suggestions replace all of it: each carries what stands before the last comma.
function offer() {
  const [, before, begun] = /^(.*,\s*)?(.*)$/s.exec(part("#tags").value);
  const taken = new Set((before ?? "").split(",").map((tag) => tag.trim().toLowerCase()));
  const fitting = known.filter((tag) => !taken.has(tag.toLowerCase()) && tag.toLowerCase().includes(begun.trim().toLowerCase()));
  part("#known-tags").replaceChildren(...fitting.slice(0, MOST_SUGGESTED).map((tag) => el("option", { value: `${before ?? ""}${tag}` })));
}

part("#filters").addEventListener("input", say);
part("#tags").addEventListener("input", offer);
part("#clear").addEventListener("click", () => {
  for (const name of fields) part(name).value = "";
  part("#unanswered").checked = false;
  say();
  offer();
  part("#question").focus();
});
say();
