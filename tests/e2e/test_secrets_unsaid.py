"""No secret and no query of a signed URL in what commands print, however much they are asked to say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.faults import Status
from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import flyte

env = flyte.TaskEnvironment(name="app", image="ghcr.io/acme/base:1")


@env.task
def main() -> int:
    return 1
"""


@pytest.mark.parametrize("command", [["run", "app.py", "main"], ["deploy", "app.py"]])
@pytest.mark.parametrize("refused", [False, True])
def test_a_signed_url_stays_where_it_is(
    project: MakeProject, plane: ControlPlaneServer, command: list[str], refused: bool
) -> None:
    plane.accepted_tokens = {"opaque-t0ken"}
    if refused:
        plane.fail("PUT", *[Status(403, {}, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")] * 3)
    env = {"FLYTE_API_KEY": "opaque-t0ken", "FLYTE_LOG_LEVEL": "debug", "FLYTE_HTTP_PROXY_URL": None}
    result = project({"app.py": APP}).flyte(*command, "-vv", "--endpoint", plane.url, env=env)
    assert result.code == (3 if refused else 0), str(result)
    assert len(plane.asked("PUT")) >= 1
    said = result.out + result.err
    assert "s3cr3t" not in said
    assert "X-Signature" not in said
    assert "opaque-t0ken" not in said
