"""What a task specification needs to know besides the task: where it goes, its version, code and images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flytectl_py.wire.documentation import SourceLink


class CodeBundle(NamedTuple):
    """The code that travels.

    :param uri: where it is once it is uploaded. :param destination: the folder into which it is unpacked.
    :param pickled: it holds one packed task instead of files.
    """

    uri: str
    destination: str = "."
    pickled: bool = False


class Submission(NamedTuple):
    """One deployment or run, as all of its tasks share it.

    :param image: the URI of the image of the task's environment.
    :param cache_version: of the task's cached outputs, where it has a cache.
    :param image_cache: URIs by environment, of those whose image is no fixed URI.
    :param bundle: None where the images hold the code.
    :param sys_path: where modules are found, relative to the working folder: ``./.``, ``./src``.
    :param code_root: the folder that modules are named from, absolute.
    :param source: where the code is on the web, if it is. :param env_vars: they win over an environment's own.
    """

    project: str
    domain: str
    org: str
    version: str
    image: str
    cache_version: str = ""
    image_cache: Mapping[str, str] = {}
    bundle: CodeBundle | None = None
    sys_path: tuple[str, ...] = ()
    code_root: str = ""
    source: SourceLink | None = None
    env_vars: Mapping[str, str] = {}
