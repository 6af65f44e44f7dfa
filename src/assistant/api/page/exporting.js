// The conversation, or one answer, as Markdown with its sources by number.

import { webAddress } from "./dom.js";
import { NO_POST, NOT_SAID, statusOf, titleOf } from "./words.js";

// Words of a post or a person on one line, with nothing in them that Markdown would act on.
function inert(text) {
  return text.replace(/\s+/g, " ").trim().replace(/[\\`*_[\]<>&!|#~]/g, "\\$&");
}

function sourceLines(citation) {
  if (!citation.post_id) return [`${citation.label}. ${NO_POST}`];
  const url = webAddress(citation.url);
  const place = [inert(titleOf(citation)), citation.post_id, url ? `<${url.href}>` : ""].filter(Boolean).join(", ");
  const doubt = citation.status === "verified" ? "" : ` (${NOT_SAID})`;
  return [`${citation.label}. ${place}${doubt}`, `   > ${inert(citation.quote)}`];
}

// The answer of a turn with its sources.
export function textOf(turn) {
  const lines = turn.text ? [turn.text.trim()] : [];
  if (turn.stopped) lines.push("", "(stopped)");
  if (turn.failure) lines.push("", `(${inert(turn.failure.said)})`);
  if (turn.answer?.citations.length) lines.push("", "Sources:", "", ...turn.answer.citations.flatMap(sourceLines));
  return lines.join("\n").trim();
}

function hitLines(hits) {
  return hits.map((hit) => {
    const url = webAddress(hit.url);
    return `${hit.rank}. ${[inert(titleOf(hit)), hit.post_id, url ? `<${url.href}>` : ""].filter(Boolean).join(", ")}`;
  });
}

// All turns as one Markdown document.
export function markdownOf(turns) {
  const parts = turns.map((turn) => {
    const head = turn.kind === "search" ? `## Search: ${inert(turn.question)}` : `## ${inert(turn.question)}`;
    const understood = turn.understood ? `_Understood as: ${inert(turn.understood)}_` : "";
    const status = turn.answer ? `_${statusOf(turn.answer)[0]}_` : "";
    const body = turn.hits ? hitLines(turn.hits).join("\n") || "No post was found." : textOf(turn);
    return [head, understood, body, status].filter(Boolean).join("\n\n");
  });
  return `${["# Questions to the forum", ...parts].join("\n\n")}\n`;
}
