"""`flyte whoami`: logging in, in every way there is, to a control plane that wants it."""

from __future__ import annotations

import base64
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.control_plane import ControlPlaneServer
from tests.support.oauth_server import OAuthServer, oauth_server
from tests.support.plane.faults import UNAVAILABLE
from tests.support.process import FLYTE, Result
from tests.support.project import Project

MakeProject = Callable[..., Project]

# What a browser does with the page that it is told to open, with nobody at the keyboard.
BROWSER = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode(), file=open("browser.txt", "w"))
"""
NO_RING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
# A keyring of one file, for the library's own lookup of backends.
RING = """
import json, pathlib, keyring.backend

class FileRing(keyring.backend.KeyringBackend):
    priority = 5
    place = pathlib.Path(__file__).with_name("ring.json")

    def _all(self):
        return json.loads(self.place.read_text()) if self.place.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        self.place.write_text(json.dumps({**self._all(), f"{service}/{username}": password}))
"""


@pytest.fixture
def oauth(plane: ControlPlaneServer) -> Iterator[OAuthServer]:
    with oauth_server() as server:
        server.announce(plane)
        yield server


@pytest.fixture
def made(project: MakeProject) -> Project:
    return project({"browser.py": BROWSER, "ring.py": RING})


def whoami(project: Project, plane: ControlPlaneServer, *args: str, **env: str | None) -> Result:
    browser = f"{sys.executable} {project.path / 'browser.py'} %s"
    # Over http:// to this machine one logs in; over `insecure` never.
    said = {"FLYTE_ENDPOINT": plane.url, "BROWSER": browser, **NO_RING, **env}
    result = project.flyte("whoami", *args, env=said)
    for secret in ("t0ken", "s3cr3t", "c0de-", "dev1ce"):
        assert secret not in result.out + result.err
    return result


def kept(project: Project) -> list[str]:
    folder = project.home / ".flyte/credentials"
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_in_the_browser_then_never_again(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    result = whoami(made, plane, "-vv").expect()
    assert result.out.strip() == f"Ada Lovelace <ada@example.org> at {plane.url}"
    assert "in the browser" in result.err
    assert "You are logged in" in made.read("browser.txt")
    (visit,) = oauth.visited
    assert visit["code_challenge_method"] == "S256"
    assert visit["scope"] == "all"
    (name,) = kept(made)
    path = made.home / ".flyte/credentials" / name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = whoami(made, plane).expect()
    assert again.err == ""
    assert len(oauth.visited) == 1


def test_a_refusal_is_said(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    oauth.denied = True
    result = whoami(made, plane, "--json")
    assert result.code == 3
    assert result.json["error"]["code"] == "NotLoggedInError"
    assert "access_denied" in result.json["error"]["message"]
    assert plane.url in result.json["error"]["message"]
    assert kept(made) == []


def test_an_expired_token_is_renewed_without_a_person(
    made: Project, plane: ControlPlaneServer, oauth: OAuthServer
) -> None:
    oauth.lasts = 2
    whoami(made, plane).expect()
    time.sleep(2)
    oauth.lasts = 3600
    whoami(made, plane).expect()
    assert [each["grant_type"] for each in oauth.asked] == ["authorization_code", "refresh_token"]
    assert len(oauth.visited) == 1


def test_a_token_taken_back_is_renewed_once(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    whoami(made, plane).expect()
    oauth.tokens.clear()
    whoami(made, plane).expect()
    assert [each["grant_type"] for each in oauth.asked] == ["authorization_code", "refresh_token"]
    oauth.tokens.clear()
    oauth.refreshable.clear()
    whoami(made, plane).expect()
    assert len(oauth.visited) == 2


def test_a_token_that_is_never_good_enough(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    plane.accepted_tokens = {"another"}
    result = whoami(made, plane)
    assert result.code == 3
    assert "does not know who asks" in result.err
    assert len(oauth.visited) == 1


def test_headless_opens_no_browser(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    result = whoami(made, plane, "--headless").expect()
    assert f"go to {oauth.url}/activate and enter the code ABCD-EFGH" in result.err
    assert oauth.visited == []
    assert [each["grant_type"].rpartition(":")[2] for each in oauth.asked] == ["device_code"] * 2
    assert whoami(made, plane, "--headless").expect().err == ""


@pytest.mark.parametrize("way", [(), ("--headless",)])
def test_in_ci_nobody_is_asked(
    made: Project, plane: ControlPlaneServer, oauth: OAuthServer, way: tuple[str, ...]
) -> None:
    refused = whoami(made, plane, *way, CI="true")
    assert refused.code == 3
    assert "CI is set, so nobody is asked" in refused.err
    assert "FLYTE_API_KEY" in refused.err
    assert "FLYTE_CLIENT_CREDENTIALS_SECRET" in refused.err
    assert (oauth.visited, oauth.asked) == ([], [])
    robot = {"FLYTE_CLIENT_ID": "robot", "FLYTE_CLIENT_CREDENTIALS_SECRET": "robot-s3cr3t"}
    whoami(made, plane, *way, CI="true", **robot).expect()
    assert [each["grant_type"] for each in oauth.asked] == ["client_credentials"]


def test_in_ci_an_earlier_log_in_counts(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    whoami(made, plane, CI="false").expect()
    oauth.tokens.clear()
    whoami(made, plane, CI="true").expect()
    assert [each["grant_type"] for each in oauth.asked] == ["authorization_code", "refresh_token"]


def test_a_machine_without_a_browser(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    # Nothing is found on an empty path that could show a page.
    result = whoami(made, plane, BROWSER="no-such-browser %s", PATH=str(made.path)).expect()
    assert "no browser can be opened here" in result.err
    assert "enter the code ABCD-EFGH" in result.err
    assert oauth.visited == []


def test_a_device_that_is_refused(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    oauth.denied = True
    result = whoami(made, plane, FLYTE_AUTH_TYPE="DeviceFlow")
    assert result.code == 3
    assert "access_denied" in result.err


def test_a_client_with_a_secret(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    made.write({
        ".flyte/config.yaml": f"""
            admin:
              endpoint: {plane.url}
              authType: ClientSecret
              clientId: robot
              clientSecretEnvVar: ROBOT
        """
    })  # fmt: skip
    assert whoami(made, plane, ROBOT="robot-s3cr3t").expect().err == ""
    wrong = whoami(made, plane, ROBOT="wrong-s3cr3t")
    assert wrong.code == 3
    assert "client 'robot' is not accepted (invalid_client)" in wrong.err
    assert kept(made) == []


def test_a_way_to_log_in_that_lacks_something(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    result = whoami(made, plane, FLYTE_AUTH_TYPE="ClientSecret")
    assert result.code == 3
    assert "needs an id and a secret" in result.err
    result = whoami(made, plane, FLYTE_AUTH_TYPE="ExternalCommand")
    assert "needs a command" in result.err


def test_an_api_key(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    key = base64.b64encode(f"{plane.url}:robot:robot-s3cr3t:acme".encode()).decode()
    result = whoami(made, plane, "--json", FLYTE_API_KEY=key, FLYTE_ENDPOINT=None).expect()
    assert result.json["endpoint"] == plane.url
    assert result.json["org"] == "acme"
    assert key not in made.flyte("config", "show", "--origin", env={"FLYTE_API_KEY": key}).expect().out


def test_a_key_that_is_a_token(made: Project, plane: ControlPlaneServer) -> None:
    plane.accepted_tokens = {"opaque-t0ken"}
    whoami(made, plane, FLYTE_API_KEY="opaque-t0ken").expect()
    wrong = whoami(made, plane, FLYTE_API_KEY="other-t0ken")
    assert wrong.code == 3
    assert len(plane.asked("unauthenticated")) == 1


def test_a_command_of_ones_own(made: Project, plane: ControlPlaneServer) -> None:
    plane.accepted_tokens = {"from-command-t0ken"}
    made.write({"token.py": "import sys; print('hello', file=sys.stderr); print('from-command-t0ken')"})
    result = whoami(made, plane, FLYTE_COMMAND=f"{sys.executable} token.py").expect()
    assert "hello" in result.err
    failed = whoami(made, plane, FLYTE_COMMAND=f"{sys.executable} -c 'raise SystemExit(3)'")
    assert failed.code == 3
    assert "failed with exit code 3" in failed.err
    missing = whoami(made, plane, FLYTE_COMMAND="no-such-program")
    assert "'no-such-program' cannot be run" in missing.err
    coloured = whoami(made, plane, FLYTE_COMMAND=f"{sys.executable} -c 'print(chr(27) + \"[1mt0ken\")'").expect(3)
    assert "printed control characters" in coloured.err
    assert "t0ken" not in coloured.err


def test_an_interrupt_ends_the_command_that_is_waited_for(made: Project, plane: ControlPlaneServer) -> None:
    made.write({"token.py": "import pathlib, time; pathlib.Path('began').touch(); time.sleep(600)"})
    env = made.environment({"FLYTE_COMMAND": f"{sys.executable} token.py"})
    args = [FLYTE, "whoami", "--endpoint", plane.url]
    with subprocess.Popen(args, cwd=made.path, env=env, stderr=subprocess.PIPE, text=True) as process:
        while not (made.path / "began").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (130, "error: interrupted\n")


def test_a_proxy_in_between_is_told_too(made: Project, plane: ControlPlaneServer) -> None:
    plane.accepted_tokens = {"opaque-t0ken"}
    command = f"{sys.executable} -c 'print(\"proxy-t0ken\")'"
    whoami(made, plane, FLYTE_API_KEY="opaque-t0ken", FLYTE_PROXY_COMMAND=command).expect()
    assert plane.asked("IdentityService.UserInfo")[0].headers["proxy-authorization"] == "Bearer proxy-t0ken"


def test_the_keyring_keeps_the_token(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    ring = {"PYTHON_KEYRING_BACKEND": "ring.FileRing", "PYTHONPATH": str(made.path)}
    whoami(made, plane, **ring).expect()
    assert kept(made) == []
    assert "access-t0ken" in made.read("ring.json")
    assert whoami(made, plane, **ring).expect().err == ""


def test_the_keyring_can_be_left_alone(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    ring = {"PYTHON_KEYRING_BACKEND": "ring.FileRing", "PYTHONPATH": str(made.path)}
    made.write({".flyte/config.yaml": "admin:\n  disableKeyring: true\n"})
    whoami(made, plane, **ring).expect()
    assert not (made.path / "ring.json").exists()
    assert whoami(made, plane, **ring).expect().err == ""
    assert len(oauth.visited) == 1


def test_insecure_says_nothing_of_who_asks(made: Project, plane: ControlPlaneServer, oauth: OAuthServer) -> None:
    result = whoami(made, plane, "--insecure", FLYTE_API_KEY="opaque-t0ken")
    assert result.code == 3
    assert "'insecure'" in result.err
    assert all("authorization" not in each.headers for each in plane.calls)
    assert oauth.visited == []


def test_nobody_needs_to_log_in(made: Project, plane: ControlPlaneServer) -> None:
    assert whoami(made, plane).expect().err == ""
    assert plane.methods() == ["IdentityService.UserInfo"]


def test_a_control_plane_that_does_not_say_how(made: Project, plane: ControlPlaneServer) -> None:
    plane.accepted_tokens = set()
    result = whoami(made, plane)
    assert result.code == 3
    assert "does not say where to log in" in result.err


def test_the_log_tells_of_attempts_that_failed(made: Project, plane: ControlPlaneServer) -> None:
    plane.fail("IdentityService.UserInfo", UNAVAILABLE)
    result = whoami(made, plane, FLYTE_LOG_LEVEL="debug").expect()
    assert f"DEBUG flyte.controlplane: IdentityService.UserInfo at {plane.url}: unavailable" in result.err
    plane.fail("IdentityService.UserInfo", UNAVAILABLE)
    assert whoami(made, plane).expect().err == ""


def test_no_endpoint(made: Project) -> None:
    result = made.flyte("whoami")
    assert result.code == 3
    assert "FLYTE_ENDPOINT" in result.err


def test_nobody_there(made: Project) -> None:
    result = made.flyte("whoami", "--endpoint", "127.0.0.1:1", "--insecure", env={"FLYTE_RPC_RETRIES": "0"})
    assert result.code == 3
    assert "127.0.0.1:1 cannot be reached, IdentityService.UserInfo: Connection refused" in result.err
    assert "Traceback" not in result.err
