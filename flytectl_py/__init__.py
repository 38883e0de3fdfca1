"""flytectl-py: takes plain Python tasks from a laptop to wherever they run."""

__version__ = "0.1.0.dev0"
