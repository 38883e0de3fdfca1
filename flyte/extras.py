"""Tasks of other kinds than functions."""

from flytectl_py.model.container_task import ContainerTask

__all__ = ["ContainerTask"]
