"""The requests that start a run, watch it, stop it and ask what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from flyteidl2.cluster.payload_pb2 import SelectClusterRequest
from flyteidl2.common.identifier_pb2 import ActionIdentifier, ProjectIdentifier, RunIdentifier
from flyteidl2.common.list_pb2 import ListRequest, Sort
from flyteidl2.core.literals_pb2 import KeyValuePair
from flyteidl2.dataproxy.dataproxy_service_pb2 import GetActionDataRequest, TailLogsRequest, UploadInputsRequest
from flyteidl2.project.project_service_pb2 import GetProjectRequest, ListProjectsRequest
from flyteidl2.task.run_pb2 import CACHE_LOOKUP_SCOPE_GLOBAL, RunSpec
from flyteidl2.task.task_definition_pb2 import TaskIdentifier, TaskSpec
from flyteidl2.task.task_service_pb2 import GetTaskDetailsRequest, ListTasksRequest
from flyteidl2.workflow.run_service_pb2 import (
    AbortRunRequest,
    CreateRunRequest,
    GetActionDetailsRequest,
    GetRunDetailsRequest,
    ListActionsRequest,
    ListRunsRequest,
    WatchRunDetailsRequest,
)

from flytectl_py.wire.arguments import SYS_PATH_VARIABLE
from flytectl_py.wire.inputs_hash import inputs_hash

ROOT_ACTION: Final = "a0"
"""The name of the action that is the run itself."""

DEFAULT_LOG_LEVEL: Final = 30
USER_LOG_LEVEL: Final = 20


class Scope(NamedTuple):
    """Where runs and tasks belong."""

    org: str
    project: str
    domain: str


class Launch(NamedTuple):
    """What a run is given besides its task and inputs.

    :param log_level: of the machinery in the container, a number of the standard `logging`.
    :param interruptible: None leaves it to the task.
    :param sys_path: where modules are found in the container, relative to its working folder.
    """

    scope: Scope
    name: str
    env_vars: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    interruptible: bool | None = None
    overwrite_cache: bool = False
    service_account: str = ""
    queue: str = ""
    raw_data_path: str = ""
    run_base_dir: str = ""
    log_level: int | None = None
    sys_path: tuple[str, ...] = ()


def run_spec(launch: Launch) -> RunSpec:
    """Return how the run should go."""
    spec = RunSpec(overwrite_cache=launch.overwrite_cache, queue=launch.queue, run_base_dir=launch.run_base_dir)
    spec.labels.SetInParent()
    spec.labels.values.update(launch.labels)
    spec.annotations.SetInParent()
    spec.annotations.values.update(launch.annotations)
    variables = {
        **launch.env_vars,
        "LOG_LEVEL": str(DEFAULT_LOG_LEVEL if launch.log_level is None else launch.log_level),
        "LOG_FORMAT": "console",
        "USER_LOG_LEVEL": str(USER_LOG_LEVEL),
        **({SYS_PATH_VARIABLE: ":".join(launch.sys_path)} if launch.sys_path else {}),
        **launch.env_vars,
    }
    spec.envs.values.extend(KeyValuePair(key=key, value=value) for key, value in variables.items())
    if launch.interruptible is not None:
        spec.interruptible.value = launch.interruptible
    if launch.service_account:
        spec.security_context.run_as.k8s_service_account = launch.service_account
    if launch.raw_data_path:
        spec.raw_data_storage.raw_data_prefix = launch.raw_data_path
    spec.cache_config.overwrite_cache = launch.overwrite_cache
    spec.cache_config.cache_lookup_scope = CACHE_LOOKUP_SCOPE_GLOBAL
    return spec


def launch_again(launch: Launch, before: RunSpec) -> Launch:
    """Return how a run should go that is like another one, but for what `launch` says.

    The cache is used as by any run, whatever the other one did.
    """
    interruptible = before.interruptible.value if before.HasField("interruptible") else None
    return launch._replace(
        env_vars={**{each.key: each.value for each in before.envs.values}, **launch.env_vars},
        labels={**before.labels.values, **launch.labels},
        annotations={**before.annotations.values, **launch.annotations},
        interruptible=interruptible if launch.interruptible is None else launch.interruptible,
        service_account=launch.service_account or before.security_context.run_as.k8s_service_account,
        queue=launch.queue or before.queue,
        raw_data_path=launch.raw_data_path or before.raw_data_storage.raw_data_prefix,
        run_base_dir=launch.run_base_dir or before.run_base_dir,
    )


def run_id(scope: Scope, name: str) -> RunIdentifier:
    """Return the identity of a run."""
    return RunIdentifier(org=scope.org, project=scope.project, domain=scope.domain, name=name)


def action_id(scope: Scope, run: str, action: str = ROOT_ACTION) -> ActionIdentifier:
    """Return the identity of an action; of the run itself, where none is named."""
    return ActionIdentifier(run=run_id(scope, run), name=action)


def project_id(scope: Scope) -> ProjectIdentifier:
    """Return the identity of a project in a domain."""
    return ProjectIdentifier(organization=scope.org, domain=scope.domain, name=scope.project)


def upload_inputs(launch: Launch, task: Any, inputs: Any) -> UploadInputsRequest:
    """Return the request that stores the inputs of a run.

    :param task: its TaskSpec, or the TaskIdentifier of a deployed task.
    """
    request = UploadInputsRequest(
        run_id=run_id(launch.scope, launch.name), inputs=inputs, base_dir=launch.run_base_dir, queue=launch.queue
    )
    _set_task(request, task)
    return request


def create_run(launch: Launch, task: Any, inputs: Any, stored: Any) -> CreateRunRequest:
    """Return the request that starts a run.

    :param task: its TaskSpec, or the TaskIdentifier of a deployed task.
    :param stored: what `upload_inputs` was answered, or None in a plan, where nothing is stored yet.
    """
    request = CreateRunRequest(run_id=run_id(launch.scope, launch.name), run_spec=run_spec(launch))
    _set_task(request, task)
    if stored is not None:
        request.offloaded_input_data.CopyFrom(stored.offloaded_input_data)
        own = inputs_hash(inputs)
        if own:
            request.offloaded_input_data.inputs_hash = own
    return request


def run_task_spec(spec: TaskSpec, *, keep_sys_path: bool = False) -> TaskSpec:
    """Return what a run sends of a task's specification: nothing that is only for people, or for runs to come.

    Where modules are found is said for the whole run, see `Launch`.

    :param keep_sys_path: say it here, as the cluster has no such run.
    """
    made = TaskSpec()
    made.CopyFrom(spec)
    made.ClearField("default_inputs")
    made.ClearField("documentation")
    made.environment.ClearField("description")
    for variables in (made.task_template.interface.inputs, made.task_template.interface.outputs):
        for each in variables.variables:
            each.value.ClearField("description")
    template = made.task_template
    if keep_sys_path:
        return made
    if template.HasField("k8s_pod"):
        pod = template.k8s_pod.pod_spec
        for container in pod["containers"] if "containers" in pod else ():  # noqa: SIM401  a Struct has no get()
            _drop_from_struct(container)
    kept = [each for each in template.container.env if each.key != SYS_PATH_VARIABLE]
    if template.HasField("container") and len(kept) != len(template.container.env):
        del template.container.env[:]
        template.container.env.extend(kept)
    return made


def _drop_from_struct(container: Any) -> None:
    if "env" not in container:
        return
    variables = container["env"]
    for place in reversed(range(len(variables))):
        if variables[place]["name"] == SYS_PATH_VARIABLE:
            del variables[place]
    if not len(variables):
        del container["env"]


def _set_task(request: Any, task: Any) -> None:
    (request.task_id if isinstance(task, TaskIdentifier) else request.task_spec).CopyFrom(task)


def cluster_for_inputs(scope: Scope) -> SelectClusterRequest:
    """Ask which cluster takes the inputs of runs."""
    return SelectClusterRequest(project_id=project_id(scope), operation=SelectClusterRequest.OPERATION_UPLOAD_INPUTS)


def cluster_for_data(scope: Scope, run: str, action: str) -> SelectClusterRequest:
    """Ask which cluster holds the inputs and outputs of an action."""
    return SelectClusterRequest(
        action_id=action_id(scope, run, action), operation=SelectClusterRequest.OPERATION_GET_ACTION_DATA
    )


def cluster_for_logs(scope: Scope, run: str, action: str) -> SelectClusterRequest:
    """Ask which cluster holds what an action printed."""
    return SelectClusterRequest(
        action_id=action_id(scope, run, action), operation=SelectClusterRequest.OPERATION_TAIL_LOGS
    )


def tail_logs(scope: Scope, run: str, action: str, attempt: int) -> TailLogsRequest:
    """Ask for what an attempt of an action prints."""
    return TailLogsRequest(action_id=action_id(scope, run, action), attempt=attempt)


def action_data(scope: Scope, run: str, action: str) -> GetActionDataRequest:
    """Ask for the inputs and outputs of an action."""
    return GetActionDataRequest(action_id=action_id(scope, run, action))


def run_details(scope: Scope, run: str) -> GetRunDetailsRequest:
    """Ask for a run."""
    return GetRunDetailsRequest(run_id=run_id(scope, run))


def watch_run(scope: Scope, run: str) -> WatchRunDetailsRequest:
    """Ask for a run and all that changes about it."""
    return WatchRunDetailsRequest(run_id=run_id(scope, run))


def action_details(scope: Scope, run: str, action: str) -> GetActionDetailsRequest:
    """Ask for an action."""
    return GetActionDetailsRequest(action_id=action_id(scope, run, action))


def abort_run(scope: Scope, run: str, reason: str) -> AbortRunRequest:
    """Ask to stop a run."""
    return AbortRunRequest(run_id=run_id(scope, run), reason=reason)


def list_runs(scope: Scope, limit: int, token: str = "") -> ListRunsRequest:
    """Ask for a page of a project's runs, the latest first."""
    return ListRunsRequest(request=_page(limit, token), project_id=project_id(scope))


