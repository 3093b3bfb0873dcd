"""What Gemini's endpoints accept, as data: the messages of requests, their fields, and which of them change nothing.

Pure. Which fields there are follows google-genai 3.4 and the API's reference. Tools and formats that are not simulated
are read as whatever JSON they are.
"""

from llmsim.wire.gemini.protos import (
    Anything,
    Bytes,
    Choice,
    Decimal,
    Flag,
    Integer,
    Kind,
    Many,
    Named,
    Proto,
    Recursive,
    Text,
)

_OBJECT = Anything(dict)
_TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
_SCHEMAS: dict[str, Proto] = {}
_SCHEMA = Recursive(_SCHEMAS, "Schema")
SCHEMA = Proto(
    "Schema",
    {
        "type": Choice("Type", _TYPES),
        "format": Text(),
        "title": Text(),
        "description": Text(),
        "nullable": Flag(),
        "enum": Many(Text()),
        "items": _SCHEMA,
        "maxItems": Integer(64),
        "minItems": Integer(64),
        "properties": Named(_SCHEMA),
        "required": Many(Text()),
        "minProperties": Integer(64),
        "maxProperties": Integer(64),
        "minLength": Integer(64),
        "maxLength": Integer(64),
        "minimum": Decimal(64),
        "maximum": Decimal(64),
        "pattern": Text(),
        "example": Anything(),
        "anyOf": Many(_SCHEMA),
        "propertyOrdering": Many(Text()),
        "default": Anything(),
        "additionalProperties": Anything(),
        "ref": Text(),
        "defs": Named(_SCHEMA),
    },
    ignored=frozenset({"example", "default"}),
)
_SCHEMAS["Schema"] = SCHEMA

BLOB = Proto("Blob", {"mimeType": Text(), "data": Bytes(), "displayName": Text()}, frozenset({"displayName"}))
FILE = Proto("FileData", {"mimeType": Text(), "fileUri": Text(), "displayName": Text()}, frozenset({"displayName"}))
CALL = Proto(
    "FunctionCall",
    {"id": Text(), "name": Text(), "args": _OBJECT, "partialArgs": Anything(), "willContinue": Flag()},
    frozenset({"id", "partialArgs", "willContinue"}),
)
_SCHEDULING = ("SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT")
RESPONSE = Proto(
    "FunctionResponse",
    {
        "id": Text(),
        "name": Text(),
        "response": _OBJECT,
        "parts": Anything(),
        "willContinue": Flag(),
        "scheduling": Choice("FunctionResponse.Scheduling", _SCHEDULING),
    },
    frozenset({"id", "parts", "willContinue", "scheduling"}),
)
CODE = Proto(
    "ExecutableCode",
    {"id": Text(), "language": Choice("ExecutableCode.Language", ("LANGUAGE_UNSPECIFIED", "PYTHON")), "code": Text()},
    frozenset({"id", "language"}),
)
_OUTCOMES = ("OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED")
CODE_RESULT = Proto(
    "CodeExecutionResult",
    {"id": Text(), "outcome": Choice("CodeExecutionResult.Outcome", _OUTCOMES), "output": Text()},
    frozenset({"id", "outcome"}),
)
DATA: dict[str, Kind] = {
    "text": Text(),
    "inlineData": BLOB,
    "functionCall": CALL,
    "functionResponse": RESPONSE,
    "fileData": FILE,
    "executableCode": CODE,
    "codeExecutionResult": CODE_RESULT,
    "toolCall": _OBJECT,
    "toolResponse": _OBJECT,
}
"""What a part may be, of which it is one."""
_OF_PARTS: dict[str, Kind] = {
    "thoughtSignature": Bytes(),
    "videoMetadata": _OBJECT,
    "mediaResolution": _OBJECT,
    "mediaProcessing": _OBJECT,
    "partMetadata": _OBJECT,
    "audioTranscription": _OBJECT,
    "speechMetadata": _OBJECT,
    "documentMetadata": _OBJECT,
    "spreadsheetMetadata": _OBJECT,
    "audioMetadata": _OBJECT,
}
PART = Proto(
    "Part",
    {**DATA, "thought": Flag(), **_OF_PARTS},
    frozenset({"toolCall", "toolResponse", *_OF_PARTS}),
    frozenset(DATA),
)
CONTENT = Proto("Content", {"parts": Many(PART), "role": Text()})

