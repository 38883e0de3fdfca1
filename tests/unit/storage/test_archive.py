"""Writing archives: what is in them, who can read them, and files that change meanwhile."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from flytectl_py.digest.manifest import FileEntry, Manifest, file_entry
from flytectl_py.errors import BundleError, FileChangedError
from flytectl_py.storage import gzip_stream
from flytectl_py.storage.archive import opener, write_archive
from flytectl_py.storage.limits import Limits

CONTENTS = {
    "app.py": b"print(1)\n",
    "bin/run": b"#!/bin/sh\n",
    "deep/" * 30 + "er.py": b"x" * 512,
    "n" * 120 + "/" + "m" * 120: b"",
    "größe/日本.txt": "é".encode(),
    "large.bin": os.urandom(3_000_000),
}


def manifest_of(contents: dict[str, bytes]) -> Manifest:
    return Manifest(file_entry(path, [data], executable=path == "bin/run") for path, data in contents.items())


def packed(contents: dict[str, bytes], manifest: Manifest | None = None) -> bytes:
    out = io.BytesIO()
    info = write_archive(manifest or manifest_of(contents), lambda path: io.BytesIO(contents[path]), out)
    assert (info.bytes, info.sha256) == (len(out.getvalue()), hashlib.sha256(out.getvalue()).hexdigest())
    return out.getvalue()


def test_python_reads_it() -> None:
    manifest = manifest_of(CONTENTS)
    with tarfile.open(fileobj=io.BytesIO(packed(CONTENTS))) as tar:
        assert tar.pax_headers == {"FLYTECTL.bundle-digest": manifest.digest, "FLYTECTL.bundle-recipe": "1"}
        members = tar.getmembers()
        assert [member.name for member in members] == [entry.path for entry in manifest]
        for member in members:
            extracted = tar.extractfile(member)
            assert extracted
            assert extracted.read() == CONTENTS[member.name]
            assert member.isreg()
            assert member.mtime == 315532800
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.mode == (0o755 if member.name == "bin/run" else 0o644)


@pytest.mark.skipif(shutil.which("tar") is None, reason="there is no tar program here")
def test_the_tar_program_reads_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(packed(CONTENTS))
    done = subprocess.run(
        ["tar", "-xzf", "x.tar.gz"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert done.stderr == ""
    assert {path: (tmp_path / path).read_bytes() for path in CONTENTS} == CONTENTS
    assert os.access(tmp_path / "bin/run", os.X_OK)
    assert not os.access(tmp_path / "app.py", os.X_OK)


def test_the_gzip_header_says_nothing_of_this_machine() -> None:
    assert packed({"a": b"1"})[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def test_equal_manifests_give_equal_bytes() -> None:
    assert packed(CONTENTS) == packed(dict(reversed(CONTENTS.items())))


def test_the_digest_does_not_depend_on_the_compressor(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("isal", reason="no wheel of isal for this platform")
    fast = packed(CONTENTS)
    monkeypatch.setattr(gzip_stream, "isal_zlib", None)
    plain = packed(CONTENTS)
    assert fast != plain
    assert gzip.decompress(fast) == gzip.decompress(plain)


def test_a_file_of_more_than_8_gib_has_its_size_in_a_pax_header() -> None:
    from flytectl_py.storage.tar_format import file_header

    size = 8 * 1024**3
    header = file_header("a", size, executable=False)
    assert tarfile.TarInfo.frombuf(header[:512], "utf-8", "strict").type == b"x"
    assert b" size=8589934592\n" in header[512:1024]
    assert tarfile.TarInfo.frombuf(header[1024:], "utf-8", "strict").size == 0


@pytest.mark.parametrize(
    ("now", "how"),
    [(b"12", "became shorter"), (b"1234", "became longer"), (b"124", "has other content"), (None, "is gone")],
)
def test_a_file_that_changed_is_named(tmp_path: Path, now: bytes | None, how: str) -> None:
    manifest = manifest_of({"a.py": b"a", "b.py": b"123"})
    (tmp_path / "a.py").write_bytes(b"a")
    if now is not None:
        (tmp_path / "b.py").write_bytes(now)
    with pytest.raises(FileChangedError, match=f"'b.py' {how}") as caught:
        write_archive(manifest, opener(tmp_path), io.BytesIO())
    assert caught.value.where == "b.py"


def test_a_file_that_cannot_be_read_is_not_a_changed_one() -> None:
    def refuse(path: str) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(BundleError, match=r"cannot read 'a': Permission denied") as caught:
        write_archive(manifest_of({"a": b""}), refuse, io.BytesIO())
    assert not isinstance(caught.value, FileChangedError)


def test_a_failing_output_is_the_callers_error_and_leaves_no_thread() -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    before = threading.active_count()
    with pytest.raises(OSError, match="No space left"):
        write_archive(manifest_of(CONTENTS), lambda path: io.BytesIO(CONTENTS[path]), Full())
    assert threading.active_count() == before


def test_an_unbuffered_output_that_takes_little_at_a_time_gets_all() -> None:
    class Slow(io.RawIOBase):
        got = b""

        def write(self, data: memoryview) -> int:  # type: ignore[override]
            self.got += bytes(data[:1000])
            return min(len(data), 1000)

    out = Slow()
    small = {"a": os.urandom(10_000)}
    write_archive(manifest_of(small), lambda path: io.BytesIO(small[path]), out)  # type: ignore[arg-type]
    assert out.got == packed(small)


def test_limits_hold_before_a_file_is_opened() -> None:
    def never(path: str) -> io.BytesIO:
        raise AssertionError(path)

    manifest = Manifest([FileEntry("a", False, 100, "0" * 64), FileEntry("b", False, 1, "0" * 64)])
    with pytest.raises(BundleError, match="more than 1 files"):
        write_archive(manifest, never, io.BytesIO(), limits=Limits(files=1))
    with pytest.raises(BundleError, match="GiB in one bundle"):
        write_archive(manifest, never, io.BytesIO(), limits=Limits(total_bytes=100))


def test_what_could_not_be_unpacked_is_not_packed() -> None:
    zeros = {"zeros": bytes(3_000_000)}
    with pytest.raises(BundleError, match="more than 20 times its size"):
        write_archive(
            manifest_of(zeros),
            lambda path: io.BytesIO(zeros[path]),
            io.BytesIO(),
            limits=Limits(ratio=20, ratio_from=1_000_000),
        )


def test_memory_does_not_grow_with_the_files() -> None:
    program = """
import hashlib, io, resource, sys
from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.storage.archive import write_archive
import random
block = random.Random(1).randbytes(1 << 20)
count = 256
class Large(io.RawIOBase):
    left = count
    def readable(self): return True
    def read(self, size=-1):
        if size < len(block): return b""
        self.left -= 1
        return block if self.left >= 0 else b""
class Sink(io.RawIOBase):
    def write(self, data): return len(data)
hasher = hashlib.sha256()
for _ in range(count): hasher.update(block)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
info = write_archive(Manifest([FileEntry("a", False, count << 20, hasher.hexdigest())]), lambda path: Large(), Sink())
assert info.bytes > 200 << 20
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
    assert grown < 50 * 1024 * (1024 if sys.platform == "darwin" else 1)


def test_short_reads_change_nothing() -> None:
    class Dribble(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 70_001))

    out = io.BytesIO()
    write_archive(manifest_of(CONTENTS), lambda path: Dribble(CONTENTS[path]), out)
    assert out.getvalue() == packed(CONTENTS)
