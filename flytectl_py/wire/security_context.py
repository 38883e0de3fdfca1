"""Secrets and the service account of a task, as a cluster takes them."""

from __future__ import annotations

from flyteidl2.core import security_pb2

from flytectl_py.model.environment import Environment
from flytectl_py.model.secret import Secret, secrets_of


def security_context(environment: Environment, service_account: str = "") -> security_pb2.SecurityContext | None:
    """Return the security context of an environment's tasks, or None where it asks for nothing.

    :param service_account: instead of the environment's own.
    """
    secrets = [_secret(each) for each in secrets_of(environment.secrets)]
    account = service_account or environment.service_account or ""
    if not secrets and not account:
        return None
    made = security_pb2.SecurityContext(secrets=secrets)
    if account:
        made.run_as.k8s_service_account = account
    return made


def _secret(secret: Secret) -> security_pb2.Secret:
    kind = security_pb2.Secret.ENV_VAR if secret.mount is None else security_pb2.Secret.FILE
    return security_pb2.Secret(
        group=secret.group or "", key=secret.key, mount_requirement=kind, env_var=secret.as_env_var or ""
    )
