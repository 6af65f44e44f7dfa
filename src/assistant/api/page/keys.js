// The dialog that asks for a key. The key lives in this tab only.

import { key } from "./server.js";

const dialog = document.querySelector("#key");
const field = dialog.querySelector("#key-value");
const why = dialog.querySelector("#key-why");

// Whether a key was given.
export function askForKey() {
  why.textContent = key.known() ? "The key that was given is not one of the server's." : "Whoever runs it can give you one.";
  key.forget();
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const value = field.value.trim();
      field.value = "";
      const given = dialog.returnValue === "given" && value !== "";
      if (given) key.set(value);
      resolve(given);
    }, { once: true });
  });
}

dialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  dialog.close("given");
});
dialog.querySelector("#key-cancel").addEventListener("click", () => dialog.close(""));
