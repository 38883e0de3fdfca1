"""One call of ``flyte.run``: its settings, its code bundle if one is wanted, and the engine that runs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.bridge import Verb
from flytectl_py.config import settings as config
from flytectl_py.engines.api import Engine, Outputs, Phase, Run, RunOptions, bind, checked_run_name
from flytectl_py.engines.registry import make_engine
from flytectl_py.errors import NotReadyError, UsageError
from flytectl_py.model.context import Mode
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    from flytectl_py.engines.recording import KeptCode
    from flytectl_py.engines.run_bundle import Bundle
    from flytectl_py.engines.watching import Watcher
    from flytectl_py.plan.bundle import CopyStyle


def print_note(text: str) -> None:
    """Tell the person who watches, on stderr."""
    sys.stderr.write(f"flyte: {text}\n")


class Runner:
    """What ``flyte.with_runcontext(…)`` returns: ``run(task, …)`` with the settings of that call.

    :param note: is told what happens on the way: retries, for one.
    :param root: the project's root, if the caller knows it already.
    :param target: the file or folder that was loaded for the run, if the caller did.
    :param code: kept of an earlier run, where it is that which runs.
    :param watchers: are told of the run and its actions; a record of it is kept besides.

    The other parameters are those of `with_runcontext`.
    """

    def __init__(
        self,
        *,
        mode: Mode | None = None,
        name: str | None = None,
        version: str | None = None,
        raw_data_path: str | None = None,
        run_base_dir: str | None = None,
        project: str | None = None,
        domain: str | None = None,
        env_vars: Mapping[str, str] | None = None,
        copy_style: CopyStyle = "loaded_modules",
        dry_run: bool = False,
        copy_bundle_to: Path | None = None,
        interactive_mode: bool | None = None,
        overwrite_cache: bool = False,
        disable_run_cache: bool = False,
        note: Callable[[str], None] = print_note,
        root: Path | None = None,
        target: Path | None = None,
        watchers: Sequence[Watcher] = (),
        code: KeptCode | None = None,
    ) -> None:
        self.mode = mode
        self.copy_style = copy_style
        self.dry_run = dry_run
        self.copy_bundle_to = copy_bundle_to
        self.interactive_mode = interactive_mode
        self.overwrite_cache = overwrite_cache
        self.disable_run_cache = disable_run_cache
        self.name = name
        self.version = version
        self.raw_data_path = raw_data_path
        self.run_base_dir = run_base_dir
        self.project = project
        self.domain = domain
        self.env_vars = dict(env_vars or {})
        self.note = note
        self.root = root
        self.target = target
        self.watchers = watchers
        self.code = code
        self.began = ""
        """The name of the run, once there is one."""

    @property
    def run(self) -> Verb[..., Run]:
        """Run a task to its end: ``run(task, 1, y=2)``, or ``await run.aio(task, 1, y=2)``.

        :raises BadInputsError: the inputs do not fit the task's signature.
        :raises NotReadyError: a secret is missing, or the run is meant for a place that cannot be reached.
        :raises BaseRuntimeError: the task failed; `__cause__` is what its code raised.
        """
        return Verb(self._run, self._run_async)

    def _run(self, task: Task[..., Any], /, *args: Any, **kwargs: Any) -> Run:
        options = self._options(task)
        bundle = self._bundle(task, args, kwargs)
        run = self._planned(task) if self.dry_run else self._engine(options, task, bundle).run(task, args, kwargs)
        run.bundle = bundle
        return run

    async def _run_async(self, task: Task[..., Any], /, *args: Any, **kwargs: Any) -> Run:
        options = self._options(task)
        bundle = self._bundle(task, args, kwargs)
        run = (
            self._planned(task)
            if self.dry_run
            else await self._engine(options, task, bundle).run_async(task, args, kwargs)
        )
        run.bundle = bundle
        return run

    def _bundle(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Bundle | None:
        """Make the code bundle of the run, if it was asked for: a run on this machine has no use for it."""
        if self.root is None:
            from flytectl_py.project.snapshot import loaded_before_runs

            loaded_before_runs()
        if not self.dry_run and self.copy_bundle_to is None:
            return None
        from flytectl_py.engines.input_types import check_types
        from flytectl_py.engines.run_bundle import bundle_for_run

        check_types(task, *bind(task, args, kwargs))
        settings = config.settings() or config.resolve(environ=os.environ)
        bundle = bundle_for_run(
            task, self.copy_style, self.copy_bundle_to, self.root, settings.root_dir, interactive=self.interactive_mode
        )
        if bundle is not None:
            for warning in bundle.warnings:
                self.note(f"warning: {warning}")
            self.note(bundle.summary)
        return bundle

    def _planned(self, task: Task[..., Any]) -> Run:
        return Run(
            name=self.name or "", url="", task=task.name, phase=Phase.PLANNED, seconds=0, actions=0, outputs=Outputs()
        )

    def _options(self, task: object) -> RunOptions:
        if not isinstance(task, Task):
            raise UsageError(f"flyte.run takes a task, got {task!r}", hint="decorate the function with @env.task")
        settings = config.settings() or config.resolve(environ=os.environ)
        if not self.dry_run:
            self._check_mode(settings)
        name = checked_run_name(f"r{os.urandom(5).hex()}" if self.name is None else self.name)
        root = Path(self.root or settings.root_dir or Path.cwd())
        state = root / ".flyte"
        base = self.run_base_dir or str(state / "state" / "runs" / name)
        return RunOptions(
            name=name,
            project=self.project or settings.project,
            domain=self.domain or settings.domain,
            org=settings.org,
            version=self.version or "local",
            run_base_dir=base,
            raw_data_path=self.raw_data_path or f"{base}/raw",
            env_vars=self.env_vars,
            secrets_dir=str(state / "secrets"),
            root_dir=str(root),
            overwrite_cache=self.overwrite_cache,
            disable_run_cache=self.disable_run_cache,
        )

    def _engine(self, options: RunOptions, task: Task[..., Any], bundle: Bundle | None) -> Engine:
        from flytectl_py.engines.recording import kept_code, recorder

        self.began = options.name
        record = recorder(options, task, self.target, self.code or kept_code(bundle), self.note)
        return make_engine("local", options, self.note, (*self.watchers, *record))

    def _check_mode(self, settings: config.Settings) -> None:
        mode = self.mode or ("remote" if settings.endpoint else "local")
        if mode != "local":
            where = f"endpoint {settings.endpoint} ({settings.origin('endpoint')})" if settings.endpoint else ""
            raise NotReadyError(
                f"mode '{mode}' needs a cluster, and this version runs tasks on this machine only",
                hint="pass --local, or flyte.with_runcontext(mode='local')",
                where=where,
            )
