"""Tasks of other kinds than functions."""

from flytectl_py.engines.local_container import DockerCommand
from flytectl_py.model.container_task import ContainerTask, install_container_runner

install_container_runner(DockerCommand())

__all__ = ["ContainerTask"]

del DockerCommand, install_container_runner
