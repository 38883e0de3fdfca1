"""Secrets of a local run, from environment variables or files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flytectl_py.errors import NotReadyError
from flytectl_py.model.environment import Environment
from flytectl_py.model.ported_layers import FileSecret
from flytectl_py.model.secret import Secret, secrets_of


def secret_variables(environment: Environment, secrets_dir: str) -> dict[str, str]:
    """Return the environment variables that the secrets of `environment` become.

    A secret ``Secret("key", group="group")`` is looked up as the environment variable ``GROUP_KEY`` (``KEY`` without a
    group), then as the file ``<secrets_dir>/group/key`` (``<secrets_dir>/key``), whose last line break is left out.
    A secret with a `mount` is a file that the task reads itself: it must be there already.

    :raises NotReadyError: a secret is in neither place; names every secret that is missing.
    """
    found: dict[str, str] = {}
    missing: list[str] = []
    for secret in secrets_of(environment.secrets):
        variable = _variable(secret)
        if secret.mount is not None:
            path = Path(secret.mount)
            if not path.exists():
                missing.append(f"{_label(secret)}: the task reads it from {path}, which does not exist here")
            continue
        value = _lookup(variable, secret, secrets_dir)
        if value is None:
            arrives = f" (the task finds it in {secret.as_env_var})" if secret.as_env_var else ""
            missing.append(f"{_label(secret)}: set {variable}, or write it to {_file(secret, secrets_dir)}{arrives}")
        else:
            found[secret.as_env_var or variable] = value
    if missing:
        raise NotReadyError(
            f"environment '{environment.name}' needs secrets that are not here: " + "; ".join(missing),
            where=str(environment.place),
        )
    return found


def build_secrets(secrets: Mapping[str, Secret], secrets_dir: str) -> dict[str, bytes]:
    """Return the values of secrets that the steps of an image's build see, by the keys of `secrets`.

    They are looked up as those of a task are, but for a `FileSecret`, which names its file. What is not here is left
    out of the result: the builder refuses.

    :raises NotReadyError: a file is there and cannot be read.
    """
    found: dict[str, bytes | None] = {}
    for key, secret in secrets.items():
        if isinstance(secret, FileSecret):
            found[key] = _content(secret)
        else:
            value = _lookup(_variable(secret), secret, secrets_dir)
            found[key] = None if value is None else value.encode()
    return {key: value for key, value in found.items() if value is not None}


def _content(secret: FileSecret) -> bytes | None:
    try:
        return Path(secret.file).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotReadyError(
            f"{secret.file}, which the build would see at /{secret.key}, cannot be read: {error.strerror}",
            where=secret.file,
        ) from error


def _variable(secret: Secret) -> str:
    name = f"{secret.group}_{secret.key}" if secret.group else secret.key
    return name.replace("-", "_").upper()


def _label(secret: Secret) -> str:
    return f"'{secret.group}/{secret.key}'" if secret.group else f"'{secret.key}'"


def _file(secret: Secret, secrets_dir: str) -> Path:
    return Path(secrets_dir, secret.group or "", secret.key)


def _lookup(variable: str, secret: Secret, secrets_dir: str) -> str | None:
    value = os.environ.get(variable)
    if value is not None:
        return value
    try:
        return _file(secret, secrets_dir).read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadyError(f"the secret {_label(secret)} cannot be read: {error}") from error
