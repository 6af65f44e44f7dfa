// The conversation over a reload of the page, in the storage of this tab's session alone.
//
// Not in storage that outlives the tab: what was asked, and what posts said, would stay on a machine that others use too, for
// as long as nobody thinks of it. The browser gives this up with the tab; New conversation gives it up at once.

const NAME = "assistant.conversation";
// Characters. Browsers keep 5 MB for an origin, some of them two bytes a character.
const MOST = 1_500_000;
const KINDS = new Set(["ask", "search"]);

// Keeps the turns, or as many of the newest as there is room for.
export function keep(turns) {
  const whole = [];
  let room = MOST;
  for (const turn of [...turns].reverse()) {
    const text = JSON.stringify(lean(turn));
    room -= text.length + 1;
    if (room < 0) break;
    whole.unshift(text);
  }
  try {
    if (whole.length) sessionStorage.setItem(NAME, `[${whole.join(",")}]`);
    else forget();
  } catch {
    // No room, or not allowed: the page works without.
    forget();
  }
}

// Without what the page does not show. One that is still under way is one that was stopped, if the page is left now.
function lean(turn) {
  const { answer, hits, failure } = turn;
  const settled = answer || hits || failure || turn.stopped;
  return { ...turn, ...(answer && { answer: { ...answer, passages: [] } }), ...(!settled && { stopped: true }) };
}

// The turns that were kept; none where there are none, or none that can be read.
export function kept() {
  try {
    const turns = JSON.parse(sessionStorage.getItem(NAME) ?? "[]");
    return turns.filter((turn) => KINDS.has(turn.kind) && typeof turn.question === "string");
  } catch {
    forget();
    return [];
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // Not allowed, so nothing is kept either.
  }
}
