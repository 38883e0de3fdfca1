"""Calls over TLS, by certificates that are known, unknown or not asked for, and through proxies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flyteidl2.project.project_service_pb2 import ListProjectsRequest
from flyteidl2.workflow.run_service_pb2 import WatchRunDetailsRequest

from flytectl_py.config.resolution import Settings
from flytectl_py.controlplane.api import NotReachedError
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.uploads import Destination
from flytectl_py.engines.uploading import upload
from flytectl_py.errors import NotReadyError
from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.faults import Late
from tests.support.tls_proxy import encrypted, make_certificate, proxy
from tests.unit.support.test_control_plane import RUN, created


def port_of(plane: ControlPlaneServer) -> int:
    return int(plane.url.rpartition(":")[2])


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secure(plane: ControlPlaneServer, certificates: tuple[Path, Path]) -> Iterator[str]:
    with encrypted(port_of(plane), certificates[1]) as port:
        yield f"localhost:{port}"


async def projects(settings: Settings) -> list[str]:
    async with ControlPlane.connect(settings) as client:
        found = await client.projects.list_projects(ListProjectsRequest(limit=10))
        return [each.name for each in found.projects.projects]


def asked(**said: Any) -> list[str]:
    return asyncio.run(projects(Settings(rpc_retries=0, **said)))


PROJECTS = ["flytesnacks", "default"]


@pytest.mark.parametrize("form", ["{}", "dns:///{}", "https://{}", "https://{}/"])
def test_a_certificate_of_ones_own(secure: str, certificates: tuple[Path, Path], form: str) -> None:
    assert asked(endpoint=form.format(secure), ca_cert_file_path=str(certificates[0])) == PROJECTS


def test_a_certificate_that_nobody_knows(secure: str) -> None:
    with pytest.raises(NotReachedError, match=r"(?i)certificate"):
        asked(endpoint=secure)


def test_a_certificate_that_nobody_asks_for(secure: str) -> None:
    assert asked(endpoint=secure.replace("localhost", "127.0.0.1"), insecure_skip_verify=True) == PROJECTS


def test_plain_where_encryption_is_spoken(plane: ControlPlaneServer) -> None:
    with pytest.raises(NotReachedError, match="InvalidContentType"):
        asked(endpoint=f"https://127.0.0.1:{port_of(plane)}")


def test_a_stream_without_a_look_at_certificates(plane: ControlPlaneServer, secure: str) -> None:
    async def phases() -> list[int]:
        async with ControlPlane.connect(Settings(endpoint=secure, insecure_skip_verify=True)) as client:
            await client.runs.create_run(created(plane))
            watched = client.runs.watch_run_details(WatchRunDetailsRequest(run_id=RUN))
            return [each.details.action.status.phase async for each in watched]

    assert asyncio.run(phases())[-1] == 5


def test_a_call_without_a_look_at_certificates_gives_way_to_cancellation(
    plane: ControlPlaneServer, secure: str
) -> None:
    plane.fail("ProjectService.ListProjects", Late(20))

    async def main() -> None:
        async with asyncio.timeout(0.5):
            await projects(Settings(endpoint=secure, insecure_skip_verify=True))

    with pytest.raises(TimeoutError):
        asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("nothing of the kind", "holds none in PEM form"),
        ("-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n", "holds one that cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nTUlJ", "holds one that cannot be read"),
    ],
)
def test_a_file_of_certificates_that_is_none(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(NotReadyError, match=said) as raised:
        asked(endpoint="localhost:1", ca_cert_file_path=str(path))
    assert raised.value.where == str(path)


@pytest.mark.parametrize("skip", [False, True])
def test_an_upload_trusts_whom_calls_trust(
    plane: ControlPlaneServer, secure: str, certificates: tuple[Path, Path], skip: bool
) -> None:
    plane.url = f"https://{secure}"  # what it signs
    said = {"insecure_skip_verify": True} if skip else {"ca_cert_file_path": str(certificates[0])}

    async def main() -> str:
        async with ControlPlane.connect(Settings(endpoint=secure, **said)) as client:  # type: ignore[arg-type]
            return (await upload(client, b"x", Destination("o", "p", "d", "x.bin"))).uri

    assert asyncio.run(main()) == "s3://bucket/x.bin"


@pytest.mark.parametrize("skip", [False, True])
def test_a_proxy_for_plain_requests(plane: ControlPlaneServer, skip: bool) -> None:
    with proxy() as between:
        url = f"http://me:pr0xy@127.0.0.1:{between.port}"
        assert asked(endpoint=plane.url, http_proxy_url=url, insecure_skip_verify=skip) == PROJECTS
    assert between.asked[0].startswith(f"POST {plane.url}/")
    assert between.known == ["me:pr0xy"]


@pytest.mark.parametrize("skip", [False, True])
def test_an_upload_takes_the_proxy_that_calls_take(plane: ControlPlaneServer, skip: bool) -> None:
    async def main(proxy_url: str) -> str:
        settings = Settings(endpoint=plane.url, http_proxy_url=proxy_url, insecure_skip_verify=skip)
        async with ControlPlane.connect(settings) as client:
            return (await upload(client, b"x", Destination("o", "p", "d", "x.bin"))).uri

    with proxy() as between:
        assert asyncio.run(main(f"http://me:pr0xy@127.0.0.1:{between.port}")) == "s3://bucket/x.bin"
    assert [each.partition(" ")[0] for each in between.asked].count("PUT") == 1
    assert set(between.known) == {"me:pr0xy"}


def test_a_proxy_for_encrypted_ones(secure: str, certificates: tuple[Path, Path]) -> None:
    with proxy() as between:
        url = f"http://127.0.0.1:{between.port}"
        assert asked(endpoint=secure, ca_cert_file_path=str(certificates[0]), http_proxy_url=url) == PROJECTS
        assert asked(endpoint=secure, insecure_skip_verify=True, http_proxy_url=url) == PROJECTS
    assert between.asked == [f"CONNECT {secure}"] * 2


def test_a_proxy_of_the_environment(plane: ControlPlaneServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy() as between:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{between.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{between.port}")
        asked(endpoint=plane.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        asked(endpoint=plane.url)
    assert len(between.asked) == 1
