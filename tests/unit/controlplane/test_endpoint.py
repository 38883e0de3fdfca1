"""The forms in which people write where a control plane answers."""

from __future__ import annotations

import pytest

from flytectl_py.controlplane.endpoint import endpoint_of


@pytest.mark.parametrize(
    ("written", "insecure", "url", "host"),
    [
        ("acme.example.com", False, "https://acme.example.com", "acme.example.com"),
        ("acme.example.com:443", False, "https://acme.example.com:443", "acme.example.com:443"),
        ("dns:///acme.example.com:8080", True, "http://acme.example.com:8080", "acme.example.com:8080"),
        ("dns:///acme.example.com", False, "https://acme.example.com", "acme.example.com"),
        ("http://acme:80/", False, "http://acme:80", "acme:80"),
        ("https://acme", True, "https://acme", "acme"),
        ("[::1]:8080", True, "http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_every_form_is_one_url(written: str, insecure: bool, url: str, host: str) -> None:
    found = endpoint_of(written, insecure=insecure)
    assert (found.url, found.host, found.written) == (url, host, written)
    assert found.encrypted == url.startswith("https")


@pytest.mark.parametrize(
    ("written", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("http://127.example.com", False),
    ],
)
def test_what_never_leaves_the_machine(written: str, here: bool) -> None:
    assert endpoint_of(written).on_this_machine == here
