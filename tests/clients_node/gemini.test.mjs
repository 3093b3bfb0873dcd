// The official Google SDK for Node: text whole and streamed, chats, counts, embeddings, models and errors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, GoogleGenAI } from "@google/genai";

const MODEL = "gemini-2.5-flash";
const UNTHINKING = { thinkingConfig: { thinkingBudget: 0 } };

for (const apiVersion of ["v1", "v1beta"]) {
  const client = new GoogleGenAI({
    apiKey: "any",
    httpOptions: { baseUrl: process.env.LLMSIM_UNDER_TEST, apiVersion },
  });

  test(`${apiVersion}: a chat remembers what it was told`, async () => {
    const chat = client.chats.create({ model: MODEL, config: { systemInstruction: "You are a friend." } });
    const first = await chat.sendMessage({ message: "Hello, my name is Ada." });
    assert.match(first.text, /Ada/);
    let said = "";
    for await (const chunk of await chat.sendMessageStream({ message: "What is my name?" })) {
      said += chunk.text ?? "";
    }
    assert.match(said, /Ada/);
  });

  test(`${apiVersion}: a stream says what the whole response says`, async () => {
    const asked = { model: MODEL, contents: "Tell me about rain.", config: { maxOutputTokens: 30, ...UNTHINKING } };
    const whole = await client.models.generateContent(asked);
    assert.equal(whole.candidates[0].finishReason, "MAX_TOKENS");
    const chunks = [];
    for await (const chunk of await client.models.generateContentStream(asked)) {
      chunks.push(chunk);
    }
    assert.equal(chunks.map((chunk) => chunk.text ?? "").join(""), whole.text);
    assert.deepEqual(chunks.at(-1).usageMetadata, whole.usageMetadata);
    assert.equal(new Set(chunks.map((chunk) => chunk.responseId)).size, 1);
    const counted = await client.models.countTokens({ model: MODEL, contents: "Tell me about rain." });
    assert.equal(counted.totalTokens, whole.usageMetadata.promptTokenCount);
  });

  test(`${apiVersion}: thoughts are shown to who asks`, async () => {
    const config = { thinkingConfig: { includeThoughts: true, thinkingBudget: 100 } };
    const whole = await client.models.generateContent({ model: MODEL, contents: "Why is it so?", config });
    const [thought, text] = whole.candidates[0].content.parts;
    assert.equal(thought.thought, true);
    assert.equal(text.text, whole.text);
    assert.ok(whole.usageMetadata.thoughtsTokenCount > 0);
  });

  test(`${apiVersion}: functions are called and their results told`, async () => {
    const parameters = { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] };
    const declared = { name: "get_weather", description: "The weather in a city.", parameters };
    const config = { tools: [{ functionDeclarations: [declared] }], ...UNTHINKING };
    const chat = client.chats.create({ model: MODEL, config });
    const first = await chat.sendMessage({ message: "What is the weather in Oslo?" });
    assert.deepEqual(first.functionCalls, [{ name: "get_weather", args: { city: "Oslo" } }]);
    const functionResponse = { name: "get_weather", response: { result: "snow until noon" } };
    const second = await chat.sendMessage({ message: [{ functionResponse }] });
    assert.match(second.text, /snow until noon/);
    assert.equal(second.functionCalls, undefined);
  });

  test(`${apiVersion}: texts are embedded, models listed, faults told`, async () => {
    const embedded = await client.models.embedContent({ model: "gemini-embedding-001", contents: ["a", "b"] });
    assert.deepEqual(embedded.embeddings.map((one) => one.values.length), [3072, 3072]);
    const names = [];
    for await (const model of await client.models.list({ config: { pageSize: 2 } })) {
      names.push(model.name);
    }
    assert.ok(names.includes(`models/${MODEL}`));
    await assert.rejects(
      client.models.generateContent({ model: MODEL, contents: "a", config: { temperature: 3 } }),
      (error) => error instanceof ApiError && error.status === 400 && error.message.includes("INVALID_ARGUMENT"),
    );
  });
}
