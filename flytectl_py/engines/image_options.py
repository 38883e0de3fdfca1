"""What the settings say of images, in the form that planning them takes."""

from __future__ import annotations

from collections.abc import Mapping

from flytectl_py.config.resolution import Settings
from flytectl_py.model.image_arguments import Architecture
from flytectl_py.plan.image_plan import MICROMAMBA_IMAGE, UV_IMAGE, ImageOptions


def image_options(
    settings: Settings,
    registry: str = "",
    platforms: tuple[Architecture, ...] = (),
    refs: Mapping[str, str] | None = None,
) -> ImageOptions:
    """Return the options for planning images.

    :param registry: instead of the one that an image declares. :param platforms: likewise.
    :param refs: URIs of named images that win over those of the settings.
    """
    return ImageOptions(
        registry=registry,
        default_registry=settings.image_registry or "",
        base_registry=settings.image_base_registry or "",
        uv_image=settings.image_uv_image or UV_IMAGE,
        micromamba_image=settings.image_micromamba_image or MICROMAMBA_IMAGE,
        platforms=platforms,
        refs={**dict(settings.images), **(refs or {})},
    )
