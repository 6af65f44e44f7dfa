// One turn of the conversation: what was asked, what came of it, and what it rests on.

import { blockElements } from "./blocks.js";
import { button, counted, el } from "./dom.js";
import { textOf } from "./exporting.js";
import { conditionsOf } from "./filters.js";
import { hitList } from "./hits.js";
import { madeOf } from "./made.js";
import { questionOf } from "./question.js";
import { nearestList, openCitation, sourceCards } from "./sources.js";
import { NOT_SAID, STATUS, statusOf } from "./words.js";

export class TurnView {
  #blocks = [];

  // `acts` are what buttons of the turn do: `retry` asks once more, `alone` without what was said before, `unfiltered` without
  // filters.
  constructor(turn, acts) {
    this.turn = turn;
    this.acts = acts;
    this.understood = el("p", { class: "understood", dir: "auto", hidden: true });
    this.asWritten = button("Ask as written", { class: "alone", hidden: true }, acts.alone);
    this.answer = el("div", { class: "answer", "aria-busy": "true" });
    this.after = el("div", { class: "after" });
    const { title, expand } = questionOf(turn);
    this.element = el("article", { class: `turn ${turn.kind}`, "aria-labelledby": title.id },
      title, expand, el("div", { class: "understanding" }, this.understood, this.asWritten), this.answer, this.after);
  }

  // A turn that was kept, as it was when it ended.
  static of(turn, acts) {
    const view = new TurnView(turn, acts);
    view.understoodAs(turn.understood || turn.question);
    if (turn.answer) view.done(turn.answer);
    else if (turn.hits) view.found({ hits: turn.hits, understood: turn.understood || turn.question });
    else {
      view.answer.replaceChildren(...blockElements(turn.blocks ?? [], unopened));
      if (turn.failure) view.failed({ ...turn.failure, retryAfter: 0 });
      else view.stopped();
    }
    return view;
  }

  // As before anything came, for another try.
  begin() {
    this.#blocks = [];
    Object.assign(this.turn, {
      understood: "", text: "", blocks: this.#blocks, answer: null, hits: null, stopped: false, failure: null,
    });
    this.understood.hidden = this.asWritten.hidden = true;
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
    // Spelling is mended whatever was said before; only what came from there can be left out.
    this.asWritten.hidden = this.understood.hidden || !this.turn.follows;
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
    this.answer.append(...blockElements(blocks, unopened));
    this.#say("wait", "Writing …");
  }

  // The whole answer, checked.
  done(answer) {
    Object.assign(this.turn, { answer, text: answer.text, blocks: [] });
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
      // The answer says itself what is missing; it need not be told twice.
      refused ? statusLine("refused", STATUS.refused[0], "") : statusLine(answer.status, ...statusOf(answer)),
      refused && this.turn.filters ? this.#filtered("Only posts that pass the filters were looked at") : null,
      answer.cut_off ? this.#broken("The answer ends early.", `${answer.cut_off.message}: ${answer.cut_off.hint}.`) : null,
      answer.citations.length ? sourcesOf(answer.citations) : null,
      this.#foot(answer),
    ]);
  }

  found({ hits, understood, query }) {
    this.turn.hits = hits;
    this.understoodAs(understood ?? query ?? this.turn.question);
    const words = `${this.turn.question} ${this.turn.understood}`;
    this.answer.replaceChildren(hits.length ? hitList(hits, words) : el("p", {}, "No post was found."));
    this.#settle("found", [
      hits.length ? el("p", { class: "status" }, `${counted(hits.length, "thread")}, the nearest first.`) : null,
      !hits.length && this.turn.filters ? this.#filtered("Only posts that pass the filters were searched") : null,
    ]);
  }

  stopped() {
    this.turn.stopped = true;
    const [name, meaning] = STATUS.stopped;
    const nothing = !this.turn.text;
    this.#settle("stopped", [
      statusLine("stopped", name, nothing ? "nothing had come yet." : meaning),
      nothing ? button("Ask again", { class: "retry" }, this.acts.retry) : null,
    ]);
  }

  // Less may have passed than the question needs.
  #filtered(said) {
    const open = button("Ask without filters", { class: "retry" }, this.acts.unfiltered);
    return el("div", { class: "filtered" }, el("p", { dir: "auto" }, `${said}: ${conditionsOf(this.turn.filters).join(" · ")}.`), open);
  }

  failed(failure) {
    const { said, hint } = failure;
    this.turn.failure = { said, hint };
    this.#settle("failed", [this.#broken(failure.said, failure.hint, failure.retryAfter)]);
  }

  // What went wrong, and a button that asks once more; it can be pressed after the seconds that the server wants.
  #broken(said, hint, wait = 0) {
    const again = button("Try again", { class: "retry" }, this.acts.retry);
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
    // What unfolds must not do so behind the box.
    made.addEventListener("toggle", () => made.open && made.scrollIntoView({ block: "nearest" }));
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

// What a number stands for is only known when the answer is whole.
function unopened(label) {
  return el("span", { class: "marker" }, `[${label}]`);
}

function markerOf(label, citation) {
  if (!citation?.post_id) return el("span", { class: "marker unsupported" }, `[${label}]`);
  const says = citation.status === "verified";
  const name = `Source ${label}${says ? "" : `, which ${NOT_SAID}`}: ${citation.title}`;
  return button(`[${label}]`, { class: says ? "marker" : "marker unsupported", "aria-label": name, "aria-haspopup": "dialog" },
    () => openCitation(citation));
}

function statusLine(status, name, meaning) {
  return el("p", { class: `status ${status}` }, el("strong", {}, meaning ? `${name}:` : name), meaning && ` ${meaning}`);
}

function sourcesOf(citations) {
  return el("section", { class: "sources", "aria-label": "Sources" }, el("h3", {}, "Sources"), sourceCards(citations));
}

function countDown(pressed, left) {
  pressed.disabled = left > 0;
  pressed.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
  if (left > 0) setTimeout(() => countDown(pressed, left - 1), 1000);
}
