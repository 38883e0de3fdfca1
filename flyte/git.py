"""What the git working tree around the program says of its configuration."""

from flytectl_py.config.declared import config_from_root

__all__ = ["config_from_root"]
