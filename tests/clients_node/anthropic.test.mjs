// The official Anthropic SDK for Node: messages, streams and their helpers, tools, threads, batches, counts, models.

import assert from "node:assert/strict";
import { test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";

const client = new Anthropic({ apiKey: "any", baseURL: process.env.LLMSIM_UNDER_TEST, maxRetries: 0 });
const model = "claude-sonnet-4-6";
const ada = { role: "user", content: "Hello, my name is Ada." };
const who = { role: "user", content: "What is my name?" };
const weather = {
  name: "get_weather",
  description: "The weather in a city.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const textOf = (message) => message.content.map((block) => block.text ?? "").join("");

test("a conversation goes on with the blocks that came", async () => {
  const first = await client.messages.create({ model, max_tokens: 60, messages: [ada] });
  assert.match(first.id, /^msg_01[1-9A-HJ-NP-Za-km-z]{22}$/);
  const messages = [ada, { role: "assistant", content: first.content }, who];
  assert.match(textOf(await client.messages.create({ model, max_tokens: 60, messages })), /Ada/);
});

test("a stream is the message", async () => {
  const asked = { model, max_tokens: 60, messages: [ada], system: "Be brief." };
  const whole = await client.messages.create(asked);
  const stream = client.messages.stream(asked);
  let text = "";
  stream.on("text", (piece) => (text += piece));
  const final = await stream.finalMessage();
  assert.equal(text, textOf(whole));
  assert.deepEqual(final.content, whole.content);
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
  assert.equal(final.usage.input_tokens, whole.usage.input_tokens);
});

test("a thought comes back signed, and only as it was", async () => {
  const asked = { model, max_tokens: 4000, thinking: { type: "adaptive" } };
  const message = await client.messages.stream({ ...asked, messages: [ada] }).finalMessage();
  assert.equal(message.content[0].type, "thinking");
  const messages = [ada, { role: "assistant", content: message.content }, who];
  assert.match(textOf(await client.messages.create({ ...asked, messages })), /Ada/);
  message.content[0].thinking += "!";
  await assert.rejects(client.messages.create({ ...asked, messages }), /Invalid `signature` in `thinking` block/);
});

test("a tool is called with what was asked about", async () => {
  const message = await client.messages
    .stream({
      model,
      max_tokens: 400,
      tools: [weather],
      tool_choice: { type: "tool", name: "get_weather" },
      messages: [{ role: "user", content: "What is the weather in Paris?" }],
    })
    .finalMessage();
  const call = message.content.find((block) => block.type === "tool_use");
  assert.match(call.id, /^toolu_01[1-9A-HJ-NP-Za-km-z]{22}$/);
  assert.deepEqual(call.input, { city: "Paris" });
  assert.equal(message.stop_reason, "tool_use");
});

test("the tool runner ends", async () => {
  const asked = [];
  const tool = betaTool({
    name: "get_weather",
    description: "The weather in a city.",
    inputSchema: weather.input_schema,
    run: ({ city }) => {
      asked.push(city);
      return `It is sunny in ${city}.`;
    },
  });
  const final = await client.beta.messages.toolRunner({
    model,
    max_tokens: 400,
    tools: [tool],
    max_iterations: 5,
    messages: [{ role: "user", content: "What is the weather in Paris?" }],
  });
  assert.deepEqual(asked, ["Paris"]);
  assert.equal(final.stop_reason, "end_turn");
});

test("a thread goes on with the new messages alone, once", async () => {
  const betas = ["message-threads-2026-08-12"];
  const asked = { model, max_tokens: 60, betas };
  const goOn = (previous) =>
    client.beta.messages.create({
      ...asked,
      messages: [who],
      thread: { type: "continue", previous_message_id: previous },
    });
  const first = await client.beta.messages.create({ ...asked, messages: [ada], thread: { type: "create" } });
  const second = await goOn(first.id);
  assert.match(textOf(second), /Ada/);
  assert.match(textOf(await goOn(second.id)), /Ada/);
  await assert.rejects(goOn(first.id), (error) => error.error.error.details.error_code === "thread_already_continued");
  await assert.rejects(goOn("msg_nobodys"), (error) => error.status === 404);
});

test("a batch is made, polled, read and deleted", async () => {
  const params = { model, max_tokens: 30, messages: [ada] };
  const batch = await client.messages.batches.create({
    requests: [
      { custom_id: "good", params },
      { custom_id: "bad", params: { ...params, max_tokens: -1 } },
    ],
  });
  while ((await client.messages.batches.retrieve(batch.id)).processing_status !== "ended");
  const results = {};
  for await (const line of await client.messages.batches.results(batch.id)) results[line.custom_id] = line.result;
  assert.match(textOf(results.good.message), /Ada/);
  assert.equal(results.bad.error.error.type, "invalid_request_error");
  const known = [];
  for await (const one of client.messages.batches.list({ limit: 1 })) known.push(one.id);
  assert.ok(known.includes(batch.id));
  assert.equal((await client.messages.batches.delete(batch.id)).type, "message_batch_deleted");
  await assert.rejects(client.messages.batches.retrieve(batch.id), Anthropic.NotFoundError);
});

test("tokens are counted and models are listed", async () => {
  const counted = await client.messages.countTokens({ model, messages: [ada] });
  const message = await client.messages.create({ model, max_tokens: 5, messages: [ada] });
  assert.equal(counted.input_tokens, message.usage.input_tokens);
  const known = [];
  for await (const one of client.models.list({ limit: 1 })) known.push(one.id);
  assert.ok(known.includes(model));
  assert.equal((await client.models.retrieve(model)).display_name, "Claude Sonnet 4.6");
});

test("an error is one of the SDK's", async () => {
  await assert.rejects(client.messages.create({ model, max_tokens: 5, messages: [] }), (error) => {
    assert.ok(error instanceof Anthropic.BadRequestError);
    assert.match(error.message, /messages: at least one message is required/);
    assert.match(error.requestID, /^req_011C/);
    return true;
  });
  await assert.rejects(client.messages.create({ model, max_tokens: 5, messages: [ada], temperature: 1 }), /Extra inputs/);
});
