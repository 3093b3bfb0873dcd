// The official OpenAI SDK for Node: Responses and Conversations, with its stream helper, its pager and its WebSocket.

import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";

const baseURL = `${process.env.LLMSIM_UNDER_TEST}/v1`;
const client = new OpenAI({ apiKey: "any", baseURL, maxRetries: 0 });
const MODEL = "gpt-4o-mini";
const REQUIRED = [
  "id", "object", "created_at", "status", "error", "incomplete_details", "instructions", "metadata", "model", "output",
  "parallel_tool_calls", "temperature", "tool_choice", "tools", "top_p",
];
const WEATHER = {
  type: "function",
  name: "get_weather",
  description: "The weather in a city.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
};

async function collected(events) {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
}

function requireOrder(events, first = 0) {
  assert.deepEqual(
    events.map((event) => event.sequence_number),
    events.map((_, at) => first + at),
  );
}

test("a chain remembers, and a fork remembers what was said before it", async () => {
  const first = await client.responses.create({ model: MODEL, input: "My name is Ada." });
  for (const key of REQUIRED) assert.ok(key in first, key);
  const ask = { model: MODEL, previous_response_id: first.id };
  const second = await client.responses.create({ ...ask, input: "No, my name is Eve." });
  const third = await client.responses.create({ ...ask, previous_response_id: second.id, input: "What is my name?" });
  const fork = await client.responses.create({ ...ask, input: "What is my name?" });
  assert.match(third.output_text, /Eve/);
  assert.match(fork.output_text, /Ada/);
  assert.equal((await client.responses.retrieve(third.id)).previous_response_id, second.id);
  const items = await collected(client.responses.inputItems.list(third.id, { limit: 1 }));
  assert.deepEqual(items.map((item) => item.content[0].text), ["What is my name?"]);
});

test("the stream helper puts the response together", async () => {
  const ask = { model: MODEL, input: "Tell me about rain.", max_output_tokens: 30 };
  const stream = client.responses.stream(ask);
  const events = await collected(stream);
  const final = await stream.finalResponse();
  requireOrder(events);
  assert.equal(events[0].type, "response.created");
  assert.equal(events.at(-1).type, "response.incomplete");
  const said = events.filter((event) => event.type === "response.output_text.delta").map((event) => event.delta);
  assert.equal(said.join(""), final.output_text);
  assert.equal((await client.responses.create(ask)).output_text, final.output_text);
});

test("a function is called, and its result told", async () => {
  const input = [{ role: "user", content: "What is the weather in Oslo?" }];
  const first = await client.responses.create({ model: MODEL, input, tools: [WEATHER] });
  const [call] = first.output.filter((item) => item.type === "function_call");
  assert.deepEqual(JSON.parse(call.arguments), { city: "Oslo" });
  const second = await client.responses.create({
    model: MODEL,
    previous_response_id: first.id,
    input: [{ type: "function_call_output", call_id: call.call_id, output: '{"sky": "clear"}' }],
    tools: [WEATHER],
  });
  assert.match(second.output_text, /clear/);
});

test("structured output is parsed", async () => {
  const schema = {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer" } },
    required: ["name", "age"],
    additionalProperties: false,
  };
  const made = await client.responses.parse({
    model: MODEL,
    input: "Alice Smith is 31 years old.",
    text: { format: { type: "json_schema", name: "person", schema, strict: true } },
  });
  assert.deepEqual(made.output_parsed, { name: "Alice Smith", age: 31 });
});

test("a background response is told again from any event", async () => {
  const begun = await client.responses.create({
    model: MODEL, input: "Tell me about snow.", background: true, stream: true, max_output_tokens: 40,
  });
  const events = await collected(begun);
  requireOrder(events);
  const id = events[0].response.id;
  const rest = await collected(await client.responses.retrieve(id, { stream: true, starting_after: 4 }));
  assert.deepEqual(rest, events.slice(5));
  const cancelled = await client.responses.cancel(id);
  assert.equal(cancelled.status, events.at(-1).response.status);
});

test("a conversation keeps its items, and gives them page by page", async () => {
  const made = await client.conversations.create({
    items: [{ type: "message", role: "user", content: "My favourite colour is blue." }],
    metadata: { topic: "demo" },
  });
  const ask = { model: MODEL, conversation: made.id, max_output_tokens: 20 };
  assert.match((await client.responses.create({ ...ask, input: "What is my favourite colour?" })).output_text, /blue/);
  const items = await collected(client.conversations.items.list(made.id, { order: "asc", limit: 1 }));
  assert.deepEqual(items.map((item) => item.role), ["user", "user", "assistant"]);
  const added = await client.conversations.items.create(made.id, {
    items: [{ type: "message", role: "user", content: "Thanks." }],
  });
  const [kept] = added.data;
  assert.deepEqual(await client.conversations.items.retrieve(kept.id, { conversation_id: made.id }), kept);
  assert.equal((await client.conversations.items.delete(kept.id, { conversation_id: made.id })).id, made.id);
  const changed = await client.conversations.update(made.id, { metadata: { topic: "other" } });
  assert.deepEqual(changed.metadata, { topic: "other" });
  assert.equal((await client.conversations.delete(made.id)).deleted, true);
  await assert.rejects(client.conversations.retrieve(made.id), { status: 404 });
});

test("input is counted, and a conversation folded", async () => {
  const counted = await client.responses.inputTokens.count({ model: MODEL, input: "Tell me about rain." });
  assert.equal(counted.object, "response.input_tokens");
  const made = await client.responses.create({ model: MODEL, input: "Tell me about rain.", max_output_tokens: 20 });
  assert.equal(made.usage.input_tokens, counted.input_tokens);
  const input = [{ role: "user", content: "My name is Ada." }, ...made.output];
  const folded = await client.responses.compact({ model: MODEL, input });
  const after = await client.responses.create({
    model: MODEL,
    input: [...folded.output, { role: "user", content: "What is my name?" }],
  });
  assert.match(after.output_text, /Ada/);
});

test("what is deleted, or was never there, is told as such", async () => {
  const made = await client.responses.create({ model: MODEL, input: "Hi" });
  await client.responses.delete(made.id);
  await assert.rejects(client.responses.retrieve(made.id), { status: 404 });
  await assert.rejects(client.responses.create({ model: MODEL, input: "Hi", previous_response_id: made.id }), {
    status: 400,
    code: "previous_response_not_found",
  });
  await assert.rejects(client.responses.create({ model: MODEL }), { status: 400, param: "input" });
});

test("a WebSocket answers, and goes on from its own responses", async () => {
  const socket = new ResponsesWS(client);
  const events = [];
  const answered = () =>
    new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("event", (event) => {
        events.push(event);
        if (["response.completed", "response.incomplete"].includes(event.type)) resolve(event.response);
      });
    });
  await new Promise((resolve) => socket.socket.on("open", resolve));
  let whole = answered();
  socket.send({ type: "response.create", model: MODEL, input: "My name is Ada.", store: false });
  const first = await whole;
  requireOrder(events);
  whole = answered();
  const next = { previous_response_id: first.id, input: "What is my name?", store: false };
  socket.send({ type: "response.create", model: MODEL, ...next });
  const text = (await whole).output.flatMap((item) => item.content ?? []).map((part) => part.text).join("");
  assert.match(text, /Ada/);
  socket.close();
});
