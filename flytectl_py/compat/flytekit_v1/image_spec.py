"""`ImageSpec` of Flyte 1: an image as a list of what is in it, named by its content as flytekit 1.16 names it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import re
from dataclasses import dataclass
from typing import Any, Final

from flytectl_py.compat.flytekit_v1.copy_mode import CopyFileDetection
from flytectl_py.compat.flytekit_v1.lowering import IMAGE_ID_VARIABLE, SpecImage, image_of
from flytectl_py.compat.flytekit_v1.source_files import digest_of_paths, digest_of_tree
from flytectl_py.errors import DeclarationError, UsageError

_LISTS: Final = (
    "packages",
    "conda_packages",
    "conda_channels",
    "apt_packages",
    "pip_extra_index_url",
    "entrypoint",
    "commands",
    "copy",
)
_NO_PART_OF_THE_ID: Final = ("builder", "pip_secret_mounts")
_REGISTRY = re.compile(r"[a-zA-Z0-9._-]+(:\d+)?(/[a-zA-Z0-9._-]+)*")


@dataclass
class ImageSpec:
    """An image, declared as in Flyte 1. The fields are flytekit's.

    :param name: of the repository. :param python_version: such as ``3.11``; of the base, or of this interpreter.
    :param builder: which builder makes it; ours are ``docker``, ``podman`` and ``dockerfile``.
    :param source_root: the folder whose files are copied, and by which rule: `source_copy_mode`.
    :param env: variables. :param registry: where it is pushed.
    :param packages: for pip. :param conda_packages, conda_channels: for micromamba.
    :param requirements: a requirements file, a ``poetry.lock`` or a ``uv.lock``.
    :param apt_packages: of Debian. :param cuda, cudnn: versions of NVIDIA's libraries.
    :param base_image: a URI, or another spec. :param platform: such as ``linux/amd64``.
    :param pip_index, pip_extra_index_url, pip_extra_args: for the packages.
    :param pip_secret_mounts: files of secrets, and where they are mounted while packages are installed.
    :param registry_config: a configuration file of Docker's, with logins.
    :param entrypoint: of the image. :param commands: run at the end of the build.
    :param tag_format: such as ``v1-{spec_hash}``. :param copy: further files and folders.
    :param python_exec: the interpreter in the base.
    :raises DeclarationError: a value that its parameter cannot take.
    """

    name: str = "flytekit"
    python_version: str | None = None
    builder: str | None = None
    source_root: str | None = None
    env: dict[str, str] | None = None
    registry: str | None = None
    packages: list[str] | None = None
    conda_packages: list[str] | None = None
    conda_channels: list[str] | None = None
    requirements: str | None = None
    apt_packages: list[str] | None = None
    cuda: str | None = None
    cudnn: str | None = None
    base_image: str | ImageSpec | None = None
    platform: str | None = None
    pip_index: str | None = None
    pip_extra_index_url: list[str] | None = None
    pip_secret_mounts: list[tuple[str, str]] | None = None
    pip_extra_args: str | None = None
    registry_config: str | None = None
    entrypoint: list[str] | None = None
    commands: list[str] | None = None
    tag_format: str | None = None
    source_copy_mode: CopyFileDetection | None = None
    copy: list[str] | None = None
    python_exec: str | None = None

    def __post_init__(self) -> None:
        self.name = self.name.lower() if isinstance(self.name, str) else self.name
        self.builder = self.builder or "default"
        self.platform = self.platform or "linux/amd64"
        self._is_force_push = bool(os.environ.get("FLYTE_FORCE_PUSH_IMAGE_SPEC"))
        if self.source_root is not None and self.source_copy_mode is None:
            self.source_copy_mode = CopyFileDetection.LOADED_MODULES
        for field in _LISTS:
            value = getattr(self, field)
            if value is not None and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
                raise DeclarationError(f"ImageSpec({field}=…)", value, "give a list of texts")
        for mount in self.pip_secret_mounts or ():
            pair = isinstance(mount, tuple) and len(mount) == 2 and all(isinstance(each, str) for each in mount)
            if not pair:
                raise DeclarationError("ImageSpec(pip_secret_mounts=…)", mount, "give pairs (source, target) of texts")
        if self.registry is not None and not _REGISTRY.fullmatch(self.registry):
            raise DeclarationError(
                "ImageSpec(registry=…)", self.registry, "give host, host:port or host/path, as in 'ghcr.io/acme'"
            )

    @property
    def id(self) -> str:
        """The name of the declaration, without looking at any file: 22 characters."""
        return _digest(_declared(self))

    @property
    def tag(self) -> str:
        """The name of the image: what is declared, and the content of every file that goes in.

        :raises UsageError: a file is missing, or `source_copy_mode` says what to copy and nothing says from where.
        """
        fields = _declared(self)
        fields.pop("registry_config", None)  # how to log in is no part of an image
        if isinstance(self.base_image, ImageSpec):
            fields["base_image"] = self.base_image.image_name()
        if self.source_copy_mode not in (None, CopyFileDetection.NO_COPY):
            if not self.source_root:
                raise UsageError(f"ImageSpec '{self.name}': source_copy_mode needs source_root, the folder to copy")
            fields["source_root"] = digest_of_tree(self.source_root, self.source_copy_mode)
        if self.copy:
            fields["copy"] = digest_of_paths(self.copy)
        if self.requirements:
            fields["requirements"] = _content(self.requirements)
        tag = _digest(fields).replace("-", "_")
        return self.tag_format.format(spec_hash=tag) if self.tag_format else tag

    def image_name(self) -> str:
        """Return the whole name, ``registry/name:tag``."""
        name = f"{self.name}:{self.tag}"
        return f"{self.registry}/{name}" if self.registry else name

    def is_container(self) -> bool:
        """Whether this process runs in the image of this spec; outside any such container, True."""
        return os.environ.get(IMAGE_ID_VARIABLE, self.id) == self.id

    def as_flyte_image(self) -> SpecImage:
        """Return the image that this declares, which is how it is usable wherever a `flyte.Image` is.

        :raises DeclarationError: what cannot be honoured here.
        """
        return image_of(self)

    def exist(self) -> bool | None:
        """Whether the registry has the image, or for one without a registry this machine; None where nobody can say."""
        from flytectl_py.compat.flytekit_v1.spec_building import existence

        return existence(self.image_name())

    @property
    def is_forced(self) -> bool:
        """Whether it is built also if it exists: `force_push`, or FLYTE_FORCE_PUSH_IMAGE_SPEC in the environment."""
        return self._is_force_push

    def force_push(self) -> ImageSpec:
        """Return the same spec, to be built also if its image exists."""
        forced = dataclasses.replace(self)
        forced._is_force_push = True
        return forced

    def with_commands(self, commands: str | list[str]) -> ImageSpec:
        """Return a spec that runs further commands at the end of its build."""
        return self._with("commands", commands)

    def with_packages(self, packages: str | list[str]) -> ImageSpec:
        """Return a spec with further Python packages."""
        return self._with("packages", packages)

    def with_apt_packages(self, apt_packages: str | list[str]) -> ImageSpec:
        """Return a spec with further packages of Debian."""
        return self._with("apt_packages", apt_packages)

    def with_copy(self, src: str | list[str]) -> ImageSpec:
        """Return a spec that copies further files or folders."""
        return self._with("copy", src)

    @classmethod
    def from_env(cls, *, pinned_packages: list[str] | None = None, **kwargs: Any) -> ImageSpec:
        """Return a spec with the Python of this process, and packages in the versions that are installed here.

        :param kwargs: any other field.
        :raises UsageError: `python_version` is given too, or a package is not installed.
        """
        import importlib.metadata
        import sys

        if "python_version" in kwargs:
            raise UsageError("ImageSpec.from_env(python_version=…): the Python of this environment is taken")
        pinned = []
        for package in pinned_packages or ():
            try:
                pinned.append(f"{package}=={importlib.metadata.version(package)}")
            except importlib.metadata.PackageNotFoundError:
                raise UsageError(
                    f"ImageSpec.from_env(pinned_packages=…): {package} is not installed here", where=package
                ) from None
        packages = [*(kwargs.pop("packages", None) or ()), *pinned]
        return cls(packages=packages, python_version=f"{sys.version_info.major}.{sys.version_info.minor}", **kwargs)

    def _with(self, field: str, more: str | list[str]) -> ImageSpec:
        added = [more] if isinstance(more, str) else list(more)
        changes: dict[str, Any] = {field: [*(getattr(self, field) or ()), *added]}
        changed = dataclasses.replace(self, **changes)
        changed._is_force_push = self._is_force_push
        return changed


def _declared(spec: ImageSpec) -> dict[str, Any]:
    """Return the fields that are set, those of a base as well, in the order in which flytekit has them."""

    def set_ones(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {name: value for name, value in pairs if value is not None and name not in _NO_PART_OF_THE_ID}

    return dataclasses.asdict(spec, dict_factory=set_ones)


def _digest(fields: dict[str, Any]) -> str:
    # flytekit hashes what Python prints of a dictionary: so does this, to give the same names.
    made = hashlib.md5(str(fields).encode(), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(made).decode("ascii").rstrip("=")


def _content(file: str) -> str:
    try:
        with open(file, "rb") as content:
            return hashlib.sha1(content.read().strip(), usedforsecurity=False).hexdigest()
    except OSError as error:
        raise UsageError(f"ImageSpec(requirements=…): {file} cannot be read: {error.strerror}", where=file) from error
