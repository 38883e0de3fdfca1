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
    environment = task.environment
    made.config.update(task.config(submission))
    made.custom.update(task.custom_config(submission))
    statement = task.sql(submission)
    if statement is not None:
        made.sql.statement = statement
        return
    container = made.container
    container.image = submission.image
    container.args.extend(task.container_args(submission))
    for name, value in environment_variables(environment.env_vars, submission).items():
        container.env.add(key=name, value=value)
    resources = container_resources(environment.resources)
    if resources is not None:
        container.resources.CopyFrom(resources)
    files, config = task.data_loading_config(submission), container.data_config
    config.enabled, config.input_path, config.output_path = files.enabled, files.input_path, files.output_path
    config.format = tasks_pb2.DataLoadingConfig.LiteralMapFormat.Value(files.format)
    config.file_input_layout = tasks_pb2.DataLoadingConfig.FileInputLayout.Value(files.file_input_layout)
