// The blocks of an answer as elements. What they look like is documented in outline.py of the server.

import { el } from "./dom.js";

// `marker(label)` makes the node of a marker.
export function blockElements(blocks, marker) {
  return blocks.map((block) => blockElement(block, marker));
}

function blockElement(block, marker) {
  const spans = () => spanNodes(block.spans, marker);
  switch (block.type) {
    case "heading":
      return el("h3", { class: "heading", dir: "auto" }, ...spans());
    case "quote":
      return el("blockquote", {}, ...blockElements(block.blocks, marker));
    case "list": {
      const items = block.items.map((item) => el("li", {}, ...blockElements(item, marker)));
      return block.ordered ? el("ol", { start: block.start }, ...items) : el("ul", {}, ...items);
    }
    case "code":
      return el("pre", { tabindex: 0, role: "region", "aria-label": "Code" }, el("code", {}, block.text));
    case "table":
      return tableElement(block, marker);
    case "rule":
      return el("hr");
    default:
      return el("p", { dir: "auto" }, ...spans());
  }
}

function tableElement(block, marker) {
  const cells = (tag, row, attributes) =>
    row.map((spans, place) => el(tag, { class: block.align[place] || null, ...attributes }, ...spanNodes(spans, marker)));
  const head = el("thead", {}, el("tr", {}, ...cells("th", block.head, { scope: "col" })));
  const body = el("tbody", {}, ...block.rows.map((row) => el("tr", {}, ...cells("td", row))));
  return el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Table" }, el("table", {}, head, body));
}

function spanNodes(spans, marker) {
  return spans.map((span) => {
    switch (span.type) {
      case "strong":
        return el("strong", {}, ...spanNodes(span.spans, marker));
      case "emphasis":
        return el("em", {}, ...spanNodes(span.spans, marker));
      case "code":
        return el("code", {}, span.text);
      case "break":
        return el("br");
      case "marker":
        return marker(span.label);
      case "mark":
        return el("span", { class: "doubt" }, span.text);
      default:
        return document.createTextNode(span.text);
    }
  });
}
