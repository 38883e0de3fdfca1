"""Which image each environment runs in, once the images are built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flytectl_py.errors import UnknownNameError


@dataclass(frozen=True)
class ImageCache(Mapping[str, str]):
    """URIs by the names of environments: ``cache["etl"]``."""

    images: Mapping[str, str]

    def __getitem__(self, environment: str) -> str:
        """Return the URI.

        :raises UnknownNameError: no image was built for that environment.
        """
        try:
            return self.images[environment]
        except KeyError:
            raise UnknownNameError("environment with an image", environment, self.images) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.images)

    def __len__(self) -> int:
        return len(self.images)

    def __contains__(self, environment: object) -> bool:
        return environment in self.images
