"""Files on their way to a control plane's storage, with what can go wrong there."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.config.resolution import Settings
from flytectl_py.controlplane.api import AlreadyExistsError
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.uploads import Destination
from flytectl_py.engines.uploading import upload
from flytectl_py.errors import UsageError
from flytectl_py.storage.api import PutResult, StoreUnavailableError
from flytectl_py.storage.signed_url import ASK_FROM
from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.faults import ALREADY_EXISTS, BAD_MD5, UNAVAILABLE, Reset, Status

TO = Destination("acme", "flytesnacks", "development", "code.tar.gz", "f00")
SMALL = b"print('hello')\n"
LARGE = bytes(range(256)) * (ASK_FROM // 256)
CREATE = "DataProxyService.CreateUploadLocation"


def sent(plane: ControlPlaneServer, content: Path | bytes, **options: Any) -> PutResult:
    async def main() -> PutResult:
        async with ControlPlane.connect(Settings(endpoint=plane.endpoint, insecure=True)) as client:
            return await upload(client, content, TO, **options)

    return asyncio.run(main())


def test_the_request_is_that_of_the_recordings(plane: ControlPlaneServer, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(SMALL)
    told: list[tuple[int, int]] = []
    result = sent(plane, tmp_path / "x", progress=lambda done, whole: told.append((done, whole)))
    assert result == PutResult("s3://bucket/f00/code.tar.gz", uploaded=True)
    assert plane.methods() == ["ClusterService.SelectCluster", CREATE, "PUT"]
    assert plane.asked("ClusterService.SelectCluster")[0].json == {
        "operation": "OPERATION_CREATE_UPLOAD_LOCATION",
        "project_id": {"organization": "acme", "name": "flytesnacks", "domain": "development"},
    }
    assert plane.asked(CREATE)[0].json == {
        "add_content_md5_metadata": True,
        "content_md5": base64.b64encode(hashlib.md5(SMALL).digest()).decode(),
        "domain": "development",
        "expires_in": "900s",
        "filename": "code.tar.gz",
        "filename_root": "f00",
        "org": "acme",
        "project": "flytesnacks",
    }
    assert plane.blobs == {"f00/code.tar.gz": SMALL}
    assert told[-1] == (len(SMALL), len(SMALL))


def test_what_is_there_already_is_not_sent(plane: ControlPlaneServer) -> None:
    assert sent(plane, LARGE).uploaded
    plane.calls.clear()
    assert sent(plane, LARGE) == PutResult("s3://bucket/f00/code.tar.gz", uploaded=False)
    assert plane.asked("PUT") == []


def test_other_content_of_that_name_is_sent(plane: ControlPlaneServer) -> None:
    plane.blobs["f00/code.tar.gz"] = LARGE[::-1]
    assert sent(plane, LARGE).uploaded
    assert plane.blobs["f00/code.tar.gz"] == LARGE


@pytest.mark.parametrize("trouble", [BAD_MD5, Reset(after=300_000), Status(500), Status(503, {"Retry-After": "0"})])
def test_a_passing_fault_is_outlived(plane: ControlPlaneServer, trouble: Any) -> None:
    plane.fail("HEAD", Status(403))  # most URLs are good for their PUT only
    plane.fail("PUT", trouble)
    assert sent(plane, LARGE).uploaded
    assert plane.blobs["f00/code.tar.gz"] == LARGE


def test_a_url_that_has_expired_is_asked_for_again(plane: ControlPlaneServer) -> None:
    plane.fail(
        "PUT", Status(403, {}, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
    )
    plane.fail(CREATE, UNAVAILABLE)
    assert sent(plane, SMALL).uploaded
    assert len(plane.asked(CREATE)) == 3


def test_no_secret_is_told(plane: ControlPlaneServer, caplog: pytest.LogCaptureFixture) -> None:
    plane.fail("PUT", Status(403, {}, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"))
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreUnavailableError, match="access is denied") as raised:
        sent(plane, SMALL)
    assert raised.value.exit_code == 3
    logged = [each.getMessage() for each in caplog.records if not each.name.startswith("uvicorn")]  # the server's own
    assert "s3cr3t" not in f"{logged} {raised.value} {raised.value.where}"
    assert any("CreateUploadLocation" in each for each in logged)


def test_a_name_that_is_taken(plane: ControlPlaneServer) -> None:
    plane.fail(CREATE, ALREADY_EXISTS)
    with pytest.raises(AlreadyExistsError):
        sent(plane, SMALL)


def test_no_such_file(plane: ControlPlaneServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        sent(plane, tmp_path / "none")
    assert plane.calls == []
