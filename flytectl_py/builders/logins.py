"""Who we are to a registry: Docker's own configuration, its credential helpers and its stores."""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from flytectl_py.builders.reference import DOCKER_HUB, HUB_LOGIN

PATIENCE_SECONDS = 30.0
NOT_FOUND = "credentials not found"
"""What a helper prints where it has none: https://github.com/docker/docker-credential-helpers"""


class Login(NamedTuple):
    """A name with a password, or a token that stands for both. `origin` says where it was found."""

    username: str
    password: str
    identity_token: str = ""
    origin: str = ""

    def __repr__(self) -> str:
        return f"Login({self.username!r}, ***, origin={self.origin!r})"


class LoginUnreadableError(Exception):
    """There is a login, but it cannot be read; the message says why."""


def login_for(registry: str, environ: Mapping[str, str] | None = None) -> Login | None:
    """Return how to log in to a registry, None where nothing is said of it.

    Read as Docker reads it: ``credHelpers`` for this registry, else ``credsStore``, else ``auths``, of
    ``$DOCKER_CONFIG/config.json`` or ``~/.docker/config.json``; then of Podman's file, which has the same form.

    :raises LoginUnreadableError: the file or a helper fails.
    """
    environ = os.environ if environ is None else environ
    found = (_in_file(file, registry, environ) for file in (config_file(environ), _podman_file(environ)) if file)
    return next((each for each in found if each is not None), None)


def _in_file(file: Path, registry: str, environ: Mapping[str, str]) -> Login | None:
    document = _read(file)
    names = _names(registry)
    helper = next((_at(document, "credHelpers", name) for name in names if _at(document, "credHelpers", name)), None)
    helper = helper or document.get("credsStore")
    auths = document.get("auths") or {}
    stored = next((auths[key] for key in auths if _host(key) in {_host(name) for name in names}), None)
    if isinstance(helper, str) and helper:
        for name in names:
            found = _asked(helper, name, environ)
            if found is not None:
                return found
    return _decoded(stored, file) if isinstance(stored, dict) else None


def config_file(environ: Mapping[str, str]) -> Path:
    """Return where Docker's configuration is, or would be."""
    folder = environ.get("DOCKER_CONFIG") or str(Path(environ.get("HOME") or os.path.expanduser("~")) / ".docker")
    return Path(folder) / "config.json"


def _podman_file(environ: Mapping[str, str]) -> Path | None:
    # https://docs.podman.io/en/stable/markdown/podman-login.1.html
    if environ.get("REGISTRY_AUTH_FILE"):
        return Path(environ["REGISTRY_AUTH_FILE"])
    folder = environ.get("XDG_RUNTIME_DIR")
    return Path(folder, "containers", "auth.json") if folder else None


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise LoginUnreadableError(f"{file} cannot be read: {error}") from error
    return document if isinstance(document, dict) else {}


def _names(registry: str) -> list[str]:
    return [HUB_LOGIN, DOCKER_HUB] if registry == DOCKER_HUB else [registry, f"https://{registry}"]


def _host(key: str) -> str:
    bare = key.removeprefix("https://").removeprefix("http://")
    return bare if key == HUB_LOGIN else bare.partition("/")[0]


def _at(document: dict[str, Any], section: str, name: str) -> Any:
    table = document.get(section)
    return table.get(name) if isinstance(table, dict) else None


def _decoded(entry: dict[str, Any], file: Path) -> Login | None:
    token = str(entry.get("identitytoken") or "")
    if not entry.get("auth"):
        return Login("", "", token, str(file)) if token else None
    try:
        username, colon, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise LoginUnreadableError(f"{file}: an entry of auths is not in base64") from error
    if not colon:
        raise LoginUnreadableError(f"{file}: an entry of auths is not NAME:PASSWORD in base64")
    return Login(username, password.rstrip("\0"), token, str(file))


def _asked(helper: str, name: str, environ: Mapping[str, str]) -> Login | None:
    """Ask a credential helper, which is given the registry on stdin and answers in JSON."""
    program = f"docker-credential-{helper}"
    import shutil

    found = shutil.which(program, path=environ.get("PATH"))
    if found is None:
        raise LoginUnreadableError(f"Docker's configuration names {program}, which is not on the PATH")
    try:
        done = subprocess.run(
            [found, "get"],
            input=name.encode(),
            capture_output=True,
            env=dict(environ),
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LoginUnreadableError(f"{program} failed: {error}") from error
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        if NOT_FOUND in said:
            return None
        raise LoginUnreadableError(f"{program} failed: {said[:300] or f'exit code {done.returncode}'}")
    try:
        answer = json.loads(done.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise LoginUnreadableError(f"{program} answered something else than a login") from error
    if username == "<token>":
        return Login("", "", secret, program)
    return Login(username, secret, "", program)
