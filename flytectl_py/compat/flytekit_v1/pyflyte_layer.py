"""The layer that puts ``pyflyte-execute`` and ``pyflyte-fast-execute`` into an image that is made here.

They are no console scripts of this distribution, which would overwrite those of a flytekit that is installed beside it.
"""

from __future__ import annotations

import shlex
from typing import Final

from flytectl_py.model.image import Image

MODULE: Final = "flytectl_py.compat.flytekit_v1.execute"
FOLDER: Final = "/usr/local/bin"
PROGRAMS: Final = {"pyflyte-execute": "execute", "pyflyte-fast-execute": "fast-execute"}


def with_pyflyte(image: Image) -> Image:
    """Return an image in which tasks of Flyte 1 can be started; one that is not made here stays as it is.

    What has the two programs already keeps its own.
    """
    if not image.layers or image.dockerfile is not None:
        return image
    return image.with_commands([_written(name, verb) for name, verb in PROGRAMS.items()])


def _written(name: str, verb: str) -> str:
    script = f'#!/bin/sh\nexec "$(command -v python3 || command -v python)" -m {MODULE} {verb} "$@"\n'
    place = f"{FOLDER}/{name}"
    return f"command -v {name} || (printf %s {shlex.quote(script)} > {place} && chmod 755 {place})"
