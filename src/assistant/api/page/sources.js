// The sources of an answer as cards, one a post, with each quotation under its number; and threads to look at.

import { button, el, original } from "./dom.js";
import { openPost } from "./post.js";
import { NO_POST, NOT_SAID, factsOf, titleOf } from "./words.js";

const LONGEST = 400;

export function openCitation(citation) {
  openPost(citation.post_id, citation);
}

function shortened(text) {
  const characters = [...text.replace(/\s+/g, " ").trim()];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST).join("").replace(/\s\S*$/, "")} …` : characters.join("");
}

export function sourceCards(citations) {
  const byPost = Map.groupBy
    ? Map.groupBy(citations, (citation) => citation.post_id ?? "")
    : citations.reduce((all, one) => all.set(one.post_id ?? "", [...(all.get(one.post_id ?? "") ?? []), one]), new Map());
  const cards = [...byPost].map(([id, cited]) => (id ? card(cited) : danglingCard(cited)));
  return el("ol", { class: "cards" }, ...cards);
}

function card(cited) {
  const facts = el("p", { class: "facts" }, factsOf(cited[0]));
  const title = el("h4", { dir: "auto" }, titleOf(cited[0]));
  return el("li", { class: "card" }, title, facts, el("ul", {}, ...cited.map(quotation)), original(cited[0].url));
}

function quotation(citation) {
  const says = citation.status === "verified";
  const name = `Source ${citation.label}: open the post at these words`;
  const number = button(`[${citation.label}]`, { class: "marker", "aria-label": name, "aria-haspopup": "dialog" },
    () => openCitation(citation));
  const doubt = says ? null : el("span", { class: "doubt" }, NOT_SAID);
  return el("li", { class: says ? null : "unsupported" }, number, " ", el("q", { dir: "auto" }, shortened(citation.quote)), " ", doubt);
}

function danglingCard(cited) {
  const numbers = cited.map((citation) => `[${citation.label}]`).join(" ");
  return el("li", { class: "card" }, el("p", {}, `${numbers} `, el("span", { class: "doubt" }, NO_POST)));
}

// Threads to look at, as buttons.
export function nearestList(nearest) {
  const items = nearest.map((near) => el("li", {},
    button(titleOf(near), { class: "thread", dir: "auto", "aria-haspopup": "dialog" }, () => openPost(near.post_id, { title: near.title }))));
  return el("ul", { class: "nearest" }, ...items);
}
