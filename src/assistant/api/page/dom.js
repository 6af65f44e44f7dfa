// Elements made of text. Nothing here, or anywhere on the page, reads a string as HTML.

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  // A string becomes a node of text.
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export function button(words, attributes, pressed) {
  const element = el("button", { type: "button", ...attributes }, words);
  element.addEventListener("click", pressed);
  return element;
}

// An address that may be followed: of the web, and whole; else null.
export function webAddress(address) {
  if (typeof address !== "string" || !/^https?:\/\//i.test(address)) return null;
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

// A link to where a post was written, which says which host it leads to; null where there is no such address.
export function original(address) {
  const url = webAddress(address);
  if (url === null) return null;
  return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", class: "original" }, `Original at ${url.host}`);
}

export function counted(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}
