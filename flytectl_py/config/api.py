"""What the other edges see of the configuration: the settings, and what an API key says."""

from __future__ import annotations

from flytectl_py.config.api_key import ApiKey, read_api_key
from flytectl_py.config.resolution import Settings
from flytectl_py.config.unattended import in_ci

__all__ = ["ApiKey", "Settings", "in_ci", "read_api_key"]
