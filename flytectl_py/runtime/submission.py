"""What a task in a container knows of its own submission, so that its children are submitted alike."""

from __future__ import annotations

import os
from typing import Any

from flytectl_py.errors import UsageError
from flytectl_py.model.task import Task
from flytectl_py.runtime.arguments import Invocation
from flytectl_py.runtime.places import Places
from flytectl_py.wire.submission import CodeBundle, Submission

_OWN_IMAGE = "FLYTE_INTERNAL_IMAGE"


def submission_for(task: Task[..., Any], invocation: Invocation, places: Places) -> Submission:
    """Return the submission of a child. One of a packed task is packed and stored below the run now.

    :raises UsageError: nobody said which image its environment has, or the code that its cache covers cannot be read.
    """
    from flytectl_py.engines.cache_version import auto_version

    images = image_lookup(invocation.image_cache)
    image = _image(task, images)
    outside = invocation.hybrid
    bundle = None
    if invocation.tgz:
        bundle = CodeBundle(invocation.tgz, invocation.dest)
    elif invocation.pkl:
        bundle = CodeBundle(_packed(task, invocation, places), invocation.dest, pickled=True)
    return Submission(
        project=invocation.project,
        domain=invocation.domain,
        org=invocation.org,
        version=invocation.version,
        image=image,
        cache_version=auto_version(task, image),
        image_cache=images,
        bundle=bundle,
        # Otherwise the cluster says it to all actions of the run.
        sys_path=() if outside is None else tuple(each for each in invocation.sys_path if each),
        env_vars=outside or {},
    )


def _packed(task: Task[..., Any], invocation: Invocation, places: Places) -> str:
    """Pack a task that lives in no module, as its caller does, and return where it is."""
    import hashlib

    from flytectl_py.engines.pickled import pack_task

    data = pack_task(task, {})
    address = f"{invocation.run_base}/code/{hashlib.sha256(data).hexdigest()}.pkl"
    places.write(address, data)
    return address


def image_lookup(encoded: str) -> dict[str, str]:
    """Return the images of environments by name, as ``--image-cache`` holds them: JSON, gzip, base64.

    :raises UsageError: it cannot be read.
    """
    if not encoded:
        return {}
    import base64
    import gzip
    import json
    import zlib

    try:
        found = json.loads(gzip.decompress(base64.b64decode(encoded)))
        return {str(name): str(uri) for name, uri in found.get("image_lookup", {}).items()}
    except (ValueError, OSError, EOFError, zlib.error, AttributeError) as error:
        raise UsageError(f"--image-cache cannot be read: {error}", hint="it is gzipped JSON in base64") from error


def _image(task: Task[..., Any], images: dict[str, str]) -> str:
    environment = task.environment
    known = images.get(environment.name)
    if known:
        return known
    if isinstance(environment.image, str) and environment.image != "auto":
        return environment.image
    own = os.environ.get(_OWN_IMAGE)
    if own:
        return own
    raise UsageError(
        f"nobody said which image the environment '{environment.name}' of {task.name} has",
        hint="name it in depends_on of the calling task's environment, so that its image is built and told",
        where=str(environment.place),
    )
