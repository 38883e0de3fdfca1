"""Secrets of a build that are files."""

from __future__ import annotations

from pathlib import Path

import pytest

from flytectl_py.engines.secrets import build_secrets
from flytectl_py.errors import DeclarationError, NotReadyError
from flytectl_py.model.ported_layers import FileSecret
from flytectl_py.model.secret import Secret


def test_the_content_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pins").write_bytes(b"\xff\n")
    monkeypatch.setenv("TOKEN", "x")
    secrets = {
        "a": FileSecret.at("/etc/pins", str(tmp_path / "pins")),
        "b": FileSecret.at("/etc/pins", str(tmp_path / "nowhere")),
        "c": Secret("token"),
    }
    assert build_secrets(secrets, str(tmp_path)) == {"a": b"\xff\n", "c": b"x"}


def test_what_is_there_and_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"which the build would see at /etc/pins, cannot be read"):
        build_secrets({"a": FileSecret.at("/etc/pins", str(tmp_path))}, str(tmp_path))


def test_where_it_is_seen_is_what_it_is() -> None:
    assert FileSecret.at("/a/b", "one") == FileSecret.at("/a/b", "two") != FileSecret.at("/a/c", "one")
    with pytest.raises(DeclarationError, match="name the file"):
        FileSecret.at("/a/b", "")
