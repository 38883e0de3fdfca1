"""Every setting: where it may be said, and what it may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flytectl_py.config import checks


class Row(NamedTuple):
    """One setting.

    :param check: returns the value in its settled form, or raises `checks.Unfit`.
    :param variable: its environment variable, if it has one.
    :param part: its place in a `Config`, as ``section.field``.
    :param key: its name in a file, as ``section.key``.
    :param option: its option on the command line, where that is not ``--`` and its name.
    :param secret: never to be shown.
    """

    check: Callable[[object], object]
    variable: str = ""
    part: str = ""
    key: str = ""
    option: str = ""
    secret: bool = False


ROWS: dict[str, Row] = {
    "endpoint": Row(checks.endpoint, "FLYTE_ENDPOINT", "platform.endpoint", "admin.endpoint"),
    "insecure": Row(checks.flag, "FLYTE_INSECURE", "platform.insecure", "admin.insecure"),
    "insecure_skip_verify": Row(
        checks.flag, "FLYTE_INSECURE_SKIP_VERIFY", "platform.insecure_skip_verify", "admin.insecureSkipVerify"
    ),
    "ca_cert_file_path": Row(
        checks.text, "FLYTE_CA_CERT_FILE_PATH", "platform.ca_cert_file_path", "admin.caCertFilePath"
    ),
    "auth_type": Row(checks.auth_type, "FLYTE_AUTH_TYPE", "platform.auth_mode", "admin.authType"),
    "command": Row(checks.words, "FLYTE_COMMAND", "platform.command", "admin.command"),
    "proxy_command": Row(checks.words, "FLYTE_PROXY_COMMAND", "platform.proxy_command", "admin.proxyCommand"),
    "api_key": Row(checks.credential, "FLYTE_API_KEY", secret=True),
    "client_id": Row(checks.text, "FLYTE_CLIENT_ID", "platform.client_id", "admin.clientId"),
    "client_credentials_secret": Row(
        checks.text,
        "FLYTE_CLIENT_CREDENTIALS_SECRET",
        "platform.client_credentials_secret",
        "admin.clientSecretLocation",
        secret=True,
    ),
    "auth_client_config": Row(checks.anything),
    "scopes": Row(checks.scopes, "FLYTE_SCOPES", "platform.scopes", "admin.scopes"),
    "rpc_retries": Row(checks.count, "FLYTE_RPC_RETRIES", "platform.rpc_retries", "admin.rpcRetries"),
    "http_proxy_url": Row(checks.proxy, "FLYTE_HTTP_PROXY_URL", "platform.http_proxy_url", "admin.httpProxyURL"),
    "disable_keyring": Row(checks.flag, "FLYTE_DISABLE_KEYRING", "platform.disable_keyring", "admin.disableKeyring"),
    "headless": Row(checks.flag, "FLYTE_HEADLESS"),
    "console_endpoint": Row(checks.endpoint, "FLYTE_CONSOLE_ENDPOINT", "platform.console_endpoint", "console.endpoint"),
    "org": Row(checks.any_text, "FLYTE_ORG", "task.org", "task.org"),
    "project": Row(checks.name, "FLYTE_PROJECT", "task.project", "task.project"),
    "domain": Row(checks.name, "FLYTE_DOMAIN", "task.domain", "task.domain"),
    "root_dir": Row(checks.directory, "FLYTE_ROOT_DIR"),
    "log_level": Row(checks.log_level, "FLYTE_LOG_LEVEL"),
    "storage": Row(checks.anything),
    "batch_size": Row(checks.size, "FLYTE_BATCH_SIZE"),
    "image_builder": Row(checks.image_builder, "FLYTE_IMAGE_BUILDER", "image.builder", "image.builder"),
    "image_registry": Row(checks.registry, "FLYTE_IMAGE_REGISTRY", "image.registry", "image.registry"),
    "image_base_registry": Row(checks.text, "FLYTE_IMAGE_BASE_REGISTRY", "image.base_registry", "image.base_registry"),
    "image_uv_image": Row(checks.text, "FLYTE_IMAGE_UV_IMAGE", "image.uv_image", "image.uv_image"),
    "image_micromamba_image": Row(
        checks.text, "FLYTE_IMAGE_MICROMAMBA_IMAGE", "image.micromamba_image", "image.micromamba_image"
    ),
    "images": Row(checks.images, "FLYTE_IMAGES", "image.image_refs", "image.image_refs", option="--image"),
}
SETTING_NAMES = tuple(ROWS)
ENVIRONMENT_VARIABLES = tuple(row.variable for row in ROWS.values() if row.variable)
