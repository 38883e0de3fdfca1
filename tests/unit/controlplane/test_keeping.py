"""Where tokens are kept: a file of one's own where there is no keyring; one for each endpoint and client."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from flytectl_py.controlplane.auth.keeping import FileKeeper, keeper_for
from flytectl_py.controlplane.auth.tokens import Token, kept_token, token_of_answer

TOKEN = Token("access", "refresh", 12.5)


@pytest.fixture(autouse=True)
def _no_keyring() -> Iterator[None]:
    import keyring
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(before)


def test_a_token_comes_back_whole(tmp_path: Path) -> None:
    keeper = keeper_for("acme.example.com:443", "person", tmp_path)
    assert keeper.load() is None
    keeper.save(TOKEN)
    assert keeper.load() == TOKEN
    keeper.forget()
    assert keeper.load() is None
    keeper.forget()


def test_each_endpoint_and_client_has_its_own(tmp_path: Path) -> None:
    keeper_for("a:1", "person", tmp_path).save(TOKEN)
    assert keeper_for("a:2", "person", tmp_path).load() is None
    assert keeper_for("a:1", "robot", tmp_path).load() is None


def test_nobody_else_reads_the_file(tmp_path: Path) -> None:
    keeper = keeper_for("../../etc/x", "person", tmp_path)
    assert isinstance(keeper, FileKeeper)
    keeper.save(TOKEN)
    keeper.save(TOKEN)
    (file,) = (tmp_path / ".flyte/credentials").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_file_that_is_broken_or_cannot_be_written_costs_a_log_in_only(tmp_path: Path) -> None:
    keeper = FileKeeper(tmp_path / "x.json")
    large, deep = f'{{"access": "a", "refresh": "", "expires_at": {10**400}}}', "[" * 100_000
    no_header = '{"access": "a\\nb", "refresh": "", "expires_at": 0}'
    for text in ("{", "", "3", "null", '{"access": "", "refresh": "", "expires_at": 0}', large, deep, no_header):
        (tmp_path / "x.json").write_text(text)
        assert keeper.load() is None, text[:60]
    FileKeeper(tmp_path / "x.json" / "y.json").save(TOKEN)


def test_what_a_token_endpoint_answers() -> None:
    assert token_of_answer({"error": "x"}) is None
    assert token_of_answer({"access_token": ""}) is None
    assert token_of_answer({"access_token": "a\r\nx: y"}) is None
    assert token_of_answer({"access_token": "a", "expires_in": "soon"}) == Token("a")
    renewed = token_of_answer({"access_token": "b"}, TOKEN)
    assert renewed == Token("b", "refresh")
    lasting = token_of_answer({"access_token": "a", "expires_in": 3600})
    assert lasting is not None
    assert not lasting.expired
    assert "a" not in repr(Token("a-s3cr3t", "r-s3cr3t")).replace("Token", "").replace("expires_at", "")
    assert kept_token('{"access": "a"}') is None
