"""TaskService: tasks are deployed, found and listed."""

from __future__ import annotations

import re
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.common.list_pb2 import Filter
from flyteidl2.task import task_service_pb2 as messages
from flyteidl2.task.task_definition_pb2 import Task
from flyteidl2.task.task_service_connect import TaskService

from flytectl_py.machine.services.serving import Service, missing, page_of, unsupported


class Tasks(Service, TaskService):
    """Deployed tasks."""

    async def deploy_task(self, request: Any, ctx: Any) -> Any:
        """Store one version of a task."""
        if request.triggers:
            raise unsupported("a task with triggers")
        if not self.plane.tasks.deploy(request.spec, request.task_id):
            raise ConnectError(Code.ALREADY_EXISTS, f"task {request.task_id.name} {request.task_id.version} exists")
        return messages.DeployTaskResponse()

    async def get_task_details(self, request: Any, ctx: Any) -> Any:
        """Return one version of a task, whole."""
        found = self.plane.tasks.find(request.task_id)
        if found is None:
            raise missing(f"task {request.task_id.name} version {request.task_id.version}")
        return messages.GetTaskDetailsResponse(details=found)

    async def list_tasks(self, request: Any, ctx: Any) -> Any:
        """Return a page of tasks, each in its latest version, the latest deployed first."""
        scope = request.project_id
        of_project = request.WhichOneof("scope_by") == "project_id"
        everything = self.plane.tasks.latest(*((scope.name, scope.domain) if of_project else ("", "")))
        found = [each for each in everything if _passes(each, request.request.filters)]
        page, token = page_of(found, request.request.limit, request.request.token)
        made = messages.ListTasksResponse(token=token)
        made.tasks.extend(Task(task_id=each.task_id, metadata=each.metadata) for each in page)
        made.metadata.total, made.metadata.filtered_total = len(everything), len(found)
        return made

    async def list_versions(self, request: Any, ctx: Any) -> Any:
        """Return a page of the versions of a task, the latest deployed first."""
        name = request.task_name
        found = self.plane.tasks.versions(name.project, name.domain, name.name)
        page, token = page_of(found, request.request.limit, request.request.token)
        versions = [{"version": each.task_id.version, "deployed_at": each.metadata.deployed_at} for each in page]
        return messages.ListVersionsResponse(versions=versions, token=token)


def _passes(task: Any, filters: Any) -> bool:
    """Whether a task passes all filters of a list.

    :raises ConnectError: a filter is of a kind, or for a field, that is not known here.
    """
    values = {
        "name": task.task_id.name, "task_name": task.task_id.name, "version": task.task_id.version,
        "short_name": task.metadata.short_name, "environment_name": task.metadata.environment_name,
    }  # fmt: skip
    for each in filters:
        if each.field not in values:
            raise ConnectError(Code.INVALID_ARGUMENT, f"tasks cannot be filtered by '{each.field}'")
        value, wanted = values[each.field], list(each.values)
        if each.function in (Filter.EQUAL, Filter.VALUE_IN):
            passes = value in wanted
        elif each.function == Filter.NOT_EQUAL:
            passes = value not in wanted
        elif each.function == Filter.CONTAINS_CASE_INSENSITIVE:
            passes = any(one.lower() in value.lower() for one in wanted)
        else:
            passes = any(re.search(re.escape(one), value) for one in wanted)
        if not passes:
            return False
    return True
