"""Gemini's parsers, with samples of what they take, for the fuzzer."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from llmsim.wire.gemini import counting, embeddings
from llmsim.wire.gemini.generate import STREAM, Gemini
from tests.wire.plans import plan_of

KEY = {"x-goog-api-key": "k"}
CALL = {"functionCall": {"id": "1", "name": "f", "args": {"city": "Paris"}}, "thoughtSignature": "AA=="}
ANSWER = {"functionResponse": {"id": "1", "name": "f", "response": {"result": "sun"}}}
SCHEMA = {
    "type": "OBJECT",
    "properties": {"city": {"type": "STRING", "enum": ["a"], "nullable": True}, "n": {"type": "INTEGER", "minimum": 1}},
    "required": ["city"],
    "propertyOrdering": ["n", "city"],
}
CONFIG = {
    "temperature": 0.5,
    "topK": 3,
    "candidateCount": 2,
    "maxOutputTokens": 20,
    "stopSequences": ["a"],
    "responseMimeType": "application/json",
    "responseSchema": SCHEMA,
    "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 100},
    "responseLogprobs": True,
    "logprobs": 2,
    "seed": 1,
}
GENERATE: tuple[dict[str, Any], ...] = (
    {"contents": [{"role": "user", "parts": [{"text": "Hello!"}]}]},
    {
        "system_instruction": {"parts": {"text": "Be brief."}},
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "Weather?"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}}],
            },
            {"role": "model", "parts": [{"text": "hm", "thought": True}, CALL]},
            {"role": "user", "parts": [ANSWER]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": SCHEMA}]}, {"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "generationConfig": CONFIG,
        "labels": {"a": "b"},
    },
)
CONTENT = {"parts": [{"text": "the cat sat"}]}
EMBED: tuple[dict[str, Any], ...] = ({"content": CONTENT, "taskType": "CLUSTERING", "outputDimensionality": 8},)
BATCH: tuple[dict[str, Any], ...] = ({"requests": [{"model": "models/gemini-embedding-001", "content": CONTENT}]},)
COUNT: tuple[dict[str, Any], ...] = (GENERATE[0], {"generateContentRequest": GENERATE[1]})
WIRE = Gemini.at("v1beta", STREAM, {"model": "gemini-2.5-flash"}, "alt=sse")
MODEL = embeddings.MODELS["gemini-embedding-001"]
PLAN = plan_of(["Yes", "."])


def generated(body: bytes) -> None:
    """What is understood is stored, restored and answered as well."""
    asked = WIRE.parse(body, KEY)
    kept = orjson.loads(orjson.dumps(asked.params))
    again = WIRE.restore(kept, asked.request.messages, asked.request.digest)
    WIRE.whole(PLAN, again)
    list(WIRE.frames(PLAN, again))


PARSERS: Mapping[str, tuple[Callable[[bytes], object], tuple[dict[str, Any], ...]]] = {
    "gemini.generate": (generated, GENERATE),
    "gemini.count": (lambda body: counting.parse(body, "gemini-2.5-flash"), COUNT),
    "gemini.embed": (lambda body: embeddings.parse_one(body, MODEL), EMBED),
    "gemini.batch": (lambda body: embeddings.parse_batch(body, MODEL), BATCH),
}
