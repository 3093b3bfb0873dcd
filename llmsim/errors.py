"""Whose doing it was: every error that llmsim raises on purpose. Imports nothing of ours.

LlmsimError
+- ClientError       the caller's doing; carries status, type, param and code; a wire renders it once (`refuse`)
+- OperatorError     a file, flag or environment variable is wrong; exit code 2, the message names it
   of a restore      NothingToRestore: the place answers, and has nothing of this pod
+- StoreError        the store, a snapshot or an archive; exit code 3
   of a store        StoreInUse, StoreFormat, StoreDamaged, StoreFull, StaleStore, WrongOrdinal, WrongSeed
   of its copies     SnapshotDamaged, ArchiveDamaged, RestoreTargetExists
   of a place        PlaceUnreachable; ObjectMissing and ObjectExists, which whoever asks for an object answers
"""

from typing import ClassVar


class LlmsimError(Exception):
    """Base of all errors that llmsim raises on purpose; its text is written for the one who caused it."""

    exit_code: ClassVar[int] = 1


class ClientError(LlmsimError):
    """The caller's request cannot be served.

    Args:
        message: what is wrong, as the provider would say it.
        status: the HTTP status.
        kind: the provider's error `type`.
        param: the request key at fault, where there is one (`messages[0].role`).
        code: the provider's machine-readable code, where there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.param = param
        self.code = code


class UnknownPath(ClientError):
    """No route takes this path; each wire says so in its provider's words."""

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"Invalid URL ({method} {path})", status=404)
        self.method = method
        self.path = path


class WrongMethod(ClientError):
    """A route takes this path, with another method; each wire says so in its provider's words."""

    def __init__(self, method: str, path: str) -> None:
        hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
        super().__init__(f"Not allowed to {method} on {path}. {hint}", status=405)
        self.method = method
        self.path = path


class UnknownModel(ClientError):
    """No profile serves this model; each wire says so in its provider's words."""

    def __init__(self, model: str) -> None:
        message = f"The model `{model}` does not exist or you do not have access to it."
        super().__init__(message, status=404, code="model_not_found")
        self.model = model


class ContextOverflow(ClientError):
    """The prompt leaves no room for a reply, or none of `wanted` tokens; each wire says so in its provider's words."""

    def __init__(self, tokens: int, window: int, wanted: int = 0) -> None:
        message = f"The messages have {tokens} tokens, the context window of the model has {window}."
        super().__init__(message, param="messages", code="context_length_exceeded")
        self.tokens = tokens
        self.window = window
        self.wanted = wanted


class WrongPod(ClientError):
    """An id says that another pod made what it names. Whoever routes between pods finds the owner in it."""

    def __init__(self, name: str, owner: int, ordinal: int) -> None:
        message = f"The id '{name}' belongs to pod {owner}, and this is pod {ordinal}: ask that one."
        super().__init__(message, status=421, code="wrong_pod")
        self.owner = owner


class OperatorError(LlmsimError):
    """A file, flag or variable given by the operator is wrong; the text names the place and what was expected."""

    exit_code: ClassVar[int] = 2


class NothingToRestore(OperatorError):
    """A place answers, and has no snapshot, or none of the pod that is asked for."""


class StoreError(LlmsimError):
    """The store, a snapshot or the disk below them."""

    exit_code: ClassVar[int] = 3


class StoreInUse(StoreError):
    """Another process writes to this data directory."""


class StoreFormat(StoreError):
    """Not a store of ours, or one of another format version."""


class StoreDamaged(StoreError):
    """The bytes or the invariants of the store are broken."""


class StoreFull(StoreError):
    """The disk is full: this write did not happen, all earlier ones stand."""


class SnapshotDamaged(StoreError):
    """A snapshot does not match its manifest."""


class ArchiveDamaged(StoreError):
    """A segment of an archive is not what it says, or not what comes next."""


class PlaceUnreachable(StoreError):
    """A folder or bucket does not answer, or fails: what was asked of it may be tried again."""


class ObjectMissing(PlaceUnreachable):
    """A folder or bucket has no object of this name."""


class ObjectExists(PlaceUnreachable):
    """A folder or bucket has an object of this name already."""


class RestoreTargetExists(StoreError):
    """The target of a restore already holds something."""


class StaleStore(StoreError):
    """The store is older than its archive, or has gone another way: it is not the one that was archived last."""


class WrongOrdinal(StoreError):
    """The store belongs to another pod ordinal."""


class WrongSeed(StoreError):
    """The store was made with another root seed."""


def leading_error(group: BaseExceptionGroup[BaseException]) -> LlmsimError | None:
    """The first error of ours in a group that structured concurrency made of it, wherever it sits; None if none."""
    for error in group.exceptions:
        found = leading_error(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, LlmsimError):
            return found
    return None
