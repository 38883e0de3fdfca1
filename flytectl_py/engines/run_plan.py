"""The plan of a run on a cluster: everything that is sent, known and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from flytectl_py.engines.deployment_plan import DeploymentPlan
from flytectl_py.engines.offloading import Planned
from flytectl_py.errors import BadInputsError, InlineIOMaxBytesBreached
from flytectl_py.model.interface import Interface
from flytectl_py.model.task import Task
from flytectl_py.values.badvalue import BadValue

if TYPE_CHECKING:
    from flytectl_py.wire.offload import Offload
    from flytectl_py.wire.run_request import Launch

Message = Any
"""A message of the protocol. It is made and read in `wire/`, and only handed on here."""


class Limited(Protocol):
    """What bounds a call."""

    @property
    def max_inline_io_bytes(self) -> int: ...


class Called(Protocol):
    """What is asked of a task that is called, whether its code is here or not."""

    @property
    def name(self) -> str: ...
    @property
    def interface(self) -> Interface: ...
    @property
    def settings(self) -> Limited: ...


@dataclass(frozen=True)
class RunPlan:
    """A run that could be started.

    :param deployment: code, images, version and the task's specification, as for a deployment of that task.
    :param inputs: the message that holds them; files of this machine stand in it by their paths.
    :param uploads_inputs: some of the inputs have to be uploaded by themselves first.
    """

    deployment: DeploymentPlan
    task: Task[..., Any]
    values: Mapping[str, Any]
    launch: Launch
    inputs: Message
    uploads_inputs: bool

    def spec(self) -> Message:
        """Return the specification of the task, as runs send it."""
        from flytectl_py.wire.run_request import run_task_spec

        return run_task_spec(self.deployment.spec(self.task))

    def requests(self) -> list[dict[str, Any]]:
        """Return what would be sent, as JSON: ``{"method": …, "request": …}``, in order."""
        from flytectl_py.wire import run_request
        from flytectl_py.wire.rendering import as_json

        spec = self.spec()
        made = [
            ("ClusterService.SelectCluster", run_request.cluster_for_inputs(self.launch.scope)),
            ("DataProxyService.UploadInputs", run_request.upload_inputs(self.launch, spec, self.inputs)),
            ("RunService.CreateRun", run_request.create_run(self.launch, spec, self.inputs, None)),
        ]
        return [{"method": method, "request": as_json(message)} for method, message in made]


def planned(deployment: DeploymentPlan, task: Task[..., Any], values: Mapping[str, Any], launch: Launch) -> RunPlan:
    """Return the plan of a run of `task` with the inputs `values`.

    :param launch: without `sys_path`, which is the deployment's.
    :raises BadInputsError: the inputs do not fit the task's signature, or cannot travel.
    :raises InlineIOMaxBytesBreached: they are larger than they may be.
    """
    storage = Planned()
    inputs = inputs_of(task, values, storage)
    settled = launch._replace(sys_path=deployment.submission.sys_path)
    return RunPlan(deployment, task, values, settled, inputs, storage.used)


def inputs_of(task: Called, values: Mapping[str, Any], storage: Offload) -> Message:
    """Return the message that holds the inputs of a run. Raises as `planned`."""
    from flytectl_py.wire.inputs import inputs_message

    try:
        message = inputs_message(task.interface, values, storage)
    except BadValue as bad:
        raise BadInputsError(task.name, [bad.message]) from bad
    check_size(task, message)
    return message


def check_size(task: Called, inputs: Message) -> None:
    """Refuse inputs that are larger than `max_inline_io_bytes` of the task.

    :raises InlineIOMaxBytesBreached: they are; says which are large.
    """
    limit = task.settings.max_inline_io_bytes
    size = inputs.ByteSize()
    if size <= limit:
        return
    largest = sorted(((each.ByteSize(), each.name) for each in inputs.literals), reverse=True)[:3]
    listed = ", ".join(f"{name} {each:,} bytes" for each, name in largest)
    error = InlineIOMaxBytesBreached(
        f"the inputs of {task.name} are {size:,} bytes, and {limit:,} may travel with a call ({listed})"
    )
    error.hint = "hand over large data as flyte.io.File, Dir or DataFrame, or raise the task's max_inline_io_bytes"
    raise error
