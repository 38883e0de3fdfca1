"""The HTTP side of the control plane: its services by path, uploads and downloads, and who may ask."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import protovalidate
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.actions.actions_service_connect import ActionsServiceASGIApplication
from flyteidl2.auth.auth_service_connect import AuthMetadataServiceASGIApplication
from flyteidl2.auth.identity_connect import IdentityServiceASGIApplication
from flyteidl2.cluster.service_connect import ClusterServiceASGIApplication
from flyteidl2.dataproxy.dataproxy_service_connect import DataProxyServiceASGIApplication
from flyteidl2.project.project_service_connect import ProjectServiceASGIApplication
from flyteidl2.task.task_service_connect import TaskServiceASGIApplication
from flyteidl2.workflow.queue_service_connect import QueueServiceASGIApplication
from flyteidl2.workflow.run_logs_service_connect import RunLogsServiceASGIApplication
from flyteidl2.workflow.run_service_connect import RunServiceASGIApplication
from flyteidl2.workflow.state_service_connect import StateServiceASGIApplication

from flytectl_py import __version__
from flytectl_py.errors import FlyteError
from flytectl_py.machine.blobs import BadContentError, BadTicketError
from flytectl_py.machine.plane import Plane
from flytectl_py.machine.services import children, data, places, runs, tasks
from flytectl_py.storage.api import ObjectMissingError

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

HEALTH = "/healthz"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "host.docker.internal"})
MOST_BYTES = 64 << 20
"""Of one message."""

_PARTS: tuple[tuple[Any, Any], ...] = (
    (RunServiceASGIApplication, runs.Runs),
    (TaskServiceASGIApplication, tasks.Tasks),
    (DataProxyServiceASGIApplication, data.DataProxy),
    (RunLogsServiceASGIApplication, data.RunLogs),
    (ActionsServiceASGIApplication, children.Actions),
    (QueueServiceASGIApplication, children.Queue),
    (StateServiceASGIApplication, children.State),
    (ProjectServiceASGIApplication, places.Projects),
    (ClusterServiceASGIApplication, places.Clusters),
    (IdentityServiceASGIApplication, places.Identity),
    (AuthMetadataServiceASGIApplication, places.AuthMetadata),
)

log = logging.getLogger("flyte.machine")


class Checks:
    """An interceptor: refuses requests that break the rules of their messages; says when state or store are away."""

    async def intercept_unary(self, call_next: Any, request: Any, ctx: Any) -> Any:
        """Check one request."""
        _validate(request)
        try:
            return await call_next(request, ctx)
        except (sqlite3.Error, FlyteError) as error:
            raise _away(error) from error

    async def intercept_server_stream(self, call_next: Any, request: Any, ctx: Any) -> Any:
        """Check the request of a stream."""
        _validate(request)
        try:
            async for each in call_next(request, ctx):
                yield each
        except (sqlite3.Error, FlyteError) as error:
            raise _away(error) from error


class Application:
    """The ASGI application over a plane."""

    def __init__(self, plane: Plane, wake: Callable[[], None]) -> None:
        self._plane = plane
        self._services: dict[str, Any] = {}
        for application, service in _PARTS:
            made = application(service(plane, wake), interceptors=[Checks()], read_max_bytes=MOST_BYTES)
            self._services[made.path.strip("/")] = made

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path, method = scope["path"], scope["method"]
        # A page in a browser can reach a server on loopback by a name of its own, but not with this header.
        if not _is_loopback(_header(scope, b"host")):
            await _answer(send, 403, b"this control plane answers on loopback only\n")
            return
        service = path.strip("/").rpartition("/")[0]
        if service in self._services:
            await self._services[service](scope, receive, send)
        elif service.startswith("flyteidl2.") and method == "POST":
            said = {
                "code": "unimplemented",
                "message": f"{path[1:]}: the control plane of one machine does not do that",
            }
            await _answer(send, 501, json.dumps(said).encode(), "application/json")
        elif path == HEALTH:
            said = {"version": __version__, "executor": self._plane.executor.name}
            await _answer(send, 200, json.dumps(said).encode(), "application/json")
        elif path.startswith("/upload/") and method == "PUT":
            await self._upload(path.removeprefix("/upload/"), receive, send)
        elif path.startswith("/download/") and method in ("GET", "HEAD"):
            await self._download(path.removeprefix("/download/"), send)
        else:
            await _answer(send, 404, b"there is nothing at this address\n")

    async def _upload(self, text: str, receive: Receive, send: Send) -> None:
        try:
            ticket = self._plane.tickets.read(text)
            await self._plane.blobs.take(ticket, _body(receive))
        except BadTicketError as error:
            await _answer(send, 403, f"{error}\n".encode())
        except BadContentError as error:
            await _answer(send, 400, f"<Error><Code>BadDigest</Code><Message>{error}</Message></Error>".encode())
        except (FlyteError, OSError) as error:
            log.warning("an upload cannot be stored: %s", error)
            await _answer(send, 507, f"it cannot be stored: {error}\n".encode())
        else:
            await _answer(send, 200, b"")

    async def _download(self, text: str, send: Send) -> None:
        try:
            ticket = self._plane.tickets.read(text)
            content = await self._plane.blobs.read(ticket.uri)
        except BadTicketError as error:
            await _answer(send, 403, f"{error}\n".encode())
        except ObjectMissingError as error:
            await _answer(send, 404, f"{error}\n".encode())
        except FlyteError as error:
            await _answer(send, 503, f"{error}\n".encode())
        else:
            kind = "text/html; charset=utf-8" if ticket.uri.endswith(".html") else "application/octet-stream"
            await _answer(send, 200, content, kind)


class BrokenOffError(FlyteError):
    """Who sends an upload has gone before its end."""


def _validate(request: Any) -> None:
    try:
        protovalidate.validate(request)
    except protovalidate.ValidationError as error:
        # Clients take the organisation from the name of the host, and `localhost` gives some of them none.
        if all(_is_organisation(_path(each)) for each in error.violations):
            return
        raise ConnectError(Code.INVALID_ARGUMENT, str(error)) from error


def _path(violation: Any) -> str:
    return ".".join(each.field_name for each in violation.proto.field.elements)


def _is_organisation(path: str) -> bool:
    return path.rpartition(".")[2] in {"org", "organization"} or path.endswith("org_id.name")


def _away(error: sqlite3.Error | FlyteError) -> ConnectError:
    what = "state" if isinstance(error, sqlite3.Error) else "store"
    log.error("the %s cannot be read or written: %s", what, error)
    return ConnectError(Code.UNAVAILABLE, f"the {what} of the control plane cannot be read or written: {error}")


def _header(scope: Any, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


def _is_loopback(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:
        return False


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BrokenOffError("the upload was broken off")
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _answer(send: Send, status: int, content: bytes, kind: str = "text/plain; charset=utf-8") -> None:
    headers = [(b"content-length", str(len(content)).encode()), (b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