def list_actions(scope: Scope, run: str, limit: int, token: str = "") -> ListActionsRequest:
    """Ask for a page of a run's actions, the first one first."""
    request = _page(limit, token, Sort.ASCENDING)
    return ListActionsRequest(request=request, run_id=run_id(scope, run))


def list_tasks(scope: Scope, limit: int, token: str = "", names: Sequence[str] = ()) -> ListTasksRequest:
    """Ask for a page of a project's tasks, the latest deployed first."""
    request = ListTasksRequest(request=_page(limit, token), project_id=project_id(scope))
    if names:
        request.request.filters.add(field="name", values=names)
    return request


def task_id(scope: Scope, name: str, version: str) -> TaskIdentifier:
    """Return the identity of one version of a task."""
    return TaskIdentifier(org=scope.org, project=scope.project, domain=scope.domain, name=name, version=version)


def task_details(scope: Scope, name: str, version: str) -> GetTaskDetailsRequest:
    """Ask for one version of a task."""
    return GetTaskDetailsRequest(task_id=task_id(scope, name, version))


def list_projects(org: str, limit: int, token: str = "") -> ListProjectsRequest:
    """Ask for a page of the projects that are not archived."""
    request = ListProjectsRequest(org=org, limit=limit, token=token, filters="eq(state, 0)")
    request.sort_by.CopyFrom(Sort(key="created_at", direction=Sort.ASCENDING))
    return request


def project_details(org: str, name: str) -> GetProjectRequest:
    """Ask for a project."""
    return GetProjectRequest(id=name, org=org)


def _page(limit: int, token: str, direction: int = Sort.DESCENDING) -> ListRequest:
    return ListRequest(limit=limit, token=token, sort_by=Sort(key="created_at", direction=direction))
