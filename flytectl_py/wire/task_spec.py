"""A task as a cluster stores it: its specification, and the request that deploys it."""

from __future__ import annotations

import inspect
import os
from typing import Any

from flyteidl2.core import identifier_pb2, tasks_pb2
from flyteidl2.task import environment_pb2, task_definition_pb2, task_service_pb2

from flytectl_py.errors import UsageError
from flytectl_py.model.container_task import ContainerTask
from flytectl_py.model.pod import PodTemplate
from flytectl_py.model.task import Task
from flytectl_py.wire import raw_containers, reuse
from flytectl_py.wire.arguments import arguments, environment_variables
from flytectl_py.wire.documentation import MOST_SHORT, Docs, SourceLink, docs_of, documentation, shortened
from flytectl_py.wire.interfaces import default_inputs, typed_interface
from flytectl_py.wire.metadata import PYTHON_TASK, metadata
from flytectl_py.wire.pods import PRIMARY_CONTAINER, pod
from flytectl_py.wire.resources import container_resources, extended_resources
from flytectl_py.wire.security_context import security_context
from flytectl_py.wire.submission import CodeBundle, Submission

__all__ = [
    "CodeBundle",
    "SourceLink",
    "Submission",
    "deploy_request",
    "details_request",
    "task_identifier",
    "task_name",
    "task_spec",
]


def task_name(task: Task[..., Any]) -> str:
    """Return the name of a task on a cluster, ``environment.function``. Its short name is for people only.

    A container's is its own name, as Flyte 2 has it.
    """
    return task.name if isinstance(task, ContainerTask) else f"{task.environment.name}.{task.func.__name__}"


def task_spec(task: Task[..., Any], submission: Submission) -> task_definition_pb2.TaskSpec:
    """Return the specification of a task.

    :raises DeclarationError: its signature or its pod template cannot be a task's.
    :raises UsageError: no variable of a module holds it, so that a container could not find it.
    """
    environment = task.environment
    docs = docs_of(task)
    return task_definition_pb2.TaskSpec(
        task_template=_template(task, submission, docs),
        default_inputs=default_inputs(task.interface),
        short_name=task.short_name,
        environment=environment_pb2.Environment(
            name=environment.name, description=shortened(environment.description or "", MOST_SHORT)
        ),
        documentation=documentation(task, docs, submission.source),
    )


def task_identifier(task: Task[..., Any], submission: Submission) -> task_definition_pb2.TaskIdentifier:
    """Return what a task and its version go by."""
    return task_definition_pb2.TaskIdentifier(
        org=submission.org,
        project=submission.project,
        domain=submission.domain,
        name=task_name(task),
        version=submission.version,
    )


def deploy_request(task: Task[..., Any], submission: Submission) -> task_service_pb2.DeployTaskRequest:
    """Return the request that deploys a task. Raises as `task_spec`."""
    return task_service_pb2.DeployTaskRequest(
        task_id=task_identifier(task, submission), spec=task_spec(task, submission)
    )


def details_request(request: task_service_pb2.DeployTaskRequest) -> task_service_pb2.GetTaskDetailsRequest:
    """Return the request for what is stored under the name and version of a task that is to be deployed."""
    return task_service_pb2.GetTaskDetailsRequest(task_id=request.task_id)


