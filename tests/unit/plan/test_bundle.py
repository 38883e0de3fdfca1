"""Limits, copy styles and the one line that tells of a bundle."""

from __future__ import annotations

import pytest

from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.errors import UsageError
from flytectl_py.plan.bundle import (
    HARD_LIMIT,
    SOFT_LIMIT,
    BundlePlan,
    Candidate,
    Left,
    check_size,
    checked_copy_style,
    left_out_summary,
    look_alikes,
    shown_size,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10 * 1024, "10 KiB"), (214 * 1024, "214 KiB"),
     (1023 * 1024, "1.0 MiB"), (60 << 20, "60 MiB"), (3 << 30, "3.0 GiB")],
)  # fmt: skip
def test_sizes_are_read_at_a_glance(size: int, text: str) -> None:
    assert shown_size(size) == text


def test_the_limits_count_all_files_and_hold_exactly() -> None:
    assert check_size([Candidate("a", SOFT_LIMIT - 1, ""), Candidate("b", 1, "")]) == ""
    assert "more than 50 MiB" in check_size([Candidate("a", SOFT_LIMIT, ""), Candidate("b", 1, "")])
    assert check_size([Candidate("d/a", HARD_LIMIT, "")])
    with pytest.raises(UsageError, match=r"the limit is 2\.0 GiB"):
        check_size([Candidate("d/a", HARD_LIMIT, ""), Candidate("b", 1, "")])


def test_the_heaviest_are_folders_of_the_first_two_levels() -> None:
    files = [Candidate(f"data/big/{n}/x", HARD_LIMIT // 2, "") for n in range(3)] + [Candidate("top.bin", 2048, "")]
    with pytest.raises(UsageError) as caught:
        check_size(files)
    assert "3.0 GiB  data/big/" in caught.value.message
    assert "2.0 KiB  top.bin" in caught.value.message
    assert "echo '/data/big/' >> .flyteignore" in caught.value.hint


def test_names_that_some_file_systems_take_for_one() -> None:
    assert look_alikes(["a/x.py", "b/x.py", "A/y.py", "é.txt", "e.txt"]) == []
    said = "are one file where case and Unicode form of names do not count"
    assert look_alikes(["d/a.txt", "d/A.txt", "e\u0301", "\u00e9", "É"]) == [
        f"'d/A.txt' and 'd/a.txt' {said}",
        f"'e\u0301' and 'É' {said}",
        f"'e\u0301' and '\u00e9' {said}",
    ]


def test_what_is_left_out_is_counted_by_rule() -> None:
    left = [
        Left("a.log", ".gitignore:1"),
        Left("sub/b.log", "sub/.gitignore:7"),
        Left("x/.venv", "built-in: hidden folder", is_dir=True),
        Left("key.pem", "credentials: holds a private key"),
        Left("pipe", "not a regular file"),
    ]
    assert left_out_summary(left) == "5 left out (.gitignore 2, .venv 1, credentials 1, not a regular file 1)"


def test_the_summary_counts_files_and_bytes() -> None:
    entry = FileEntry("app.py", executable=False, size=1500, sha256="0" * 64)
    plan = BundlePlan("/x", "all", Manifest([entry]), {"app.py": "entry"}, (), ())
    assert plan.summary == "1 file, 1.5 KiB"
    assert plan._replace(excluded=(Left("a", ".gitignore:1"),)).summary == "1 file, 1.5 KiB; 1 left out (.gitignore 1)"


def test_copy_styles_by_name() -> None:
    assert [checked_copy_style(each, "--copy-style") for each in ("auto", "loaded-modules", "all", "none")] == [
        "loaded_modules",
        "loaded_modules",
        "all",
        "none",
    ]
    with pytest.raises(UsageError, match="loaded_modules"):
        checked_copy_style("everything", "--copy-style")
