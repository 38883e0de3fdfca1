"""The cluster engine: plans a run, builds what images are missing, uploads code and inputs, and has it started."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.bridge import run_calls
from flytectl_py.config import settings as config
from flytectl_py.controlplane.api import AlreadyExistsError, RemoteCallError
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.engines import bundle_history, version_history
from flytectl_py.engines.api import Note, Outputs, Run, RunOptions, bind
from flytectl_py.engines.bundle_upload import upload_bundle
from flytectl_py.engines.deployment_plan import DeploymentPlan, PlanOptions, plan_run
from flytectl_py.engines.image_building import BuildOptions, build_images, labelled
from flytectl_py.engines.image_history import ImageHistory
from flytectl_py.engines.image_options import image_options
from flytectl_py.engines.ledger import Ledger
from flytectl_py.engines.offloading import Storage
from flytectl_py.engines.one_machine import building_for, executor_of, is_here
from flytectl_py.engines.remote import Remote, organisation, remote_of
from flytectl_py.engines.remote_run import RemoteRun
from flytectl_py.engines.run_bundle import check_interactive, code_of
from flytectl_py.engines.run_plan import Called, RunPlan, inputs_of, planned
from flytectl_py.engines.server_rules import check_launch
from flytectl_py.errors import ConflictError
from flytectl_py.model.task import Task
from flytectl_py.wire import run_request as request
from flytectl_py.wire.inputs import output_values

if TYPE_CHECKING:
    from flytectl_py.engines.watching import Watcher

AnyTask = Task[..., Any]


class ClusterEngine:
    """Starts one run on the cluster that the settings name, and does not wait for it.

    :param watchers: of a run that this process carries out, which this one is not: nothing is told to them.
    """

    def __init__(self, options: RunOptions, note: Note, watchers: Sequence[Watcher] = ()) -> None:
        self._options = options
        self._note = note
        self._settings = config.settings() or config.resolve(environ=os.environ)
        self._executor = ""

    def run(self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Run:
        remote = self._remote()
        self._executor = executor_of(self._settings)
        plan = self.plan(task, args, kwargs)
        self.build(plan, remote)
        return run_calls(lambda: self._start(plan, remote))

    async def run_async(self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Run:
        remote = self._remote()
        self._executor = await asyncio.to_thread(executor_of, self._settings)
        plan = self.plan(task, args, kwargs)
        await asyncio.to_thread(self.build, plan, remote)
        return await self._start(plan, remote)

    def plan(self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> RunPlan:
        """Return what would be sent. Asks no network, no daemon and no control plane.

        :raises FlyteError: as binding inputs, planning images and bundles, and rendering the task do.
        """
        options, far = self._options, self._options.remote
        values = _by_name(task, *bind(task, args, kwargs))
        scope = request.Scope(organisation(self._settings), options.project, options.domain)
        launch = request.Launch(
            scope=scope,
            name=options.name,
            env_vars=options.env_vars,
            labels=far.labels,
            annotations=far.annotations,
            interruptible=far.interruptible,
            overwrite_cache=far.overwrite_cache,
            service_account=far.service_account,
            queue=far.queue,
            raw_data_path=far.raw_data_path,
            run_base_dir=far.run_base_dir,
            log_level=self._settings.log_level if far.log_level is None else far.log_level,
        )
        check_launch(launch)
        check_interactive(task, far.interactive)
        code, _ = code_of(task, far.root, self._settings.root_dir)
        wanted = PlanOptions(
            project=scope.project,
            domain=scope.domain,
            org=scope.org,
            version=far.version,
            copy_style=far.copy_style,
            images=image_options(self._settings, refs=far.images),
            needs_registry=not is_here(self._settings),
            where_version="version",
            where_copy_style="copy_style",
        )
        return planned(plan_run(code, task, wanted), task, values, launch)

    def _remote(self) -> Remote:
        return remote_of(self._settings, project=self._options.project, domain=self._options.domain, note=self._note)

    def build(self, plan: RunPlan, remote: Remote) -> None:
        """Say the plan's warnings, and build the images that are missing, once the cluster has answered."""
        root = Path(plan.deployment.submission.code_root)
        for warning in plan.deployment.warnings:
            self._note(f"warning: {warning}")
        # A control plane of this machine has answered already, when it was asked what runs tasks there.
        if not self._executor and not all(each.plan.given for each in plan.deployment.images):
            run_calls(remote.reach)
        how = BuildOptions(
            builder=self._settings.image_builder,
            where=self._settings.origin("image_builder"),
            secrets_dir=str(root / ".flyte" / "secrets"),
            note=self._note,
            progress=labelled(self._note),
        )
        build_images(plan.deployment.images, building_for(self._executor, how), ImageHistory.of(root))

    async def _start(self, plan: RunPlan, remote: Remote) -> Run:
        async with remote.connect() as plane:
            deployment, inputs = await self.send(plan, plane, remote.scope)
            spec = request.run_task_spec(deployment.spec(plan.task))
            await create(plane, plan.launch, spec, inputs, self._note)
        await asyncio.to_thread(self._remember, deployment)

        def read(message: Any, storage: Storage) -> Outputs:
            return Outputs(output_values(plan.task.interface, message, storage))

        return RemoteRun(remote, plan.launch.name, plan.task.name, deployment.version, read)

    @staticmethod
    def _remember(plan: DeploymentPlan) -> None:
        root = Path(plan.submission.code_root)
        if plan.bundle is not None:
            bundle_history.remember(plan.bundle, root, "run")
        version_history.remember(plan, Ledger.of(root), "run")

    async def send(self, plan: RunPlan, plane: ControlPlane, scope: request.Scope) -> tuple[DeploymentPlan, Any]:
        """Upload the code, and what the message of the inputs cannot hold; return the plan and the inputs then."""
        deployment, inputs = plan.deployment, plan.inputs
        if deployment.bundle is not None:
            root = Path(deployment.submission.code_root)
            again = self._options.remote.disable_run_cache
            uri = await upload_bundle(plane, deployment.bundle, scope, root, note=self._note, again=again)
            deployment = deployment.with_bundle_at(uri)
        if plan.uploads_inputs:
            inputs = await uploaded(plan.task, plan.values, plane, scope)
        return deployment, inputs


