// One turn of the conversation: what was asked, what came of it, and what it rests on.

import { blockElements } from "./blocks.js";
import { button, counted, el } from "./dom.js";
import { textOf } from "./exporting.js";
import { hitList, nearestList, openCitation, sourceCards } from "./sources.js";
import { STATUS, seconds, statusOf } from "./words.js";

let number = 0;

export class TurnView {
  #blocks = [];

  // `retry` asks once more.
  constructor(turn, retry) {
    number += 1;
    this.turn = turn;
    this.retry = retry;
    this.understood = el("p", { class: "understood", dir: "auto", hidden: true });
    this.answer = el("div", { class: "answer", "aria-busy": "true" });
    this.after = el("div", { class: "after" });
    const kind = turn.kind === "search" ? el("span", { class: "kind" }, "Search: ") : null;
    const question = el("h2", { id: `question-${number}`, class: "question", dir: "auto" }, kind, turn.question);
    this.element = el("article", { class: `turn ${turn.kind}`, "aria-labelledby": question.id },
      question, this.understood, this.answer, this.after);
    this.begin();
  }

  // As before anything came, for another try.
  begin() {
    Object.assign(this.turn, { understood: "", text: "", answer: null, hits: null, stopped: false, failure: null });
    this.#blocks = [];
    this.understood.hidden = true;
    this.answer.replaceChildren();
    this.answer.setAttribute("aria-busy", "true");
    this.#say("wait", this.turn.kind === "search" ? "Searching the posts …" : "Looking in the posts …");
  }

  #say(kind, words) {
    this.after.replaceChildren(el("p", { class: `status ${kind}` }, words));
  }

  understoodAs(question) {
    this.turn.understood = question === this.turn.question ? "" : question;
    this.understood.textContent = `Understood as: ${question}`;
    this.understood.hidden = this.turn.understood === "";
  }

  // Posts were found; words are still to come.
  retrieved({ standalone_question: question }) {
    this.understoodAs(question);
    this.#say("wait", "Reading the posts …");
  }

  // The blocks from the `first` on are these, now.
  grow({ text, blocks_from: first, blocks }) {
    this.turn.text += text;
    this.#blocks.splice(first, Infinity, ...blocks);
    while (this.answer.childElementCount > first) this.answer.lastElementChild.remove();
    // What a number stands for is only known when the answer is whole.
    this.answer.append(...blockElements(blocks, (label) => el("span", { class: "marker" }, `[${label}]`)));
    this.#say("wait", "Writing …");
  }

  // The whole answer, checked.
  done(answer) {
    Object.assign(this.turn, { answer, text: answer.text });
    this.understoodAs(answer.standalone_question);
    const refused = answer.status === "refused";
    const nearest = refused && answer.nearest.length > 0;
    const blocks = [...answer.blocks];
    // The titles that a refusal ends with are buttons below.
    if (nearest && blocks.at(-1)?.type === "list") blocks.pop();
    const cited = new Map(answer.citations.map((citation) => [citation.label, citation]));
    this.answer.replaceChildren(...blockElements(blocks, (label) => markerOf(label, cited.get(label))));
    this.#settle(answer.status, [
      nearest ? nearestList(answer.nearest) : null,
      statusLine(answer.status, ...statusOf(answer)),
      answer.cut_off ? this.#broken("The answer ends early.", `${answer.cut_off.message}: ${answer.cut_off.hint}.`) : null,
      answer.citations.length ? sourcesOf(answer.citations) : null,
      this.#foot(answer),
    ]);
  }

  found({ hits, understood, query }) {
    this.turn.hits = hits;
    this.understoodAs(understood ?? query ?? this.turn.question);
    this.answer.replaceChildren(hits.length ? hitList(hits) : el("p", {}, "No post was found."));
    this.#settle("found", [hits.length ? el("p", { class: "status" }, `${counted(hits.length, "thread")}, the nearest first.`) : null]);
  }

  stopped() {
    this.turn.stopped = true;
    this.#settle("stopped", [statusLine("stopped", ...STATUS.stopped)]);
  }

  failed(failure) {
    this.turn.failure = failure;
    this.#settle("failed", [this.#broken(failure.said, failure.hint, failure.retryAfter)]);
  }

  // What went wrong, and a button that asks once more; it can be pressed after the seconds that the server wants.
  #broken(said, hint, wait = 0) {
    const again = button("Try again", { class: "retry" }, this.retry);
    countDown(again, wait);
    return el("div", { class: "failure" }, el("p", {}, el("strong", {}, said), " ", hint), again);
  }

  #settle(status, parts) {
    this.answer.setAttribute("aria-busy", "false");
    this.element.dataset.status = status;
    this.after.replaceChildren(...parts.filter(Boolean));
  }

  #foot(answer) {
    const made = el("details", { class: "made" }, el("summary", {}, "How this answer was made"), madeOf(answer));
    const copy = navigator.clipboard ? button("Copy answer", { class: "copy" }, () => this.#copy(copy)) : null;
    return el("div", { class: "foot" }, copy, made);
  }

  async #copy(pressed) {
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(textOf(this.turn));
    } catch {
      said = "The browser does not allow it";
    }
    pressed.textContent = said;
    setTimeout(() => { pressed.textContent = "Copy answer"; }, 2000);
  }
}

function markerOf(label, citation) {
  if (!citation?.post_id) return el("span", { class: "marker unsupported" }, `[${label}]`);
  const says = citation.status === "verified";
  const name = `Source ${label}${says ? "" : ", which does not say so"}: ${citation.title}`;
  return button(`[${label}]`, { class: says ? "marker" : "marker unsupported", "aria-label": name, "aria-haspopup": "dialog" },
    () => openCitation(citation));
}

function statusLine(status, name, meaning) {
  return el("p", { class: `status ${status}` }, el("strong", {}, `${name}:`), ` ${meaning}`);
}

function sourcesOf(citations) {
  return el("section", { class: "sources", "aria-label": "Sources" }, el("h3", {}, "Sources"), sourceCards(citations));
}

function madeOf(answer) {
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

function countDown(pressed, left) {
  pressed.disabled = left > 0;
  pressed.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
  if (left > 0) setTimeout(() => countDown(pressed, left - 1), 1000);
}
