// The question as the heading of its turn; a long one is folded, and can be unfolded.

import { button, el } from "./dom.js";

const LONG = 280;
const LINES = 4;
let number = 0;

// The heading, and the button that unfolds it or null.
export function questionOf({ kind, question }) {
  number += 1;
  const long = question.length > LONG || question.split("\n").length > LINES;
  const said = kind === "search" ? el("span", { class: "kind" }, "Search: ") : null;
  const title = el("h2", { id: `question-${number}`, class: long ? "question long" : "question", dir: "auto" }, said, question);
  if (!long) return { title, expand: null };
  const expand = button("Show the whole question", { class: "expand" }, () => {
    const folded = title.classList.toggle("long");
    expand.textContent = folded ? "Show the whole question" : "Show less of it";
  });
  return { title, expand };
}
