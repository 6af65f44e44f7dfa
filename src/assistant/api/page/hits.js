// What a search found, best first: each excerpt ends at a word, with the words of the query marked.

import { button, el, original } from "./dom.js";
import { openPost } from "./post.js";
import { factsOf, titleOf } from "./words.js";

const LONGEST = 400;
const WORD = /[\p{L}\p{N}\p{M}_]+/gu;
// Words that are in every post would mark half of it.
const COMMON = new Set(("a an and are as at be but by can do does for from had has have how i if in into is it its my no not of on or "
  + "so that the their then there they this to was we what when where which who why will with you your").split(" "));

// The beginning of a text on one line, to the end of a word.
export function excerptOf(text) {
  const characters = [...text.replace(/\s+/g, " ").trim()];
  if (characters.length <= LONGEST) return characters.join("");
  const begun = characters.slice(0, LONGEST).join("");
  const whole = characters[LONGEST] === " " ? begun : begun.replace(/\s\S*$/, "");
  return `${whole.replace(/[\s,;:–—-]+$/, "")} …`;
}

// The text as nodes, in which whole words that the query has too stand in a <mark>.
export function withMarks(text, query) {
  const wanted = new Set((query.toLowerCase().match(WORD) ?? []).filter((word) => !COMMON.has(word)));
  const nodes = [];
  let done = 0;
  for (const found of text.matchAll(WORD)) {
    if (!wanted.has(found[0].toLowerCase())) continue;
    nodes.push(text.slice(done, found.index), el("mark", {}, found[0]));
    done = found.index + found[0].length;
  }
  return [...nodes, text.slice(done)].filter((node) => node !== "");
}

export function hitList(hits, query) {
  const items = hits.map((hit) => {
    const open = () => openPost(hit.post_id, { start: hit.start, end: hit.end, quote: hit.text, title: hit.title });
    const title = button(titleOf(hit), { class: "thread", dir: "auto", "aria-haspopup": "dialog" }, open);
    const words = el("p", { class: "match", dir: "auto" }, ...withMarks(excerptOf(hit.text), query));
    return el("li", { class: "card" }, title, el("p", { class: "facts" }, factsOf(hit)), words, original(hit.url));
  });
  return el("ol", { class: "cards hits" }, ...items);
}
