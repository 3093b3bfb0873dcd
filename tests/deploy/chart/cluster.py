"""What stands in for a cluster's API: claims and VolumeSnapshots over TLS, for whoever has the token.

It keeps what it was asked for, so that a test can compare it with what the Role allows.
"""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import orjson
import trustme

TOKEN = "a-token"  # noqa: S105  (of nobody)
NAMESPACE = "llm-devops"
PATHS = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/v1)/namespaces/llm-devops/(?P<resource>[a-z]+)(?:/(?P<name>[-a-z0-9]+))?"
)
VERBS = {"GET": "list", "POST": "create", "DELETE": "delete"}


@attrs.define
class Cluster:
    """Objects by resource and name, and the rules of RBAC that what was asked needs: (group, resource, verb)."""

    objects: dict[str, dict[str, dict[str, Any]]]
    port: int = 0
    needed: set[tuple[str, str, str]] = attrs.field(factory=set)
    refuse: str = ""

    def answer(self, method: str, url: str, token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a request."""
        parts = urlsplit(url)
        found = PATHS.fullmatch(parts.path)
        if token != f"Bearer {TOKEN}" or found is None:
            return (401 if found else 404), {}
        self.needed.add((found["group"] or "", found["resource"], VERBS[method]))
        if self.refuse == VERBS[method]:
            return 403, {"message": "forbidden"}
        objects = self.objects.setdefault(found["resource"], {})
        if method == "GET":
            wanted = dict(one.split("=") for one in parse_qs(parts.query)["labelSelector"][0].split(","))
            items = [one for one in objects.values() if one["metadata"]["labels"].items() >= wanted.items()]
            return 200, {"items": items}
        if method == "DELETE":
            return (200 if objects.pop(found["name"], None) else 404), {}
        name = body["metadata"]["name"]
        if name in objects:
            return 409, {}
        body["metadata"]["creationTimestamp"] = "2026-11-30T12:00:00Z"
        objects[name] = body
        return 201, body


@contextmanager
def running(cluster: Cluster, identity: Path) -> Iterator[None]:
    """The API at a port of 127.0.0.1 while the block runs; `identity` becomes a folder as pods have one."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    identity.mkdir()
    authority.cert_pem.write_to_path(str(identity / "ca.crt"))
    (identity / "token").write_text(TOKEN + "\n")
    (identity / "namespace").write_text(NAMESPACE)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = orjson.loads(self.rfile.read(length)) if length else {}
            status, said = cluster.answer(self.command, self.path, self.headers.get("authorization", ""), body)
            content = orjson.dumps(said)
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  (names that http.server looks for)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        cluster.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
