"""The layers of an image, one frozen class for each kind; they say what is wanted and read nothing.

Paths are held as text, as the user gave them. Sequences are tuples and mappings are sorted pairs, so that a layer can
be hashed, and two ways to write one thing are equal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from flytectl_py.model.secret import Secret
from flytectl_py.model.world import FileProbe

InstallMode = Literal["dependencies_only", "install_project"]
CodeStyle = Literal["loaded_modules", "all"]


@dataclass(frozen=True)
class ImageFault:
    """Why an image cannot be built as declared.

    :param layer: the method that declared it, such as ``with_requirements``.
    :param path: what the fault is about.
    """

    layer: str
    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.layer}: {self.path} {self.problem}"


class Layer:
    """One step on top of an image. `declared_by` is the method of `Image` that adds it."""

    declared_by: ClassVar[str] = ""

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        """Yield what is wrong with the files that the layer needs."""
        yield from ()

    def __repr__(self) -> str:
        # Only what is not a default, so that an image can be read at a glance.
        given = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
            if getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({', '.join(given)})"

    def _needs_file(self, probe: FileProbe, path: str | None) -> Iterator[ImageFault]:
        if path is not None and not probe.is_file(path):
            problem = "is a folder, not a file" if probe.is_dir(path) else "does not exist"
            yield ImageFault(self.declared_by, path, problem)


@dataclass(frozen=True, repr=False)
class FlyteInstall(Layer):
    """This package itself; `version` None is the version that is running."""

    declared_by: ClassVar[str] = "from_debian_base"

    version: str | None = None


@dataclass(frozen=True, repr=False)
class LocalFlyteInstall(Layer):
    """This package itself, from the source tree that is running."""

    declared_by: ClassVar[str] = "with_local_v2"


@dataclass(frozen=True, repr=False)
class AptPackages(Layer):
    """Debian packages."""

    declared_by: ClassVar[str] = "with_apt_packages"

    packages: tuple[str, ...]
    secret_mounts: tuple[Secret, ...] = ()


@dataclass(frozen=True, repr=False)
class PipPackages(Layer):
    """Python packages by requirement specifier. `extra_args` go to the installer as written."""

    declared_by: ClassVar[str] = "with_pip_packages"

    packages: tuple[str, ...]
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    pre: bool = False
    extra_args: str | None = None
    secret_mounts: tuple[Secret, ...] = ()


@dataclass(frozen=True, repr=False)
class Requirements(Layer):
    """The packages of a requirements file."""

    declared_by: ClassVar[str] = "with_requirements"

    file: str
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    pre: bool = False
    extra_args: str | None = None
    secret_mounts: tuple[Secret, ...] = ()

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        yield from self._needs_file(probe, self.file)


@dataclass(frozen=True, repr=False)
class UvScript(Layer):
    """The packages that a script names in its header (PEP 723)."""

    declared_by: ClassVar[str] = "from_uv_script"

    script: str
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    pre: bool = False
    extra_args: str | None = None
    secret_mounts: tuple[Secret, ...] = ()

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        yield from self._needs_file(probe, self.script)


@dataclass(frozen=True, repr=False)
class UvProject(Layer):
    """A uv project. `uvlock` None is the lock file beside `pyproject`, if there is one."""

    declared_by: ClassVar[str] = "with_uv_project"

    pyproject: str
    uvlock: str | None = None
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    pre: bool = False
    extra_args: str | None = None
    secret_mounts: tuple[Secret, ...] = ()
    project_install_mode: InstallMode = "dependencies_only"

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        yield from self._needs_file(probe, self.pyproject)
        yield from self._needs_file(probe, self.uvlock)


@dataclass(frozen=True, repr=False)
class PoetryProject(Layer):
    """A Poetry project. `poetry_lock` None is the lock file beside `pyproject`, if there is one."""

    declared_by: ClassVar[str] = "with_poetry_project"

    pyproject: str
    poetry_lock: str | None = None
    extra_args: str | None = None
    secret_mounts: tuple[Secret, ...] = ()
    project_install_mode: InstallMode = "dependencies_only"

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        yield from self._needs_file(probe, self.pyproject)
        yield from self._needs_file(probe, self.poetry_lock)


@dataclass(frozen=True, repr=False)
class Commands(Layer):
    """Shell commands, run in this order."""

    declared_by: ClassVar[str] = "with_commands"

    commands: tuple[str, ...]
    secret_mounts: tuple[Secret, ...] = ()


@dataclass(frozen=True, repr=False)
class EnvVars(Layer):
    """Environment variables, sorted by name."""

    declared_by: ClassVar[str] = "with_env_vars"

    env_vars: tuple[tuple[str, str], ...]


@dataclass(frozen=True, repr=False)
class WorkDir(Layer):
    """The working directory, from here on."""

    declared_by: ClassVar[str] = "with_workdir"

    workdir: str


@dataclass(frozen=True, repr=False)
class SourceFile(Layer):
    """One file of the user's. `dst` is a path in the image; ``.`` is the working directory."""

    declared_by: ClassVar[str] = "with_source_file"

    src: str
    dst: str = "."

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        yield from self._needs_file(probe, self.src)


@dataclass(frozen=True, repr=False)
class SourceFolder(Layer):
    """A folder of the user's: it lands at ``dst/<its name>``, or with `copy_contents_only` its contents in `dst`."""

    declared_by: ClassVar[str] = "with_source_folder"

    src: str
    dst: str = "."
    copy_contents_only: bool = False

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        if not probe.is_dir(self.src):
            problem = "is a file, not a folder" if probe.is_file(self.src) else "does not exist"
            yield ImageFault(self.declared_by, self.src, problem)


@dataclass(frozen=True, repr=False)
class DockerIgnore(Layer):
    """A file in the form of ``.dockerignore`` that says what the folders of this image leave out."""

    declared_by: ClassVar[str] = "with_dockerignore"

    path: str

    def faults(self, probe: FileProbe) -> Iterator[ImageFault]:
        yield from self._needs_file(probe, self.path)


@dataclass(frozen=True, repr=False)
class CodeBundle(Layer):
    """The user's code; it enters the image only where no bundle is sent with a run."""

    declared_by: ClassVar[str] = "with_code_bundle"

    copy_style: CodeStyle = "loaded_modules"
    dst: str = "."
