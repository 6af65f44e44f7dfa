// The page: the box, the conversation, and what is under way.

import { counted, el } from "./dom.js";
import { markdownOf } from "./exporting.js";
import { filtersInForce } from "./filters.js";
import { askForKey } from "./keys.js";
import { openFromAddress } from "./post.js";
import { asked, Failure, searched } from "./server.js";
import { TurnView } from "./turn.js";
import { announcementOf } from "./words.js";

const part = (name) => document.querySelector(name);
const [box, ask, search, composer] = ["#question", "#ask", "#search", "#composer"].map(part);
const [conversation, welcome] = ["#conversation", "#welcome"].map(part);
const MOST_BEFORE = 40;
let turns = [];
let running = null;

// Said once, by a screen reader; what streams in is never bound to it.
function announce(words) {
  part("#announcement").textContent = words;
}

// What was said before this turn, as the server takes it.
function historyBefore(turn) {
  const before = turns.slice(0, turns.indexOf(turn)).filter((one) => one.kind === "ask" && one.text);
  return before.slice(-MOST_BEFORE / 2).flatMap((one) => [
    { role: "user", content: one.question },
    { role: "assistant", content: one.text },
  ]);
}

function busy(controller) {
  running = controller;
  ask.textContent = controller ? "Stop" : "Ask";
  ask.classList.toggle("stop", controller !== null);
  // Not `disabled`: what is pressed by keyboard must not lose the focus.
  search.setAttribute("aria-disabled", String(controller !== null));
}

function take(view, { name, data }) {
  if (name === "retrieved") view.retrieved(data);
  if (name === "delta") view.grow(data);
  if (name === "answer") view.done(data);
}

async function answered(view, signal) {
  const { turn } = view;
  const filters = filtersInForce();
  const body = { question: turn.question, history: historyBefore(turn), ...(filters && { filters }) };
  for await (const event of asked(body, signal)) take(view, event);
  return announcementOf(turn.answer);
}

async function hitsFound(view, signal) {
  const filters = filtersInForce();
  const found = await searched({ query: view.turn.question, ...(filters && { filters }) }, signal);
  view.found(found);
  return found.hits.length ? `${counted(found.hits.length, "thread")} found` : "No post was found";
}

async function run(view) {
  const controller = new AbortController();
  const current = turns;
  busy(controller);
  announce("");
  view.begin();
  let said = "";
  try {
    said = await (view.turn.kind === "search" ? hitsFound : answered)(view, controller.signal);
  } catch (error) {
    if (turns !== current) return;
    said = failedWith(view, error);
  } finally {
    if (running === controller) busy(null);
  }
  if (turns === current) announce(said);
}

// What went wrong, shown in the turn; what is said of it.
function failedWith(view, error) {
  if (error.name === "AbortError") {
    view.stopped();
    return "Stopped";
  }
  if (!(error instanceof Failure)) {
    console.error(error);
    error = new Failure(0, "The page could not show the answer.", "Load it anew; the server may have been brought up to date.");
  }
  view.failed(error);
  if (error.status === 401) askForKey().then((given) => given && again(view));
  return `Failed: ${error.said}`;
}

function again(view) {
  if (running) return;
  ask.focus();
  run(view);
}

function begin(kind) {
  const question = box.value.trim();
  if (running || !question) {
    box.focus();
    return;
  }
  // Half a date is no date: it would be left out without a word.
  if (!composer.checkValidity()) {
    part("#filters").open = true;
    composer.reportValidity();
    return;
  }
  const view = new TurnView({ kind, question }, () => again(view));
  turns.push(view.turn);
  box.value = "";
  welcome.remove();
  part("#tools").hidden = false;
  conversation.append(view.element);
  view.element.scrollIntoView({ block: "start" });
  run(view);
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) running.abort();
  else begin("ask");
});
search.addEventListener("click", () => begin("search"));

box.addEventListener("keydown", (event) => {
  // Enter also ends the input of a character that is put together.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!running) begin("ask");
});

document.addEventListener("keydown", (event) => {
  if (part("dialog[open]")) return;
  const typing = event.target.matches?.("input, textarea, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    box.focus();
  }
  if (event.key === "Escape" && running) running.abort();
});

part("#new").addEventListener("click", () => {
  turns = [];
  running?.abort();
  busy(null);
  conversation.replaceChildren(welcome);
  part("#tools").hidden = true;
  announce("");
  box.focus();
});

part("#export").addEventListener("click", () => {
  const address = URL.createObjectURL(new Blob([markdownOf(turns)], { type: "text/markdown" }));
  el("a", { href: address, download: "conversation.md" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
});

addEventListener("hashchange", openFromAddress);
openFromAddress();
box.focus();
