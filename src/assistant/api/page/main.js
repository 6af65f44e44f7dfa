// The page: the box, the conversation, and what is under way.

import { tellAbout } from "./about.js";
import { counted, el } from "./dom.js";
import { markdownOf } from "./exporting.js";
import { filtersInForce, fold } from "./filters.js";
import { forget, keep, kept } from "./keeping.js";
import { askForKey } from "./keys.js";
import { measure } from "./measuring.js";
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
const views = new WeakMap();

// Said once, by a screen reader; what streams in is never bound to it.
function announce(words) {
  part("#announcement").textContent = words;
}

// What was said before this turn, as the server takes it.
function historyBefore(turn) {
  if (turn.alone) return [];
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
  const { question, filters } = turn;
  const history = historyBefore(turn);
  turn.follows = history.length > 0;
  const body = { question, history, ...(filters && { filters }) };
  for await (const event of asked(body, signal)) take(view, event);
  return announcementOf(turn.answer);
}

async function hitsFound(view, signal) {
  const { question, filters } = view.turn;
  const found = await searched({ query: question, ...(filters && { filters }) }, signal);
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
  if (turns !== current) return;
  keep(turns);
  announce(said);
}

// What went wrong, shown in the turn; what is said of it.
function failedWith(view, error) {
  if (error.name === "AbortError") {
    const nothing = !view.turn.text;
    if (nothing && !box.value) {
      box.value = view.turn.question;
      measure();
    }
    view.stopped();
    return nothing ? "Stopped before anything came" : "Stopped";
  }
  if (!(error instanceof Failure)) {
    console.error(error);
    error = new Failure(0, "The page could not show the answer.", "Load it anew; the server may have been brought up to date.");
  }
  view.failed(error);
  if (error.status === 401) askForKey().then((given) => given && withKey(view));
  return `Failed: ${error.said}`;
}

function withKey(view) {
  tellAbout(searchFor);
  again(view);
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
  box.value = "";
  measure();
  fold();
  put({ kind, question, filters: filtersInForce() });
}

// What the buttons of a turn do.
function actsOf(turn) {
  const once = (changed) => () => running || put({ kind: turn.kind, question: turn.question, filters: turn.filters, ...changed });
  return {
    retry: () => again(views.get(turn)),
    alone: once({ alone: true }),
    unfiltered: once({ alone: turn.alone, filters: null }),
  };
}

function show(turn, view) {
  views.set(turn, view);
  turns.push(turn);
  welcome.remove();
  part("#tools").hidden = false;
  conversation.append(view.element);
}

// Begins a turn.
function put(turn) {
  const view = new TurnView(turn, actsOf(turn));
  show(turn, view);
  view.element.scrollIntoView({ block: "start" });
  run(view);
}

function searchFor(words) {
  if (running) return;
  put({ kind: "search", question: words, filters: filtersInForce() });
  box.focus();
}

// A reload of the page leaves the conversation as it was.
function restore() {
  try {
    for (const turn of kept()) show(turn, TurnView.of(turn, actsOf(turn)));
  } catch (error) {
    // Kept by another version of this page.
    console.error(error);
    beginAnew();
  }
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

function beginAnew() {
  turns = [];
  forget();
  running?.abort();
  busy(null);
  conversation.replaceChildren(welcome);
  part("#tools").hidden = true;
  announce("");
  box.focus();
}
part("#new").addEventListener("click", beginAnew);
addEventListener("pagehide", () => keep(turns));

part("#export").addEventListener("click", () => {
  const address = URL.createObjectURL(new Blob([markdownOf(turns)], { type: "text/markdown" }));
  el("a", { href: address, download: "conversation.md" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
});

restore();
openFromAddress();
tellAbout(searchFor);
if (!part("dialog[open]")) box.focus({ preventScroll: true });
