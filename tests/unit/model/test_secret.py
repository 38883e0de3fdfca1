"""Secrets: their variables, their hash, and requests for several."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.errors import DeclarationError
from flytectl_py.model.secret import Secret, secrets_of


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"key": "my-secret"}, "MY_SECRET"),
        ({"key": "my-key", "group": "my-group"}, "MY_GROUP_MY_KEY"),
        ({"key": "my-openai-api-key", "as_env_var": "OPENAI_API_KEY"}, "OPENAI_API_KEY"),
        ({"key": "my.key", "as_env_var": "K"}, "K"),
        ({"key": "a", "mount": Path("/etc/flyte/secrets")}, None),
        ({"key": "a", "mount": Path("/etc/flyte/secrets"), "as_env_var": "A"}, "A"),
    ],
)
def test_the_environment_variable(given: dict[str, Any], variable: str | None) -> None:
    assert Secret(**given).as_env_var == variable


# Recorded from Flyte 2.12.1; the hash names a secret across tools.
@pytest.mark.parametrize(
    ("given", "digest"),
    [
        ({"key": "a"}, "b6f2223de5b92f7cf786872ee99483fbed1f61431aa8e0808ab67a84b1ea2be4"),
        ({"key": "a", "group": "g"}, "e9d8ec1fc84a45c689ac055afb30864eaacedc9bcde03122daea0b742c934461"),
        (
            {"key": "my-openai-api-key", "as_env_var": "OPENAI_API_KEY"},
            "e0889f5252e9c71b6d401080222d7e848e33f51fcf75080ec241e60995b212e5",
        ),
        (
            {"key": "a", "mount": Path("/etc/flyte/secrets")},
            "495925c827c4cfb0b66281eec140d45aba2b9d3cc9025167816dda844d50143e",
        ),
        (
            {"key": "a", "group": "g", "mount": Path("/etc/flyte/secrets"), "as_env_var": "X"},
            "2a332600ade1c5049ed5bcccc768dd0f6d5a5e827249d7c41d56991987e20186",
        ),
        (
            {"key": "my-key", "group": "my-group"},
            "63cfa8654e8d5b720b1fc21a41abd31dfcda318f42568ed1537bf67495603969",
        ),
    ],
)
def test_the_stable_hash(given: dict[str, Any], digest: str) -> None:
    assert Secret(**given).stable_hash() == digest


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"key": ""}, "Secret(key=…)"),
        ({"key": "my.key"}, "as_env_var=…"),
        ({"key": "1a"}, "'1A' cannot be"),
        ({"key": "a", "group": ""}, "Secret(group=…)"),
        ({"key": "a", "mount": Path("/x")}, "did you mean '/etc/flyte/secrets'?"),
        ({"key": "a", "as_env_var": "lower-case"}, "did you mean 'LOWER_CASE'?"),
        ({"key": "a", "as_env_var": "1A"}, "first no digit"),
        ({"key": "a", "as_env_var": "A\n"}, "upper-case"),
    ],
)
def test_a_wrong_secret(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        Secret(**given)
    assert said in str(caught.value)


def test_requests_of_every_form() -> None:
    a, b = Secret("a"), Secret("b", as_env_var="X")
    assert secrets_of(None) == ()
    assert secrets_of("a") == (a,)
    assert secrets_of(b) == (b,)
    assert secrets_of(["a", b, a]) == (a, b)


@pytest.mark.parametrize("request_", [1, [1], {"a": "b"}, [None]])
def test_what_is_no_request(request_: Any) -> None:
    with pytest.raises(DeclarationError, match="give a secret's key"):
        secrets_of(request_)


def test_two_secrets_for_one_variable() -> None:
    with pytest.raises(DeclarationError, match=r"MY_KEY; give one another as_env_var"):
        secrets_of(["my-key", "my_key"])


def test_a_secret_travels() -> None:
    secret = Secret("a", group="g")
    assert pickle.loads(pickle.dumps(secret)) == secret
    assert len({secret, Secret("a", group="g")}) == 1
