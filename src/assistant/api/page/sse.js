// Server-sent events out of a fetched stream: an EventSource cannot POST. Lines, comments, data over several lines and the
// three ends of a line as in the WHATWG HTML standard, section 9.2.6; `id` and `retry` are of no use here and passed over.

export class EventParser {
  #rest = "";
  #begun = false;
  #name = "";
  #data = [];

  // The events {name, data} that this piece of text completes.
  push(text) {
    if (!this.#begun && text !== "") {
      this.#begun = true;
      text = text.replace(/^\ufeff/, "");
    }
    const found = [];
    let rest = this.#rest + text;
    for (;;) {
      const end = /\r\n|\n|\r/.exec(rest);
      // A CR at the end may be half of a CRLF.
      if (end === null || (end[0] === "\r" && end.index === rest.length - 1)) break;
      this.#line(rest.slice(0, end.index), found);
      rest = rest.slice(end.index + end[0].length);
    }
    this.#rest = rest;
    return found;
  }

  #line(line, found) {
    if (line === "") {
      if (this.#data.length) found.push({ name: this.#name || "message", data: this.#data.join("\n") });
      this.#name = "";
      this.#data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    if (field === "data") this.#data.push(value);
  }
}

// The events of a response, as they come.
export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
