from __future__ import annotations

import base64

import pytest

from flytectl_py.errors import NotReadyError
from flytectl_py.runtime.arguments import read_arguments
from flytectl_py.runtime.link import settings_of

WORDS = ["-i", "in", "-o", "out", "-v", "v1", "--resolver", "r.R"]


def test_the_control_plane_that_the_cluster_names() -> None:
    found = settings_of(read_arguments(WORDS, {"_U_EP_OVERRIDE": "dns:///host:81", "_U_INSECURE": "true"}))
    assert (found.endpoint, found.insecure, found.headless, found.api_key) == ("dns:///host:81", True, True, None)


def test_an_api_key_logs_in_and_may_name_the_control_plane() -> None:
    key = base64.b64encode(b"dns:///host:id:secret:acme").decode()
    named = settings_of(read_arguments(WORDS, {"_UNION_EAGER_API_KEY": key}))
    assert (named.endpoint, named.api_key) == ("dns:///host", key)
    other = settings_of(read_arguments(WORDS, {"_UNION_EAGER_API_KEY": key, "_U_EP_OVERRIDE": "dns:///other"}))
    assert other.endpoint == "dns:///other"


def test_nothing_that_names_one() -> None:
    with pytest.raises(NotReadyError, match="_U_EP_OVERRIDE"):
        settings_of(read_arguments(WORDS, {}))
