"""The verbs of ``import flyte``: init, run, map and what stands around them. The bodies import what is heavy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flytectl_py.bridge import Verb
from flytectl_py.config import settings as config
from flytectl_py.model.context import Mode, current_context
from flytectl_py.model.task import Task
from flytectl_py.model.world import install_data

if TYPE_CHECKING:
    import functools

    from flytectl_py.config.declared import Config
    from flytectl_py.engines.api import Run
    from flytectl_py.engines.deploy_verb import Deployment
    from flytectl_py.engines.runner import Runner
    from flytectl_py.model.data import DataKeeper
    from flytectl_py.model.environment import Environment
    from flytectl_py.model.image import Image
    from flytectl_py.plan.bundle import CopyStyle
    from flytectl_py.plan.image_cache import ImageCache
    from flytectl_py.storage.api import StoreOptions

R = TypeVar("R")


def init(
    org: str | None = None,
    project: str | None = None,
    domain: str | None = None,
    root_dir: Path | None = None,
    log_level: int | None = None,
    endpoint: str | None = None,
    headless: bool = False,
    insecure: bool = False,
    insecure_skip_verify: bool = False,
    ca_cert_file_path: str | None = None,
    auth_type: str = "Pkce",
    command: list[str] | None = None,
    proxy_command: list[str] | None = None,
    api_key: str | None = None,
    client_id: str | None = None,
    client_credentials_secret: str | None = None,
    auth_client_config: object | None = None,
    rpc_retries: int = 3,
    http_proxy_url: str | None = None,
    storage: object | None = None,
    batch_size: int = 1000,
    image_builder: str = "local",
    images: Mapping[str, str] | None = None,
    image_registry: str | None = None,
) -> None:
    """Say what this program wants of the settings. Command-line flags and the environment win over it.

    May be called again: the last call counts. With no endpoint, runs stay on this machine.

    :raises DeclarationError: a value that its parameter cannot take.
    """
    given = dict(locals())
    config.init(**{name: value for name, value in given.items() if value != _INIT_DEFAULTS[name]})


_INIT_DEFAULTS: Mapping[str, object] = dict(
    zip(init.__code__.co_varnames[: init.__code__.co_argcount], init.__defaults__ or (), strict=True)
)


def init_from_config(
    path_or_config: str | Path | Config | None = None,
    root_dir: Path | None = None,
    log_level: int | None = None,
    *,
    org: str | None = None,
    project: str | None = None,
    domain: str | None = None,
) -> None:
    """Take the settings from a configuration file: the one given, else the nearest ``.flyte/config.yaml`` or ``.toml``.

    No file at all is no error: the defaults run everything on this machine.

    :raises ConfigError: the file is missing, broken or wrong.
    """
    config.init_from_config(
        path_or_config, root_dir=root_dir, log_level=log_level, org=org, project=project, domain=domain
    )


def current_domain() -> str:
    """Return the domain of the running task, or the one that was set.

    :raises InitializationError: outside a task, before `init`.
    """
    context = current_context.get()
    return context.action.domain if context is not None else config.current_domain()


def current_project() -> str:
    """Return the project of the running task, or the one that was set.

    :raises InitializationError: outside a task, before `init`.
    """
    context = current_context.get()
    return context.action.project if context is not None else config.current_project()


def with_runcontext(
    mode: Mode | None = None,
    *,
    name: str | None = None,
    service_account: str | None = None,
    version: str | None = None,
    copy_style: CopyStyle = "loaded_modules",
    dry_run: bool = False,
    copy_bundle_to: Path | None = None,
    interactive_mode: bool | None = None,
    images: Mapping[str, str] | None = None,
    raw_data_path: str | None = None,
    run_base_dir: str | None = None,
    overwrite_cache: bool = False,
    project: str | None = None,
    domain: str | None = None,
    env_vars: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    interruptible: bool = False,
    log_level: int | None = None,
    disable_run_cache: bool = False,
    queue: str | None = None,
    note: Callable[[str], None] | None = None,
) -> Runner:
    """Say how the next run should go: ``flyte.with_runcontext(name="nightly").run(task, x=1)``.

    :param mode: ``local`` (default without an endpoint), ``remote``, or ``hybrid``: what the task calls runs remotely.
    :param name: of the run; lower-case letters, digits and ``-``. Random unless given.
    :param service_account: of Kubernetes, under which the run's containers run.
    :param version: of the code that runs; ``flyte.ctx().version`` gives it. On a cluster it follows from the content of
        code, images and task, unless it is given.
    :param copy_style: which code travels with the run: ``loaded_modules`` (also called ``auto``), ``all`` or ``none``.
    :param dry_run: run nothing; ``run(…)`` then checks the inputs and returns a run of phase ``planned`` whose `bundle`
        says which code would travel, and whose `plan` what would be sent to a cluster. Needs no endpoint.
    :param copy_bundle_to: a folder for the archive of that code, or a file if it ends in ``.gz`` or ``.tgz``.
    :param interactive_mode: whether the task was typed into a notebook or a REPL, and so travels pickled. Found out by
        itself; True and False insist, and a task for which that is not so is refused.
    :param images: the URIs of images that the code knows by name; a run on this machine uses the interpreter and the
        code that are here.
    :param env_vars: set for every task of the run; they win over an environment's own.
    :param raw_data_path: where files, folders and tables go. :param run_base_dir: of outputs; a store if hybrid.
    :param overwrite_cache: tasks that are cached run all the same, and what they return is kept instead.
    :param disable_run_cache: nothing is taken from the cache and nothing is kept; nor is anything relied on that an
        earlier run has uploaded.
    :param labels, annotations: of the run on a cluster. :param queue: that takes it there.
    :param interruptible: machines may be taken away while it runs; False leaves it to the tasks.
    :param log_level: of the machinery in the containers, a number of the standard `logging`.
    :param note: takes each line for the person who watches, instead of stderr.
    :raises DeclarationError: a value that its parameter cannot take.
    """
    from flytectl_py.engines.run_context import check_context, check_texts, check_values
    from flytectl_py.engines.runner import Runner, print_note

    check_context(mode, copy_style, name)
    check_texts(images=images, labels=labels, annotations=annotations, env_vars=env_vars)
    given: dict[str, Any] = {
        "version": version, "project": project, "domain": domain, "queue": queue, "service_account": service_account,
        "raw_data_path": raw_data_path, "run_base_dir": run_base_dir, "log_level": log_level, "dry_run": dry_run,
        "interactive_mode": interactive_mode, "interruptible": interruptible or None,
        "overwrite_cache": overwrite_cache, "disable_run_cache": disable_run_cache,
    }  # fmt: skip
    check_values(given)
    return Runner(
        mode=mode,
        name=name,
        env_vars=env_vars,
        copy_style=copy_style,
        copy_bundle_to=None if copy_bundle_to is None else Path(copy_bundle_to),
        images=images,
        labels=labels,
        annotations=annotations,
        note=note or print_note,
        **given,
    )


def _run(task: Task[..., Any], /, *args: Any, **kwargs: Any) -> Run:
    """Run a task: here, to its end, where no endpoint is configured: ``flyte.run(task, 1, y=2).outputs()``.

    On a cluster the run is only started: `run.url` is its page, `run.wait()` waits for it, as `run.outputs()` does.

    ``await flyte.run.aio(task, …)`` is the form for async code.

    :raises BadInputsError: the inputs do not fit the task's signature.
    :raises BaseRuntimeError: the task failed; `__cause__` is what its code raised.
    """
    from flytectl_py.engines.runner import Runner

    return Runner().run(task, *args, **kwargs)


async def _run_async(task: Task[..., Any], /, *args: Any, **kwargs: Any) -> Run:
    from flytectl_py.engines.runner import Runner

    return await Runner().run.aio(task, *args, **kwargs)  # type: ignore[no-any-return]


def _map(
    func: Task[..., R] | functools.partial[R],
    *args: Iterable[Any],
    group_name: str | None = None,
    concurrency: int = 0,
    return_exceptions: bool = True,
) -> Iterator[R | Exception]:
    """Call a task for each item of an iterable (or of several, side by side) and give the results in that order.

    The calls run at the same time: coroutines on one event loop, plain functions on threads.
    ``async for x in flyte.map.aio(task, xs)`` is the form for async code.

    :param func: a task, or a `functools.partial` of one.
    :param group_name: the name under which the calls are shown; the task's unless given.
    :param concurrency: how many run at once; 0 is all (of plain functions, 256).
    :param return_exceptions: by default a failed call's exception is its result; with False the first one is raised.
    :raises DeclarationError: not a task, nothing to map over, or a negative concurrency.
    """
    from flytectl_py.engines.fanout import map_blocking

    return map_blocking(func, args, group_name, concurrency, return_exceptions)


def _map_async(
    func: Task[..., R] | functools.partial[R],
    *args: Iterable[Any],
    group_name: str | None = None,
    concurrency: int = 0,
    return_exceptions: bool = True,
) -> AsyncIterator[R | Exception]:
    from flytectl_py.engines.fanout import map_async

    return map_async(func, args, group_name, concurrency, return_exceptions)


def _build(image: Image, dry_run: bool = False, force: bool = False) -> str:
    """Build an image where it does not exist yet, and return its URI: ``flyte.build(image)``.

    ``await flyte.build.aio(image)`` is the form for async code. It is pushed where it has a registry; otherwise the
    daemon keeps it.

    :param dry_run: build nothing and ask nobody; return where it would be.
    :param force: build it also if it exists.
    :raises InvalidImageError: it cannot be built as declared.
    :raises NotReadyError: no builder works here, or its registry does not say whether it exists.
    :raises ImageBuildError: a step of the build failed.
    """
    from flytectl_py.engines.image_verbs import build_one
    from flytectl_py.engines.runner import print_note
    from flytectl_py.model.registry import calling_place

    return build_one(image, calling_place().file, dry_run=dry_run, force=force, note=print_note)


async def _build_async(image: Image, dry_run: bool = False, force: bool = False) -> str:
    import asyncio

    from flytectl_py.engines.image_verbs import build_one
    from flytectl_py.engines.runner import print_note
    from flytectl_py.model.registry import calling_place

    caller = calling_place().file
    return await asyncio.to_thread(build_one, image, caller, dry_run=dry_run, force=force, note=print_note)


def _build_images(
    envs: Environment,
    *more: Environment,
    copy_style: CopyStyle = "loaded_modules",
    dry_run: bool = False,
    force: bool = False,
) -> ImageCache:
    """Build the images of environments, and of those that they depend on; return their URIs by environment.

    Each image is built once, and only where it does not exist yet.

    :param copy_style: with ``none`` the code is put into images that have `with_code_bundle`.
    :param dry_run: build nothing and ask nobody. :param force: build also what exists.
    :raises InvalidImageError, NotReadyError, ImageBuildError: as `build`.
    """
    from flytectl_py.engines.image_verbs import build_all
    from flytectl_py.engines.runner import print_note

    return build_all((envs, *more), copy_style, dry_run=dry_run, force=force, note=print_note)


async def _build_images_async(
    envs: Environment,
    *more: Environment,
    copy_style: CopyStyle = "loaded_modules",
    dry_run: bool = False,
    force: bool = False,
) -> ImageCache:
    import asyncio

    from flytectl_py.engines.image_verbs import build_all
    from flytectl_py.engines.runner import print_note

    return await asyncio.to_thread(build_all, (envs, *more), copy_style, dry_run=dry_run, force=force, note=print_note)


def _data_keeper() -> DataKeeper:
    from flytectl_py.data.keeper import Keeper
    from flytectl_py.data.providers import options_for

    def options(scheme: str) -> StoreOptions:
        settings = config.settings()
        return options_for(scheme, None if settings is None else settings.storage)

    return Keeper(options)


install_data(_data_keeper)


def _deploy(
    *envs: Environment,
    dryrun: bool = False,
    version: str | None = None,
    interactive_mode: bool | None = None,
    copy_style: CopyStyle = "loaded_modules",
) -> list[Deployment]:
    """Store the tasks of environments, and of those that they depend on, on a cluster: ``flyte.deploy(env)``.

    Images are built where they are missing, the code is uploaded, and every task is stored under one version. Deploying
    the same again changes nothing. ``await flyte.deploy.aio(env)`` is the form for async code.

    :param dryrun: plan only; no network, no daemon and no endpoint are needed.
    :param version: at most 63 characters; by default it follows from code, images and tasks.
    :param interactive_mode: as in `with_runcontext`; a task that lives in no file cannot be deployed.
    :param copy_style: which code travels: ``loaded_modules`` (also called ``auto``), ``all``, or ``none``: the images
        hold it.
    :return: one for each environment given.
    :raises UsageError: there is nothing to deploy, or not as it is declared.
    :raises NotReadyError: no endpoint is configured, or it cannot be reached.
    :raises ConflictError: the version exists with other content.
    :raises DeploymentError: some tasks were refused.
    """
    from flytectl_py.engines.deploy_verb import carry_out, deployments, plan_of
    from flytectl_py.engines.runner import print_note

    plan, settings = plan_of(envs, version, interactive_mode, copy_style)
    for warning in plan.warnings:
        print_note(f"warning: {warning}")
    return deployments(envs, plan, None if dryrun else carry_out(plan, settings, print_note))


async def _deploy_async(
    *envs: Environment,
    dryrun: bool = False,
    version: str | None = None,
    interactive_mode: bool | None = None,
    copy_style: CopyStyle = "loaded_modules",
) -> list[Deployment]:
    import asyncio

    return await asyncio.to_thread(
        _deploy, *envs, dryrun=dryrun, version=version, interactive_mode=interactive_mode, copy_style=copy_style
    )


_run.__name__ = "run"
_deploy.__name__ = "deploy"
_build.__name__ = "build"
_build_images.__name__ = "build_images"
_map.__name__ = "map"
run: Verb[..., Run] = Verb(_run, _run_async)
map: Verb[..., Iterator[Any]] = Verb(_map, _map_async)  # noqa: A001  the name is the public API's
deploy: Verb[..., list[Deployment]] = Verb(_deploy, _deploy_async)
build: Verb[..., str] = Verb(_build, _build_async)
build_images: Verb[..., ImageCache] = Verb(_build_images, _build_images_async)
