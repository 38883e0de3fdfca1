"""Which images a Flyte 1 project runs in: `Image` and `ImageConfig`, as ``flytekit.configuration`` has them.

Annotations are not postponed: dataclasses_json makes schemas of them.
"""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional  # noqa: UP035  what dataclasses_json knows

from flytectl_py.compat.flytekit_v1.json_form import JsonForm
from flytectl_py.errors import UsageError

FLYTEKIT_VERSION = "1.16.31"
"""The version whose formats are written, and whose image is the default."""

# https://github.com/distribution/reference: a path, then a tag or a digest. A port is no tag.
_REFERENCE = re.compile(r"(?P<fqn>\S+?)(?::(?P<tag>[\w][\w.-]{0,127})|@(?P<digest>[a-z0-9+._-]+:[0-9a-fA-F]{32,}))")


@dataclass(frozen=True)
class Image(JsonForm):
    """An image with a name that tasks refer to it by.

    :param fqn: without tag: ``ghcr.io/acme/app``. :param tag: or a digest.
    """

    name: str
    fqn: str
    tag: Optional[str] = None  # noqa: UP045
    digest: Optional[str] = None  # noqa: UP045

    @property
    def full(self) -> str:
        """The whole reference."""
        return f"{self.fqn}@{self.digest}" if self.digest else f"{self.fqn}:{self.tag}"

    @property
    def version(self) -> str | None:
        """The tag or the digest."""
        return self.digest or self.tag

    @staticmethod
    def look_up_image_info(name: str, image_identifier: str, allow_no_tag_or_digest: bool = False) -> "Image":
        """Return the image that a reference means.

        :raises UsageError: it has neither tag nor digest.
        """
        found = _REFERENCE.fullmatch(image_identifier)
        if found is not None:
            return Image(name, found["fqn"], found["tag"], found["digest"])
        if allow_no_tag_or_digest and image_identifier and not any(map(str.isspace, image_identifier)):
            return Image(name, image_identifier)
        raise UsageError(
            f"image '{image_identifier}' has no tag and no digest", hint="write it as in 'ghcr.io/acme/app:v1'"
        )


@dataclass(frozen=True)
class ImageConfig(JsonForm):
    """The images of a project by name.

    :param default_image: of tasks that name none. :param images: all, the default among them.
    """

    default_image: Optional[Image] = None  # noqa: UP045
    images: Optional[List[Image]] = None  # noqa: UP006, UP045

    def find_image(self, name: str) -> "Image | None":
        """Return the image of that name, or None."""
        return next((each for each in self.images or () if each.name == name), None)

    @staticmethod
    def validate_image(_: Any, param: Any, values: tuple[str, ...]) -> "ImageConfig":
        """Return what the values of an option stand for: ``URI`` is the default, ``name=URI`` any other.

        :raises UsageError: two defaults, or something that is no image.
        """
        default: Image | None = None
        others = []
        for value in values:
            name, separator, uri = value.partition("=")
            image = Image.look_up_image_info(name, uri) if separator else Image.look_up_image_info("default", value)
            if image.name != "default":
                others.append(image)
            elif default is None:
                default = image
            else:
                raise UsageError(
                    f"{param}: two default images, {default.full} and {image.full}", hint="name the others: NAME=URI"
                )
        return ImageConfig.create_from(default or _default_image(), others)

    @classmethod
    def create_from(
        cls,
        default_image: Optional[Image],  # noqa: UP045
        other_images: Optional[List[Image]] = None,  # noqa: UP006, UP045
    ) -> "ImageConfig":
        """Return the configuration of a default image and others."""
        return cls(default_image, [*([default_image] if default_image else []), *(other_images or ())])

    @classmethod
    def auto(cls, config_file: str | Path | None = None, img_name: str | None = None) -> "ImageConfig":
        """Return the images that a configuration file of Flyte 1 names, in its section ``images``.

        :param config_file: in the form of INI or YAML; by default ``flytekit.config`` here, or FLYTECTL_CONFIG.
        :param img_name: the URI of the default image, instead of the file's.
        :raises ConfigError: the file is there and cannot be read.
        """
        from flytectl_py.compat.flytekit_v1.config_file import images_of

        if img_name:
            return cls.create_from(Image.look_up_image_info("default", img_name))
        named = images_of(config_file, os.environ)
        images = [Image.look_up_image_info(name, uri) for name, uri in named.items()]
        default = next((each for each in images if each.name == "default"), None)
        return cls.create_from(default, [each for each in images if each is not default])

    @classmethod
    def from_images(cls, default_image: str, m: dict[str, str] | None = None) -> "ImageConfig":
        """Return the configuration of a default URI and others by name."""
        others = [Image.look_up_image_info(name, uri) for name, uri in (m or {}).items()]
        return cls.create_from(Image.look_up_image_info("default", default_image), others)

    @classmethod
    def auto_default_image(cls) -> "ImageConfig":
        """Return flytekit's own image for this Python, and no other."""
        return cls.create_from(_default_image())


def _default_image() -> "Image":
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Image("default", "cr.flyte.org/flyteorg/flytekit", f"py{python}-{FLYTEKIT_VERSION}")
