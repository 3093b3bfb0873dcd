"""Samples of the fields of Gemini's requests."""

from functools import partial

from llmsim.wire.gemini import counting, embeddings, requests
from llmsim.wire.gemini.generate import WHOLE, Gemini
from llmsim.wire.gemini.protos import Proto
from tests.fields import Endpoint, Sample
from tests.samples.base import ON, SCHEMA, parsed

CONTENTS = [{"role": "user", "parts": [{"text": "Hello!"}]}]
DECLARED = {"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}
DANGEROUS = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "threshold": "OFF"}
AS_JSON = {"generationConfig.responseMimeType": "application/json"}


def generate() -> Endpoint:
    """Gemini's generateContent."""
    wire = Gemini.at("v1beta", WHOLE, {"model": "gemini-2.5-flash"}, "key=k")
    config = {
        "candidateCount": 2,
        "maxOutputTokens": 3,
        "stopSequences": ["two"],
        "seed": 7,
        "responseMimeType": "application/json",
        "responseLogprobs": True,
        "thinkingConfig.includeThoughts": True,
        "thinkingConfig.thinkingBudget": 0,
        "thinkingConfig.thinkingLevel": "LOW",
        "temperature": 0.5,
        "topP": 0.5,
        "topK": 5,
        "presencePenalty": 1,
        "frequencyPenalty": 1,
        "responseModalities": ["TEXT"],
        "speechConfig": {},
        "imageConfig": {},
        "mediaResolution": "MEDIA_RESOLUTION_LOW",
        "enableEnhancedCivicAnswers": True,
        "responseFormat": [],
        "translationConfig": {},
        "audioTranscriptionConfig": {},
    }
    samples = (
        Sample("contents", [{"role": "user", "parts": [{"text": "Bye!"}]}]),
        Sample("systemInstruction", {"parts": [{"text": "Be brief."}]}),
        Sample("tools", [DECLARED]),
        Sample("toolConfig.functionCallingConfig", {"mode": "NONE"}, {"tools": [DECLARED]}),
        Sample("toolConfig.retrievalConfig", {}),
        Sample("toolConfig.includeServerSideToolInvocations", ON),
        Sample("safetySettings", [DANGEROUS]),
        *(Sample(f"generationConfig.{name}", value) for name, value in config.items()),
        Sample("generationConfig.responseSchema", {"type": "STRING"}, AS_JSON),
        Sample("generationConfig.responseJsonSchema", SCHEMA, AS_JSON),
        Sample("generationConfig.logprobs", 2, {"generationConfig.responseLogprobs": True}),
        Sample("cachedContent", "cachedContents/c"),
        Sample("serviceTier", "flex"),
        Sample("model", "models/m"),
        Sample("store", ON),
        Sample("labels", {"a": "b"}),
        Sample("continuationToken", "AAAA"),
    )
    nested = [f"generationConfig.{name}" for name in rows("generationConfig") if name != "thinkingConfig"]
    path = "`POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent`"
    base = {"contents": CONTENTS}
    return Endpoint(path, partial(parsed, wire, {}), base, samples, (*requests.GENERATE.rows, *nested), wire)


def rows(name: str) -> list[str]:
    """The fields of a message within Gemini's request, but for one that is another's old name."""
    proto = requests.GENERATE.rows[name]
    assert isinstance(proto, Proto)
    return [row for row in proto.rows if not row.startswith("_")]


def gemini_count() -> Endpoint:
    """Gemini's countTokens."""

    def read(body: bytes) -> object:
        return counting.parse(body, "gemini-2.5-flash")

    samples = (
        Sample("contents", [{"role": "user", "parts": [{"text": "Bye!"}]}]),
        Sample("generateContentRequest", {"contents": [{"parts": [{"text": "Bye!"}]}]}, instead_of="contents"),
    )
    path = "`POST /v1beta/models/{model}:countTokens`"
    return Endpoint(path, read, {"contents": CONTENTS}, samples, tuple(requests.COUNT.rows))


def embed() -> Endpoint:
    """Gemini's embedContent."""
    samples = (
        Sample("content", {"parts": [{"text": "Bye!"}]}),
        Sample("outputDimensionality", 64),
        Sample("taskType", "CLUSTERING"),
        Sample("title", "t"),
        Sample("model", "models/m"),
    )

    def read(body: bytes) -> object:
        return embeddings.parse_one(body, embeddings.MODELS["gemini-embedding-001"])

    path = "`POST /v1beta/models/{model}:embedContent`, `:batchEmbedContents`"
    return Endpoint(path, read, {"content": CONTENTS[0]}, samples, tuple(requests.EMBED.rows))


GEMINI = (generate(), gemini_count(), embed())
