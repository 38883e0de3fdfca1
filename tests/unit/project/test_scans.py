"""Findings by content, remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from flytectl_py.plan.imports import Import
from flytectl_py.project.scans import Scans

FOUND = (Import("a.b", ("x", "y"), 1, 7, "lazy"),)


def test_what_was_found_is_known_to_the_next_process(tmp_path: Path) -> None:
    scans = Scans(tmp_path / "deep" / "scans.json")
    assert (scans.imports("1"), scans.credentials("1")) == (None, None)
    scans.remember_imports("1", FOUND)
    scans.remember_imports("2", ())
    scans.remember_credentials("1", "")
    scans.save()
    again = Scans(tmp_path / "deep" / "scans.json")
    assert (again.imports("1"), again.imports("2"), again.credentials("1")) == (FOUND, (), "")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b'{"format": 2}', b"\xff"])
def test_a_damaged_file_counts_as_empty(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scans.json").write_bytes(content)
    scans = Scans(tmp_path / "scans.json")
    assert scans.imports("1") is None
    scans.remember_imports("1", FOUND)
    scans.save()
    assert Scans(tmp_path / "scans.json").imports("1") == FOUND


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    scans = Scans(tmp_path / "file" / "scans.json")
    scans.remember_imports("1", FOUND)
    scans.save()
    Scans(None).save()
