"""Images: a base and the layers on top of it, as the user declares them. Nothing is read, hashed or built here."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from flytectl_py.errors import DeclarationError, InvalidImageError
from flytectl_py.model import image_arguments as arguments
from flytectl_py.model.image_arguments import ARCHITECTURES, Architecture
from flytectl_py.model.layering import Layering
from flytectl_py.model.secret import Secret, SecretRequest
from flytectl_py.model.world import FileProbe, the_world

if TYPE_CHECKING:
    from pathlib import Path

    # The layer classes are made on first use: an app whose image is "auto" needs none of them.
    from flytectl_py.model.layers import Layer

DEFAULT_NAME = "flyte"
"""The name of an image that is made on the default base and given no other."""


def debian_base(python_version: tuple[int, int]) -> str:
    """Return the URI of the base on which `Image.from_debian_base` builds."""
    return f"python:{python_version[0]}.{python_version[1]}-slim-bookworm"


def _running_python() -> tuple[int, int]:
    return sys.version_info[:2]


@dataclass(frozen=True, repr=False)
class Image(Layering):
    """A container image: start with one of the ``from_…`` methods, then add layers with the ``with_…`` methods.

    Each method returns a new image. An image can be declared everywhere, also where the files that it mentions do not
    exist: it may have been built elsewhere. `validate` looks at them.

    Example::

        image = flyte.Image.from_debian_base().with_apt_packages("git").with_pip_packages("numpy")

    :param base_image: the URI of an image that exists; ``Image("uri")`` is ``Image.from_base("uri")``.
    :param dockerfile: a Dockerfile instead of a base.
    :param registry: where it is pushed. :param name: its name there.
    :param platform: the architectures for which it is built.
    :param python_version: ``(3, minor)``; by default the one that is running.
    :param ref_name: the name of an image whose URI is given with each run or deployment.
    :param registry_secret: what logs in to the registry.
    :raises DeclarationError: a value that is not allowed.
    """

    base_image: str | None = None
    dockerfile: Path | None = None
    registry: str | None = None
    name: str | None = None
    platform: tuple[Architecture, ...] = ("linux/amd64",)
    python_version: tuple[int, int] = field(default_factory=_running_python)
    _layers: tuple[Layer, ...] = ()
    ref_name: str | None = field(default=None, kw_only=True)
    registry_secret: Secret | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        starts = [each for each in (self.base_image, self.dockerfile, self.ref_name) if each is not None]
        if len(starts) != 1:
            raise DeclarationError("Image(…)", starts, "give one of base_image, dockerfile and ref_name")
        if self.base_image is not None and len(arguments.text("Image(base_image=…)", self.base_image).split()) != 1:
            raise DeclarationError("Image(base_image=…)", self.base_image, "give an image's URI")
        if self.dockerfile is not None:
            arguments.path_text("Image(dockerfile=…)", self.dockerfile)
        if self.registry is not None:
            arguments.registry(self.registry)
        if self.name is not None and self.ref_name is None:
            arguments.image_name(self.name)
        object.__setattr__(self, "platform", arguments.platforms(self.platform))
        arguments.python_version(self.python_version)

    @classmethod
    def from_debian_base(
        cls,
        python_version: tuple[int, int] | None = None,
        flyte_version: str | None = None,
        install_flyte: bool = True,
        registry: str | None = None,
        name: str | None = None,
        platform: Architecture | tuple[Architecture, ...] | None = None,
        *,
        registry_secret: str | Secret | None = None,
    ) -> Self:
        """Start with Debian and Python, for both architectures.

        :param python_version: ``(3, minor)``; by default the one that is running.
        :param flyte_version: of this package; by default the one that is running.
        :param install_flyte: whether this package is installed.
        """
        from flytectl_py.model.layers import FlyteInstall

        if flyte_version is not None and not install_flyte:
            raise DeclarationError("from_debian_base(flyte_version=…)", flyte_version, "it needs install_flyte=True")
        version = arguments.optional_text("from_debian_base(flyte_version=…)", flyte_version)
        python = _running_python() if python_version is None else arguments.python_version(python_version)
        return cls(
            base_image=debian_base(python),
            registry=registry,
            name=DEFAULT_NAME if name is None else name,
            platform=ARCHITECTURES if platform is None else arguments.platforms(platform),
            python_version=python,
            _layers=(FlyteInstall(version),) if install_flyte else (),
            registry_secret=_login(registry_secret),
        )

    @classmethod
    def from_base(cls, image_uri: str) -> Self:
        """Start with an image that exists in its registry."""
        return cls(base_image=arguments.text("from_base(image_uri=…)", image_uri, "give an image's URI"))

    @classmethod
    def from_ref_name(cls, name: str = "default") -> Self:
        """Stand for an image by name; its URI comes with each run or deployment: ``--image NAME=URI``."""
        arguments.text("from_ref_name(name=…)", name, "give a name")
        return cls(name=name, ref_name=name)

    @classmethod
    def from_dockerfile(
        cls,
        file: str | Path,
        registry: str,
        name: str,
        platform: Architecture | tuple[Architecture, ...] | None = None,
    ) -> Self:
        """Build a Dockerfile of the user's, in the folder in which it stands. No layer can be added to it."""
        from pathlib import Path

        return cls(
            dockerfile=Path(arguments.path_text("from_dockerfile(file=…)", file)),
            registry=registry,
            name=name,
            platform=("linux/amd64",) if platform is None else arguments.platforms(platform),
        )

    @classmethod
    def from_uv_script(
        cls,
        script: Path | str,
        *,
        name: str,
        registry: str | None = None,
        python_version: tuple[int, int] | None = None,
        index_url: str | None = None,
        extra_index_urls: str | list[str] | tuple[str, ...] | None = None,
        pre: bool = False,
        extra_args: str | None = None,
        platform: Architecture | tuple[Architecture, ...] | None = None,
        secret_mounts: SecretRequest | None = None,
        registry_secret: str | Secret | None = None,
    ) -> Self:
        """Start with Debian and Python, and install what a script names in its header (PEP 723)."""
        from flytectl_py.model.layers import UvScript

        image = cls.from_debian_base(
            python_version=python_version,
            registry=registry,
            name=name,
            platform=platform,
            registry_secret=registry_secret,
        )
        path = arguments.path_text("from_uv_script(script=…)", script)
        options = arguments.installer("from_uv_script", index_url, extra_index_urls, pre, extra_args, secret_mounts)
        return image._with(UvScript(path, **options))

    def clone(
        self,
        registry: str | None = None,
        name: str | None = None,
        python_version: tuple[int, int] | None = None,
        addl_layer: Layer | None = None,
        *,
        registry_secret: str | Secret | None = None,
        platform: Architecture | tuple[Architecture, ...] | None = None,
    ) -> Self:
        """Return the same image with another registry, name, Python version or platform, or one more layer."""
        changes: dict[str, Any] = {"registry": registry, "name": name, "registry_secret": _login(registry_secret)}
        if platform is not None:
            changes["platform"] = arguments.platforms(platform)
        if python_version is not None:
            changes["python_version"] = arguments.python_version(python_version)
            if self.base_image == debian_base(self.python_version):
                changes["base_image"] = debian_base(python_version)
        image = dataclasses.replace(self, **{key: value for key, value in changes.items() if value is not None})
        return image if addl_layer is None else image._with(addl_layer)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in the order in which they are put on the base."""
        return self._layers

    def validate(self, probe: FileProbe | None = None) -> None:
        """Look whether the files that the image mentions are there.

        :param probe: who looks; by default this machine's disk.
        :raises InvalidImageError: with every fault, not only the first.
        """
        from flytectl_py.model.layers import ImageFault

        probe = the_world() if probe is None else probe
        faults = [fault for layer in self._layers for fault in layer.faults(probe)]
        if self.dockerfile is not None and not probe.is_file(str(self.dockerfile)):
            faults.insert(0, ImageFault("from_dockerfile", str(self.dockerfile), "does not exist"))
        if faults:
            raise InvalidImageError(f"image '{self.name or self.base_image}'", faults)

    def __repr__(self) -> str:
        shown = {"ref_name": self.ref_name, "base_image": self.base_image, "dockerfile": self.dockerfile}
        shown |= {"registry": self.registry, "name": None if self.ref_name else self.name}
        parts = [f"{key}={str(value)!r}" for key, value in shown.items() if value is not None]
        return f"Image({', '.join((*parts, *map(repr, self._layers)))})"

    def _with(self, layer: Layer) -> Self:
        from flytectl_py.model.layers import Layer

        if not isinstance(layer, Layer):
            raise DeclarationError("clone(addl_layer=…)", layer, "give a layer, or use a with_… method")
        if self.dockerfile is not None:
            raise DeclarationError("Image.from_dockerfile(…)", layer, "takes no layers; put it into the Dockerfile")
        if self.ref_name is not None:
            raise DeclarationError("Image.from_ref_name(…)", layer, "takes no layers; start with Image.from_base(URI)")
        return dataclasses.replace(self, _layers=(*self._layers, layer))


def _login(secret: str | Secret | None) -> Secret | None:
    return Secret(secret) if isinstance(secret, str) else secret
