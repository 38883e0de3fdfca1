"""Calls about deployed tasks."""

from __future__ import annotations

from typing import Final

from flyteidl2.task.task_service_pb2 import (
    DeployTaskRequest,
    DeployTaskResponse,
    GetTaskDetailsRequest,
    GetTaskDetailsResponse,
    ListTasksRequest,
    ListTasksResponse,
    ListVersionsRequest,
    ListVersionsResponse,
)

from flytectl_py.controlplane.api import Calls


class Tasks:
    """Deployed tasks."""

    service: Final = "flyteidl2.task.TaskService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def deploy_task(self, request: DeployTaskRequest) -> DeployTaskResponse:
        """Store one version of a task; AlreadyExistsError where that version is there, also with the same content."""
        return await self.calls.unary(self.service, "DeployTask", request, DeployTaskResponse)

    async def get_task_details(self, request: GetTaskDetailsRequest) -> GetTaskDetailsResponse:
        """Return one version of a task, whole."""
        return await self.calls.unary(self.service, "GetTaskDetails", request, GetTaskDetailsResponse)

    async def list_tasks(self, request: ListTasksRequest) -> ListTasksResponse:
        """Return a page of tasks; an empty token says that it is the last one."""
        return await self.calls.unary(self.service, "ListTasks", request, ListTasksResponse)

    async def list_versions(self, request: ListVersionsRequest) -> ListVersionsResponse:
        """Return a page of a task's versions."""
        return await self.calls.unary(self.service, "ListVersions", request, ListVersionsResponse)
