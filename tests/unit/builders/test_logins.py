"""Logins, as Docker's own configuration holds them."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from flytectl_py.builders.logins import LoginUnreadableError, login_for


def _config(folder: Path, document: object) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(document))
    return {"DOCKER_CONFIG": str(folder), "PATH": str(folder)}


def _helper(folder: Path, name: str, script: str) -> None:
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def _auth(name: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_no_configuration_is_no_login(tmp_path: Path) -> None:
    assert login_for("ghcr.io", {"HOME": str(tmp_path)}) is None
    assert login_for("ghcr.io", _config(tmp_path, {})) is None


def test_auths(tmp_path: Path) -> None:
    environ = _config(tmp_path, {"auths": {"ghcr.io": _auth("me", "pass:word"), "quay.io": {}}})
    found = login_for("ghcr.io", environ)
    assert found is not None
    assert (found.username, found.password) == ("me", "pass:word")
    assert login_for("quay.io", environ) is None
    assert login_for("other.io", environ) is None


def test_the_configuration_in_the_home_folder(tmp_path: Path) -> None:
    _config(tmp_path / ".docker", {"auths": {"ghcr.io": _auth("me", "word")}})
    assert login_for("ghcr.io", {"HOME": str(tmp_path)}) is not None


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io"])
def test_docker_hub_has_several_names(tmp_path: Path, key: str) -> None:
    assert login_for("docker.io", _config(tmp_path, {"auths": {key: _auth("me", "word")}})) is not None


def test_a_key_may_be_a_url(tmp_path: Path) -> None:
    environ = _config(tmp_path, {"auths": {"https://ghcr.io/v2/": _auth("me", "word")}})
    assert login_for("ghcr.io", environ) is not None


def test_an_identity_token(tmp_path: Path) -> None:
    found = login_for("ghcr.io", _config(tmp_path, {"auths": {"ghcr.io": {"identitytoken": "tok"}}}))
    assert found is not None
    assert found.identity_token == "tok"


def test_a_helper_for_one_registry_wins(tmp_path: Path) -> None:
    document = {"auths": {"ghcr.io": _auth("a", "b")}, "credHelpers": {"ghcr.io": "one"}, "credsStore": "two"}
    environ = _config(tmp_path, document)
    _helper(tmp_path, "one", """read -r host; echo "{\\"Username\\": \\"$host\\", \\"Secret\\": \\"s\\"}" """)
    _helper(tmp_path, "two", """echo '{"Username": "two", "Secret": "s"}'""")
    found = [login_for("ghcr.io", environ), login_for("quay.io", environ)]
    assert [each and each.username for each in found] == ["ghcr.io", "two"]


def test_a_helper_hands_out_a_token(tmp_path: Path) -> None:
    environ = _config(tmp_path, {"credsStore": "one"})
    _helper(tmp_path, "one", """echo '{"Username": "<token>", "Secret": "tok"}'""")
    found = login_for("ghcr.io", environ)
    assert found is not None
    assert (found.username, found.identity_token) == ("", "tok")


def test_a_helper_that_knows_nothing_is_no_login(tmp_path: Path) -> None:
    environ = _config(tmp_path, {"credsStore": "one"})
    _helper(tmp_path, "one", "echo 'credentials not found in native keychain'; exit 1")
    assert login_for("ghcr.io", environ) is None


@pytest.mark.parametrize(
    ("script", "said"),
    [("echo 'keychain is locked' >&2; exit 1", "keychain is locked"), ("echo nonsense", "something else than a login")],
)
def test_a_helper_that_fails_is_told(tmp_path: Path, script: str, said: str) -> None:
    environ = _config(tmp_path, {"credsStore": "one"})
    _helper(tmp_path, "one", script)
    with pytest.raises(LoginUnreadableError, match=said):
        login_for("ghcr.io", environ)


def test_a_helper_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoginUnreadableError, match="docker-credential-gone, which is not on the PATH"):
        login_for("ghcr.io", _config(tmp_path, {"credsStore": "gone"}))


@pytest.mark.parametrize("auth", ["%%%", base64.b64encode(b"nobody").decode()])
def test_a_broken_entry_is_told(tmp_path: Path, auth: str) -> None:
    with pytest.raises(LoginUnreadableError, match="base64"):
        login_for("ghcr.io", _config(tmp_path, {"auths": {"ghcr.io": {"auth": auth}}}))


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(LoginUnreadableError, match=os.fspath(tmp_path)):
        login_for("ghcr.io", {"DOCKER_CONFIG": str(tmp_path)})


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    found = login_for("ghcr.io", _config(tmp_path, {"auths": {"ghcr.io": _auth("me", "hush")}}))
    assert "hush" not in repr(found)


def test_podman_keeps_logins_elsewhere(tmp_path: Path) -> None:
    environ = _config(tmp_path, {"auths": {"ghcr.io": _auth("docker", "word")}})
    (tmp_path / "run" / "containers").mkdir(parents=True)
    logins = {"auths": {"ghcr.io": _auth("podman", "word"), "quay.io": _auth("podman", "word")}}
    (tmp_path / "run" / "containers" / "auth.json").write_text(json.dumps(logins))
    environ = {**environ, "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    found = [login_for(registry, environ) for registry in ("ghcr.io", "quay.io", "other.io")]
    assert [each and each.username for each in found] == ["docker", "podman", None]
    other = tmp_path / "run" / "containers" / "auth.json"
    assert login_for("quay.io", {"HOME": str(tmp_path), "REGISTRY_AUTH_FILE": str(other)}) is not None