async def create(plane: ControlPlane, launch: request.Launch, task: Any, inputs: Any, note: Note | None) -> None:
    """Store the inputs and have the run started.

    :param task: its TaskSpec, or the TaskIdentifier of a deployed task.
    :raises ConflictError: there is a run of that name.
    """
    cluster = await plane.cluster_of(request.cluster_for_inputs(launch.scope))
    stored = await cluster.data.upload_inputs(request.upload_inputs(launch, task, inputs))
    try:
        await plane.runs.create_run(request.create_run(launch, task, inputs, stored))
    except asyncio.CancelledError:
        if note is not None:
            note(f"interrupted while the run was being started; if it was, 'flyte abort {launch.name}' stops it")
        raise
    except AlreadyExistsError as error:
        raise ConflictError(
            f"there is a run named '{launch.name}' already",
            hint=f"give another --name; 'flyte get run {launch.name}' shows the one that is there",
            where=plane.endpoint.written,
        ) from error
    except RemoteCallError as error:
        if error.perhaps_done:
            error.hint = (
                f"the run '{launch.name}' may have been started all the same: "
                f"'flyte get run {launch.name}' shows it, 'flyte abort {launch.name}' stops it"
            )
        raise


async def uploaded(task: Called, values: Mapping[str, Any], plane: ControlPlane, scope: request.Scope) -> Any:
    """Return the inputs of a run with everything in place that does not travel in the message itself."""
    storage = Storage(plane, scope, asyncio.get_running_loop())
    return await asyncio.to_thread(inputs_of, task, values, storage)


def _by_name(task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    leading = [each.name for each in task.interface.inputs[: len(args)]]
    return {**dict(zip(leading, args, strict=True)), **kwargs}
