"""The hybrid engine: runs a task in a process on this machine, and has the cluster run the tasks that it calls."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.bridge import run_sync
from flytectl_py.config import settings as config
from flytectl_py.config.spelling import connection_variables
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.engines.api import Note, Outputs, Phase, Run, RunOptions, line_of
from flytectl_py.engines.cluster import ClusterEngine
from flytectl_py.engines.deployment_plan import DeploymentPlan
from flytectl_py.engines.offloading import Storage
from flytectl_py.engines.remote import Remote, remote_of
from flytectl_py.engines.reported_failures import error_of
from flytectl_py.engines.run_plan import RunPlan
from flytectl_py.engines.secrets import secret_variables
from flytectl_py.errors import NotReadyError, UsageError
from flytectl_py.model.task import Task
from flytectl_py.project.state import writable_state
from flytectl_py.wire.arguments import HYBRID_VARIABLE, arguments, environment_variables
from flytectl_py.wire.failures import Failure, parse_failure
from flytectl_py.wire.inputs import output_values, parse_outputs
from flytectl_py.wire.task_spec import place_of

if TYPE_CHECKING:
    from flytectl_py.engines.watching import Watcher

AnyTask = Task[..., Any]

ACTION: Final = "a0"
_START: Final = "from flytectl_py.runtime.start import main; main()"
_OF_RUNS: Final = ("labels", "annotations", "interruptible", "overwrite_cache", "service_account", "queue", "log_level")
"""Options of a run that the cluster knows as such, which it does not here."""


class HybridEngine:
    """Carries out one run: its first task here, as a container would, what that calls on the cluster of the settings.

    :param watchers: of a run within this process, which this one is not: nothing is told to them.
    """

    def __init__(self, options: RunOptions, note: Note, watchers: Sequence[Watcher] = ()) -> None:
        self._options = options
        self._note = note
        self._settings = config.settings() or config.resolve(environ=os.environ)
        self._cluster = ClusterEngine(options, note)

    def run(self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Run:
        self._check()
        remote = self._remote()
        plan = self._cluster.plan(task, args, kwargs)
        self._cluster.build(plan)
        return run_sync(lambda: self._carry_out(plan, remote))

    async def run_async(self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Run:
        self._check()
        remote = self._remote()
        plan = self._cluster.plan(task, args, kwargs)
        await asyncio.to_thread(self._cluster.build, plan)
        return await self._carry_out(plan, remote)

    def _remote(self) -> Remote:
        return remote_of(self._settings, project=self._options.project, domain=self._options.domain, note=self._note)

    def _check(self) -> None:
        """Refuse what a hybrid run cannot do.

        :raises UsageError: there is no store that the cluster reaches too, or an option is for a run on the cluster.
        """
        far = self._options.remote
        example = "e.g. --run-base-dir s3://bucket/runs, in Python run_base_dir='s3://bucket/runs'"
        if not far.run_base_dir:
            raise UsageError(
                "mode 'hybrid' needs run_base_dir, a store that this machine and the cluster both reach",
                hint=f"the inputs and outputs of the tasks on the cluster go there; give it, {example}",
            )
        for name, given in (("run_base_dir", far.run_base_dir), ("raw_data_path", far.raw_data_path)):
            if given and ("://" not in given or given.startswith("file:")):
                raise UsageError(
                    f"{name}: the cluster does not reach {given}, which is a folder of this machine",
                    hint=f"mode 'hybrid' needs a store that both reach, {example}",
                )
        refused = [name for name in _OF_RUNS if getattr(far, name) not in (None, "", False, {})]
        if refused:
            raise UsageError(
                f"mode 'hybrid' takes no {', '.join(refused)}: the run itself is not on the cluster",
                hint="leave it out, or use mode='remote'",
            )

    async def _carry_out(self, plan: RunPlan, remote: Remote) -> Run:
        folder = self._folder(plan)
        async with remote.connect() as plane:
            deployment, inputs = await self._cluster.send(plan, plane, remote.scope)
            (folder / "inputs.pb").write_bytes(inputs.SerializeToString())
            began = time.monotonic()
            data = await self._attempts(plan.task, deployment, remote, folder)
            seconds = time.monotonic() - began
            outputs = await self._outputs(plan.task, data, plane, remote)
        return Run(
            name=self._options.name,
            url="",
            task=plan.task.name,
            phase=Phase.SUCCEEDED,
            seconds=seconds,
            actions=1,
            outputs=outputs,
        )

    def _folder(self, plan: RunPlan) -> Path:
        root = Path(plan.deployment.submission.code_root)
        state = writable_state(root)
        if state is None:
            raise NotReadyError(f"{root} cannot be written, and the run keeps its inputs there", where=str(root))
        folder = state / "runs" / self._options.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    async def _outputs(self, task: AnyTask, data: bytes, plane: ControlPlane, remote: Remote) -> Outputs:
        storage = Storage(plane, remote.scope, asyncio.get_running_loop())
        return Outputs(await asyncio.to_thread(output_values, task.interface, parse_outputs(data), storage))

    # -- the process

    async def _attempts(self, task: AnyTask, deployment: DeploymentPlan, remote: Remote, folder: Path) -> bytes:
        """Return what outputs.pb holds once an attempt succeeds. Children of earlier attempts are found again.

        :raises BaseRuntimeError: the last attempt failed.
        """
        retries = task.settings.retries
        began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        attempt = 1
        while True:
            outcome = folder / ACTION / str(attempt)
            for each in ("outputs.pb", "error.pb"):
                (outcome / each).unlink(missing_ok=True)
            code = await self._process(
                self._arguments(task, deployment, folder, str(outcome), began),
                self._environment(task, deployment, remote, attempt),
                deployment.submission.code_root,
            )
            if (outcome / "outputs.pb").exists():
                return (outcome / "outputs.pb").read_bytes()
            failure = _failure(outcome / "error.pb", task, code)
            if attempt > retries.count or not failure.recoverable:
                error = error_of(failure)
                error.chain = (task.name, *error.chain)
                error.where = line_of(task)
                raise error
            self._note(f"{task.name} failed, attempt {attempt} of {retries.attempts}; trying again")
            await asyncio.sleep(retries.delay(attempt).total_seconds())
            attempt += 1

    def _arguments(
        self, task: AnyTask, deployment: DeploymentPlan, folder: Path, outcome: str, began: str
    ) -> list[str]:
        submission = deployment.submission_of(task)
        filled = {
            "{{.input}}": str(folder / "inputs.pb"),
            "{{.outputPrefix}}": outcome,
            "{{.rawOutputDataPrefix}}": self._options.remote.raw_data_path or f"{self._run_base}/raw",
            "{{.checkpointOutputPrefix}}": f"{outcome}/checkpoints",
            "{{.prevCheckpointPrefix}}": "",
            "{{.runName}}": self._options.name,
            "{{.actionName}}": ACTION,
            "{{.runStartTime}}": began,
        }
        return [filled.get(each, each) for each in arguments(submission, place_of(task, submission))[1:]]

    def _environment(self, task: AnyTask, deployment: DeploymentPlan, remote: Remote, attempt: int) -> dict[str, str]:
        """Return what a container has in its environment, on top of what this process has."""
        submission, environment, own = deployment.submission_of(task), task.environment, self._options.env_vars
        return {
            **os.environ,
            **environment_variables(environment.env_vars, submission),
            **own,
            **secret_variables(environment, self._options.secrets_dir),
            **connection_variables(self._settings),
            "ACTION_NAME": ACTION,
            "RUN_NAME": self._options.name,
            "FLYTE_INTERNAL_EXECUTION_PROJECT": remote.scope.project,
            "FLYTE_INTERNAL_EXECUTION_DOMAIN": remote.scope.domain,
            "FLYTE_INTERNAL_IMAGE": submission.image,
            "FLYTE_ATTEMPT_NUMBER": str(attempt - 1),
            "_U_ORG_NAME": remote.scope.org,
            "_U_RUN_BASE": self._run_base,
            "_U_EP_OVERRIDE": self._settings.endpoint or "",
            "_U_INSECURE": "true" if self._settings.insecure else "false",
            "_UNION_EAGER_API_KEY": self._settings.api_key or "",
            HYBRID_VARIABLE: json.dumps(dict(own)),
        }

    async def _process(self, words: list[str], environ: Mapping[str, str], cwd: str) -> int:
        """Run the task's process to its end. Where this one is interrupted, so is that, which gives up its children."""
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _START, *words, cwd=cwd, env=environ)
        try:
            return await process.wait()
        except asyncio.CancelledError:
            process.send_signal(signal.SIGINT)
            try:
                await process.wait()
            except asyncio.CancelledError:
                process.kill()
            raise

    @property
    def _run_base(self) -> str:
        return f"{self._options.remote.run_base_dir.rstrip('/')}/{self._options.name}"


def _failure(document: Path, task: AnyTask, code: int) -> Failure:
    if document.exists():
        return parse_failure(document.read_bytes())
    text = f"the process of {task.name} ended with exit code {code} and left no outcome"
    return Failure("NoOutcome", text, "system", recoverable=True)
