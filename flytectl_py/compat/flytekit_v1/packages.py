"""The packages of a Flyte 1 project: imported whole, with the tasks that they declare and the images of those."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from flytectl_py.compat.flytekit_v1.image_config import ImageConfig
from flytectl_py.compat.flytekit_v1.pyflyte_layer import with_pyflyte
from flytectl_py.errors import UsageError
from flytectl_py.model.environment import Environment, TaskEnvironment
from flytectl_py.model.image import Image
from flytectl_py.model.registry import Registry, current_registry
from flytectl_py.model.task import Task
from flytectl_py.project.root import Root


@dataclasses.dataclass(frozen=True)
class Packages:
    """What was imported. `environments` are all that were declared meanwhile, `tasks` those of the packages."""

    root: Path
    modules: tuple[ModuleType, ...]
    environments: tuple[Environment, ...]
    tasks: tuple[Task[..., Any], ...]

    def images(self, config: ImageConfig, *, bake_code: bool) -> dict[str, str]:
        """Return the URI of each environment's image.

        :param config: has the image of tasks that name none, and of those that name one of its own.
        :raises UsageError: an environment takes the default image, and there is none.
        """
        plans = {name: each.plan for each in self.planned(config, bake_code=bake_code) for name in each.environments}
        return {name: plan.uri for name, plan in plans.items()}

    def planned(self, config: ImageConfig, *, bake_code: bool) -> list[Any]:
        """Return the images of the tasks' environments, planned; those made here can start tasks of Flyte 1."""
        from flytectl_py.config import settings as configuration
        from flytectl_py.engines.image_options import image_options
        from flytectl_py.engines.image_planning import ImageProject, plan_images

        used = {id(task.environment): task.environment for task in self.tasks}
        refs = {each.name: each.full for each in config.images or ()}
        if config.default_image is not None:
            refs["default"] = config.default_image.full
        for environment in used.values():
            if environment.image == "auto" and "default" not in refs:
                raise UsageError(
                    f"the tasks of '{environment.name}' name no image, and there is no default one",
                    hint="--image URI, or TaskEnvironment(image=…)",
                    where=str(environment.place),
                )
        settings = configuration.settings() or configuration.resolve(environ=os.environ)
        options = image_options(settings)
        options = dataclasses.replace(options, refs={**options.refs, **refs})
        alone = [_alone(each) for each in used.values()]
        project = ImageProject(self.root, (self.root,), self.root, self.environments, dict(sys.modules))
        has_code = bake_code and any(isinstance(each.image, Image) and each.image.layers for each in alone)
        return plan_images(alone, project, options, bake_code=has_code)


def load_packages(names: Sequence[str], root: Path) -> Packages:
    """Import packages and all modules in them from `root`, which is first on ``sys.path`` from then on.

    :raises UsageError: no names, one that is not there, or no task in any of them.
    :raises ModuleLoadError: a module raised while it was imported.
    """
    if not names:
        raise UsageError("which packages?", hint="--pkgs NAME, once for each", where="--pkgs")
    for name in names:
        _check_name(name)
    if not root.is_dir():
        raise UsageError(f"{root} is no folder", where="--local-source-root")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    registry = Registry()
    current_registry.set(registry)
    modules = tuple(module for name in names for module in _imported(name, root))
    own = {module.__name__ for module in modules}
    environments = tuple(registry)
    tasks = tuple(
        task
        for environment in environments
        if isinstance(environment, TaskEnvironment)
        for task in environment.tasks.values()
        if task.func.__module__ in own
    )
    if not tasks:
        raise UsageError(
            f"no task in {', '.join(names)}",
            hint="tasks are functions with the decorator of a flyte.TaskEnvironment",
            where=str(root),
        )
    return Packages(root, modules, environments, tasks)


def _check_name(name: str) -> None:
    """Refuse what cannot be imported by name: nothing, a path, a relative name."""
    if not all(part.isidentifier() for part in name.split(".")):
        dotted = name.removesuffix(".py").strip("./").replace("/", ".")
        meant = f"did you mean '{dotted}'?" if all(map(str.isidentifier, dotted.split("."))) else ""
        raise UsageError(f"'{name}' is no name of a package", hint=meant or "--pkgs app.tasks", where="--pkgs")


def _imported(name: str, root: Path) -> Iterator[ModuleType]:
    module = _import(name, root)
    yield module
    for found in sorted(pkgutil.iter_modules(getattr(module, "__path__", ())), key=lambda each: each.name):
        yield from _imported(f"{name}.{found.name}", root)


def _import(name: str, root: Path) -> ModuleType:
    from flytectl_py.project.failure import load_failure

    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if (
            isinstance(error, ModuleNotFoundError)
            and error.name is not None
            and f"{name}.".startswith(f"{error.name}.")
        ):
            raise UsageError(
                f"no package '{name}' in {root}", hint="--local-source-root says where", where=name
            ) from None
        raise load_failure(
            error, root / f"{name.replace('.', '/')}.py", Root(root, "where the packages are", (root,))
        ) from error


def _alone(environment: TaskEnvironment) -> Any:
    """Return what an image is planned for: an environment without those that it depends on."""
    alone = copy.copy(environment)
    object.__setattr__(alone, "depends_on", [])
    if isinstance(environment.image, Image):
        object.__setattr__(alone, "image", with_pyflyte(environment.image))
    return alone