_LEVELS = ("THINKING_LEVEL_UNSPECIFIED", "LOW", "HIGH", "MEDIUM", "MINIMAL", "XHIGH")
THINKING = Proto(
    "ThinkingConfig",
    {
        "includeThoughts": Flag(),
        "thinkingBudget": Integer(),
        "thinkingLevel": Choice("ThinkingConfig.ThinkingLevel", _LEVELS),
    },
)
_MODALITIES = ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO")
_RESOLUTIONS = tuple(f"MEDIA_RESOLUTION_{how}" for how in ("UNSPECIFIED", "LOW", "MEDIUM", "HIGH"))
_UNUSED: dict[str, Kind] = {
    "temperature": Decimal(),
    "topP": Decimal(),
    "topK": Decimal(),
    "presencePenalty": Decimal(),
    "frequencyPenalty": Decimal(),
    "responseModalities": Many(Choice("GenerationConfig.Modality", _MODALITIES)),
    "speechConfig": _OBJECT,
    "imageConfig": _OBJECT,
    "mediaResolution": Choice("GenerationConfig.MediaResolution", _RESOLUTIONS),
    "enableEnhancedCivicAnswers": Flag(),
    "responseFormat": Anything(),
    "translationConfig": _OBJECT,
    "audioTranscriptionConfig": _OBJECT,
}
CONFIG = Proto(
    "GenerationConfig",
    {
        "candidateCount": Integer(),
        "stopSequences": Many(Text()),
        "maxOutputTokens": Integer(),
        "seed": Integer(),
        "responseMimeType": Text(),
        "responseSchema": SCHEMA,
        "responseJsonSchema": Anything(),
        "_responseJsonSchema": Anything(),
        "responseLogprobs": Flag(),
        "logprobs": Integer(),
        "thinkingConfig": THINKING,
        **_UNUSED,
    },
    frozenset(_UNUSED),
)
DECLARATION = Proto(
    "FunctionDeclaration",
    {
        "name": Text(),
        "description": Text(),
        "parameters": SCHEMA,
        "parametersJsonSchema": Anything(),
        "response": SCHEMA,
        "responseJsonSchema": Anything(),
        "behavior": Choice("FunctionDeclaration.Behavior", ("UNSPECIFIED", "BLOCKING", "NON_BLOCKING")),
    },
    frozenset({"response", "responseJsonSchema", "behavior"}),
)
_SERVED_ELSEWHERE = (
    "googleSearch",
    "googleSearchRetrieval",
    "googleMaps",
    "codeExecution",
    "urlContext",
    "computerUse",
    "fileSearch",
    "mcpServers",
)
TOOL = Proto(
    "Tool",
    {"functionDeclarations": Many(DECLARATION), **dict.fromkeys(_SERVED_ELSEWHERE, Anything())},
    frozenset(_SERVED_ELSEWHERE),
)
_MODES = ("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")
CALLING = Proto(
    "FunctionCallingConfig",
    {
        "mode": Choice("FunctionCallingConfig.Mode", _MODES),
        "allowedFunctionNames": Many(Text()),
        "streamFunctionCallArguments": Flag(),
    },
    frozenset({"streamFunctionCallArguments"}),
)
TOOL_CONFIG = Proto(
    "ToolConfig",
    {"functionCallingConfig": CALLING, "retrievalConfig": _OBJECT, "includeServerSideToolInvocations": Flag()},
    frozenset({"retrievalConfig", "includeServerSideToolInvocations"}),
)
CATEGORIES = tuple(
    f"HARM_CATEGORY_{category}"
    for category in (
        "UNSPECIFIED",
        "DEROGATORY",
        "TOXICITY",
        "VIOLENCE",
        "SEXUAL",
        "MEDICAL",
        "DANGEROUS",
        "HARASSMENT",
        "HATE_SPEECH",
        "SEXUALLY_EXPLICIT",
        "DANGEROUS_CONTENT",
        "CIVIC_INTEGRITY",
        "JAILBREAK",
    )
)
_THRESHOLDS = (
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
)
SAFETY = Proto(
    "SafetySetting",
    {
        "category": Choice("HarmCategory", CATEGORIES),
        "threshold": Choice("SafetySetting.HarmBlockThreshold", _THRESHOLDS),
    },
)
GENERATE = Proto(
    "GenerateContentRequest",
    {
        "model": Text(),
        "contents": Many(CONTENT),
        "systemInstruction": CONTENT,
        "tools": Many(TOOL),
        "toolConfig": TOOL_CONFIG,
        "safetySettings": Many(SAFETY),
        "generationConfig": CONFIG,
        "cachedContent": Text(),
        "serviceTier": Text(),
        "store": Flag(),
        "labels": Named(Text()),
        "continuationToken": Bytes(),
    },
    frozenset({"model", "store", "labels", "continuationToken"}),
)
COUNT = Proto("CountTokensRequest", {"contents": Many(CONTENT), "generateContentRequest": GENERATE})
_TASKS = (
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
)
EMBED = Proto(
    "EmbedContentRequest",
    {
        "model": Text(),
        "content": CONTENT,
        "taskType": Choice("TaskType", _TASKS),
        "title": Text(),
        "outputDimensionality": Integer(),
    },
    frozenset({"taskType", "title"}),
)
BATCH_EMBED = Proto("BatchEmbedContentsRequest", {"requests": Many(EMBED)})

REQUESTS = {
    "generateContent": GENERATE,
    "streamGenerateContent": GENERATE,
    "countTokens": COUNT,
    "embedContent": EMBED,
    "batchEmbedContents": BATCH_EMBED,
}
"""The message of each method's request."""
