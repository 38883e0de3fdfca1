"""Manifests: their order, what they refuse, and the digest's golden values."""

from __future__ import annotations

import hashlib

import pytest

from flytectl_py.digest.framing import encode_record
from flytectl_py.digest.manifest import (
    FileEntry,
    Manifest,
    bundle_digest,
    collisions,
    encode_entry,
    file_entry,
    path_problem,
    short_digest,
)
from flytectl_py.errors import UsageError


def entry(path: str, content: bytes = b"") -> FileEntry:
    return file_entry(path, [content])


def test_entries_are_sorted_by_the_bytes_of_their_paths() -> None:
    paths = ["b", "a/b", "a-b", "a", "é", "Z", "\U0001f40d", "\uffee"]
    paths.remove("a")
    expected = sorted(paths, key=str.encode)
    assert [each.path for each in Manifest(entry(path) for path in paths)] == expected
    assert expected[-1] == "\U0001f40d"


def test_digest_is_sha256_over_the_framed_records() -> None:
    manifest = Manifest([entry("b.py", b"2"), FileEntry("a.sh", True, 1, hashlib.sha256(b"1").hexdigest())])
    expected = hashlib.sha256(encode_record("bundle", {"recipe": 1}))
    for path, executable, content in (("a.sh", True, b"1"), ("b.py", False, b"2")):
        sha256 = hashlib.sha256(content).hexdigest()
        expected.update(encode_record("file", {"path": path, "executable": executable, "size": 1, "sha256": sha256}))
    assert bundle_digest(manifest) == manifest.digest == expected.hexdigest()
    assert len(short_digest(manifest.digest)) == 12
    assert manifest.total_bytes == 2


def test_the_quick_encoding_of_an_entry_is_the_general_one() -> None:
    each = entry("tiny/é.py", b"x" * 1000)
    assert encode_entry(each) == encode_record("file", each._asdict())


def test_no_files_is_an_error() -> None:
    with pytest.raises(UsageError, match="at least one file"):
        Manifest([])


@pytest.mark.parametrize(
    "path", ["", "/a", "../a", "a/../b", "a/..", ".", "./a", "a/.", "a//b", "a/", "a\\b", "a\0", "\udcffa"]
)
def test_paths_that_could_mean_something_else_are_refused(path: str) -> None:
    assert path_problem(path)
    with pytest.raises(UsageError, match="cannot be part of a code bundle") as caught:
        Manifest([entry("ok.py"), FileEntry(path, False, 0, "0" * 64)])
    assert caught.value.hint
    caught.value.where.encode()  # printable, whatever the name


@pytest.mark.parametrize("path", ["a", ".a", "..a", "a..", ".a/..b", "...", "a b", "a:b", "a\nb", "é", "e\u0301", "-"])
def test_other_paths_are_taken_as_they_are(path: str) -> None:
    assert path_problem(path) == ""
    assert Manifest([entry(path)]).entries[0].path == path


def test_a_path_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="'a' is in the code bundle twice"):
        Manifest([entry("a", b"1"), entry("b"), entry("a", b"2")])


def test_a_file_that_is_also_a_folder_is_refused() -> None:
    with pytest.raises(UsageError, match="'a/b' is both a file and a folder"):
        Manifest([entry("a/b"), entry("a/b!"), entry("a/b/c/d")])


def test_an_entry_without_a_hash_is_refused() -> None:
    with pytest.raises(UsageError, match="has no SHA-256"):
        Manifest([FileEntry("a", False, 0, "")])


def test_a_recipe_of_the_future_is_refused() -> None:
    with pytest.raises(UsageError, match="recipe 2 is not known"):
        Manifest([entry("a")], recipe_version=2)


def test_an_entry_is_hashed_from_its_chunks() -> None:
    assert file_entry("a", iter([b"ab", b"", b"c"]), executable=True) == FileEntry(
        "a", True, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a", "b"], []),
        (["a/README", "a/readme", "b"], [("a/README", "a/readme")]),
        (["\u00e9", "e\u0301"], [("e\u0301", "\u00e9")]),
        (["A", "a/b"], [("A", "a/b")]),
        (["A/x", "a/y"], []),
    ],
)
def test_names_that_not_every_file_system_tells_apart(paths: list[str], expected: list[tuple[str, ...]]) -> None:
    assert collisions(paths) == expected
