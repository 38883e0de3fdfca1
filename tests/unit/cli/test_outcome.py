"""Errors of the operating system as they are said: codes of ours, whatever Python calls them."""

from __future__ import annotations

import errno

import pytest

from flytectl_py.cli.outcome import of_os_error


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, "PermissionError"),
        (errno.EPERM, "PermissionError"),
        (errno.EROFS, "PermissionError"),
        (errno.ENOSPC, "NoSpaceError"),
        (errno.EDQUOT, "NoSpaceError"),
        (errno.ENOENT, "FileNotFoundError"),
        (errno.ENOTDIR, "OSError"),
        (errno.EISDIR, "OSError"),
        (errno.EEXIST, "OSError"),
        (errno.ECONNREFUSED, "OSError"),
        (errno.EIO, "OSError"),
    ],
)
def test_a_code_follows_from_the_number(number: int, code: str) -> None:
    said = of_os_error(OSError(number, "the reason", "/data/file"))
    assert (said.code, said.message, said.where) == (code, "cannot use /data/file: the reason", "/data/file")


def test_rights_and_room_have_a_next_step() -> None:
    assert of_os_error(OSError(errno.EACCES, "no", "/data/file")).hint.endswith("ls -ld /data/file")
    assert "flyte gc" in of_os_error(OSError(errno.ENOSPC, "full", "/data/file")).hint


def test_an_error_without_a_file_or_a_number_is_said_all_the_same() -> None:
    assert of_os_error(OSError(errno.ENOSPC, "full")).message == "full"
    assert of_os_error(OSError("odd")).message == "odd"
    assert of_os_error(OSError()).message == "OSError"
