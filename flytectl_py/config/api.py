"""What the other edges see of the configuration: the settings."""

from __future__ import annotations

from flytectl_py.config.resolution import Settings

__all__ = ["Settings"]
