"""A task of ours as Flyte 1 registers it: a task, a workflow of one node that runs it, and its launch plan.

What the messages of both generations share (types, literals, resources, secrets) is spelled once, by `wire`: its
messages have the same field numbers, so their bytes are read as the older ones.
"""

from __future__ import annotations

import inspect
from typing import Any, Final, TypeVar

from flyteidl.admin import description_entity_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, security_pb2, tasks_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from flytectl_py.compat.flytekit_v1.configuration import SerializationSettings
from flytectl_py.compat.flytekit_v1.image_config import FLYTEKIT_VERSION
from flytectl_py.compat.flytekit_v1.options import Options
from flytectl_py.compat.flytekit_v1.resource_spec import Resources
from flytectl_py.errors import DeclarationError, UsageError
from flytectl_py.model.cache import VersionParameters
from flytectl_py.model.interface import MISSING, Input
from flytectl_py.model.pod import PodTemplate
from flytectl_py.model.retry import Timeout
from flytectl_py.model.task import Task
from flytectl_py.wire.documentation import docs_of
from flytectl_py.wire.literals import to_literal
from flytectl_py.wire.resources import container_resources, extended_resources
from flytectl_py.wire.security_context import security_context
from flytectl_py.wire.types import literal_type

M = TypeVar("M")

RESOLVER: Final = "flytekit.core.python_auto_container.default_task_resolver"
NODE: Final = "n0"

# What a cluster fills in. Those with blanks are filled in when code is registered besides an image.
_CODE: Final = (
    "pyflyte-fast-execute",
    "--additional-distribution",
    "{{ .remote_package_path }}",
    "--dest-dir",
    "{{ .dest_dir }}",
    "--",
)
_EXECUTE: Final = (
    "pyflyte-execute",
    "--inputs",
    "{{.input}}",
    "--output-prefix",
    "{{.outputPrefix}}",
    "--raw-output-data-prefix",
    "{{.rawOutputDataPrefix}}",
    "--checkpoint-path",
    "{{.checkpointOutputPrefix}}",
    "--prev-checkpoint",
    "{{.prevCheckpointPrefix}}",
    "--resolver",
    RESOLVER,
    "--",
)


def entity_name(task: Task[..., Any]) -> str:
    """Return the name by which Flyte 1 knows a task: ``module.function``."""
    return f"{task.func.__module__}.{task.func.__name__}"


def task_spec(task: Task[..., Any], settings: SerializationSettings, image: str) -> task_pb2.TaskSpec:
    """Return the task itself.

    :param image: the URI of its image.
    :raises DeclarationError: it has something that Flyte 1 does not have: a pod template of its own.
    """
    made = task_pb2.TaskSpec(
        template=tasks_pb2.TaskTemplate(
            id=_identifier(task, settings, identifier_pb2.TASK),
            type="python-task",
            metadata=_metadata(task),
            interface=interface(task),
            container=_container(task, settings, image),
        )
    )
    secrets = security_context(task.environment)
    if secrets is not None:
        made.template.security_context.CopyFrom(_older(secrets, security_pb2.SecurityContext))
    extended = extended_resources(task.environment.resources)
    if extended is not None:
        made.template.extended_resources.CopyFrom(_older(extended, tasks_pb2.ExtendedResources))
    _describe(task, made.description)
    return made


def workflow_spec(task: Task[..., Any], settings: SerializationSettings) -> workflow_pb2.WorkflowSpec:
    """Return the workflow that runs the task and nothing else, and has its inputs and outputs."""
    metadata = _metadata(task)
    node = core_workflow_pb2.Node(
        id=NODE,
        metadata=core_workflow_pb2.NodeMetadata(name=task.func.__name__, retries=metadata.retries),
        task_node=core_workflow_pb2.TaskNode(
            reference_id=_identifier(task, settings, identifier_pb2.TASK),
            overrides=core_workflow_pb2.TaskNodeOverrides(),
        ),
    )
    if metadata.HasField("timeout"):
        node.metadata.timeout.CopyFrom(metadata.timeout)
    if metadata.interruptible:
        node.metadata.interruptible = True
    for each in sorted(task.interface.inputs, key=lambda given: given.name):
        node.inputs.add(var=each.name, binding=_promise("", each.name))
    made = workflow_pb2.WorkflowSpec(
        template=core_workflow_pb2.WorkflowTemplate(
            id=_identifier(task, settings, identifier_pb2.WORKFLOW),
            metadata=core_workflow_pb2.WorkflowMetadata(),
            interface=interface(task),
            nodes=[node],
            metadata_defaults=core_workflow_pb2.WorkflowMetadataDefaults(),
        )
    )
    for output in task.interface.outputs:
        made.template.outputs.add(var=output.name, binding=_promise(NODE, output.name))
    _describe(task, made.description)
    return made


def launch_plan(
    task: Task[..., Any], settings: SerializationSettings, options: Options | None = None
) -> launch_plan_pb2.LaunchPlan:
    """Return the launch plan of that workflow, with the task's defaults."""
    made = launch_plan_pb2.LaunchPlan(
        id=_identifier(task, settings, identifier_pb2.LAUNCH_PLAN),
        spec=launch_plan_pb2.LaunchPlanSpec(workflow_id=_identifier(task, settings, identifier_pb2.WORKFLOW)),
        closure=launch_plan_pb2.LaunchPlanClosure(
            expected_inputs=interface_pb2.ParameterMap(), expected_outputs=interface_pb2.VariableMap()
        ),
    )
    spec = made.spec
    for present in (spec.default_inputs, spec.fixed_inputs, spec.labels, spec.annotations):
        present.SetInParent()
    spec.entity_metadata.SetInParent()
    spec.raw_output_data_config.SetInParent()
    variables = interface(task).inputs.variables
    for each in task.interface.inputs:
        parameter = spec.default_inputs.parameters[each.name]
        parameter.var.CopyFrom(variables[each.name])
        if each.required:
            parameter.required = True
        else:
            parameter.default.CopyFrom(_default(each))
    (options or Options()).apply(spec)
    return made


