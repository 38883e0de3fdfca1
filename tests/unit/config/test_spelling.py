"""Settings that one process hands to another through its environment."""

from __future__ import annotations

from flytectl_py.config.resolution import resolve
from flytectl_py.config.spelling import connection_variables


def test_the_other_process_reads_the_same_connection() -> None:
    given = {
        "endpoint": "dns:///acme.example.com",
        "insecure": True,
        "ca_cert_file_path": "/certs/a b.pem",
        "auth_type": "ClientSecret",
        "command": ["get token", "--for", "me"],
        "scopes": ["all", "offline"],
        "client_id": "robot",
        "client_credentials_secret": "s3cr3t",
        "rpc_retries": 7,
        "headless": True,
    }
    settings = resolve(init=given)
    read = resolve(environ=connection_variables(settings))
    assert read == settings


def test_what_is_not_of_the_connection_stays_here() -> None:
    assert connection_variables(resolve(init={"project": "p", "image_registry": "ghcr.io/acme"})) == {}
