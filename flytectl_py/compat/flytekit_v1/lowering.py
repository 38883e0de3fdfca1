"""From an `ImageSpec` of Flyte 1 to the image that this project builds.

The order of the steps and the places in the image are flytekit's: packages of Debian, a Python, variables, packages for
it, the files of the user (below /root), commands (in /), and last the id of the spec.
"""

from __future__ import annotations

import dataclasses
import os
import posixpath
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.compat.flytekit_v1.copy_mode import CopyFileDetection
from flytectl_py.errors import DeclarationError, UsageError
from flytectl_py.model import image_arguments as arguments
from flytectl_py.model.image import Image, debian_base
from flytectl_py.model.layers import FlyteInstall, Layer
from flytectl_py.model.ported_layers import (
    CondaPackages,
    CopiedPath,
    CopiedSource,
    Entrypoint,
    FileSecret,
    PythonVenv,
    RegistryLogins,
    RootUser,
)

if TYPE_CHECKING:
    from flytectl_py.compat.flytekit_v1.image_spec import ImageSpec

HOME: Final = "/root"
"""The working directory, and where the user's files are, as in flytekit's images."""

OLDEST_PYTHON: Final = (3, 11)
IMAGE_ID_VARIABLE: Final = "_F_IMG_ID"
"""Names, inside a container, the id of the spec that its image was built from."""

FOREIGN_BUILDERS: Final = {
    "envd": "envd is a plugin of flytekit's",
    "depot": "depot is a plugin of flytekit's",
    "noop": "'noop' builds nothing: give the image's URI itself, image=URI",
    "union": "it is a service of Union's, and a plugin of flytekit's",
}
BUILDERS: Final = ("default", "local", "docker", "podman", "dockerfile")


@dataclass(frozen=True, repr=False)
class SpecImage(Image):
    """An image that was declared as an `ImageSpec`, which it remembers."""

    spec: ImageSpec | None = field(default=None, kw_only=True, compare=False, repr=False)


def image_of(spec: ImageSpec) -> SpecImage:
    """Return the image that a spec declares. Nothing is read: files are looked at when the image is planned.

    A base that is a spec itself becomes the first layers of the image.

    :raises DeclarationError: what cannot be honoured here.
    """
    _refuse(spec)
    image, brings_python = _start(spec)
    if spec.apt_packages:
        image = image.with_apt_packages(*spec.apt_packages)
    image = _with_python(image, spec, brings_python=brings_python)
    image = image.with_env_vars({"PYTHONPATH": HOME, **(spec.env or {})})
    image = _with_packages(image, spec)
    if spec.entrypoint is not None:
        image = image._with(Entrypoint(tuple(spec.entrypoint)))
    for layer in _copies(spec):
        image = image._with(layer)
    if spec.commands:
        image = image.with_workdir("/").with_commands(spec.commands).with_workdir(HOME)
    image = image.with_env_vars({IMAGE_ID_VARIABLE: spec.id})
    if spec.registry_config is not None:
        image = image._with(RegistryLogins(arguments.path_text("ImageSpec(registry_config=…)", spec.registry_config)))
    return dataclasses.replace(
        image,
        registry=spec.registry,
        name=arguments.image_name(spec.name),
        platform=arguments.platforms([each.strip() for each in str(spec.platform).split(",")]),
        spec=spec,
    )


def _start(spec: ImageSpec) -> tuple[SpecImage, bool]:
    """Return the image before anything that the spec adds, and whether it has the Python of the spec already."""
    if spec.base_image is not None and not isinstance(spec.base_image, str):
        return image_of(_with_the_python_of(spec, spec.base_image)), True
    minor = _minor(spec)
    if spec.base_image is None and spec.cuda is None:
        image = SpecImage(base_image=debian_base(minor), python_version=minor)
        # A patch version is none of the base's: it has the newest.
        return image._with(FlyteInstall()), spec.python_version is None or _python(spec).count(".") == 1
    uri = spec.base_image if isinstance(spec.base_image, str) else _cuda_base(spec)
    image = SpecImage(base_image=arguments.text("ImageSpec(base_image=…)", uri), python_version=minor)
    return image._with(FlyteInstall())._with(RootUser()).with_workdir(HOME), False


def _with_the_python_of(spec: ImageSpec, base: ImageSpec) -> ImageSpec:
    """Return a base that has the Python of what stands on it, and its packages for that one."""
    if spec.python_version is None or _python(spec) == _python(base):
        return base
    if base.python_exec is not None:
        raise DeclarationError(
            "ImageSpec(python_version=…)",
            spec.python_version,
            f"the base, ImageSpec '{base.name}', takes the Python of its own base: {base.python_exec}",
        )
    return dataclasses.replace(base, python_version=spec.python_version)


def _with_python(image: SpecImage, spec: ImageSpec, *, brings_python: bool) -> SpecImage:
    if spec.conda_packages or spec.conda_channels:
        channels = ("conda-forge", *(spec.conda_channels or ()))
        layer: Layer = CondaPackages(tuple(spec.conda_packages or ()), channels, _python(spec))
    elif spec.python_exec is not None:
        layer = PythonVenv(arguments.text("ImageSpec(python_exec=…)", spec.python_exec))
    elif not brings_python:
        layer = PythonVenv(_python(spec))
    else:
        return image
    return dataclasses.replace(image._with(layer), python_version=_minor(spec))


