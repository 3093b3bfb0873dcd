// The official OpenAI SDK for Node: stored completions, embeddings, moderations, legacy completions, models; and Azure.

import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI, { AzureOpenAI } from "openai";

const baseURL = `${process.env.LLMSIM_UNDER_TEST}/v1`;
const client = new OpenAI({ apiKey: "any", baseURL, maxRetries: 0 });
const MODEL = "gpt-4o-mini";
const SMALL = "text-embedding-3-small";

async function collected(events) {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
}

function alike(one, other) {
  return one.reduce((sum, value, at) => sum + value * other[at], 0);
}

test("stored completions are listed, shown, changed and deleted", async () => {
  const stored = client.chat.completions;
  const made = [];
  for (const said of ["one", "two", "three"]) {
    const messages = [{ role: "user", content: `Tell me about ${said}.` }];
    const ask = { model: MODEL, messages, max_tokens: 5, store: true, metadata: { run: "node" } };
    made.push(await stored.create(ask));
  }
  const listed = await collected(stored.list({ limit: 2, metadata: { run: "node" } }));
  assert.deepEqual(new Set(listed.map((one) => one.id)), new Set(made.map((one) => one.id)));
  assert.deepEqual((await stored.retrieve(made[0].id)).choices, made[0].choices);
  assert.deepEqual((await stored.update(made[0].id, { metadata: { run: "no" } })).metadata, { run: "no" });
  const [message] = await collected(stored.messages.list(made[1].id));
  assert.equal(message.content, "Tell me about two.");
  assert.equal((await stored.delete(made[0].id)).deleted, true);
  await assert.rejects(stored.retrieve(made[0].id), { status: 404 });
});

test("embeddings are unit vectors, alike where texts are, in both forms", async () => {
  const input = ["a red apple on the table", "the red apple is on a table", "quantum field theory"];
  const made = await client.embeddings.create({ model: SMALL, input });
  const [one, other, far] = made.data.map((datum) => datum.embedding);
  assert.ok(Math.abs(alike(one, one) - 1) < 1e-5);
  assert.ok(alike(one, other) > alike(one, far) + 0.2);
  const plain = await client.embeddings.create({ model: SMALL, input: input[0], encoding_format: "float" });
  plain.data[0].embedding.forEach((value, at) => assert.ok(Math.abs(value - one[at]) < 1e-6));
  const short = await client.embeddings.create({ model: SMALL, input: input[0], dimensions: 64 });
  assert.equal(short.data[0].embedding.length, 64);
});

test("a moderation flags what is to be flagged", async () => {
  const told = await client.moderations.create({ input: ["I will kill you.", "I will call you."] });
  assert.deepEqual(told.results.map((result) => result.flagged), [true, false]);
});

test("legacy completions are made, and streamed alike", async () => {
  const ask = { model: "gpt-3.5-turbo-instruct", prompt: "What is a tree?", max_tokens: 12 };
  const whole = await client.completions.create(ask);
  const chunks = await collected(await client.completions.create({ ...ask, stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(""), whole.choices[0].text);
});

test("models are listed and shown", async () => {
  const listed = await collected(client.models.list());
  assert.ok(listed.some((model) => model.id === MODEL));
  assert.equal((await client.models.retrieve(MODEL)).id, MODEL);
  await assert.rejects(client.models.retrieve("no-such-model"), { status: 404 });
});

test("Azure's client speaks to a deployment", async () => {
  const options = { endpoint: process.env.LLMSIM_UNDER_TEST, apiKey: "any", apiVersion: "2024-10-21", maxRetries: 0 };
  const azure = new AzureOpenAI(options);
  const messages = [{ role: "user", content: "My name is Ada. What is my name?" }];
  const made = await azure.chat.completions.create({ model: "gpt-4o", messages });
  assert.match(made.choices[0].message.content, /Ada/);
  const vectors = await azure.embeddings.create({ model: "mine", input: "a" });
  assert.equal(vectors.data[0].embedding.length, 1536);
});
