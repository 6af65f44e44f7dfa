// What there is to ask about, on the page before the first question: how much, how fresh, which topics.

import { button, counted, el } from "./dom.js";
import { suggest } from "./filters.js";
import { about } from "./server.js";

const TOPICS = 8;
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]];
// Found once: the welcome goes with the first question, and may come back.
const [amount, topics] = ["#amount", "#topics"].map((name) => document.querySelector(name));

// How long ago a time was, in words.
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  const [unit, length] = UNITS.find(([, least]) => seconds >= least) ?? ["minute", 60];
  return seconds < 60 ? "just now" : counted(Math.floor(seconds / length), unit) + " ago";
}

// Fills the welcome, if the server says; `search` is called with a topic that was pressed.
export async function tellAbout(search) {
  let facts;
  try {
    facts = await about();
  } catch {
    // Without a key, or without an index: the first question says so.
    return;
  }
  const number = new Intl.NumberFormat("en");
  const [posts, threads] = [[facts.posts, "post"], [facts.threads, "thread"]]
    .map(([many, noun]) => counted(many, noun).replace(String(many), number.format(many)));
  const words = facts.generator === "extractive" ? "Answers quote them word for word." : `Answers are worded by ${facts.generator}.`;
  amount.replaceChildren(el("strong", {}, `${posts} in ${threads}`), `, indexed ${ago(facts.built)}. ${words}`);
  amount.title = `Index finished ${facts.built.replace("T", " ").replace("Z", " UTC")}`;
  const pressed = facts.tags.slice(0, TOPICS).map((tag) => el("li", {}, button(tag, { dir: "auto" }, () => search(tag))));
  topics.hidden = pressed.length === 0;
  topics.querySelector("ul").replaceChildren(...pressed);
  suggest(facts.tags);
}
