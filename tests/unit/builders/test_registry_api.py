"""What a registry is asked, and what its answers mean."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.builders.api import Existence
from flytectl_py.builders.registry_api import RegistryApi
from flytectl_py.builders.registry_exchange import Exchange
from tests.support.docker.scripted_registry import ScriptedRegistry, Told, scripted_registry
from tests.support.servers.running import free_port

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
Start = Callable[..., ScriptedRegistry]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda **given: stack.enter_context(scripted_registry(ScriptedRegistry(**given)))


def _api(tmp_path: Path, auths: dict[str, Any] | None = None) -> RegistryApi:
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths or {}}))
    environ = {"DOCKER_CONFIG": str(tmp_path), "PATH": ""}
    return RegistryApi(Exchange(environ, timeout=5, sleep=lambda _: None))


def _auth(name: str = "me", password: str = "word") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


def _errors(code: str, message: str = "") -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message}]}


def test_an_image_that_exists(start: Start, tmp_path: Path) -> None:
    found = Told(200, {"mediaType": MANIFEST}, {"Docker-Content-Digest": "sha256:ab"})
    registry = start(answers={"GET /v2/app/manifests/v1": found})
    answer = _api(tmp_path).exists(f"{registry.host}/app:v1")
    assert (answer.existence, answer.digest) == (Existence.EXISTS, "sha256:ab")


def test_a_tag_that_is_absent(start: Start, tmp_path: Path) -> None:
    registry = start(answers={"GET /v2/app/tags/list": Told(200, {"tags": ["v2"]})})
    answer = _api(tmp_path).exists(f"{registry.host}/app:v1")
    assert answer.existence is Existence.ABSENT
    assert answer.message == f"{registry.host}/app has no image v1"


def _manifest_of_user(name: str, user: object) -> dict[str, Told]:
    manifest = {"mediaType": MANIFEST, "config": {"digest": f"sha256:{name}"}}
    config = {"os": "linux", "config": {} if user is None else {"User": user}}
    return {
        f"GET /v2/app/manifests/{name}": Told(200, manifest),
        f"GET /v2/app/blobs/sha256:{name}": Told(200, config),
    }


@pytest.mark.parametrize(("user", "is_said"), [("app", "app"), ("1000:1000", "1000:1000"), ("", ""), (None, "")])
def test_as_whom_an_image_runs(start: Start, tmp_path: Path, user: object, is_said: str) -> None:
    index = {"mediaType": INDEX, "manifests": [{"digest": "one"}, {"digest": "two"}]}
    answers = {**_manifest_of_user("one", user), "GET /v2/app/manifests/v1": Told(200, index)}
    registry = start(answers=answers)
    assert _api(tmp_path).user(f"{registry.host}/app:one") == (is_said, "")
    assert _api(tmp_path).user(f"{registry.host}/app:v1") == (is_said, "")


def test_as_whom_an_image_runs_that_nobody_knows(start: Start, tmp_path: Path) -> None:
    registry = start(answers={"GET /v2/app/tags/list": Told(200, {"tags": ["v2"]})})
    user, why = _api(tmp_path).user(f"{registry.host}/app:v1")
    assert user is None
    assert why == f"{registry.host}/app has no image v1"


@pytest.mark.parametrize("says", ["NAME_UNKNOWN", "MANIFEST_UNKNOWN"])
def test_a_repository_that_is_not_there(start: Start, tmp_path: Path, says: str) -> None:
    registry = start(answers={"GET /v2/app/manifests/v1": Told(404, _errors(says))})
    answer = _api(tmp_path).exists(f"{registry.host}/app:v1")
    assert answer.existence is Existence.NO_REPOSITORY
    assert "has no repository app" in answer.message


def test_a_login_that_is_wanted(start: Start, tmp_path: Path) -> None:
    registry = start(login=("me", "word"))
    answer = _api(tmp_path).exists(f"{registry.host}/app:v1")
    assert answer.existence is Existence.NOT_ALLOWED
    assert "wants a login" in answer.message
    assert answer.hint == f"docker login {registry.host}"


@pytest.mark.parametrize("by_token", [False, True])
def test_a_login_that_is_wrong(start: Start, tmp_path: Path, by_token: bool) -> None:
    registry = start(login=("me", "word"), by_token=by_token)
    answer = _api(tmp_path, {registry.host: _auth(password="old")}).exists(f"{registry.host}/app:v1")
    assert answer.existence is Existence.NOT_ALLOWED
    assert f"the login for {registry.host} is not allowed to look into" in answer.message


@pytest.mark.parametrize("by_token", [False, True])
def test_a_login_that_is_right(start: Start, tmp_path: Path, by_token: bool) -> None:
    registry = start(login=("me", "word"), by_token=by_token, answers={"GET /v2/app/manifests/v1": Told()})
    api = _api(tmp_path, {registry.host: _auth()})
    assert api.exists(f"{registry.host}/app:v1").existence is Existence.EXISTS
    # Once logged in, it stays so.
    assert api.exists(f"{registry.host}/app:v1").existence is Existence.EXISTS
    assert registry.scopes == (["repository:app:pull"] if by_token else [])
    assert len(registry.asked) == 3


def test_an_identity_token_is_exchanged(start: Start, tmp_path: Path) -> None:
    answers = {"GET /v2/app/manifests/v1": Told()}
    registry = start(login=("me", "word"), by_token=True, identity_token="ident", answers=answers)
    api = _api(tmp_path, {registry.host: {"identitytoken": "ident"}})
    assert api.exists(f"{registry.host}/app:v1").existence is Existence.EXISTS


def test_a_password_does_not_go_to_another_place_in_plain_text(start: Start, tmp_path: Path) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://elsewhere.example/token",service="x"'}
    registry = start(answers={"GET /v2/app/manifests/v1": Told(401, b"", challenge)})
    exchange = Exchange({"DOCKER_CONFIG": str(tmp_path)}, timeout=5)
    exchange._schemes[registry.host] = "https-only"
    assert not exchange._is_safe("http://elsewhere.example/token", registry.host)
    assert exchange._is_safe("https://elsewhere.example/token", registry.host)


def test_nobody_listens(tmp_path: Path) -> None:
    answer = _api(tmp_path).exists(f"127.0.0.1:{free_port()}/app:v1")
    assert answer.existence is Existence.UNREACHABLE
    assert "nothing listens there" in answer.message


def test_a_login_that_cannot_be_read(start: Start, tmp_path: Path) -> None:
    registry = start(login=("me", "word"))
    answer = _api(tmp_path, {registry.host: {"auth": "%"}}).exists(f"{registry.host}/app:v1")
    assert answer.existence is Existence.NOT_ALLOWED
    assert "cannot be read" in answer.message


def test_a_registry_out_of_order_is_not_an_absent_image(start: Start, tmp_path: Path) -> None:
    registry = start(answers={"GET /v2/app/manifests/v1": Told(500, _errors("UNKNOWN", "disk full"))})
    answer = _api(tmp_path).exists(f"{registry.host}/app:v1")
    assert answer.existence is Existence.UNREACHABLE
    assert "status 500 (disk full)" in answer.message
    assert len(registry.asked) == 3


def test_what_fails_for_a_moment_is_asked_again(start: Start, tmp_path: Path) -> None:
    registry = start(answers={"GET /v2/app/manifests/v1": [Told(503), Told(429, b"", {"Retry-After": "1"}), Told()]})
    assert _api(tmp_path).exists(f"{registry.host}/app:v1").existence is Existence.EXISTS


def test_five_answers_have_five_messages(start: Start, tmp_path: Path) -> None:
    there = start(answers={"GET /v2/app/manifests/v1": Told(), "GET /v2/app/tags/list": Told()})
    closed = start(login=("me", "word"))
    uris = [
        f"{there.host}/app:v1",
        f"{there.host}/app:v2",
        f"{there.host}/other:v1",
        f"{closed.host}/app:v1",
        f"127.0.0.1:{free_port()}/app:v1",
    ]
    answers = [_api(tmp_path).exists(uri) for uri in uris]
    assert [answer.existence for answer in answers] == list(Existence)
    assert len({answer.message.replace(answer.uri, "") for answer in answers}) == 5


def test_a_redirect_is_followed_without_the_login(start: Start, tmp_path: Path) -> None:
    elsewhere = start(answers={"GET /there": Told(200, {"os": "linux", "architecture": "arm64"})})
    registry = start(
        login=("me", "word"),
        answers={
            "GET /v2/app/manifests/v1": Told(200, {"mediaType": MANIFEST, "config": {"digest": "sha256:c"}}),
            "GET /v2/app/blobs/sha256:c": Told(307, b"", {"Location": f"http://{elsewhere.host}/there"}),
        },
    )
    assert _api(tmp_path, {registry.host: _auth()}).platforms(f"{registry.host}/app:v1").platforms == ("linux/arm64",)
    assert elsewhere.authorizations == [""]


class TestPlatforms:
    @pytest.mark.parametrize("kind", [INDEX, LIST])
    def test_of_an_index(self, start: Start, tmp_path: Path, kind: str) -> None:
        entries = [
            {"platform": {"os": "linux", "architecture": "amd64"}},
            {"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
            {"platform": {"os": "unknown", "architecture": "unknown"}},
        ]
        answer = Told(200, {"mediaType": kind, "manifests": entries})
        registry = start(answers={"GET /v2/app/manifests/v1": answer})
        offered = _api(tmp_path).platforms(f"{registry.host}/app:v1")
        assert offered.platforms == ("linux/amd64", "linux/arm/v7", "linux/arm64")

    def test_where_nobody_can_say(self, start: Start, tmp_path: Path) -> None:
        offered = _api(tmp_path).platforms(f"127.0.0.1:{free_port()}/app:v1")
        assert offered.platforms is None
        assert "cannot be reached" in offered.message


class TestPushing:
    def test_an_upload_is_begun_and_taken_back(self, start: Start, tmp_path: Path) -> None:
        place = "/v2/team/app/blobs/uploads/1234?_state=x"
        answers = {
            "POST /v2/team/app/blobs/uploads/": Told(202, b"", {"Location": place}),
            "DELETE /v2/team/app/blobs/uploads/1234": Told(204),
        }
        registry = start(answers=answers, login=("me", "word"), by_token=True)
        api = _api(tmp_path, {registry.host: _auth()})
        assert api.may_push(f"{registry.host}/team/app:v1").existence is Existence.EXISTS
        assert registry.asked[-1] == f"DELETE {place}"
        assert registry.scopes == ["repository:team/app:pull,push"]

    def test_who_may_only_pull_is_told(self, start: Start, tmp_path: Path) -> None:
        registry = start(login=("me", "word"), by_token=True, allows="pull")
        answer = _api(tmp_path, {registry.host: _auth()}).may_push(f"{registry.host}/app:v1")
        assert answer.existence is Existence.NOT_ALLOWED
        assert f"is not allowed to push to {registry.host}/app" in answer.message

    def test_a_repository_that_must_be_made_first(self, start: Start, tmp_path: Path) -> None:
        gone = Told(404, _errors("NAME_UNKNOWN", "no such repository"))
        registry = start(answers={"POST /v2/app/blobs/uploads/": gone})
        answer = _api(tmp_path).may_push(f"{registry.host}/app:v1")
        assert (answer.existence, answer.hint) == (Existence.NO_REPOSITORY, "create it there")

    def test_a_registry_that_takes_nothing(self, start: Start, tmp_path: Path) -> None:
        registry = start(answers={"POST /v2/app/blobs/uploads/": Told(405, _errors("UNSUPPORTED", "read only"))})
        answer = _api(tmp_path).may_push(f"{registry.host}/app:v1")
        assert answer.existence is Existence.NOT_ALLOWED
        assert answer.message == f"{registry.host} takes no pushes (read only)"
        assert "name another with --registry" in answer.hint
