// The filters: which posts may be used.

const part = (name) => document.querySelector(name);
const fields = ["#tags", "#source", "#since"];

// The filters in force as the server reads them, or null.
export function filtersInForce() {
  const tags = part("#tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
  const source = part("#source").value.trim();
  const since = part("#since").value;
  const unanswered = part("#unanswered").checked;
  if (!tags.length && !source && !since && !unanswered) return null;
  return { tags, sources: source ? [source] : [], since: since || null, unanswered };
}

// Folded, the filters say how many of them there are: one that is forgotten looks like a forum without answers.
function say() {
  const inForce = filtersInForce();
  const number = inForce
    ? inForce.tags.length + inForce.sources.length + Number(inForce.since !== null) + Number(inForce.unanswered)
    : 0;
  part("#filters-said").textContent = number ? ` (${number} in force)` : "";
}

part("#filters").addEventListener("input", say);
part("#clear").addEventListener("click", () => {
  for (const name of fields) part(name).value = "";
  part("#unanswered").checked = false;
  say();
});
say();
