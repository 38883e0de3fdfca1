"""A control plane as Python sees it: its services, each with one method for each call."""

from __future__ import annotations

import asyncio
import sys
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from flytectl_py.controlplane.api import ServerFaultError
from flytectl_py.controlplane.channel import Channel, Login, Nobody
from flytectl_py.controlplane.endpoint import Endpoint, endpoint_of
from flytectl_py.controlplane.retry import RetryPolicy
from flytectl_py.controlplane.transport import open_wire
from flytectl_py.errors import NotReadyError

if TYPE_CHECKING:
    from flyteidl2.cluster.payload_pb2 import SelectClusterRequest

    from flytectl_py.config.api import Settings
    from flytectl_py.controlplane.api import Note
    from flytectl_py.controlplane.children import Actions, Queue, State
    from flytectl_py.controlplane.data import DataProxy
    from flytectl_py.controlplane.places import AuthMetadata, Clusters, Identity, Projects
    from flytectl_py.controlplane.runs import Logs, Runs
    from flytectl_py.controlplane.tasks import Tasks


class ControlPlane:
    """The services of one control plane: ``async with ControlPlane.connect(settings) as plane: await plane.runs…``.

    Every method takes and returns the messages of flyteidl2. Deadlines, repetition and log-in are inside; a call that
    fails for good raises a `RemoteCallError`. Use it in one event loop only.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._clusters: dict[bytes, ControlPlane] = {}
        self._asking = asyncio.Lock()

    @classmethod
    def connect(cls, settings: Settings, *, note: Note | None = None, person: bool = True) -> Self:
        """Return the control plane of the settings. Nothing is sent before the first call.

        :param note: takes lines for the person who waits. Without it nothing is told, but on stderr where to log in.
        :param person: there is one, who can be asked to log in; in a container there is none.
        :raises NotReadyError: no endpoint is set, the file of certificates cannot be read, or what the chosen way to
            log in needs is missing.
        """
        if not settings.endpoint:
            raise NotReadyError(
                "no control plane is configured",
                hint="give --endpoint, set FLYTE_ENDPOINT, or 'flyte config set endpoint URL'",
            )
        endpoint = endpoint_of(settings.endpoint, insecure=settings.insecure)
        wire, policy = open_wire(settings), RetryPolicy(settings.rpc_retries)
        anonymous = Channel(endpoint, wire, Nobody(), policy, note or _silent)
        login: Login = Nobody()
        if not settings.insecure:
            from flytectl_py.controlplane.auth.login import login_for

            login = login_for(settings, anonymous, (note or _to_stderr) if person else None)
        return cls(anonymous.known_as(login))

    @property
    def endpoint(self) -> Endpoint:
        """Return where it answers."""
        return self.channel.endpoint

    def at(self, address: str) -> ControlPlane:
        """Return the same control plane at another address, such as `SelectCluster` names; here where that is empty."""
        if not address:
            return self
        return ControlPlane(self.channel.at(endpoint_of(address, insecure=not self.endpoint.encrypted)))

    async def cluster_for(self, operation: str, org: str, project: str, domain: str) -> ControlPlane:
        """Return where the data of a project goes for one kind of operation; asked once for each.

        :param operation: e.g. ``OPERATION_CREATE_UPLOAD_LOCATION``.
        """
        from flyteidl2.cluster import payload_pb2

        request = payload_pb2.SelectClusterRequest(operation=operation)
        request.project_id.organization, request.project_id.name, request.project_id.domain = org, project, domain
        return await self.cluster_of(request)

    async def cluster_of(self, request: SelectClusterRequest) -> ControlPlane:
        """Return the one that `request` asks for; each question is asked once."""
        question = request.SerializeToString(deterministic=True)
        async with self._asking:
            if question not in self._clusters:
                try:
                    answer = await self.clusters.select_cluster(request)
                    self._clusters[question] = self.at(answer.cluster_endpoint)
                except ServerFaultError as error:
                    # A control plane with one cluster need not have the service; then it takes everything itself.
                    if error.rpc_code != "unimplemented" or error.stranger:
                        raise
                    self._clusters[question] = self
        return self._clusters[question]

    async def close(self) -> None:
        """Give back all connections."""
        await self.channel.wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Each service is imported when it is first asked for: the messages of all of them take a tenth of a second.

    @cached_property
    def runs(self) -> Runs:
        """Runs and their actions (flyteidl2.workflow.RunService)."""
        from flytectl_py.controlplane.runs import Runs

        return Runs(self.channel)

    @cached_property
    def logs(self) -> Logs:
        """What containers print (flyteidl2.workflow.RunLogsService)."""
        from flytectl_py.controlplane.runs import Logs

        return Logs(self.channel)

    @cached_property
    def tasks(self) -> Tasks:
        """Deployed tasks (flyteidl2.task.TaskService)."""
        from flytectl_py.controlplane.tasks import Tasks

        return Tasks(self.channel)

    @cached_property
    def data(self) -> DataProxy:
        """Uploads and downloads (flyteidl2.dataproxy.DataProxyService)."""
        from flytectl_py.controlplane.data import DataProxy

        return DataProxy(self.channel)

    @cached_property
    def clusters(self) -> Clusters:
        """Which cluster takes what (flyteidl2.cluster.ClusterService)."""
        from flytectl_py.controlplane.places import Clusters

        return Clusters(self.channel)

    @cached_property
    def projects(self) -> Projects:
        """Projects (flyteidl2.project.ProjectService)."""
        from flytectl_py.controlplane.places import Projects

        return Projects(self.channel)

    @cached_property
    def identity(self) -> Identity:
        """Who asks (flyteidl2.auth.IdentityService)."""
        from flytectl_py.controlplane.places import Identity

        return Identity(self.channel)

    @cached_property
    def auth_metadata(self) -> AuthMetadata:
        """How to log in (flyteidl2.auth.AuthMetadataService)."""
        from flytectl_py.controlplane.places import AuthMetadata

        return AuthMetadata(self.channel)

    @cached_property
    def actions(self) -> Actions:
        """Children of a running task (flyteidl2.actions.ActionsService)."""
        from flytectl_py.controlplane.children import Actions

        return Actions(self.channel)

    @cached_property
    def queue(self) -> Queue:
        """Children of a running task, the older way (flyteidl2.workflow.QueueService)."""
        from flytectl_py.controlplane.children import Queue

        return Queue(self.channel)

    @cached_property
    def state(self) -> State:
        """What becomes of a running task's children (flyteidl2.workflow.StateService)."""
        from flytectl_py.controlplane.children import State

        return State(self.channel)


def _silent(line: str) -> None:
    del line


def _to_stderr(line: str) -> None:
    print(f"flyte: {line}", file=sys.stderr, flush=True)  # noqa: T201  otherwise everybody waits
