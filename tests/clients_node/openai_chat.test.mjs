// The official OpenAI SDK for Node: chat completions, streamed and not, with its helpers.

import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";

const client = new OpenAI({ apiKey: "any", baseURL: `${process.env.LLMSIM_UNDER_TEST}/v1`, maxRetries: 0 });
const MODEL = "gpt-4o-mini";
const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather in a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
      required: ["city", "unit"],
      additionalProperties: false,
    },
    strict: true,
  },
};

test("a conversation remembers what it was told", async () => {
  const messages = [{ role: "user", content: "Hello, my name is Ada." }];
  const first = await client.chat.completions.create({ model: MODEL, messages });
  assert.equal(first.object, "chat.completion");
  assert.match(first.id, /^chatcmpl-[0-9A-Za-z]{29}$/);
  messages.push(first.choices[0].message, { role: "user", content: "What is my name?" });
  const second = await client.chat.completions.create({ model: MODEL, messages });
  assert.match(second.choices[0].message.content, /Ada/);
  assert.equal(second.usage.total_tokens, second.usage.prompt_tokens + second.usage.completion_tokens);
});

test("a stream says what the whole response says", async () => {
  const asked = { model: MODEL, messages: [{ role: "user", content: "Tell me about rain." }], max_tokens: 30 };
  const whole = await client.chat.completions.create(asked);
  const stream = await client.chat.completions.create({
    ...asked,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let usage = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.deepEqual(usage, whole.usage);
});

test("the streaming helper puts the completion together", async () => {
  const stream = client.chat.completions.stream({
    model: MODEL,
    messages: [{ role: "user", content: "What is the weather in Paris?" }],
    tools: [WEATHER],
    tool_choice: "required",
  });
  const final = await stream.finalChatCompletion();
  const [call] = final.choices[0].message.tool_calls;
  assert.equal(call.function.name, "get_weather");
  assert.equal(JSON.parse(call.function.arguments).city, "Paris");
  assert.equal(final.choices[0].finish_reason, "tool_calls");
});

test("tools are run until there is an answer", async () => {
  const runner = client.chat.completions.runTools({
    model: MODEL,
    messages: [{ role: "user", content: "What is the weather in Paris?" }],
    tools: [
      {
        type: "function",
        function: { ...WEATHER.function, parse: JSON.parse, function: ({ city }) => ({ city, sky: "clear", degrees: 21 }) },
      },
    ],
  });
  assert.match(await runner.finalContent(), /21/);
});

test("structured output satisfies its schema", async () => {
  const schema = {
    type: "object",
    properties: { title: { type: "string" }, pages: { type: "integer" } },
    required: ["title", "pages"],
    additionalProperties: false,
  };
  const answer = await client.chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content: 'Describe the book "Emma".' }],
    response_format: { type: "json_schema", json_schema: { name: "book", schema, strict: true } },
  });
  const book = JSON.parse(answer.choices[0].message.content);
  assert.deepEqual(Object.keys(book).sort(), ["pages", "title"]);
  assert.equal(Number.isInteger(book.pages), true);
});

test("an unknown model is the provider's error", async () => {
  await assert.rejects(
    client.chat.completions.create({ model: MODEL, messages: [] }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === "messages",
  );
});
