// How an answer was made, as a list of facts.

import { counted, el } from "./dom.js";
import { seconds } from "./words.js";

export function madeOf(answer) {
  const times = answer.timings_ms;
  const rows = [
    ["Worded by", answer.generator === "extractive" ? "nobody: the posts are quoted" : answer.generator],
    ["Confidence", `${Math.round(100 * answer.confidence)} %`],
    ["Index", answer.provenance.generation],
    ["Embedder", answer.provenance.embedder],
    ["Time", `${seconds(times.total)} (posts found after ${seconds(times.retrieve)}, first words after ${seconds(times.first_token)})`],
    ["Left out", answer.left_out ? `${counted(answer.left_out, "sentence")} that nothing supports` : null],
    ["Tokens", answer.usage ? `${answer.usage.prompt_tokens} read, ${answer.usage.completion_tokens} written` : null],
  ].filter(([, value]) => value);
  return el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
