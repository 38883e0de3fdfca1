"""The secrets that a task asks for, looked up on this machine as those of a local run are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flyteidl2.core.security_pb2 import Secret as SecretMessage

from flytectl_py.engines.secrets import build_secrets
from flytectl_py.errors import NotReadyError
from flytectl_py.machine.executors.api import CannotStartError
from flytectl_py.model.secret import MOUNT_PATH, Secret


def secrets_for(spec: Any, folder: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the secrets of a TaskSpec: those that are variables, and those that are files, by path.

    :param folder: where those are that no variable of this process holds, as ``group/key``.
    :raises CannotStartError: some are in neither place; names all of them.
    """
    asked = {str(number): _secret(each) for number, each in enumerate(spec.task_template.security_context.secrets)}
    try:
        values = build_secrets(asked, str(folder))
    except NotReadyError as error:
        raise CannotStartError(error.message, hint=error.hint) from error
    missing = [each for number, each in asked.items() if number not in values]
    if missing:
        raise CannotStartError(
            f"secrets of the task are not here: {', '.join(_written(each) for each in missing)}",
            hint=f"set {', '.join(_variable(each) for each in missing)} where the control plane is started, "
            f"or write files below {folder}",
        )
    variables: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for number, each in asked.items():
        if each.mount is None:
            variables[str(each.as_env_var)] = values[number].decode()
        else:
            files[f"{each.mount}/{_written(each)}"] = values[number]
    return variables, files


def _secret(message: Any) -> Secret:
    mounted = message.mount_requirement == SecretMessage.FILE
    return Secret(
        message.key,
        message.group or None,
        mount=Path(MOUNT_PATH) if mounted else None,
        as_env_var=message.env_var or None,
    )


def _written(secret: Secret) -> str:
    return f"{secret.group}/{secret.key}" if secret.group else secret.key


def _variable(secret: Secret) -> str:
    return "_".join(part for part in (secret.group, secret.key) if part).replace("-", "_").upper()
