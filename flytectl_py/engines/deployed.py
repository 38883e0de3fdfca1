"""A task that a cluster holds, deployed or of an earlier run, run without its code: its interface, and its run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flytectl_py.engines.api import Outputs
from flytectl_py.engines.cluster import create, uploaded
from flytectl_py.engines.offloading import Planned, Storage
from flytectl_py.engines.remote import Remote
from flytectl_py.engines.remote_records import TaskRecord, data, run_details, task_record
from flytectl_py.engines.remote_records import task as task_details
from flytectl_py.engines.remote_run import RemoteRun
from flytectl_py.engines.run_plan import inputs_of
from flytectl_py.errors import UsageError
from flytectl_py.model.interface import Interface
from flytectl_py.model.task import MAX_INLINE_IO_BYTES
from flytectl_py.wire import run_request as request
from flytectl_py.wire.guessed import interface_of, with_given
from flytectl_py.wire.inputs import output_values


class Limits(NamedTuple):
    """What bounds a call."""

    max_inline_io_bytes: int = MAX_INLINE_IO_BYTES


class DeployedTask(NamedTuple):
    """One version of a task on a cluster, with what a command line asks of a task.

    :param identity: its TaskIdentifier; the TaskSpec of one that an earlier run had.
    :param inputs: what is said of each input, where something is.
    """

    name: str
    short_name: str
    version: str
    text: str
    interface: Interface
    identity: Any
    record: TaskRecord
    inputs: Mapping[str, str]
    settings: Limits = Limits()

    @property
    def func(self) -> Any:
        """Something with the task's docstring."""

        def described() -> None: ...

        said = "".join(f"\n    {name}: {' '.join(text.split())}" for name, text in self.inputs.items())
        described.__doc__ = f"{self.text}\n\nArgs:{said}" if said else self.text
        return described


def split_reference(reference: str) -> tuple[str, str]:
    """Return name and version of ``ENV.TASK`` or ``ENV.TASK:VERSION``; without a version it is empty.

    :raises UsageError: it is neither.
    """
    name, colon, version = reference.partition(":")
    if "." not in name or name.startswith(".") or name.endswith(".") or (colon and not version):
        raise UsageError(
            f"'{reference}' names no deployed task: give ENV.TASK or ENV.TASK:VERSION",
            hint="'flyte get task' lists what is deployed",
        )
    return name, version


async def deployed_task(remote: Remote, reference: str) -> DeployedTask:
    """Return a task that is deployed; its latest version, unless `reference` names one.

    :raises UsageError: there is none.
    """
    name, version = split_reference(reference)
    details = await task_details(remote, name, version)
    return _task(name, details.spec, details.task_id, task_record(details))


def _task(name: str, spec: Any, identity: Any, record: TaskRecord) -> DeployedTask:
    docs = spec.documentation
    return DeployedTask(
        name=name,
        short_name=spec.short_name or name,
        version=record.version,
        text="\n\n".join(each for each in (docs.short_description, docs.long_description) if each),
        interface=interface_of(spec.task_template.interface, spec.default_inputs),
        identity=identity,
        record=record,
        inputs={
            each.key: each.value.description
            for each in spec.task_template.interface.inputs.variables
            if each.value.description
        },
    )


async def task_of_run(remote: Remote, run: str) -> tuple[DeployedTask, Any]:
    """Return the task of a run on the cluster, with the run's inputs as its defaults, and the RunSpec of that run.

    :raises UsageError: there is no such run, or it is one of no task.
    """
    async with remote.connect() as plane:
        details = await run_details(plane, remote, run)
        spec = details.action.task
        if not details.action.HasField("task"):
            raise UsageError(f"the cluster does not say which task the run '{run}' had, so it cannot be run again")
        inputs = (await data(plane, remote, run)).inputs
    named = spec.task_template.id
    about = spec.documentation.short_description
    record = TaskRecord(named.name, named.version, spec.environment.name, spec.short_name, about, None, "")
    task = _task(named.name, spec, spec, record)
    return task._replace(interface=with_given(task.interface, spec.task_template.interface, inputs)), details.run_spec


def requests_of(task: DeployedTask, values: Mapping[str, Any], launch: request.Launch) -> list[dict[str, Any]]:
    """Return what would be sent to run a deployed task, as JSON, in order."""
    from flytectl_py.wire.rendering import as_json

    inputs = inputs_of(task, values, Planned())
    made = [
        ("ClusterService.SelectCluster", request.cluster_for_inputs(launch.scope)),
        ("DataProxyService.UploadInputs", request.upload_inputs(launch, task.identity, inputs)),
        ("RunService.CreateRun", request.create_run(launch, task.identity, inputs, None)),
    ]
    return [{"method": method, "request": as_json(message)} for method, message in made]


async def run_deployed(
    remote: Remote, task: DeployedTask, values: Mapping[str, Any], launch: request.Launch
) -> RemoteRun:
    """Start a run of a deployed task.

    :raises BadInputsError: the inputs do not fit.
    :raises ConflictError: there is a run of that name.
    """
    storage = Planned()
    inputs = inputs_of(task, values, storage)
    async with remote.connect() as plane:
        if storage.used:
            inputs = await uploaded(task, values, plane, launch.scope)
        await create(plane, launch, task.identity, inputs, remote.note)

    def read(message: Any, storage: Storage) -> Outputs:
        return Outputs(output_values(task.interface, message, storage))

    return RemoteRun(remote, launch.name, task.name, task.version, read)