def _with_packages(image: SpecImage, spec: ImageSpec) -> SpecImage:
    options: dict[str, Any] = {
        "index_url": spec.pip_index,
        "extra_index_urls": spec.pip_extra_index_url,
        "extra_args": spec.pip_extra_args,
    }
    secrets: Any = [FileSecret.at(target, source) for source, target in spec.pip_secret_mounts or ()] or None
    if spec.requirements is not None:
        folder, name = os.path.split(spec.requirements)
        project = os.path.join(folder, "pyproject.toml")
        if name == "uv.lock":
            image = image.with_uv_project(project, spec.requirements, secret_mounts=secrets, **options)
        elif name == "poetry.lock":
            image = image.with_poetry_project(
                project, spec.requirements, extra_args=spec.pip_extra_args, secret_mounts=secrets
            )
        else:
            image = image.with_requirements(spec.requirements, secret_mounts=secrets, **options)
    if spec.packages:
        image = image.with_pip_packages(*spec.packages, secret_mounts=secrets, **options)
    return image


def _copies(spec: ImageSpec) -> list[Layer]:
    found: list[Layer] = []
    mode = spec.source_copy_mode
    if mode not in (None, CopyFileDetection.NO_COPY):
        if not spec.source_root:
            raise UsageError(f"ImageSpec '{spec.name}': source_copy_mode needs source_root, the folder to copy")
        style = "loaded_modules" if mode is CopyFileDetection.LOADED_MODULES else "all"
        found.append(CopiedSource(spec.source_root, HOME, style))  # type: ignore[arg-type]  # two literals
    for path in spec.copy or ():
        if os.path.isabs(path) or ".." in path.replace("\\", "/").split("/"):
            raise DeclarationError(
                "ImageSpec(copy=…)", path, f"give paths below the project's folder: they keep their names below {HOME}"
            )
        found.append(CopiedPath(path, posixpath.normpath(posixpath.join(HOME, path.replace("\\", "/")))))
    return found


def _refuse(spec: ImageSpec) -> None:
    """Refuse what cannot be honoured.

    :raises DeclarationError: so it is.
    """
    rules: list[tuple[bool, str, object, str]] = [
        (
            spec.builder in FOREIGN_BUILDERS,
            "builder",
            spec.builder,
            f"{FOREIGN_BUILDERS.get(str(spec.builder), '')}; leave it out, or give one of {', '.join(BUILDERS)}",
        ),
        (
            spec.python_exec is not None and spec.base_image is None,
            "python_exec",
            spec.python_exec,
            "it is an interpreter of a base of yours: give base_image, or python_version instead",
        ),
        (
            spec.python_exec is not None and bool(spec.conda_packages or spec.conda_channels),
            "python_exec",
            spec.python_exec,
            "conda brings a Python of its own: leave out conda_packages and conda_channels, or python_exec",
        ),
        (
            spec.cuda is not None and spec.base_image is not None,
            "cuda",
            spec.cuda,
            "CUDA comes with a base of NVIDIA's, and base_image is given: leave one out",
        ),
        (spec.cudnn is not None and spec.cuda is None, "cudnn", spec.cudnn, "it goes with cuda: give cuda as well"),
        (
            bool(spec.requirements) and str(spec.requirements).endswith("poetry.lock") and bool(_indexes(spec)),
            "requirements",
            spec.requirements,
            "Poetry takes its indexes from pyproject.toml: leave out pip_index and pip_extra_index_url",
        ),
    ]
    for wrong, name, value, allowed in rules:
        if wrong:
            raise DeclarationError(f"ImageSpec({name}=…)", value, allowed)
    for source, target in spec.pip_secret_mounts or ():
        if not posixpath.isabs(target) or not source:
            raise DeclarationError(
                "ImageSpec(pip_secret_mounts=…)", (source, target), "give (file here, absolute path in the build)"
            )


def _indexes(spec: ImageSpec) -> list[str]:
    return [each for each in (spec.pip_index, *(spec.pip_extra_index_url or ())) if each]


def _python(spec: ImageSpec) -> str:
    """Return the version that is asked for, else that of the base spec, else the one that is running."""
    if spec.python_version is not None:
        return str(spec.python_version)
    if spec.base_image is not None and not isinstance(spec.base_image, str):
        return _python(spec.base_image)
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _minor(spec: ImageSpec) -> tuple[int, int]:
    written = re.fullmatch(r"3\.(\d{1,2})(?:\.\d+)?", _python(spec))
    if written is None:
        raise DeclarationError("ImageSpec(python_version=…)", spec.python_version, "give a version, such as '3.12'")
    version = (3, int(written[1]))
    if version < OLDEST_PYTHON:
        raise DeclarationError(
            "ImageSpec(python_version=…)",
            spec.python_version,
            f"this project, which the image gets, needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer",
        )
    return version


def _cuda_base(spec: ImageSpec) -> str:
    """Return NVIDIA's image: https://hub.docker.com/r/nvidia/cuda. From cuDNN 9 on its version is in no tag."""
    parts = str(spec.cuda).split(".")
    if len(parts) not in (2, 3) or not all(each.isdigit() for each in parts):
        raise DeclarationError("ImageSpec(cuda=…)", spec.cuda, "give a version as in NVIDIA's tags, such as '12.4.1'")
    cuda = ".".join([*parts, "0"][:3])
    if spec.cudnn is None:
        return f"nvidia/cuda:{cuda}-runtime-ubuntu22.04"
    major = str(spec.cudnn).partition(".")[0]
    if not major.isdigit():
        raise DeclarationError("ImageSpec(cudnn=…)", spec.cudnn, "give a version, such as '8'")
    return f"nvidia/cuda:{cuda}-cudnn{major if int(major) < 9 else ''}-runtime-ubuntu22.04"
