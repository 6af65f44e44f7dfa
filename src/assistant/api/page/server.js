// What the page asks of its own server, and what went wrong with that, in words.

import { eventsOf } from "./sse.js";

const KEY = "assistant.key";

// A request that failed: `said` is what happened, `hint` what to do about it; status 0 is a server that was not reached.
export class Failure extends Error {
  constructor(status, said, hint = "", retryAfter = 0) {
    super(said);
    Object.assign(this, { status, said, hint, retryAfter });
  }
}

export const key = {
  known: () => sessionStorage.getItem(KEY) !== null,
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

const NOT_REACHED = () => new Failure(0, "The server was not reached.", "Is it still running, and are you still connected?");
const BROKEN_OFF = () => new Failure(0, "The connection broke off before the answer was whole.", "Ask again.");

async function fetched(path, options, signal) {
  const headers = { ...options.headers };
  const value = sessionStorage.getItem(KEY);
  if (value !== null) headers.Authorization = `Bearer ${value}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers, signal, credentials: "omit", cache: "no-store", redirect: "error" });
  } catch (error) {
    throw error.name === "AbortError" ? error : NOT_REACHED();
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

// What a person before the page can do, where the server speaks to programs.
const TO_DO = {
  401: "Give a key, and ask again.",
  404: "The link may be old, or the post was taken out since; a search for its words shows whether it is still there.",
  429: "Wait a little: the button says when.",
};

async function failureOf(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Not from our server, perhaps from a proxy before it: the status says what there is to say.
  }
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return failure({ ...problem, status: response.status }, Number.isFinite(wait) ? wait : 0);
}

// A problem document as a failure.
export function failure(problem, retryAfter = 0) {
  const said = problem.detail || problem.title || `The server answered with status ${problem.status}.`;
  return new Failure(problem.status ?? 500, sentence(said), TO_DO[problem.status] ?? sentence(problem.hint ?? ""), retryAfter);
}

function sentence(words) {
  if (!words) return "";
  const first = words[0].toUpperCase() + words.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

const asJson = (body) => ({ method: "POST", body: JSON.stringify(body) });

// The events {name, data} of an answer, the last of which is `answer`; `data` is parsed.
export async function* asked(body, signal) {
  const headers = { "Content-Type": "application/json", Accept: "text/event-stream" };
  const response = await fetched("/ask", { ...asJson({ ...body, blocks: true }), headers }, signal);
  try {
    for await (const { name, data } of eventsOf(response)) {
      const said = JSON.parse(data);
      if (name === "error") throw failure(said);
      yield { name, data: said };
      if (name === "answer") return;
    }
  } catch (error) {
    if (error.name === "AbortError" || error instanceof Failure) throw error;
    throw BROKEN_OFF();
  }
  throw BROKEN_OFF();
}

export async function searched(body, signal) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  return (await fetched("/search", { ...asJson(body), headers }, signal)).json();
}

const AS_JSON = { headers: { Accept: "application/json" } };

// How much there is to ask about, and how fresh it is.
export async function about() {
  return (await fetched("/about", AS_JSON)).json();
}

const posts = new Map();

// The address of what has an id. One that a browser would take for a step up leads nowhere.
function placeOf(kind, id) {
  return `/${kind}/${/^\.{1,2}$/.test(id) ? "%25" : ""}${encodeURIComponent(id)}`;
}

// A post by its id; each is fetched once.
export function postOf(id) {
  if (!posts.has(id)) {
    const found = fetched(placeOf("posts", id), AS_JSON)
      .then((response) => response.json());
    found.catch(() => posts.delete(id));
    posts.set(id, found);
  }
  return posts.get(id);
}

const MOST_POSTS = 1000;

// The posts of a thread in its order, at most the first MOST_POSTS.
export async function threadOf(id) {
  const found = [];
  let cursor = null;
  do {
    const place = new URLSearchParams({ limit: 200, ...(cursor !== null && { cursor }) });
    const page = await (await fetched(`${placeOf("threads", id)}?${place}`, AS_JSON)).json();
    found.push(...page.posts);
    cursor = page.next_cursor;
  } while (cursor !== null && found.length < MOST_POSTS);
  return found;
}
