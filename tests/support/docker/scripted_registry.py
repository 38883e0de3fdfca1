"""A registry whose answers a test writes down, with logins by password or by token; it remembers what it was asked."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Told:
    """One answer. `content` is what is sent as JSON, or bytes."""

    status: int = 200
    content: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ScriptedRegistry:
    """`answers` are by method and path, several for one are given in turn; what is not there is 404.

    :param login: ``(name, password)`` that it wants. :param by_token: whether a token is handed out for them.
    :param identity_token: a token that stands for the login.
    :param allows: the actions that a token is good for.
    """

    answers: dict[str, Told | list[Told]] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    by_token: bool = False
    identity_token: str = ""
    allows: str = "pull,push"
    host: str = ""
    asked: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)


@contextlib.contextmanager
def scripted_registry(registry: ScriptedRegistry) -> Iterator[ScriptedRegistry]:
    """Run `registry` and set its `host`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": registry}))
    server.daemon_threads = True
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: ScriptedRegistry

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _serve(self) -> None:
        registry = self.registry
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path == "/token":
            self._hand_out(content)
            return
        registry.asked.append(f"{self.command} {self.path}")
        registry.authorizations.append(self.headers.get("Authorization", ""))
        if registry.login and not self._knows():
            challenge = 'Basic realm="here"'
            if registry.by_token:
                name = path.removeprefix("/v2/").partition("/manifests")[0].partition("/blobs")[0].partition("/tags")[0]
                scope = f"repository:{name}:pull"
                challenge = f'Bearer realm="http://{registry.host}/token",service="here",scope="{scope}"'
            self._answer(Told(401, {"errors": [{"code": "UNAUTHORIZED"}]}, {"WWW-Authenticate": challenge}))
            return
        told = registry.answers.get(f"{self.command} {path}", Told(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]}))
        if isinstance(told, list):
            told = told.pop(0) if len(told) > 1 else told[0]
        self._answer(told)

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = _serve

    def _knows(self) -> bool:
        registry = self.registry
        assert registry.login is not None
        given = self.headers.get("Authorization", "")
        if not registry.by_token:
            return given == "Basic " + base64.b64encode(":".join(registry.login).encode()).decode()
        actions = given.removeprefix("Bearer ").split(",")
        return set(actions) <= set(registry.allows.split(",")) and "pull" in actions

    def _hand_out(self, content: bytes) -> None:
        registry = self.registry
        assert registry.login is not None
        fields = parse_qs(content.decode() if self.command == "POST" else urlsplit(self.path).query)
        scope = fields["scope"][0]
        registry.scopes.append(scope)
        basic = "Basic " + base64.b64encode(":".join(registry.login).encode()).decode()
        by_name = self.command == "GET" and self.headers.get("Authorization") == basic
        by_token = self.command == "POST" and fields.get("refresh_token") == [registry.identity_token]
        if not (by_name or by_token):
            self._answer(Told(401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong password"}]}))
            return
        self._answer(Told(200, {"token": scope.rpartition(":")[2]}))

    def _answer(self, told: Told) -> None:
        content = told.content if isinstance(told.content, bytes) else json.dumps(told.content).encode()
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
