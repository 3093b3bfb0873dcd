"""OpenAI's own description of its API, to hold bodies and events against: `faults("Response", body)`, `event_faults`.

The description (`openapi.py` finds it, or skips the test) is read as JSON Schema 2020-12. Where recorded responses of
the live API differ from it, `RELAXED` says so, each with its reason; nothing else is forgiven.
"""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.openapi import document

URI = "urn:openai"
STREAMED = "text/event-stream"
JSON = "application/json"


@attrs.frozen
class Relaxed:
    """One property of one schema that the live API does not keep to: it may be null, or be left out."""

    schema: str
    name: str
    reason: str
    null: bool = False
    absent: bool = False


RELAXED = (
    Relaxed("ModelResponseProperties", "user", "recorded: null where none was given", null=True),
    Relaxed("Response", "usage", "recorded: null until the response has ended", null=True),
    Relaxed("ResponseFunctionCallArgumentsDoneEvent", "name", "recorded without it", absent=True),
    Relaxed("ResponseItemList", "first_id", "recorded: null in an empty list", null=True),
    Relaxed("ResponseItemList", "last_id", "recorded: null in an empty list", null=True),
    Relaxed("ConversationItemList", "first_id", "recorded: null in an empty list", null=True),
    Relaxed("ConversationItemList", "last_id", "recorded: null in an empty list", null=True),
    Relaxed("ChatCompletionList", "first_id", "recorded: null in an empty list", null=True),
    Relaxed("ChatCompletionList", "last_id", "recorded: null in an empty list", null=True),
    Relaxed("ChatCompletionMessageList", "first_id", "recorded: null in an empty list", null=True),
    Relaxed("ChatCompletionMessageList", "last_id", "recorded: null in an empty list", null=True),
    Relaxed("CreateChatCompletionResponse", "system_fingerprint", "recorded: null (gpt-5 family)", null=True),
    Relaxed("CreateChatCompletionStreamResponse", "system_fingerprint", "recorded: null (gpt-5 family)", null=True),
)
"""Where the live API differs. `reason` is what was seen."""


def faults(schema: str, body: Any) -> list[str]:  # noqa: ANN401
    """What in a body is not as the schema of this name has it; each fault with its place."""
    return list(map(_told, _validator(f"{URI}#/components/schemas/{schema}").iter_errors(body)))


def answer_faults(method: str, path: str, body: Any, *, status: int = 200, kind: str = JSON) -> list[str]:  # noqa: ANN401
    """What in the body of an answer (for a stream: in one event) is not as the operation has it.

    `path` is the description's own, without `/v1`: `/responses/{response_id}`.
    """
    operation = description()["paths"][path][method.lower()]
    pointer = f"{path.replace('~', '~0').replace('/', '~1')}/{method.lower()}/responses/{status}/content"
    if kind not in operation["responses"][str(status)]["content"]:
        raise LookupError(f"{method} {path} does not answer with {kind}")
    where = f"{URI}#/paths/{pointer}/{kind.replace('/', '~1')}/schema"
    return list(map(_told, _validator(where).iter_errors(body)))


def event_faults(event: Mapping[str, Any]) -> list[str]:
    """What in an event of a Responses stream is not as the schema of its type has it."""
    schema = events().get(event["type"])
    return [f"no event is of the type {event['type']!r}"] if schema is None else faults(schema, event)


@functools.cache
def events() -> dict[str, str]:
    """The schema of every type of event of a Responses stream."""
    schemas = description()["components"]["schemas"]
    names = [one["$ref"].rpartition("/")[2] for one in schemas["ResponseStreamEvent"]["anyOf"]]
    return {_type_of(schemas[name]): name for name in names}


@functools.cache
def description() -> dict[str, Any]:
    """The description, with the exceptions made, and as JSON Schema 2020-12 has it."""
    made: dict[str, Any] = _modern(document())
    for relaxed in RELAXED:
        schema = next(_declaring(made["components"]["schemas"][relaxed.schema], relaxed.name))
        if relaxed.null:
            schema["properties"][relaxed.name] = _or_null(schema["properties"][relaxed.name])
        if relaxed.absent:
            schema["required"].remove(relaxed.name)
    return made


def _declaring(schema: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The parts of a schema that declare a property."""
    for part in [schema, *schema.get("allOf", ())]:
        if name in part.get("properties", {}):
            yield part


def _modern(value: Any) -> Any:  # noqa: ANN401
    """What the document still says in the words of older drafts, in those of this one.

    Its alternatives overlap (a message is an EasyInputMessage and an InputMessage), so `oneOf` means `anyOf`.
    """
    if isinstance(value, list):
        return [_modern(one) for one in value]
    if not isinstance(value, dict):
        return value
    schema = {("anyOf" if key == "oneOf" else key): _modern(inner) for key, inner in value.items()}
    if schema.pop("$recursiveAnchor", None) is not None or "$recursiveRef" in schema:
        schema.pop("$recursiveRef", None)
    if schema.get("nullable") is True:
        del schema["nullable"]
        return _or_null(schema)
    return schema


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema["properties"]["type"]
    text: str = kind["const"] if "const" in kind else kind["enum"][0]
    return text


@functools.cache
def _validator(reference: str) -> Draft202012Validator:
    resource = DRAFT202012.create_resource(description())
    registry: Registry[Any] = Registry().with_resource(URI, resource)
    return Draft202012Validator({"$ref": reference}, registry=registry)


def _told(error: ValidationError) -> str:
    """An error and, where alternatives failed, what was wrong with the one that came closest."""
    while error.context:
        error = max(error.context, key=lambda inner: (len(inner.absolute_path), -len(inner.context or ())))
    return f"{error.json_path}: {error.message}"
