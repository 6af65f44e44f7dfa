// What is said of an answer, a post and a number, in words.

import { counted } from "./dom.js";

export const STATUS = {
  grounded: ["Grounded", "each sentence rests on the words of its source."],
  partly_grounded: ["Partly grounded", "sentences without a source that says so are marked."],
  ungrounded: ["No source", "the posts do not say any of this."],
  refused: ["Not answered", "the posts here do not hold it."],
  stopped: ["Stopped", "you stopped this answer; what came is shown, and not checked to its end."],
};

const REFUSED = {
  empty_question: "there is no question to look up.",
  asked_not_answered: "it was asked here, but the posts hold no answer to it.",
  model_stopped: "the model stopped before its first sentence.",
  nothing_supported: "the posts support nothing of what the model wrote.",
};

// The name of a status and what it means.
export function statusOf(answer) {
  const [name, meaning] = STATUS[answer.status] ?? [answer.status, ""];
  return [name, REFUSED[answer.refusal] ?? meaning];
}

// What a screen reader says once, when an answer is whole.
export function announcementOf(answer) {
  if (answer.status === "refused") return `Refused: ${statusOf(answer)[1]}`;
  const sources = new Set(answer.citations.map((citation) => citation.post_id).filter(Boolean)).size;
  const doubt = answer.status === "grounded" ? "" : ` ${statusOf(answer)[0]}: ${statusOf(answer)[1]}`;
  const broken = answer.cut_off ? " It ends early." : "";
  return `Answer with ${counted(sources, "source")}.${doubt}${broken}`;
}

// What is said of a source: that there is none of this number, that its words do not bear the sentence out.
export const NO_POST = "names no post that was found";
export const NOT_SAID = "does not say so";

const ROLE = { question: "Question", reply: "Reply", article: "Article" };

// Who speaks in a post, when, and how it was received; only what is known. A hit and a citation have fewer fields than a post.
export function factsOf(post) {
  const kind = post.accepted ? "Accepted answer" : ROLE[post.role] ?? "";
  const by = post.author ? `${kind || "Post"} by ${post.author}` : kind;
  const when = post.created ? `written ${post.created.slice(0, 10)}` : post.activity ? `active ${post.activity}` : "";
  const counts = [["replies", "reply", "replies"], ["views", "view", "views"], ["boosts", "boost", "boosts"]]
    .filter(([name]) => Number.isInteger(post[name]))
    .map(([name, one, many]) => counted(post[name], one, many));
  return [by, when, ...counts].filter(Boolean).join(" · ");
}

export function titleOf(post) {
  const title = post.title || (post.body ?? post.text ?? post.quote ?? "").slice(0, 60);
  return title.trim() || "A post without a title";
}

export function seconds(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
