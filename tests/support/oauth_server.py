"""An authorization server for tests: the grants that a command-line client uses, with what it was asked."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class OAuthServer:
    """What it knows, what it gave, and what goes wrong next; `url` is its root.

    :ivar asked: the form of each request for a token, in order.
    :ivar tokens: the access tokens that it gave; a test may take one back by removing it.
    :ivar pending: how often a device is told to wait before the person has logged in.
    :ivar denied: the person says no.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, str]] = []
        self.visited: list[dict[str, str]] = []
        self.tokens: set[str] = set()
        self.refreshable: set[str] = set()
        self.clients = {"robot": "robot-s3cr3t"}
        self.pending = 1
        self.slow = 0
        self.denied = False
        self.lasts = 3600
        self.well_known = True
        self._codes: dict[str, dict[str, str]] = {}

    def metadata(self) -> dict[str, str]:
        """What the discovery document says."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "device_authorization_endpoint": f"{self.url}/device",
        }

    def announce(self, plane: Any, redirect_uri: str = "http://localhost:0/callback") -> None:
        """Let the control plane of the tests say that one logs in here, and accept nothing but what this one gives."""
        plane.accepted_tokens = self.tokens
        for name, value in self.metadata().items():
            setattr(plane.oauth, name, value)
        plane.client_config.client_id = "flyte-cli"
        plane.client_config.redirect_uri = redirect_uri
        plane.client_config.scopes.extend(["all"])

    def give(self, *, refreshable: bool = True) -> dict[str, Any]:
        """A new token."""
        access = f"access-t0ken-{len(self.asked)}"
        self.tokens.add(access)
        answer: dict[str, Any] = {"access_token": access, "token_type": "bearer", "expires_in": self.lasts}
        if refreshable:
            answer["refresh_token"] = f"refresh-t0ken-{len(self.asked)}"
            self.refreshable.add(answer["refresh_token"])
        return answer

    def authorize(self, query: dict[str, str]) -> str:
        """The person's visit: where their browser is sent."""
        self.visited.append(query)
        if self.denied:
            return _with(query["redirect_uri"], error="access_denied", state=query["state"])
        code = f"c0de-{len(self.visited)}"
        self._codes[code] = query
        return _with(query["redirect_uri"], code=code, state=query["state"])

    def token(self, form: dict[str, str], basic: str) -> tuple[int, dict[str, Any]]:
        """One request for a token."""
        self.asked.append(form)
        grant = form.get("grant_type")
        if grant == "authorization_code":
            begun = self._codes.pop(form.get("code", ""), None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if (
                begun is None
                or begun["code_challenge_method"] != "S256"
                or begun["code_challenge"] != challenge
                or begun["redirect_uri"] != form.get("redirect_uri")
            ):
                return 400, {"error": "invalid_grant"}
            return 200, self.give()
        if grant == "refresh_token":
            if form.get("refresh_token") not in self.refreshable:
                return 400, {"error": "invalid_grant", "error_description": f"no {form.get('refresh_token')}"}
            return 200, self.give()
        if grant == "client_credentials":
            user, _, secret = base64.b64decode(basic).decode().partition(":")
            if self.clients.get(user) != secret:
                return 401, {"error": "invalid_client"}
            return 200, self.give(refreshable=False)
        if grant == DEVICE_GRANT:
            return self._device_token()
        return 400, {"error": "unsupported_grant_type"}

    def _device_token(self) -> tuple[int, dict[str, Any]]:
        if self.denied:
            return 400, {"error": "access_denied"}
        if self.pending > 0:
            self.pending -= 1
            return 400, {"error": "authorization_pending"}
        return 200, self.give()


def _with(url: str, **query: str) -> str:
    return f"{url}?{urlencode(query)}"


class _Handler(BaseHTTPRequestHandler):
    known: OAuthServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.known.authorize(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif parts.path == "/.well-known/oauth-authorization-server" and self.known.well_known:
            self._answer(200, self.known.metadata())
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(content).items()}
        if self.path == "/token":
            basic = self.headers.get("Authorization", "").removeprefix("Basic ")
            self._answer(*self.known.token(form, basic))
        elif self.path == "/device":
            self._answer(
                200,
                {
                    "device_code": "dev1ce-c0de",
                    "user_code": "ABCD-EFGH",
                    "verification_uri": f"{self.known.url}/activate",
                    "interval": 0,
                    "expires_in": 60,
                },
            )
        else:
            self._answer(404, {})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def oauth_server() -> Iterator[OAuthServer]:
    """Yield a server that answers."""
    known = OAuthServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"known": known}))
    known.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
