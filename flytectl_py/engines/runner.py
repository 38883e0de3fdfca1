"""One call of ``flyte.run``: its settings, its code bundle if one is wanted, and the engine that runs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.bridge import Verb
from flytectl_py.config import settings as config
from flytectl_py.engines.api import Engine, Outputs, Phase, RemoteOptions, Run, RunOptions, bind, checked_run_name
from flytectl_py.engines.registry import make_engine
from flytectl_py.errors import DeclarationError, NotReadyError, UsageError
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
        images: Mapping[str, str] | None = None,
        service_account: str | None = None,
        overwrite_cache: bool = False,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        interruptible: bool | None = None,
        log_level: int | None = None,
        disable_run_cache: bool = False,
        queue: str | None = None,
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
        if version == "":
            raise DeclarationError("version", version, "give one, or None: it follows from the content then")
        self.version = version
        self.raw_data_path = raw_data_path
        self.run_base_dir = run_base_dir
        self.project = project
        self.domain = domain
        self.env_vars = dict(env_vars or {})
        self.remote = RemoteOptions(
            version=version or "",
            copy_style=copy_style,
            root=root,
            images=dict(images or {}),
            labels=dict(labels or {}),
            annotations=dict(annotations or {}),
            interruptible=interruptible,
            overwrite_cache=overwrite_cache,
            disable_run_cache=disable_run_cache,
            service_account=service_account or "",
            queue=queue or "",
            log_level=log_level,
            raw_data_path=raw_data_path or "",
            run_base_dir=run_base_dir or "",
            interactive=interactive_mode,
        )
        self.note = note
        self.root = root
        self.target = target
        self.watchers = watchers
        self.code = code
        self.began = ""
        self.data_of_run = ""
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
        options, engine, has_plan = self._settled(task)
        bundle = self._bundle(task, args, kwargs)
        if self.dry_run:
            run = self._planned(task, options if has_plan else None, args, kwargs)
        else:
            run = self._engine(engine, options, task, bundle).run(task, args, kwargs)
        run.bundle = bundle
        return run

    async def _run_async(self, task: Task[..., Any], /, *args: Any, **kwargs: Any) -> Run:
        options, engine, has_plan = self._settled(task)
        bundle = self._bundle(task, args, kwargs)
        if self.dry_run:
            run = self._planned(task, options if has_plan else None, args, kwargs)
        else:
            run = await self._engine(engine, options, task, bundle).run_async(task, args, kwargs)
        run.bundle = bundle
        return run

    def _bundle(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Bundle | None:
        """Make the code bundle of the run, if it was asked for: a run on this machine has no use for it."""
        if self.root is None:
            from flytectl_py.project.snapshot import loaded_before_runs

            loaded_before_runs()
        if not self.dry_run and self.copy_bundle_to is None:
            return None
        from flytectl_py.engines.declared_types import check_types
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

    def _planned(
        self, task: Task[..., Any], far: RunOptions | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Run:
        """Return a run that is not carried out; `far` are the options of one that would be sent to a cluster."""
        run = Run(
            name=self.name or "", url="", task=task.name, phase=Phase.PLANNED, seconds=0, actions=0, outputs=Outputs()
        )
        if far is not None:
            from flytectl_py.engines.cluster import ClusterEngine

            run.plan = ClusterEngine(far._replace(name=self.name or ""), self.note).plan(task, args, kwargs)
        return run

    def _settled(self, task: object) -> tuple[RunOptions, str, bool]:
        """Return the options of the run, the name of its engine, and whether it would be planned for a cluster."""
        if not isinstance(task, Task):
            raise UsageError(f"flyte.run takes a task, got {task!r}", hint="decorate the function with @env.task")
        settings = config.settings() or config.resolve(environ=os.environ)
        engine = self._place(settings)
        # On a cluster the name has to be one that nobody else comes to have.
        random = f"r{os.urandom(5 if engine == 'local' else 9).hex()}"
        name = checked_run_name(random if self.name is None else self.name)
        root = Path(self.root or settings.root_dir or Path.cwd())
        state = root / ".flyte"
        base = self.run_base_dir or str(state / "state" / "runs" / name)
        options = RunOptions(
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
            overwrite_cache=self.remote.overwrite_cache,
            disable_run_cache=self.remote.disable_run_cache,
            remote=self.remote,
        )
        is_shown = self.dry_run and self.mode is None  # A plan needs no endpoint.
        return options, engine, engine == "cluster" or is_shown

    def _engine(self, name: str, options: RunOptions, task: Task[..., Any], bundle: Bundle | None) -> Engine:
        self.began, self.data_of_run = options.name, options.raw_data_path
        if name != "local":
            return make_engine(name, options, self.note)
        from flytectl_py.engines.recording import kept_code, recorder

        record = recorder(options, task, self.target, self.code or kept_code(bundle), self.note)
        return make_engine(name, options, self.note, (*self.watchers, *record))

    def _place(self, settings: config.Settings) -> str:
        """Return the engine of the run: the cluster's where an endpoint is configured, unless it was said otherwise.

        :raises NotReadyError: it is for a place that there is not.
        """
        mode = self.mode or ("remote" if settings.endpoint else "local")
        if mode != "local" and not settings.endpoint and not self.dry_run:
            raise NotReadyError(
                f"mode '{mode}' needs a cluster, and no endpoint of one is configured",
                hint="flyte.init_from_config() reads .flyte/config.toml (admin.endpoint), or flyte.init(endpoint=…), "
                "or set FLYTE_ENDPOINT; mode='local' runs here",
            )
        return "cluster" if mode == "remote" else mode
