"""What a task's container is started with: the arguments of ``a0``, the environment, the table of images."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flytectl_py.wire.submission import Submission

RESOLVER: Final = "flyte._internal.resolvers.default.DefaultTaskResolver"
"""The name under which a container of Flyte 2 finds tasks by module and variable."""

SYS_PATH_VARIABLE: Final = "_F_SYS_PATH"

HYBRID_VARIABLE: Final = "_F_HYBRID"
"""Set where the first task of a run is outside of the cluster, with its code in place: the variables that the tasks
which it calls get besides, as a JSON object."""

IMAGE_CACHE: Final = "--image-cache"

# The cluster fills in what stands in braces.
_TEMPLATES: Final = (
    ("--raw-data-path", "{{.rawOutputDataPrefix}}"),
    ("--checkpoint-path", "{{.checkpointOutputPrefix}}"),
    ("--prev-checkpoint", "{{.prevCheckpointPrefix}}"),
    ("--run-name", "{{.runName}}"),
    ("--name", "{{.actionName}}"),
    ("--run-start-time", "{{.runStartTime}}"),
)


def arguments(submission: Submission, place: tuple[str, str]) -> list[str]:
    """Return the command line of a task's container.

    :param place: the module that holds the task and the variable that it goes by there.
    """
    made = ["a0", "--inputs", "{{.input}}", "--outputs-path", "{{.outputPrefix}}", "--version", submission.version]
    for name, template in _TEMPLATES:
        made += [name, template]
    made += [IMAGE_CACHE, image_cache(submission.image_cache)]
    bundle = submission.bundle
    if bundle is not None:
        made += ["--pkl" if bundle.pickled else "--tgz", bundle.uri, "--dest", bundle.destination]
        if bundle.pickled:
            return made
    module, variable = place
    return [*made, "--resolver", RESOLVER, "mod", module, "instance", variable]


def environment_variables(env_vars: Mapping[str, str] | None, submission: Submission) -> dict[str, str]:
    """Return the variables of a task's container: the environment's own, the submission's, and where modules are."""
    made = {**(env_vars or {}), **submission.env_vars}
    if submission.sys_path:
        made[SYS_PATH_VARIABLE] = ":".join(submission.sys_path)
    return made


def image_cache(images: Mapping[str, str]) -> str:
    """Return where the images of environments are, as tasks that start others read it: JSON, gzip, base64."""
    return _encoded(tuple(images.items()))


@lru_cache(maxsize=16)
def _encoded(images: tuple[tuple[str, str], ...]) -> str:
    import base64
    import gzip
    import json

    text = json.dumps({"image_lookup": dict(images), "build_run_ids": {}}, separators=(",", ":"))
    packed = gzip.compress(text.encode(), mtime=0)
    # The tenth byte names the system that packed: here none, so that all machines say the same.
    return base64.b64encode(packed[:9] + b"\xff" + packed[10:]).decode()


def image_cache_text(packed: str) -> str:
    """Return the JSON in what `image_cache` returned; anything else as it is."""
    import base64
    import zlib

    try:
        return zlib.decompress(base64.b64decode(packed, validate=True), 47).decode()
    except (ValueError, zlib.error):
        return packed
