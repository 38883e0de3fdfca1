"""The HTTP side of the tests' control plane: what is recorded and refused before a service sees it, and its blobs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import protovalidate
from connectrpc.code import Code
from connectrpc.errors import ConnectError

from tests.support.plane.faults import DoneThenLost, Late, Refuse, Reset, Status, Trouble, Troubles
from tests.support.plane.state import Call, State

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

HTTP_STATUS = {
    Code.UNAVAILABLE: 503, Code.UNAUTHENTICATED: 401, Code.PERMISSION_DENIED: 403, Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409, Code.RESOURCE_EXHAUSTED: 429, Code.DEADLINE_EXCEEDED: 504, Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400, Code.UNIMPLEMENTED: 501,
}  # fmt: skip


class Recorder:
    """An interceptor of connectrpc: writes each request down and validates it, as a server does."""

    def __init__(self, state: State) -> None:
        self.state = state

    def note(self, request: Any, ctx: Any) -> None:
        method = f"{ctx.method().service_name.rpartition('.')[2]}.{ctx.method().name}"
        headers = {name.lower(): value for name, value in ctx.request_headers().items()}
        call = Call(method, headers, message=request)
        self.state.calls.append(call)
        try:
            protovalidate.validate(request)
        except protovalidate.ValidationError as error:
            call.violations = str(error)
            raise ConnectError(Code.INVALID_ARGUMENT, call.violations) from error

    async def intercept_unary(self, call_next: Any, request: Any, ctx: Any) -> Any:
        self.note(request, ctx)
        return await call_next(request, ctx)

    async def intercept_server_stream(self, call_next: Any, request: Any, ctx: Any) -> Any:
        self.note(request, ctx)
        async for each in call_next(request, ctx):
            yield each


class Exchange:
    """The ASGI application: faults and logins first, then blobs and services."""

    def __init__(self, state: State, troubles: Troubles, applications: Mapping[str, Any]) -> None:
        self.state = state
        self.troubles = troubles
        self.applications = applications

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        path = scope["path"]
        service, _, method = path.strip("/").rpartition("/")
        called = f"{service.rpartition('.')[2]}.{method}" if service in self.applications else scope["method"]
        trouble = self.troubles.next_for(called)
        if isinstance(trouble, Reset) and trouble.messages is None:
            await _read(receive, trouble.after)
            self.state.calls.append(Call(called, _headers(scope), path=path))
            _break(send)
            return
        if isinstance(trouble, Refuse | Status):
            content = await _read(receive)
            self.state.calls.append(Call(called, _headers(scope), path=path, content=content))
            await _refuse(scope, send, trouble)
        elif service in self.applications:
            await self._serve(self.applications[service], service, scope, receive, _troubled(send, trouble))
        elif path.startswith("/blob/"):
            await self._blob(scope, await _read(receive), _troubled(send, trouble))
        else:
            await _answer(send, 404, {}, b"no such path")

    async def _serve(self, application: Any, service: str, scope: Any, receive: Receive, send: Send) -> None:
        accepted = self.state.accepted_tokens
        given = _headers(scope).get("authorization", "").removeprefix("Bearer ")
        if accepted is not None and given not in accepted and not service.endswith("AuthMetadataService"):
            await _read(receive)
            self.state.calls.append(Call("unauthenticated", _headers(scope), path=scope["path"]))
            await _refuse(scope, send, Refuse(Code.UNAUTHENTICATED, "token is expired" if given else "no token"))
            return
        await application(scope, receive, send)

    async def _blob(self, scope: Any, content: bytes, send: Send) -> None:
        key, headers, blobs = scope["path"].removeprefix("/blob/"), _headers(scope), self.state.blobs
        self.state.calls.append(Call(scope["method"], headers, path=scope["path"], content=content))
        if scope["method"] in ("GET", "HEAD"):
            if key in blobs:
                found = blobs[key]
                await _answer(send, 200, {"ETag": f'"{hashlib.md5(found).hexdigest()}"'}, found)
            else:
                await _answer(send, 404, {}, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        digest = hashlib.md5(content).digest()
        expected = self.state.expected_md5.get(key) or digest
        said = headers.get("content-md5")
        if digest != expected or (said is not None and base64.b64decode(said) != digest):
            await _answer(send, 400, {}, b"<Error><Code>BadDigest</Code><Message>wrong MD5</Message></Error>")
        elif headers.get("if-none-match") == "*" and key in blobs:
            await _answer(send, 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>")
        else:
            blobs[key] = content
            await _answer(send, 200, {"ETag": f'"{digest.hex()}"'}, b"")


def _headers(scope: Any) -> dict[str, str]:
    return {name.decode().lower(): value.decode() for name, value in scope["headers"]}


async def _read(receive: Receive, at_most: int | None = None) -> bytes:
    content = b""
    while at_most is None or len(content) < at_most:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body"):
            break
    return content


async def _answer(send: Send, status: int, headers: Mapping[str, str], content: bytes) -> None:
    named = {"Content-Length": str(len(content)), **headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


async def _refuse(scope: Any, send: Send, trouble: Refuse | Status) -> None:
    if isinstance(trouble, Status):
        await _answer(send, trouble.status, trouble.headers, trouble.content)
        return
    error = {"code": trouble.code.value, "message": trouble.message}
    kind = _headers(scope).get("content-type", "")
    if kind.startswith("application/connect+"):
        # A stream says how it ended in its last message, and its status is 200.
        end = json.dumps({"error": error}).encode()
        content = b"\x02" + len(end).to_bytes(4, "big") + end
        await _answer(send, 200, {"Content-Type": kind, **trouble.headers}, content)
        return
    headers = {"Content-Type": "application/json", **trouble.headers}
    await _answer(send, HTTP_STATUS[trouble.code], headers, json.dumps(error).encode())


def _troubled(send: Send, trouble: Trouble | None) -> Send:
    """Return a `send` that is late, or breaks the connection: after some messages, or instead of answering."""
    if isinstance(trouble, Late):
        seconds = trouble.seconds

        async def late(message: Any) -> None:
            await asyncio.sleep(seconds)
            await send(message)

        return late
    if isinstance(trouble, DoneThenLost):

        async def lost(message: Any) -> None:
            _break(send)

        return lost
    if not isinstance(trouble, Reset):
        return send
    left = trouble.messages or 0

    async def breaking(message: Any) -> None:
        nonlocal left
        if message["type"] == "http.response.body" and message.get("body"):
            if left <= 0:
                _break(send)
                return
            left -= 1
        await send(message)

    return breaking


def _break(send: Any) -> None:
    """Break the connection: the other side sees a reset, not an orderly end."""
    transport = send.__self__.transport
    opened = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        # Linger of zero makes a reset of it.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