def interface(task: Task[..., Any]) -> interface_pb2.TypedInterface:
    """Return the inputs and outputs of a task, each with a description: its own name where it has no other."""
    described = docs_of(task).inputs
    made = interface_pb2.TypedInterface()
    made.inputs.SetInParent()
    made.outputs.SetInParent()
    for each in task.interface.inputs:
        made.inputs.variables[each.name].CopyFrom(_variable(_annotation(each), described.get(each.name, each.name)))
    for output in task.interface.outputs:
        made.outputs.variables[output.name].CopyFrom(_variable(output.annotation, output.name))
    return made


def _default(given: Input) -> literals_pb2.Literal:
    if given.default is None:  # flytekit writes no union around it
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(none_type=literals_pb2.Void()))
    made: literals_pb2.Literal = _older(to_literal(_annotation(given), given.default), literals_pb2.Literal)
    return made


def _describe(task: Task[..., Any], description: Any) -> None:
    docs = docs_of(task)
    description.short_description = docs.short
    if docs.long:
        description.long_description.value = docs.long
    description.long_description.format = description_entity_pb2.DESCRIPTION_FORMAT_RST


def _annotation(given: Input) -> Any:
    return Any if given.annotation is MISSING else given.annotation


def _variable(annotation: Any, description: str) -> interface_pb2.Variable:
    kind = _older(literal_type(annotation), types_pb2.LiteralType)
    return interface_pb2.Variable(type=kind, description=description)


def _identifier(task: Task[..., Any], settings: SerializationSettings, kind: int) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(
        resource_type=kind,
        project=settings.project or "",
        domain=settings.domain or "",
        name=entity_name(task),
        version=settings.version or "",
    )


def _metadata(task: Task[..., Any]) -> tasks_pb2.TaskMetadata:
    settings, environment = task.settings, task.environment
    template = settings.pod_template or environment.pod_template
    if isinstance(template, PodTemplate):
        raise DeclarationError(
            f"{task.name}(pod_template=…)",
            template,
            "a container of Flyte 1 takes the name of a pod template that the cluster has",
            where=str(environment.place),
        )
    interruptible = environment.interruptible if settings.interruptible is None else settings.interruptible
    made = tasks_pb2.TaskMetadata(
        runtime=tasks_pb2.RuntimeMetadata(
            type=tasks_pb2.RuntimeMetadata.FLYTE_SDK, version=FLYTEKIT_VERSION, flavor="python"
        ),
        retries=literals_pb2.RetryStrategy(retries=settings.retries.count),
        pod_template_name=template or "",
    )
    made.metadata.SetInParent()
    made.generates_deck.value = settings.report
    if interruptible:
        made.interruptible = True
    if isinstance(settings.timeout, Timeout) and settings.timeout.runtime is not None:
        made.timeout.FromTimedelta(settings.timeout.runtime)
    if settings.cache.is_enabled():
        made.discoverable = True
        made.discovery_version = settings.cache.get_version(VersionParameters(task.func, environment.image))
        made.cache_serializable = settings.cache.serialize
        made.cache_ignore_input_vars.extend(settings.cache.get_ignored_inputs())
    return made


def _container(task: Task[..., Any], settings: SerializationSettings, image: str) -> tasks_pb2.Container:
    module, name = task.func.__module__, task.func.__name__
    if module == "__main__" or "." in getattr(inspect.unwrap(task.func), "__qualname__", ""):
        raise UsageError(
            f"{task.name} cannot be found in a container: it is {module}.{inspect.unwrap(task.func).__qualname__}",
            hint="define it at the top level of a module of the packages that are serialized",
            where=str(task.environment.place),
        )
    made = tasks_pb2.Container(
        image=image,
        args=[
            *(_CODE if settings.should_fast_serialize() else ()),
            *_EXECUTE,
            "task-module",
            module,
            "task-name",
            name,
        ],
    )
    made.resources.SetInParent()
    resources = container_resources(task.environment.resources)
    if resources is not None:
        made.resources.CopyFrom(_older(resources, tasks_pb2.Resources))
    elif settings.default_resources is not None:
        _ask(made.resources.requests, settings.default_resources.requests)
        _ask(made.resources.limits, settings.default_resources.limits)
    for key, value in {**(settings.env or {}), **(task.environment.env_vars or {})}.items():
        made.env.add(key=key, value=value)
    return made


def _ask(entries: Any, resources: Resources) -> None:
    for name, value in resources.quantities():
        entries.add(name=tasks_pb2.Resources.ResourceName.Value(name), value=value)


def _promise(node: str, variable: str) -> literals_pb2.BindingData:
    return literals_pb2.BindingData(promise=types_pb2.OutputReference(node_id=node, var=variable))


def _older(message: Any, kind: type[M]) -> M:
    """Return a message of Flyte 2 as the one of Flyte 1 that it came from."""
    made: M = kind.FromString(message.SerializeToString())  # type: ignore[attr-defined]  # every message has it
    return made
