"""The plan of an image: its tag, its Dockerfile, and every file that the build may see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from flytectl_py.digest.framing import Value
from flytectl_py.model.image_arguments import Architecture
from flytectl_py.model.secret import Secret


@dataclass(frozen=True, slots=True)
class ContextFile:
    """One file of a build context. It is at `location` (absolute) as it was hashed, or is `content` itself.

    :param path: in the context; POSIX, relative.
    :param sha256: of its content, 64 hex digits; a builder refuses a file that has another by now.
    """

    path: str
    executable: bool
    size: int
    sha256: str
    location: str = ""
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class PlannedLayer:
    """One layer as it enters the tag.

    :param kind: such as ``pip``. :param declared_by: the method of `Image` that adds it, such as ``with_pip_packages``.
    :param fields: what makes up its hash, by name. :param hash: MD5 of kind and fields, 32 hex digits.
    :param files: those of the context that it uses.
    :param lines: first and last line of the Dockerfile that it became, from 1; (0, 0) for none.
    """

    kind: str
    declared_by: str
    fields: Mapping[str, Value]
    hash: str
    files: tuple[ContextFile, ...] = ()
    lines: tuple[int, int] = (0, 0)


def layer_folder(number: int, kind: str, layer_hash: str) -> str:
    """Return the folder of the context for the files of a layer, named by what the layer is.

    Buildah looks for a cached step by the text of its instruction, and not by what is in the folders mounted for it.

    :param number: its place among the layers, from 1.
    """
    return f"{number}-{kind}-{layer_hash[:12]}"


@dataclass(frozen=True)
class BuildSecret:
    """A secret that steps of the build see. `id` names it in the Dockerfile: ``--mount=type=secret,id=…``."""

    id: str
    secret: Secret


@dataclass(frozen=True)
class ImagePlan:
    """Everything about an image that can be known without building it.

    :param uri: where it is or will be: ``registry/name:tag``, without a registry ``name:tag``.
    :param given: the user gave the URI; there is nothing to build, and `tag` and `dockerfile` are empty.
    :param base: the image that it starts from, as the Dockerfile spells it; empty for a Dockerfile of the user's.
    :param uv_image, micromamba_image: where uv and micromamba come from; empty where no step needs them.
    :param restores_user: the build wants the argument `plan.dockerfile.BASE_USER`: the user of the base.
    :param dockerfile: the text, the user's own where there is one. :param dockerfile_path: its path in the context.
    :param files: all of the context but the Dockerfile that is made here; sorted by path.
    :param registry_logins: the configuration of Docker's with which it is pushed, absolute; empty for the usual one.
    :param python: such as ``3.12``. :param warnings: sentences for the person who builds.
    """

    uri: str
    registry: str = ""
    name: str = ""
    tag: str = ""
    given: bool = False
    base: str = ""
    uv_image: str = ""
    micromamba_image: str = ""
    platforms: tuple[Architecture, ...] = ()
    python: str = ""
    layers: tuple[PlannedLayer, ...] = ()
    dockerfile: str = ""
    dockerfile_path: str = "Dockerfile"
    restores_user: bool = False
    files: tuple[ContextFile, ...] = ()
    secrets: tuple[BuildSecret, ...] = ()
    registry_secret: Secret | None = None
    registry_logins: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def runs_programs(self) -> bool:
        """Whether a step of the build runs a program, which the machine must then be able to run."""
        return re.search(r"^\s*RUN\s", self.dockerfile, re.MULTILINE | re.IGNORECASE) is not None

    def layer_at(self, line: int) -> PlannedLayer | None:
        """Return the layer of the user's declaration that a line of the Dockerfile (from 1) came from, if any."""
        return next((each for each in self.layers if each.lines[0] <= line <= each.lines[1]), None)
