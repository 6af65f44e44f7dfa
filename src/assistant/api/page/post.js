// The dialog that shows one post whole, with the words that were quoted marked, in the midst of its thread.

import { el, original } from "./dom.js";
import { askForKey } from "./keys.js";
import { enter, leave, whenMoved } from "./places.js";
import { postOf } from "./server.js";
import { clearThread, showThread } from "./thread.js";
import { factsOf, titleOf } from "./words.js";

const dialog = document.querySelector("#post");
const part = (name) => dialog.querySelector(name);
let shown = 0;

// Opens the post; [start, end) are code points of its body, `quote` is what stood there when it was quoted.
export async function openPost(id, { start = 0, end = 0, quote = null, title = "" } = {}, { addressed = false } = {}) {
  const turn = ++shown;
  fill({ title: title || "A post" }, [el("p", {}, "Loading …")]);
  if (!dialog.open) dialog.showModal();
  part(".scroll").focus();
  if (!addressed) enter(addressOf(id, start, end));
  const current = () => turn === shown;
  try {
    const post = await postOf(id);
    if (!current()) return;
    show(post, start, end, quote);
    await showThread(post, current);
  } catch (failure) {
    if (!current()) return;
    fill({ title: title || "A post" }, [el("p", {}, `${failure.said ?? failure} ${failure.hint ?? ""}`)]);
    if (failure.status === 401 && await askForKey()) await openPost(id, { start, end, quote, title }, { addressed: true });
  }
}

function show(post, start, end, quote) {
  const characters = [...post.body];
  const words = characters.slice(start, end).join("");
  const changed = quote !== null && words !== quote;
  const mark = words && !changed ? el("mark", {}, words) : null;
  const body = mark
    ? [characters.slice(0, start).join(""), mark, characters.slice(end).join("")]
    : [post.body];
  fill(post, body, changed ? "This post has changed since it was quoted." : "");
  mark?.scrollIntoView({ block: "center" });
}

function fill(post, body, notice = "") {
  clearThread();
  part("h2").textContent = titleOf(post);
  part(".facts").textContent = [factsOf(post), (post.tags ?? []).join(", ")].filter(Boolean).join(" · ");
  part(".cited").classList.toggle("accepted", post.accepted === true);
  part(".notice").textContent = notice;
  part(".notice").hidden = notice === "";
  part(".body").replaceChildren(...body);
  part(".out").replaceChildren(...[original(post.url)].filter(Boolean));
  part(".scroll").scrollTop = 0;
}

// An address that opens this post: what follows the # is not sent to the server.
function addressOf(id, start, end) {
  const place = new URLSearchParams({ post: id });
  if (end > start) {
    place.set("start", start);
    place.set("end", end);
  }
  return `#${place}`;
}

// Opens the post that the page's address names; closes the one that is open where it names none.
export function openFromAddress() {
  const place = new URLSearchParams(location.hash.slice(1));
  const id = place.get("post");
  if (!id) {
    if (dialog.open) dialog.close();
    return;
  }
  const [start, end] = ["start", "end"].map((name) => Number.parseInt(place.get(name) ?? "0", 10) || 0);
  openPost(id, start >= 0 && end > start ? { start, end } : {}, { addressed: true });
}

whenMoved(openFromAddress);
dialog.addEventListener("close", () => {
  // The event comes a moment after the closing: by then an address may have opened another post.
  if (dialog.open) return;
  shown += 1;
  leave();
});
dialog.querySelector(".close").addEventListener("click", () => dialog.close());
// A press beside the post closes it.
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
