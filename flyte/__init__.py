"""What a program writes after ``import flyte``: environments, tasks, images and their settings."""

from typing import TYPE_CHECKING

from flytectl_py import __version__
from flytectl_py.api import (
    build,
    build_images,
    current_domain,
    current_project,
    deploy,
    init,
    init_from_config,
    map,
    run,
    with_runcontext,
)
from flytectl_py.model.cache import Cache, CachePolicy, CacheRequest
from flytectl_py.model.context import ctx, group
from flytectl_py.model.dispatch import trace
from flytectl_py.model.environment import Environment, TaskEnvironment, task
from flytectl_py.model.image import Image
from flytectl_py.model.pod import PodTemplate
from flytectl_py.model.resources import GPU, TPU, Device, Resources
from flytectl_py.model.retry import Backoff, RetryStrategy, Timeout, TimeoutType
from flytectl_py.model.reuse import ReusePolicy
from flytectl_py.model.secret import Secret, SecretRequest
from flytectl_py.model.task import Documentation
from flytectl_py.model.world import install_world
from flytectl_py.project.disk import Disk

if TYPE_CHECKING:
    from flyte import config as config
    from flyte import errors as errors
    from flyte import extras as extras
    from flyte import git as git
    from flyte import io as io
    from flyte import report as report
    from flyte import storage as storage

install_world(Disk())

__all__ = [
    "GPU",
    "TPU",
    "Backoff",
    "Cache",
    "CachePolicy",
    "CacheRequest",
    "Device",
    "Documentation",
    "Environment",
    "Image",
    "PodTemplate",
    "Resources",
    "RetryStrategy",
    "ReusePolicy",
    "Secret",
    "SecretRequest",
    "TaskEnvironment",
    "Timeout",
    "TimeoutType",
    "__version__",
    "build",
    "build_images",
    "ctx",
    "current_domain",
    "current_project",
    "deploy",
    "group",
    "init",
    "init_from_config",
    "map",
    "run",
    "task",
    "trace",
    "with_runcontext",
]

if not TYPE_CHECKING:  # type checkers know the modules by name

    def __getattr__(name):
        # ``flyte.errors.X`` after a plain ``import flyte``; who uses none of them waits for none.
        if name in ("config", "errors", "extras", "git", "io", "report", "storage"):
            from importlib import import_module

            return import_module(f"flyte.{name}")
        raise AttributeError(f"module 'flyte' has no attribute '{name}'", name=name)


del TYPE_CHECKING, Disk, install_world
