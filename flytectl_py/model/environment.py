"""Environments: what a set of tasks has in common, first of all its image."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import Any, ClassVar, Literal, ParamSpec, TypeVar, cast, overload

from flytectl_py.errors import DeclarationError, did_you_mean
from flytectl_py.model.cache import Cache, CacheRequest
from flytectl_py.model.container_task import ContainerTask
from flytectl_py.model.image import Image
from flytectl_py.model.pod import PodTemplate
from flytectl_py.model.registry import Place, calling_place, current_registry
from flytectl_py.model.resources import Resources
from flytectl_py.model.retry import RetryStrategy, TimeoutType
from flytectl_py.model.reuse import ReusePolicy
from flytectl_py.model.secret import SecretRequest, secrets_of
from flytectl_py.model.task import MAX_INLINE_IO_BYTES, Documentation, Task, make_settings

P = ParamSpec("P")
R = TypeVar("R")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, eq=False)
class Environment:
    """What a set of tasks has in common.

    :param name: letters, digits, ``-`` and ``_``; unique in a project.
    :param depends_on: environments that must be deployed with this one, because its tasks call theirs.
    :param secrets: see `flyte.Secret`. :param env_vars: set while a task of the environment runs.
    :param image: a `flyte.Image`, an image's URI, ``auto``, or an `ImageSpec` of Flyte 1.
    :param include: files, folders and globs that travel with the code, anchored at the declaring file.
    :raises DeclarationError: a value that its parameter cannot take.
    """

    name: str
    depends_on: list[Environment] = field(default_factory=list)
    pod_template: str | PodTemplate | None = None
    description: str | None = None
    secrets: SecretRequest | None = None
    env_vars: dict[str, str] | None = None
    resources: Resources | None = None
    image: str | Image | Literal["auto"] = "auto"
    interruptible: bool = field(default=False, kw_only=True)
    include: tuple[str, ...] = field(default=(), kw_only=True)
    service_account: str | None = field(default=None, kw_only=True)
    place: Place = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", calling_place())
        convert = getattr(self.image, "as_flyte_image", None)  # images of Flyte 1
        if convert is not None and not isinstance(self.image, type):
            object.__setattr__(self, "image", convert())
        self._check()
        current_registry.get().add(self)

    def add_dependency(self, *env: Environment) -> None:
        """Add environments that must be deployed with this one. One that is there already is not added twice.

        :raises DeclarationError: not an environment, or this environment itself.
        """
        for each in env:
            if not isinstance(each, Environment) or each is self:
                raise DeclarationError(f"{self.name}.add_dependency(…)", each, "give other environments")
            if each not in self.depends_on:
                self.depends_on.append(each)

    def clone_with(
        self,
        name: str,
        image: str | Image | Literal["auto"] | None = None,
        resources: Resources | None = None,
        env_vars: dict[str, str] | None = None,
        secrets: SecretRequest | None = None,
        depends_on: list[Environment] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return an environment like this one under another name. Tasks are not taken along.

        :param kwargs: any other parameter of the environment.
        :raises DeclarationError: a parameter that the environment does not have, or a wrong value.
        """
        known = [each.name for each in dataclasses.fields(self) if each.init]
        for key, value in kwargs.items():
            if key not in known:
                raise DeclarationError(
                    f"{self.name}.clone_with({key}=…)",
                    value,
                    f"it takes {', '.join(known)}",
                    suggestion=did_you_mean(key, known),
                )
        named = {
            "image": image,
            "resources": resources,
            "env_vars": env_vars,
            "secrets": secrets,
            "depends_on": depends_on,
        }
        values = {key: getattr(self, key) for key in known}
        values["depends_on"] = list(self.depends_on)
        values.update({key: value for key, value in named.items() if value is not None})
        return type(self)(**{**values, **kwargs, "name": name})

    def _check(self) -> None:
        who = type(self).__name__
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise DeclarationError(f"{who}(name=…)", self.name, "use letters, digits, '-' and '_', no '-' or '_' first")
        if not isinstance(self.image, str | Image):
            raise DeclarationError(f"{who}(image=…)", self.image, "give a flyte.Image, an image URI, or 'auto'")
        if self.resources is not None and not isinstance(self.resources, Resources):
            raise DeclarationError(f"{who}(resources=…)", self.resources, "give a flyte.Resources")
        include: Any = self.include
        if isinstance(include, str) or not all(isinstance(each, str) for each in include):
            raise DeclarationError(f"{who}(include=…)", include, "give a tuple of paths or globs")
        object.__setattr__(self, "include", tuple(self.include))
        secrets_of(self.secrets)
        for key, value in (self.env_vars or {}).items():
            if not isinstance(key, str) or not isinstance(value, str) or not key or "=" in key or "\0" in key + value:
                raise DeclarationError(f"{who}(env_vars=…)", {key: value}, "names and values are text, no '=' in names")
        for each in self.depends_on:
            if not isinstance(each, Environment):
                raise DeclarationError(f"{who}(depends_on=…)", each, "give a list of environments")


