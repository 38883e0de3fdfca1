"""Properties of the encoding, of bundle digests and of archives, for any input."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from flytectl_py.digest.framing import encode
from flytectl_py.digest.manifest import Manifest, file_entry, path_problem
from flytectl_py.errors import BundleError, UsageError
from flytectl_py.storage import gzip_stream
from flytectl_py.storage.archive import opener, write_archive
from flytectl_py.storage.extract import extract, read_header, verify
from flytectl_py.storage.hashing import hash_files
from flytectl_py.storage.limits import Limits
from flytectl_py.storage.tar_format import END, file_header, global_header

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
PARTS = st.text("ab.é\u0301-~ \n🐍", min_size=1, max_size=3).filter(lambda part: part not in {".", ".."})
LONG_PARTS = st.sampled_from(["n" * 99, "é" * 55, "m" * 120])
FILE_PATHS = st.lists(PARTS | LONG_PARTS, min_size=1, max_size=4).map("/".join)
FILES = st.tuples(st.binary(max_size=700), st.booleans())


def fits(paths: Any) -> bool:
    folders = {str(parent) for path in paths for parent in Path(path).parents}
    return not folders & set(paths)


TREES = st.dictionaries(FILE_PATHS, FILES, min_size=1, max_size=5).filter(fits)
Tree = dict[str, tuple[bytes, bool]]


def manifest_of(tree: Tree) -> Manifest:
    return Manifest(file_entry(path, [data], executable=executable) for path, (data, executable) in tree.items())


def packed(tree: Tree) -> bytes:
    out = io.BytesIO()
    write_archive(manifest_of(tree), lambda path: io.BytesIO(tree[path][0]), out)
    return out.getvalue()


def decode(data: bytes) -> tuple[Any, bytes]:
    """Read one value back: what can be read back in one way only was written without ambiguity."""
    colon = data.index(b":")
    end = colon + 1 + int(data[1:colon])
    payload, rest = data[colon + 1 : end], data[end:]
    match data[:1]:
        case b"n":
            return None, rest
        case b"b":
            return payload == b"1", rest
        case b"i":
            return int(payload), rest
        case b"s":
            return payload.decode(), rest
        case b"x":
            return payload, rest
    items = []
    while payload:
        item, payload = decode(payload)
        items.append(item)
    return (items if data[:1] == b"l" else dict(zip(items[::2], items[1::2], strict=True))), rest


@given(VALUES, st.binary(max_size=5))
def test_an_encoding_can_be_read_back(value: Any, rest: bytes) -> None:
    found, left = decode(encode(value) + rest)
    assert repr(found) == repr(_sorted(value))
    assert left == rest


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=str.encode)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


@given(TREES, st.randoms(use_true_random=False))
def test_the_order_of_listing_changes_nothing(tree: Tree, random: Any) -> None:
    shuffled = list(tree.items())
    random.shuffle(shuffled)
    assert manifest_of(dict(shuffled)).digest == manifest_of(tree).digest
    assert packed(dict(shuffled)) == packed(tree)


@given(TREES, TREES)
@example({"a/b.py": (b"", False)}, {"ab.py": (b"", False)})
@example({"ab/c.py": (b"", False)}, {"a/bc.py": (b"", False)})
@example({"a": (b"1", False), "b": (b"", False)}, {"a": (b"", False), "b": (b"1", False)})
@example({"a": (b"", True), "b": (b"", False)}, {"a": (b"", False), "b": (b"", True)})
@example({"é": (b"", False)}, {"e\u0301": (b"", False)})
def test_different_trees_have_different_digests(one: Tree, other: Tree) -> None:
    assert (manifest_of(one).digest == manifest_of(other).digest) is (one == other)


@given(TREES, st.data())
def test_any_change_changes_the_digest(tree: Tree, data: Any) -> None:
    path = data.draw(st.sampled_from(sorted(tree)))
    content, executable = tree[path]
    change = data.draw(st.sampled_from(["content", "mode", "path", "remove", "add"]))
    changed = dict(tree)
    match change:
        case "content":
            changed[path] = (data.draw(st.binary(max_size=700)), executable)
        case "mode":
            changed[path] = (content, not executable)
        case "remove":
            del changed[path]
        case _:
            changed[data.draw(FILE_PATHS)] = changed[path]
            if change == "path":
                del changed[path]
    assume(changed and changed != tree and fits(changed))
    assert manifest_of(changed).digest != manifest_of(tree).digest


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(TREES, st.data())
def test_the_surroundings_change_nothing(tree: Tree, data: Any) -> None:
    """Times, umask and other permission bits, folder, creation order, empty folders."""
    digests = set()
    for _ in range(2):
        with tempfile.TemporaryDirectory(prefix=data.draw(st.sampled_from(["x", "é", "a b"]))) as folder:
            root = Path(folder) / data.draw(st.sampled_from(["one", "two/three"]))
            umask = os.umask(data.draw(st.sampled_from([0o022, 0o077, 0o002])))
            try:
                for path in data.draw(st.permutations(sorted(tree))):
                    file = root / path
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(tree[path][0])
                    file.chmod(
                        data.draw(st.sampled_from([0o700, 0o755, 0o744] if tree[path][1] else [0o600, 0o644, 0o666]))
                    )
                    time_ns = data.draw(st.integers(0, 2**60))
                    os.utime(file, ns=(time_ns, time_ns))
                if data.draw(st.booleans()):
                    (root / "empty folder").mkdir()
            finally:
                os.umask(umask)
            manifest = hash_files(root, data.draw(st.permutations(sorted(tree))))
            out = io.BytesIO()
            digests.add((write_archive(manifest, opener(root), out).sha256, manifest.digest))
    assert digests == {(next(iter(digests))[0], manifest_of(tree).digest)}


@pytest.mark.parametrize("compressor", ["isal", "zlib"])
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], max_examples=40)
@given(tree=TREES)
def test_there_and_back(tree: Tree, compressor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        if compressor == "zlib":
            patch.setattr(gzip_stream, "isal_zlib", None)
        data, into = packed(tree), Path(folder) / "code"
        manifest = manifest_of(tree)
        assert read_header(io.BytesIO(data)) == (manifest.digest, 1)
        assert verify(io.BytesIO(data)) == extract(io.BytesIO(data), into, manifest.digest) == manifest
        assert hash_files(into, tree).digest == manifest.digest
        assert {str(path.relative_to(into)) for path in into.rglob("*") if path.is_file()} == set(tree)


SOUND = gzip.decompress(packed({"a.py": (b"1" * 600, False), "é" * 60 + "/b": (b"2", True)}))
SMALL = Limits(files=50, total_bytes=1 << 20)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4),
    st.booleans(),
)
def test_changed_archives_stay_inside_or_are_refused(changes: list[tuple[int, bytes]], repair: bool) -> None:
    data = bytearray(SOUND)
    for at, patch in changes:
        data[at : at + len(patch)] = patch
    if repair:  # so that it is not the checksum that stops it
        for at in range(0, len(data) - 511, 512):
            if data[at + 257 : at + 262] == b"ustar":
                data[at + 148 : at + 156] = b" " * 8
                data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    _stays_inside(gzip.compress(bytes(data), 1))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(
    st.lists(
        st.tuples(st.text("./\\a\0", max_size=12), st.binary(max_size=5), st.sampled_from("0125gxL7S")), max_size=4
    ),
    st.booleans(),
)
def test_hostile_archives_stay_inside_or_are_refused(members: list[tuple[str, bytes, str]], end: bool) -> None:
    tar = b""
    for path, content, kind in members:
        block = bytearray(file_header(path, len(content), executable=False))
        block[156:157] = kind.encode()
        block[157:170] = b"/etc/passwd\0\0"
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        tar += bytes(block) + content.ljust(512 if content else 0, b"\0")
    _stays_inside(gzip.compress(tar + (END if end else b""), 1))


@settings(max_examples=200)
@given(st.binary(max_size=300) | st.binary(max_size=50).map(lambda rest: packed({"a": (b"", False)})[:40] + rest))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        verify(io.BytesIO(data))


def _stays_inside(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "outer" / "code"
        try:
            extract(io.BytesIO(data), into, limits=SMALL)
        except BundleError:
            assert not into.exists()
        assert {path.name for path in Path(folder).iterdir()} <= {"outer"}
        assert {path.name for path in (Path(folder) / "outer").glob("*")} <= {"code"}
        assert not any(path.is_symlink() for path in into.rglob("*"))


@given(st.text(max_size=12) | st.text("./\\a\0", max_size=8))
def test_an_accepted_path_stays_below_the_root(path: str) -> None:
    if path_problem(path):
        with pytest.raises(UsageError):
            Manifest([file_entry(path, [])])
    else:
        assert os.path.normpath(os.path.join("/root/of/it", path)) == "/root/of/it/" + path
        assert global_header(Manifest([file_entry(path, [])]).digest, 1)
