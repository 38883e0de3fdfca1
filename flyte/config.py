"""The configuration of Flyte: files and what they say."""

from flytectl_py.config.declared import (
    Config,
    ImageConfig,
    PlatformConfig,
    TaskConfig,
    auto,
    get_config_file,
    set_if_exists,
)
from flytectl_py.config.file import ConfigFile

__all__ = [
    "Config",
    "ConfigFile",
    "ImageConfig",
    "PlatformConfig",
    "TaskConfig",
    "auto",
    "get_config_file",
    "set_if_exists",
]
