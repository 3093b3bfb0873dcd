"""A bucket of an object store: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.

By obstore, whose clients read the environment as each cloud's own tools do, and try again what failed in passing.
Invariant: every request ends within REQUEST_S times its retries; texts of the client's errors are told without URLs
that it made, as signed ones carry secrets.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import obstore
from obstore import exceptions
from obstore.store import from_url

from llmsim.errors import ObjectExists, ObjectMissing, OperatorError, PlaceUnreachable
from llmsim.recovery.places import Found

CONNECT_S = 5
REQUEST_S = 60
"""One object of at most a few megabytes, each way."""
RETRIES = 3
RETRY_S = 20
"""How long a request is tried again: whoever waits tries later, and says so meanwhile."""
_QUERY = re.compile(r"\?\S*")


class Bucket:
    """A path in a bucket; the bucket must be there."""

    def __init__(self, url: str) -> None:
        self.url = url
        with self._errors(""):
            # Plain HTTP only where the environment's endpoint says so; these options hide AWS_ALLOW_HTTP.
            self._store = from_url(
                url,
                client_options={
                    "allow_http": True,
                    "connect_timeout": timedelta(seconds=CONNECT_S),
                    "timeout": timedelta(seconds=REQUEST_S),
                },
                retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_S)},
            )

    def prepare(self) -> None:
        with self._errors(""):
            next(iter(obstore.list(self._store, chunk_size=1)), None)

    def put(self, name: str, content: bytes) -> None:
        with self._errors(name):
            obstore.put(self._store, name, content, mode="create", use_multipart=False)

    def get(self, name: str, most_bytes: int) -> bytes:
        with self._errors(name):
            found = obstore.get(self._store, name)
            if found.meta["size"] > most_bytes:
                return bytes(obstore.get_range(self._store, name, start=0, end=most_bytes + 1))
            return bytes(found.bytes())

    def find(self, beginning: str = "") -> list[Found]:
        folder = beginning.rpartition("/")[0]
        with self._errors(beginning):
            found = [
                Found(one["path"], one["size"], one["last_modified"].timestamp())
                for page in obstore.list(self._store, prefix=folder or None)
                for one in page
            ]
        return sorted((one for one in found if one.name.startswith(beginning)), key=lambda one: one.name)

    def delete(self, name: str) -> None:
        with self._errors(name):
            obstore.delete(self._store, name)

    def room_bytes(self) -> int | None:
        return None

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        where = f"{self.url}/{name}" if name else self.url
        try:
            yield
        except exceptions.AlreadyExistsError as error:
            raise ObjectExists(f"{self.url} has {name} already") from error
        except (exceptions.NotFoundError, FileNotFoundError) as error:
            raise ObjectMissing(f"{self.url} has no {name}") from error
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            raise OperatorError(f"{where}: access denied: check the credentials in the environment") from error
        except (exceptions.UnknownConfigurationKeyError, ValueError) as error:
            raise OperatorError(f"{where}: {_told(error)}") from error
        except exceptions.BaseError as error:
            raise PlaceUnreachable(f"{where}: {_told(error)}") from error


def _told(error: Exception) -> str:
    """The first line of what the client says, without what stands behind the path of a URL."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return _QUERY.sub("", lines[0])[:300]
