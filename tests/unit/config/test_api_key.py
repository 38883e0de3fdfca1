"""What an API key says."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.config.api_key import ApiKey, read_api_key


def key(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "endpoint", ["acme.example.com", "acme.example.com:443", "dns:///acme:8080", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("org", ["acme", "", "None"])
def test_the_form_of_the_ecosystem(endpoint: str, org: str) -> None:
    assert read_api_key(f" {key(f'{endpoint}:id:secret:{org}')}\n") == ApiKey(
        endpoint, "id", "secret", "" if org == "None" else org
    )


@pytest.mark.parametrize("text", ["opaque", "a.b.c", key("a:b:c"), key("a::c:d"), key("a:b:c\n:d"), "", "ä"])
def test_another_kind_of_key(text: str) -> None:
    assert read_api_key(text) is None


@given(st.text())
def test_any_text_is_a_key_or_none(text: str) -> None:
    found = read_api_key(text)
    assert found is None or all(found[:3])