@dataclass(frozen=True, eq=False)
class TaskEnvironment(Environment):
    """An environment for tasks.

    Example::

        env = flyte.TaskEnvironment("etl", resources=flyte.Resources(cpu=1, memory="1Gi"))

        @env.task
        async def load(n: int) -> list[int]:
            return list(range(n))

    :param cache: the default for its tasks: ``auto``, ``override``, ``disable``, or a `flyte.Cache`.
    :param reusable: keep containers warm between tasks.
    """

    cache: CacheRequest = "disable"
    reusable: ReusePolicy | None = None
    plugin_config: Any | None = None
    _tasks: dict[str, Task[..., Any]] = field(init=False, repr=False, default_factory=dict)

    IMPLICIT_NAME: ClassVar[str] = "default"

    @property
    def tasks(self) -> dict[str, Task[..., Any]]:
        """The environment's tasks by full name, ``environment.task``."""
        return dict(self._tasks)

    def add_task(self, task: Task[P, R]) -> Task[P, R]:
        """Add a task that was not made by this environment's decorator; it then belongs to this environment.

        :raises DeclarationError: not a task, or a task of that name is there already.
        """
        if not isinstance(task, Task):
            raise DeclarationError(f"{self.name}.add_task(…)", task, "give a task")
        if isinstance(task, ContainerTask):
            task.environment = self
            self._insert(task)
            return cast("Task[P, R]", task)
        mine = Task(task.func, self, task.short_name, task.settings)
        self._insert(mine)
        return mine

    @classmethod
    def from_task(
        cls, name: str, *tasks: Task[..., Any], depends_on: list[Environment] | None = None
    ) -> TaskEnvironment:
        """Make an environment of tasks that want one image, with the resources, variables and secrets of the first.

        :raises DeclarationError: no task, or tasks with different images.
        """
        if not tasks or not all(isinstance(each, Task) for each in tasks):
            raise DeclarationError(f"TaskEnvironment.from_task('{name}', …)", tasks, "give tasks")
        declared = [each if isinstance(each, ContainerTask) else each.environment for each in tasks]
        if any(each.image != declared[0].image for each in declared):
            images = [str(each.image) for each in declared]
            raise DeclarationError(f"TaskEnvironment.from_task('{name}', …)", images, "they need one image")
        first = declared[0]
        made = cls(
            name, depends_on or [], image=first.image, resources=first.resources, env_vars=first.env_vars,
            secrets=first.secrets,
        )  # fmt: skip
        for each in tasks:
            made.add_task(each)
        return made

    @overload
    def task(self, _func: Callable[P, R]) -> Task[P, R]: ...

    @overload
    def task(
        self,
        _func: None = None,
        *,
        name: str | None = None,
        short_name: str | None = None,
        cache: CacheRequest | None = None,
        retries: int | RetryStrategy = 0,
        timeout: TimeoutType = 0,
        docs: Documentation | None = None,
        pod_template: str | PodTemplate | None = None,
        report: bool = False,
        interruptible: bool | None = None,
        max_inline_io_bytes: int = MAX_INLINE_IO_BYTES,
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...

    def task(
        self,
        _func: Callable[P, R] | None = None,
        *,
        name: str | None = None,
        short_name: str | None = None,
        cache: CacheRequest | None = None,
        retries: int | RetryStrategy = 0,
        timeout: TimeoutType = 0,
        docs: Documentation | None = None,
        pod_template: str | PodTemplate | None = None,
        report: bool = False,
        interruptible: bool | None = None,
        max_inline_io_bytes: int = MAX_INLINE_IO_BYTES,
    ) -> Task[P, R] | Callable[[Callable[P, R]], Task[P, R]]:
        """Make a task of a function: ``@env.task`` or ``@env.task(retries=3)``.

        :param short_name: instead of the function's name; `name` is the older spelling of the same.
        :param retries: how many further attempts follow a failed one, or a `flyte.RetryStrategy`.
        :param timeout: seconds, a timedelta, or a `flyte.Timeout`, for one attempt; 0 is no limit.
        :param report: whether the task writes a report.
        :param max_inline_io_bytes: how large the inputs or the outputs of one action may be, in bytes.
        :raises DeclarationError: a value that its parameter cannot take.
        """
        settings = make_settings(
            cache=self.cache if cache is None else cache,
            retries=retries,
            timeout=timeout,
            docs=docs,
            pod_template=pod_template,
            report=report,
            interruptible=interruptible,
            max_inline_io_bytes=max_inline_io_bytes,
        )

        def make(function: Callable[P, R]) -> Task[P, R]:
            if not callable(function) or not hasattr(function, "__name__") or isinstance(function, type):
                raise DeclarationError(f"@{self.name}.task", function, "decorate a function")
            if isinstance(function, Task):  # of another environment, or under another decorator already
                function = function.func
            if isasyncgenfunction(function) or isgeneratorfunction(function):
                raise DeclarationError(
                    f"@{self.name}.task", function, "a task returns one value: return a list instead of `yield`"
                )
            task = Task(function, self, short_name or name or function.__name__, settings)
            self._insert(task)
            return task

        return make if _func is None else make(_func)

    def _insert(self, task: Task[..., Any]) -> None:
        known = self._tasks.get(task.name)
        if known is not None and not _same_source(known.func, task.func):
            taken = f"the environment has a task of that name, from {known.func.__module__}"
            raise DeclarationError(f"@{self.name}.task", task.short_name, taken)
        self._tasks[task.name] = task

    def _check(self) -> None:
        super()._check()
        Cache.of(self.cache)
        if self.reusable is not None and not isinstance(self.reusable, ReusePolicy):
            raise DeclarationError("TaskEnvironment(reusable=…)", self.reusable, "give a flyte.ReusePolicy")


def task(_func: Callable[P, R] | None = None, **settings: Any) -> Any:
    """Make a task of a function without naming an environment: ``@flyte.task`` or ``@flyte.task(retries=3)``.

    The task belongs to the environment ``default``: the user's own of that name, else an implicit one.

    :param settings: as for `TaskEnvironment.task`.
    """
    registry = current_registry.get()
    environment = registry.get(TaskEnvironment.IMPLICIT_NAME)
    if not isinstance(environment, TaskEnvironment):
        environment = TaskEnvironment(TaskEnvironment.IMPLICIT_NAME)
    return environment.task(**settings) if _func is None else environment.task(_func)


def _same_source(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    code, other_code = getattr(one, "__code__", None), getattr(other, "__code__", None)
    return one.__module__ == other.__module__ or (
        code is not None and other_code is not None and code.co_filename == other_code.co_filename
    )
