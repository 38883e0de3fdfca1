"""The layers that only images declared for Flyte 1 have: a Python of their own, conda, an entrypoint, copied code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from flytectl_py.errors import DeclarationError
from flytectl_py.model.layers import CodeStyle, ImageFault, Layer
from flytectl_py.model.secret import Secret
from flytectl_py.model.world import FileProbe


@dataclass(frozen=True, repr=False)
class PythonVenv(Layer):
    """An environment over a Python of the base; all later layers install into it, and it is the first on the PATH.

    :param python: a version such as ``3.11``, which is fetched where the base has none, or an interpreter of the base.
    """

    declared_by: ClassVar[str] = "ImageSpec(python_version=…)"

    python: str


@dataclass(frozen=True, repr=False)
class CondaPackages(Layer):
    """An environment made by micromamba; all later layers install into it, and it is the first on the PATH.

    :param channels: before all others, in this order.
    """

    declared_by: ClassVar[str] = "ImageSpec(conda_packages=…)"

    packages: tuple[str, ...]
    channels: tuple[str, ...]
    python: str


@dataclass(frozen=True, repr=False)
class Entrypoint(Layer):
    """The program with which the image starts; none resets that of the base."""

    declared_by: ClassVar[str] = "ImageSpec(entrypoint=…)"

    words: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class RootUser(Layer):
    """Programs of the image run as root, whatever its base says: the files are below root's home."""

    declared_by: ClassVar[str] = "ImageSpec(base_image=…)"


@dataclass(frozen=True, repr=False)
class CopiedPath(Layer):
    """A file or a folder; `dst` is where it itself will be, an absolute path of the image."""

    declared_by: ClassVar[str] = "ImageSpec(copy=…)"

    src: str
    dst: str

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        if not probe.is_file(self.src) and not probe.is_dir(self.src):
            yield ImageFault(self.declared_by, self.src, "does not exist")


@dataclass(frozen=True, repr=False)
class CopiedSource(Layer):
    """What is in a folder: ``all``, or only what the modules of this process come from."""

    declared_by: ClassVar[str] = "ImageSpec(source_root=…)"

    src: str
    dst: str
    style: CodeStyle

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        if not probe.is_dir(self.src):
            problem = "is a file, not a folder" if probe.is_file(self.src) else "does not exist"
            yield ImageFault(self.declared_by, self.src, problem)


@dataclass(frozen=True, repr=False)
class RegistryLogins(Layer):
    """A configuration file of Docker's, with logins. It is nothing that goes into the image."""

    declared_by: ClassVar[str] = "ImageSpec(registry_config=…)"

    file: str


@dataclass(frozen=True)
class FileSecret(Secret):
    """A secret of a build that is the content of a file on the machine that builds.

    `key` is where the build sees it, without the first slash: the place is what makes a difference, not the file.
    """

    file: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.file:
            raise DeclarationError("pip_secret_mounts", self.key, "name the file that holds the secret")

    @classmethod
    def at(cls, target: str, file: str) -> FileSecret:
        """Return the secret in `file` that the build sees at `target`, an absolute path."""
        return cls(target.lstrip("/"), None, Path("/"), None, file)