def _template(task: Task[..., Any], submission: Submission, docs: Docs) -> tasks_pb2.TaskTemplate:
    environment = task.environment
    policy = environment.reusable
    task_type = PYTHON_TASK if policy is None else reuse.TASK_TYPE
    if isinstance(task, ContainerTask):
        task_type = raw_containers.TASK_TYPE
    interface = typed_interface(task.interface, docs.inputs)
    bundle = submission.bundle
    bundle_uri = "" if bundle is None or bundle.pickled else bundle.uri
    made = tasks_pb2.TaskTemplate(
        id=identifier_pb2.Identifier(
            resource_type=identifier_pb2.TASK,
            project=submission.project,
            domain=submission.domain,
            name=task_name(task),
            version=submission.version,
            org=submission.org,
        ),
        type=task_type,
        metadata=metadata(task, interface, task_type, submission.cache_version, bundle_uri),
        interface=interface,
        security_context=security_context(environment),
        extended_resources=extended_resources(environment.resources),
    )
    if isinstance(task, ContainerTask):
        raw_containers.set_target(made, task, submission)
        return made
    _set_target(made, task, submission)
    if policy is not None:
        code = submission.version if bundle is None else os.path.basename(bundle.uri)
        target = made.k8s_pod if made.HasField("k8s_pod") else made.container
        made.reuse_policy.CopyFrom(reuse.reuse_policy(policy))
        made.custom.CopyFrom(reuse.containers(environment, policy, submission.image, code, _without_arguments(target)))
    return made


def _set_target(made: tasks_pb2.TaskTemplate, task: Task[..., Any], submission: Submission) -> None:
    """Put in what runs: a container, or a pod where there is a template of one."""
    environment = task.environment
    template = task.settings.pod_template or environment.pod_template
    given = arguments(submission, place_of(task, submission))
    variables = environment_variables(environment.env_vars, submission)
    if isinstance(template, PodTemplate):
        made.k8s_pod.CopyFrom(
            pod(template, submission.image, given, variables, environment.resources, str(environment.place))
        )
        made.config[PRIMARY_CONTAINER] = template.primary_container_name
        return
    made.container.image = submission.image
    made.container.args.extend(given)
    for name, value in variables.items():
        made.container.env.add(key=name, value=value)
    resources = container_resources(environment.resources)
    if resources is not None:
        made.container.resources.CopyFrom(resources)


def _without_arguments(target: tasks_pb2.Container | tasks_pb2.K8sPod) -> bytes:
    """Return what makes a container differ from another besides the task that it runs first."""
    copied = type(target)()
    copied.CopyFrom(target)
    if isinstance(copied, tasks_pb2.Container):
        copied.ClearField("args")
    else:
        for each in copied.pod_spec["containers"]:
            each.fields.pop("args", None)
    return bytes(copied.SerializeToString(deterministic=True))


def place_of(task: Task[..., Any], submission: Submission) -> tuple[str, str]:
    """Return the module that holds a task, and the variable that it goes by there.

    :raises UsageError: no variable of the module holds it.
    """
    function: Any = inspect.unwrap(task.func)
    held: dict[str, Any] = getattr(function, "__globals__", {})
    name = task.func.__name__
    if submission.bundle is not None and submission.bundle.pickled:
        return "", name
    found = _variable(task, held, name)
    code = getattr(function, "__code__", None)
    if not found:
        raise UsageError(
            f"no variable of {function.__module__} holds the task {task.name}, so no container can find it",
            hint="define it at the top level of the module, or assign what makes it to a variable there",
            where=f"{code.co_filename}:{code.co_firstlineno}" if code is not None else "",
        )
    module: str = function.__module__
    if module == "__main__" and code is not None:
        module = _module_of(code.co_filename, submission) or module
    return module, found


def _variable(task: Task[..., Any], held: dict[str, Any], name: str) -> str:
    if held.get(name) is task:
        return name
    tasks = [(key, value) for key, value in held.items() if isinstance(value, Task)]
    for key, value in tasks:
        if value is task:
            return key
    # The same function in another environment does as well: what a container takes from the module is the function.
    return next((key for key, value in tasks if value.func is task.func), "")


def _module_of(file: str, submission: Submission) -> str:
    """Return the name of the module in `file`, by the first folder of the path in which it lies."""
    for entry in submission.sys_path:
        folder = os.path.normpath(os.path.join(submission.code_root, entry))
        if file.startswith(folder + os.sep) and file.endswith(".py"):
            return file[len(folder) + 1 : -len(".py")].removesuffix(f"{os.sep}__init__").replace(os.sep, ".")
    return ""
