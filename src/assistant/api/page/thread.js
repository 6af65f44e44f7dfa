// The other posts of the thread, above and below the one that is open: a correction that follows is part of what was said.

import { el, original } from "./dom.js";
import { threadOf } from "./server.js";
import { factsOf } from "./words.js";

const dialog = document.querySelector("#post");
const part = (name) => dialog.querySelector(name);
const cited = part(".cited");
let articles = [];
let place = 0;

export function clearThread() {
  articles = [];
  part(".before").replaceChildren();
  part(".following").replaceChildren();
  part(".along").hidden = true;
  cited.removeAttribute("aria-label");
}

// Loads the thread of `post`, which is open, and shows the rest of it as long as `current()`.
export async function showThread(post, current) {
  if (!post.thread_id) return;
  let posts;
  try {
    posts = await threadOf(post.thread_id);
  } catch {
    if (current()) part(".following").replaceChildren(el("p", { class: "small" }, "The rest of the thread could not be loaded."));
    return;
  }
  const at = posts.findIndex((one) => one.post_id === post.post_id);
  if (!current() || at < 0 || posts.length === 1) return;
  const [before, following] = [posts.slice(0, at), posts.slice(at + 1)].map((some) => some.map(other));
  held(() => {
    part(".before").replaceChildren(...before);
    part(".following").replaceChildren(...following);
  });
  articles = [...before, cited, ...following];
  articles.forEach((article, number) => {
    const facts = article.querySelector("h3, .facts").textContent;
    article.setAttribute("aria-label", `Post ${number + 1} of ${posts.length}: ${facts}`);
  });
  part(".along").hidden = false;
  stand(at);
}

function other(post) {
  return el("article", { class: post.accepted ? "other accepted" : "other", tabindex: -1 },
    el("h3", {}, factsOf(post)), el("div", { class: "words", dir: "auto" }, post.body), original(post.url));
}

// What comes in above must not move what is being read.
function held(change) {
  const top = cited.getBoundingClientRect().top;
  change();
  part(".scroll").scrollTop += cited.getBoundingClientRect().top - top;
}

function stand(at) {
  place = at;
  part(".where").textContent = `Post ${at + 1} of ${articles.length}`;
  part(".previous").setAttribute("aria-disabled", String(at === 0));
  part(".next").setAttribute("aria-disabled", String(at === articles.length - 1));
}

function move(step) {
  const article = articles[place + step];
  if (!article) return;
  stand(place + step);
  article.scrollIntoView({ block: "start" });
  article.focus({ preventScroll: true });
}

part(".previous").addEventListener("click", () => move(-1));
part(".next").addEventListener("click", () => move(1));
dialog.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const step = { ArrowLeft: -1, k: -1, ArrowRight: 1, j: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(step);
});
