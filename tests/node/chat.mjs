// Asks a server through the official client, as a program of somebody else's would, and prints what came as one JSON document.
// node chat.mjs BASE_URL CASE [KEY], in a folder beside node_modules

import OpenAI from "openai";

const [baseURL, kind, apiKey = "unused"] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 60_000 });
const model = "forum-assistant";
const messages = [{ role: "user", content: "Why does the camera preview rotate?" }];

const cases = {
  async models() {
    const listed = [];
    for await (const found of client.models.list()) listed.push(found.id);
    return { listed, retrieved: await client.models.retrieve(model) };
  },
  async chat() {
    return await client.chat.completions.create({ model, messages });
  },
  async stream() {
    const pieces = [];
    const seen = {};
    const chunks = await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
    for await (const chunk of chunks) {
      const choice = chunk.choices[0];
      if (choice?.delta.content) pieces.push(choice.delta.content);
      if (choice?.delta.annotations) seen.annotations = choice.delta.annotations;
      if (choice?.finish_reason) seen.finish_reason = choice.finish_reason;
      if (chunk.usage) seen.usage = chunk.usage;
    }
    return { content: pieces.join(""), ...seen };
  },
  async helper() {
    return await client.chat.completions.stream({ model, messages }).finalChatCompletion();
  },
  async marked() {
    const { content, annotations } = (await client.chat.completions.create({ model, messages })).choices[0].message;
    const points = [...content];
    return annotations.map(({ label, url_citation: at }) => [label, points.slice(at.start_index, at.end_index).join("")]);
  },
  async unknown() {
    return await client.chat.completions.create({ model: "gpt-4o", messages });
  },
};

let pieces = "";
try {
  if (kind === "breaks") {
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
      pieces += chunk.choices[0]?.delta.content ?? "";
    }
    console.log(JSON.stringify({ ended: pieces }));
  } else {
    console.log(JSON.stringify(await cases[kind]()));
  }
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error;
  const { status, code, param, message } = error;
  console.log(JSON.stringify({ raised: error.constructor.name, status, code, param, message, pieces }));
}
