"""TaskService: tasks are deployed, found and listed."""

from __future__ import annotations

from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.task import task_service_pb2 as messages
from flyteidl2.task.task_definition_pb2 import Task
from flyteidl2.task.task_service_connect import TaskService

from flytectl_py.machine.services.listing import Fields, ordered, page_of, passing, selected
from flytectl_py.machine.services.serving import Service, missing, unsupported, user

_FIELDS: Fields = {
    "name": lambda task: task.task_id.name,
    "task_name": lambda task: task.task_id.name,
    "version": lambda task: task.task_id.version,
    "short_name": lambda task: task.metadata.short_name,
    "environment_name": lambda task: task.metadata.environment_name,
    "created_at": lambda task: task.metadata.deployed_at.ToNanoseconds() / 1e9,
    "deployed_at": lambda task: task.metadata.deployed_at.ToNanoseconds() / 1e9,
}


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
        asked = [each for each in everything if all(_is_known(each, known) for known in request.known_filters)]
        found = passing(asked, request.request, _FIELDS)
        page, token = page_of(ordered(found, request.request, _FIELDS), request.request.limit, request.request.token)
        made = messages.ListTasksResponse(token=token)
        made.tasks.extend(Task(task_id=each.task_id, metadata=each.metadata) for each in page)
        made.metadata.total, made.metadata.filtered_total = len(everything), len(found)
        return made

    async def list_versions(self, request: Any, ctx: Any) -> Any:
        """Return a page of the versions of a task, the latest deployed first."""
        name = request.task_name
        found = self.plane.tasks.versions(name.project, name.domain, name.name)
        page, token = selected(found, request.request, _FIELDS)
        versions = [{"version": each.task_id.version, "deployed_at": each.metadata.deployed_at} for each in page]
        return messages.ListVersionsResponse(versions=versions, token=token)


def _is_known(task: Any, known: Any) -> bool:
    """Whether a task passes one of the filters that a list of tasks has besides those of all lists."""
    kind = known.WhichOneof("filter_by")
    if kind == "deployed_by":
        return bool(known.deployed_by == user())
    if kind == "is_entrypoint":
        return bool(task.spec.task_template.metadata.is_entrypoint == known.is_entrypoint)
    return True
