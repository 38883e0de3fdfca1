"""What looks like credentials, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from flytectl_py.project.credentials import LARGEST_READ, holds_credentials, named_like_credentials, worth_reading


@pytest.mark.parametrize(
    "path",
    [".env", "a/.env.local", ".netrc", "x/.pypirc", "id_ed25519", "ID_RSA", "a.p12", "store.jks", "kubeconfig",
     "kubeconfig.prod", "credentials", "credentials.json", "client_secret_123.json", "service-account.json",
     "service_account_prod.json", ".aws/config", "sub/.ssh/known_hosts"],
)  # fmt: skip
def test_names_that_say_so(path: str) -> None:
    assert named_like_credentials(path)


@pytest.mark.parametrize(
    "path",
    ["env", ".envrc.example", ".env.example", ".env.sample", "environment.py", "id_rsa.pub", "credentials.md",
     "my_credentials_form.html", "app.pem.txt", "aws/config", "secret.txt", "monkey.key.txt"],
)  # fmt: skip
def test_names_that_do_not(path: str) -> None:
    assert not named_like_credentials(path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("-----BEGIN " + "PRIVATE KEY-----", "a private key"),
        ("x\n-----BEGIN OPENSSH " + "PRIVATE KEY-----", "a private key"),
        ('{"private_key" : "x"}', "a service account's key"),
        ("AWS_SECRET_ACCESS_KEY=" + "a" * 40, "an AWS secret key"),
        ("//registry.example.com/:_authToken=" + "abc", "a registry token"),
        ("token: ghp_" + "a" * 36, "a GitHub token"),
        ("client-key-data: " + "b" * 30, "a cluster's key"),
        ("-----BEGIN CERTIFICATE-----", ""),
        ("-----BEGIN PUBLIC KEY-----", ""),
        ("//registry.example.com/:_authToken=${TOKEN}", ""),
        ("aws_secret_access_key = ", ""),
        ('{"private_key_id": "x"}', ""),
        ("", ""),
    ],
)
def test_content(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "x").write_text(text)
    assert holds_credentials(str(tmp_path / "x")) == what


def test_what_is_read_is_small_and_may_hold_text() -> None:
    assert worth_reading("a/b.json", 1)
    assert worth_reading("server.pem", LARGEST_READ)
    assert worth_reading("LICENSE", 10)
    assert worth_reading(".npmrc", 10)
    assert not worth_reading("a.json", LARGEST_READ + 1)
    assert not worth_reading("a.json", 0)
    assert not worth_reading("a.py", 10)
    assert not worth_reading("a.parquet", 10)
