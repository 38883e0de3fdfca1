"""Text that a person or a log sees holds no secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.controlplane.redaction import without_secrets

SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%", min_size=8, max_size=40).map(
    lambda text: f"S3{text}"
)
SHAPES = [
    "GET https://bucket.s3.amazonaws.com/a/b.tgz?X-Amz-Signature={} failed",
    "http://127.0.0.1:9000/x?a=1&sig={}",
    "see <https://h/x?{}>",
    "proxy http://me:{}@proxy:3128 refused",
    "authorization: Bearer {}",
    '{{"access_token": "{}", "expires_in": 1}}',
    "client_secret={}&grant_type=x",
    "refresh_token='{}'",
    "https://h/cb#access_token={}",
]


@pytest.mark.parametrize("shape", SHAPES)
@given(secret=SECRET)
def test_no_secret_stays(shape: str, secret: str) -> None:
    assert secret not in without_secrets(shape.format(secret))


@given(secret=SECRET)
def test_a_known_secret_goes_wherever_it_stands(secret: str) -> None:
    assert secret not in without_secrets(f"what about {secret} here", secret, None)


def test_what_a_terminal_would_obey_goes() -> None:
    assert without_secrets("a\x1b[2Jb\rc\x9bd\x07\n\te ü") == "a[2Jbcd\n\te ü"


@pytest.mark.parametrize(
    "text",
    [
        "no such task 'a.b'; did you mean 'a.c'?",
        "https://host/path is not reachable",
        "s3://bucket/key",
        "3 tokens: 1, 2",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text
