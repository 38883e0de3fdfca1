"""Secrets: which of them a task or an image build is given, and how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flytectl_py.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

MOUNT_PATH = "/etc/flyte/secrets"
"""The one place where a Flyte 2 cluster mounts secrets as files."""

_ENV_VAR = "[A-Z_][A-Z0-9_]*"


@dataclass(frozen=True)
class Secret:
    """A secret by name. Its value is never held, printed or hashed.

    Without `mount` it arrives as an environment variable: `as_env_var`, or else ``GROUP_KEY``, in upper case and with
    ``-`` as ``_``. That name is then the value of `as_env_var`.

    Example::

        flyte.TaskEnvironment("chat", secrets=flyte.Secret("my-openai-api-key", as_env_var="OPENAI_API_KEY"))

    :param key: its name in the secret store.
    :param group: where the store has groups.
    :param mount: the folder in which it appears as a file: ``/etc/flyte/secrets``.
    :param as_env_var: the variable's name; upper-case letters, digits and ``_``.
    :raises DeclarationError: a value that is not allowed.
    """

    key: str
    group: str | None = None
    mount: Path | None = None
    as_env_var: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.key, str) or not self.key:
            raise DeclarationError("Secret(key=…)", self.key, "give the name that the secret has in its store")
        if self.group is not None and (not isinstance(self.group, str) or not self.group):
            raise DeclarationError("Secret(group=…)", self.group, "give the group's name, or None")
        if self.mount is not None and str(self.mount) != MOUNT_PATH:
            raise DeclarationError(
                "Secret(mount=…)",
                str(self.mount),
                f"secrets are mounted as files in {MOUNT_PATH} only",
                suggestion=f"did you mean '{MOUNT_PATH}'?",
            )
        if self.as_env_var is None and self.mount is None:
            self._derive_env_var()
        elif self.as_env_var is not None and not _is_env_var(self.as_env_var):
            upper = str(self.as_env_var).upper().replace("-", "_")
            raise DeclarationError(
                "Secret(as_env_var=…)",
                self.as_env_var,
                "use upper-case letters, digits and '_', first no digit",
                suggestion=f"did you mean '{upper}'?" if _is_env_var(upper) else "",
            )

    def stable_hash(self) -> str:
        """Return a hash of the declaration, the same in every process: 64 hex digits.

        SHA-256 of ``key|group|mount|as_env_var``, an empty text for None, as in Flyte 2.
        """
        import hashlib

        fields = (self.key, self.group, self.mount, self.as_env_var)
        return hashlib.sha256("|".join("" if each is None else str(each) for each in fields).encode()).hexdigest()

    def _derive_env_var(self) -> None:
        name = "_".join(part for part in (self.group, self.key) if part).upper().replace("-", "_")
        if not _is_env_var(name):
            raise DeclarationError(
                "Secret(key=…)",
                self.key,
                f"'{name}' cannot be the name of an environment variable; give one as as_env_var=…",
            )
        object.__setattr__(self, "as_env_var", name)


SecretRequest = str | Secret | list[str | Secret]
"""A secret's key, a `Secret`, or a list of them."""


def secrets_of(request: SecretRequest | Sequence[str | Secret] | None) -> tuple[Secret, ...]:
    """Return the secrets that are asked for, each once, in the order given.

    :raises DeclarationError: not a request, or two secrets for one environment variable.
    """
    if request is None:
        return ()
    if not isinstance(request, str | Secret | list | tuple):
        raise DeclarationError("secrets=…", request, "give a secret's key, a flyte.Secret, or a list of them")
    secrets: dict[Secret, None] = {}
    for each in [request] if isinstance(request, str | Secret) else request:
        if not isinstance(each, str | Secret):
            raise DeclarationError("secrets=…", each, "give a secret's key or a flyte.Secret")
        secrets[Secret(each) if isinstance(each, str) else each] = None
    taken: dict[str, Secret] = {}
    for secret in secrets:
        other = taken.setdefault(secret.as_env_var, secret) if secret.as_env_var else secret
        if other is not secret:
            raise DeclarationError(
                "secrets=…",
                [other.key, secret.key],
                f"both would be the environment variable {secret.as_env_var}; give one another as_env_var",
            )
    return tuple(secrets)


def _is_env_var(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(_ENV_VAR, name) is not None
