"""A cluster for tests: the control plane of the tests, which also runs what is enqueued, each action in an `a0`."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.actions import actions_service_pb2
from flyteidl2.actions.actions_service_connect import ActionsServiceASGIApplication
from flyteidl2.common import phase_pb2
from flyteidl2.core.execution_pb2 import ErrorDocument
from flyteidl2.workflow import queue_service_pb2, state_service_pb2
from flyteidl2.workflow.queue_service_connect import QueueServiceASGIApplication
from flyteidl2.workflow.state_service_connect import StateServiceASGIApplication

from tests.support.container import A0, Container
from tests.support.control_plane import ControlPlaneServer, serving
from tests.support.plane.exchange import Exchange, Recorder

SUCCEEDED = phase_pb2.ACTION_PHASE_SUCCEEDED
FAILED = phase_pb2.ACTION_PHASE_FAILED


class Cluster(ControlPlaneServer):
    """Runs children in folders beside the container of their parent, in its store, with its files as their image.

    Tasks named in `never` are taken and never run; `started` names those that ran, in order.
    """

    def __init__(self, parent: Container) -> None:
        super().__init__()
        self.parent = parent
        self.never: set[str] = set()
        self.started: list[str] = []
        self.aborted: list[str] = []
        self._updates: dict[str, dict[str, Any]] = {}
        self._watchers: dict[str, list[asyncio.Queue[Any]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def environment(self) -> dict[str, str]:
        """What the container of the parent needs to find this cluster."""
        return {"_U_EP_OVERRIDE": self.endpoint, "_U_RUN_BASE": str(self.parent.store)}

    def application(self) -> Exchange:
        made = super().application()
        recorder = Recorder(self)
        for application, service in (
            (QueueServiceASGIApplication, _Queue),
            (StateServiceASGIApplication, _State),
            (ActionsServiceASGIApplication, _Actions),
        ):
            each: Any = application(service(self), interceptors=[recorder])
            made.applications[each.path.strip("/")] = each  # type: ignore[index]
        return made

    def enqueue(self, action: Any) -> None:
        """Take an action, by either service."""
        parent, name = action.parent_action_name, action.action_id.name
        if name in self._updates.get(parent, {}):
            raise ConnectError(Code.ALREADY_EXISTS, f"{name} exists")
        if action.HasField("trace"):
            uri = action.trace.outputs.output_uri
            self._publish(action, action.trace.phase, uri)
            return
        self._publish(action, phase_pb2.ACTION_PHASE_QUEUED)
        if action.task.id.name not in self.never:
            task = asyncio.get_running_loop().create_task(self._execute(action))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def abort(self, name: str) -> None:
        """Take note that an action was aborted."""
        self.aborted.append(name)

    async def follow(self, parent: str, wrap: Any) -> AsyncIterator[Any]:
        """Yield the history of a parent's children, a sentinel, then what changes."""
        waiting: asyncio.Queue[Any] = asyncio.Queue()
        for update in list(self._updates.get(parent, {}).values()):
            yield wrap(action_update=update)
        self._watchers.setdefault(parent, []).append(waiting)
        yield wrap(control_message={"sentinel": True})
        while True:
            yield wrap(action_update=await waiting.get())

    def _publish(self, action: Any, phase: Any, uri: str = "", error: Mapping[str, Any] | None = None) -> None:
        update = state_service_pb2.ActionUpdate(action_id=action.action_id, phase=phase, output_uri=uri, error=error)
        parent = action.parent_action_name
        self._updates.setdefault(parent, {})[action.action_id.name] = update
        for waiting in self._watchers.get(parent, []):
            waiting.put_nowait(update)

    async def _execute(self, action: Any) -> None:
        name, store = action.action_id.name, self.parent.store
        folder = self.parent.project.path.parent / name
        await asyncio.to_thread(shutil.copytree, self.parent.project.path, folder)
        self.started.append(action.task.id.name)
        uri = f"{store}/{name}/1"
        filled = {
            "{{.input}}": action.input_uri, "{{.outputPrefix}}": uri, "{{.rawOutputDataPrefix}}": f"{store}/raw",
            "{{.checkpointOutputPrefix}}": f"{uri}/ck", "{{.prevCheckpointPrefix}}": "", "{{.runName}}": "r1",
            "{{.actionName}}": name, "{{.runStartTime}}": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        arguments = [filled.get(each, each) for each in action.task.spec.task_template.container.args]
        own = {**self.parent.environment, **self.environment(), "ACTION_NAME": name}
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                A0, *arguments[1:], cwd=folder, env=self.parent.project.environment(own), stdout=log, stderr=log
            )
            await process.wait()
        self._ended(action, uri, folder / "log")

    def _ended(self, action: Any, uri: str, log: Path) -> None:
        """Publish what the container left."""
        if Path(uri, "outputs.pb").exists():
            self._publish(action, SUCCEEDED, uri)
            return
        document = Path(uri, "error.pb")
        code = ErrorDocument.FromString(document.read_bytes()).error.code if document.exists() else "Unknown"
        self._publish(action, FAILED, uri, {"code": code, "message": log.read_text()[-400:], "kind": "USER"})


@contextlib.contextmanager
def cluster(parent: Container) -> Iterator[Cluster]:
    """Yield a cluster that runs the children of what runs in `parent`."""
    with serving(Cluster(parent)) as server:
        yield server


class _Queue:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def enqueue_action(self, request: Any, ctx: Any) -> Any:
        self.cluster.enqueue(request)
        return queue_service_pb2.EnqueueActionResponse()

    async def abort_queued_action(self, request: Any, ctx: Any) -> Any:
        self.cluster.abort(request.action_id.name)
        return queue_service_pb2.AbortQueuedActionResponse()

    def __getattr__(self, name: str) -> Any:
        return _unimplemented


class _State:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def watch(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        return self.cluster.follow(request.parent_action_id.name, state_service_pb2.WatchResponse)

    def __getattr__(self, name: str) -> Any:
        return _unimplemented


class _Actions:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def enqueue(self, request: Any, ctx: Any) -> Any:
        self.cluster.enqueue(request.action)
        return actions_service_pb2.EnqueueResponse()

    async def abort(self, request: Any, ctx: Any) -> Any:
        self.cluster.abort(request.action_id.name)
        return actions_service_pb2.AbortResponse()

    def watch_for_updates(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        return self.cluster.follow(request.parent_action_id.name, actions_service_pb2.WatchForUpdatesResponse)

    def __getattr__(self, name: str) -> Any:
        return _unimplemented


async def _unimplemented(request: Any, ctx: Any) -> Any:
    raise ConnectError(Code.UNIMPLEMENTED, "not part of this test")
