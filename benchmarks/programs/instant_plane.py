"""A control plane whose children succeed as soon as they are enqueued: ``instant_plane.py FOLDER`` prints its port."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from flyteidl2.common.phase_pb2 import ACTION_PHASE_SUCCEEDED
from flyteidl2.core.literals_pb2 import Literal, Primitive, Scalar
from flyteidl2.task.common_pb2 import NamedLiteral, Outputs
from flyteidl2.workflow.queue_service_connect import QueueServiceASGIApplication
from flyteidl2.workflow.queue_service_pb2 import EnqueueActionResponse
from flyteidl2.workflow.state_service_connect import StateServiceASGIApplication
from flyteidl2.workflow.state_service_pb2 import ActionUpdate, WatchResponse

outputs_folder = Path(sys.argv[1])
latest: list[asyncio.Queue[Any]] = []
"""The updates for whoever watches: one parent after another."""


class Queue:
    """Takes children."""

    async def enqueue_action(self, request: Any, ctx: Any) -> Any:
        del ctx
        update = ActionUpdate(action_id=request.action_id, phase=ACTION_PHASE_SUCCEEDED, output_uri=str(outputs_folder))
        latest[-1].put_nowait(update)
        return EnqueueActionResponse()

    def __getattr__(self, name: str) -> Any:
        return _missing


class State:
    """Tells of them."""

    async def watch(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        del request, ctx
        updates: asyncio.Queue[Any] = asyncio.Queue()
        latest.append(updates)
        yield WatchResponse(control_message={"sentinel": True})
        while True:
            yield WatchResponse(action_update=await updates.get())

    def __getattr__(self, name: str) -> Any:
        return _missing


async def _missing(request: Any, ctx: Any) -> Any:
    raise NotImplementedError


applications: list[Any] = [QueueServiceASGIApplication(Queue()), StateServiceASGIApplication(State())]


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request."""
    found = next(each for each in applications if scope["path"].startswith(each.path))
    await found(scope, receive, send)


def main() -> None:
    """Serve until killed."""
    outputs_folder.mkdir(parents=True, exist_ok=True)
    value = Literal(scalar=Scalar(primitive=Primitive(integer=1)))
    message = Outputs(literals=[NamedLiteral(name="o0", value=value)])
    (outputs_folder / "outputs.pb").write_bytes(message.SerializeToString())
    opened = socket.create_server(("127.0.0.1", 0))
    print(opened.getsockname()[1], flush=True)
    config = uvicorn.Config(application, lifespan="off", log_level="critical", ws="none")
    uvicorn.Server(config).run(sockets=[opened])


if __name__ == "__main__":
    main()
