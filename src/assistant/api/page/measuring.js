// The box: how much more may be asked, and how much of the page it covers.

import { counted } from "./dom.js";

const part = (name) => document.querySelector(name);
const [box, limit, composer] = ["#question", "#limit", "#composer"].map(part);
// As long as a question may be, and when to tell how much of that is left.
const [MOST, NEAR] = [box.maxLength, box.maxLength - 500];

// What goes beyond the limit a browser leaves out without a word.
export function measure() {
  const length = box.value.length;
  limit.hidden = length < NEAR;
  limit.textContent = length < MOST
    ? `${counted(MOST - length, "character")} left.`
    : `A question has at most ${MOST} characters; what goes beyond that was left out.`;
}
box.addEventListener("input", measure);

// What gets the focus, or unfolds, must not be behind the box that stays at the bottom.
new ResizeObserver(() => {
  document.documentElement.style.scrollPaddingBottom = `${composer.offsetHeight + 16}px`;
}).observe(composer);
