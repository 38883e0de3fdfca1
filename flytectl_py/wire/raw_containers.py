"""A command in a container, as a cluster takes it: its words, and the folders of its inputs and outputs."""

from __future__ import annotations

from typing import Final

from flyteidl2.core import tasks_pb2

from flytectl_py.model.container_task import ContainerTask
from flytectl_py.wire.arguments import environment_variables
from flytectl_py.wire.resources import container_resources
from flytectl_py.wire.submission import Submission

TASK_TYPE: Final = "raw-container"


def set_target(made: tasks_pb2.TaskTemplate, task: ContainerTask, submission: Submission) -> None:
    """Put in what runs."""
    environment, raw = task.environment, task.raw
    container = made.container
    container.image = submission.image
    container.args.extend(raw.command)
    for name, value in environment_variables(environment.env_vars, submission).items():
        container.env.add(key=name, value=value)
    resources = container_resources(environment.resources)
    if resources is not None:
        container.resources.CopyFrom(resources)
    config = container.data_config
    config.enabled = True
    config.input_path, config.output_path = raw.input_dir, raw.output_dir
    config.format = tasks_pb2.DataLoadingConfig.LiteralMapFormat.Value(raw.metadata_format)
    config.file_input_layout = tasks_pb2.DataLoadingConfig.FileInputLayout.Value(raw.file_input_layout)
