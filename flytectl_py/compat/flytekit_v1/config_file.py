"""The images that a configuration file of Flyte 1 names."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from flytectl_py.errors import ConfigError

VARIABLE: Final = "FLYTECTL_CONFIG"
USUAL: Final = "flytekit.config"


def images_of(file: str | Path | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Return URIs by name, of the section ``images``; nothing where there is no such file or section.

    :param file: by default the one that FLYTECTL_CONFIG names, else ``flytekit.config`` in the current folder.
    :raises ConfigError: the file cannot be read or understood.
    """
    place = Path(file or environ.get(VARIABLE) or USUAL)
    if not place.is_file():
        return {}
    try:
        text = place.read_text(encoding="utf-8")
        named = _of_yaml(text) if place.suffix in (".yaml", ".yml") else _of_ini(text)
    except (OSError, UnicodeDecodeError, configparser.Error, ValueError) as error:
        raise ConfigError(f"{place} cannot be read: {error}", where=str(place)) from error
    return {str(name): str(uri) for name, uri in named.items()}


def _of_ini(text: str) -> Mapping[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser["images"] if parser.has_section("images") else {}


def _of_yaml(text: str) -> Mapping[str, str]:
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    found = document.get("images") if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}
