"""The version of a cached task: what of its code and its image the outputs depend on."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from flytectl_py.config import settings as config
from flytectl_py.model.cache import VersionParameters
from flytectl_py.model.environment import Environment
from flytectl_py.model.task import Task

# What `digest.image_tag` gives, behind wherever the image was pushed.
_OUR_TAG = re.compile(r".*:([0-9a-f]{32})")


def auto_version(task: Task[..., Any], image: str) -> str:
    """Return the version of `task` as its ``Cache(…)`` says: the same here and on a cluster.

    By default it covers the task's function, the user's own code that the function reaches, the variables of its
    environment, and the image. An empty text where nothing is cached.

    :param image: the tag of the environment's image, or its URI. Of a URI with a tag of ours only the tag counts: the
        same image may be in another registry.
    :raises UsageError: the code of the function cannot be read, or is not Python.
    """
    ours = _OUR_TAG.fullmatch(image)
    pod_template = task.settings.pod_template or task.environment.pod_template
    return task.settings.cache.get_version(
        VersionParameters(
            task.func,
            ours[1] if ours else image,
            None if isinstance(pod_template, str) else pod_template,
            pod_template if isinstance(pod_template, str) else None,
            task.environment.env_vars or {},
        )
    )


def image_tag_of(environment: Environment, root: Path) -> str:
    """Return the tag of the image of `environment`, or the URI of one that is not ours; nothing is built or asked.

    :raises InvalidImageError: it cannot be built as declared, so it has no tag.
    """
    if isinstance(environment.image, str) and environment.image != "auto":
        return environment.image  # Planning loads much, and would say the same.
    from flytectl_py.engines.image_options import image_options
    from flytectl_py.engines.image_planning import plan_one

    settings = config.settings() or config.resolve(environ=os.environ)
    anchor = Path(os.path.dirname(environment.place.file))
    plan = plan_one(environment.image, anchor if anchor.is_absolute() else root, image_options(settings))
    return plan.uri if plan.given else plan.tag


def task_version(task: Task[..., Any], root: Path) -> str:
    """Return `auto_version` of a task with the image that its environment declares.

    :raises FlyteError: as `auto_version` and `image_tag_of`.
    """
    if task.settings.cache.version_override is not None:
        return task.settings.cache.version_override
    return auto_version(task, image_tag_of(task.environment, root))
