"""A control plane for tests: a real HTTP server of flyteidl2's own services on this machine, which fails on demand."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any, TypeVar

import uvicorn
from flyteidl2.auth.auth_service_connect import AuthMetadataServiceASGIApplication
from flyteidl2.auth.identity_connect import IdentityServiceASGIApplication
from flyteidl2.cluster.service_connect import ClusterServiceASGIApplication
from flyteidl2.dataproxy.dataproxy_service_connect import DataProxyServiceASGIApplication
from flyteidl2.project.project_service_connect import ProjectServiceASGIApplication
from flyteidl2.task.task_service_connect import TaskServiceASGIApplication
from flyteidl2.workflow.run_logs_service_connect import RunLogsServiceASGIApplication
from flyteidl2.workflow.run_service_connect import RunServiceASGIApplication

from tests.support.plane import services
from tests.support.plane.exchange import Exchange, Recorder
from tests.support.plane.faults import Trouble, Troubles
from tests.support.plane.state import Call, State

_PARTS: list[tuple[Any, type[services.Service]]] = [
    (RunServiceASGIApplication, services.RunService),
    (RunLogsServiceASGIApplication, services.RunLogsService),
    (TaskServiceASGIApplication, services.TaskService),
    (DataProxyServiceASGIApplication, services.DataProxyService),
    (ClusterServiceASGIApplication, services.ClusterService),
    (ProjectServiceASGIApplication, services.ProjectService),
    (IdentityServiceASGIApplication, services.IdentityService),
    (AuthMetadataServiceASGIApplication, services.AuthMetadataService),
]


class ControlPlaneServer(State):
    """What it was asked, what it knows, and what goes wrong next; see `State` for what a test may set.

    `url` is its root, ``http://127.0.0.1:PORT``; `endpoint` the same as a configuration has it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self._troubles = Troubles()

    @property
    def endpoint(self) -> str:
        return f"dns:///{self.url.removeprefix('http://')}"

    @property
    def config(self) -> str:
        """The text of a ``config.yaml`` that leads here."""
        return (
            f"admin:\n  endpoint: {self.endpoint}\n  insecure: true\n"
            "task:\n  project: flytesnacks\n  domain: development\n"
        )

    def fail(self, method: str, *troubles: Trouble) -> None:
        """Let the next calls of `method` fail, one trouble each: ``fail("RunService.CreateRun", UNAVAILABLE)``.

        ``PUT``, ``GET`` and ``HEAD`` are requests for blobs.
        """
        self._troubles.add(method, *troubles)

    def methods(self) -> list[str]:
        """The methods of all calls so far, in order."""
        return [each.method for each in self.calls]

    def asked(self, method: str) -> list[Call]:
        """All calls of `method` so far."""
        return [each for each in self.calls if each.method == method]

    def application(self) -> Exchange:
        recorder = Recorder(self)
        applications = {}
        for application, service in _PARTS:
            made = application(service(self, lambda: self.url), interceptors=[recorder])
            applications[made.path.strip("/")] = made
        return Exchange(self, self._troubles, applications)


Served = TypeVar("Served", bound=ControlPlaneServer)


@contextlib.contextmanager
def control_plane() -> Iterator[ControlPlaneServer]:
    """Yield a server that answers, with nothing in it but two projects."""
    with serving(ControlPlaneServer()) as plane:
        yield plane


@contextlib.contextmanager
def serving(plane: Served) -> Iterator[Served]:
    """Let `plane` answer on a free port of this machine."""
    opened = socket.socket()
    opened.bind(("127.0.0.1", 0))
    plane.url = f"http://127.0.0.1:{opened.getsockname()[1]}"
    opened.listen(128)
    server = uvicorn.Server(
        uvicorn.Config(
            plane.application(),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=0,
        )
    )
    # A connection that a test breaks, and streams that are open at the end, are no news.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    try:
        yield plane
    finally:
        server.should_exit = True
        thread.join(20)
        opened.close()
