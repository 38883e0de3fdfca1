"""Reading archives: honest, damaged and hostile ones."""

from __future__ import annotations

import gzip
import io
import multiprocessing
import os
import random
import signal
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flytectl_py.digest.manifest import Manifest, file_entry
from flytectl_py.errors import BundleError, ConflictError, NotReadyError, UsageError
from flytectl_py.storage import extract as extract_module
from flytectl_py.storage import gzip_stream
from flytectl_py.storage.archive import write_archive
from flytectl_py.storage.extract import extract, read_header, verify
from flytectl_py.storage.limits import Limits
from flytectl_py.storage.tar_format import END, file_header, global_header

CONTENTS = {
    "app.py": b"print(1)\n",
    "bin/run": b"#!/bin/sh\n",
    "shop/deep/" * 20 + "größe.txt": b"x" * 512,
    "empty": b"",
    "large.bin": random.Random(1).randbytes(2_500_000),
}
MANIFEST = Manifest(file_entry(path, [data], executable=path == "bin/run") for path, data in CONTENTS.items())


def packed() -> bytes:
    out = io.BytesIO()
    write_archive(MANIFEST, lambda path: io.BytesIO(CONTENTS[path]), out)
    return out.getvalue()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("archive") / "bundle.tar.gz"
    file.write_bytes(packed())
    return file


def tarred(
    *members: tuple[tarfile.TarInfo, bytes], pax: dict[str, str] | None = None, format_: int = tarfile.PAX_FORMAT
) -> io.BytesIO:
    """An archive as another program makes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=format_, pax_headers=pax or {}) as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return io.BytesIO(out.getvalue())


def info(name: str, type_: bytes = tarfile.REGTYPE, linkname: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = type_, linkname
    return made


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def nothing_beside(folder: Path) -> bool:
    return [path for path in folder.parent.iterdir() if path != folder] == []


@pytest.fixture(params=["isal", "zlib"])
def _either_compressor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "zlib":
        monkeypatch.setattr(gzip_stream, "isal_zlib", None)
    else:
        pytest.importorskip("isal", reason="no wheel of isal for this platform")


@pytest.mark.usefixtures("_either_compressor")
def test_there_and_back(tmp_path: Path) -> None:
    into = tmp_path / "new" / "code"
    assert extract(io.BytesIO(packed()), into, MANIFEST.digest) == MANIFEST
    assert held(into) == CONTENTS
    assert (into / "bin/run").stat().st_mode & stat.S_IXUSR
    assert not (into / "app.py").stat().st_mode & stat.S_IXUSR
    assert nothing_beside(into)


def test_the_header_is_read_alone(archive: Path) -> None:
    assert read_header(archive) == (MANIFEST.digest, 1)
    assert read_header(tarred((info("a"), b""))) is None


def test_verify(archive: Path) -> None:
    assert verify(archive) == MANIFEST
    with archive.open("rb") as stream:
        assert verify(stream) == MANIFEST


def test_verify_wants_a_header_and_extract_does_not(tmp_path: Path) -> None:
    foreign = tarred((info("./", tarfile.DIRTYPE), b""), (info("./a.py"), b"1"), (info("d/", tarfile.DIRTYPE), b""))
    with pytest.raises(BundleError, match="does not say which bundle it is"):
        verify(foreign)
    foreign.seek(0)
    extract(foreign, tmp_path / "code")
    assert held(tmp_path / "code") == {"a.py": b"1"}


def test_an_archive_without_a_header_is_accepted_if_its_content_is_the_bundle(tmp_path: Path) -> None:
    digest = Manifest([file_entry("a.py", [b"1"])]).digest
    extract(tarred((info("a.py"), b"1")), tmp_path / "code", digest)
    with pytest.raises(BundleError, match="was expected"):
        extract(tarred((info("a.py"), b"2")), tmp_path / "other", digest)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("format_", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_of_other_programs(tmp_path: Path, format_: int) -> None:
    name = "é" * 60 + "/" + "n" * 150
    extract(tarred((info(name), b"1"), format_=format_), tmp_path / "code")
    assert held(tmp_path / "code") == {name: b"1"}


def test_another_bundle_than_expected_is_refused_before_it_is_unpacked(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"is bundle {MANIFEST.digest}, and {'0' * 64} was expected"):
        extract(archive, tmp_path / "code", "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_content_that_is_not_what_the_header_names(tmp_path: Path) -> None:
    liar = gzip.compress(
        global_header(MANIFEST.digest, 1) + file_header("app.py", 1, executable=False) + b"1".ljust(512, b"\0") + END
    )
    with pytest.raises(BundleError, match="was expected"):
        verify(io.BytesIO(liar))
    with pytest.raises(BundleError, match="was expected"):
        extract(io.BytesIO(liar), tmp_path / "code")
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_of_a_later_recipe_asks_for_an_upgrade() -> None:
    later = gzip.compress(global_header("0" * 64, 2) + END)
    with pytest.raises(BundleError, match="made by recipe 2") as caught:
        read_header(io.BytesIO(later))
    assert "upgrade" in caught.value.hint


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (info("/etc/x"), "is absolute"),
        (info("../x"), r"has a part '\.' or '\.\.'"),
        (info("a/../../x"), r"has a part '\.' or '\.\.'"),
        (info("a\\..\\x"), "has a backslash"),
        (info("a", tarfile.SYMTYPE, "/etc"), "'a' is a symbolic link"),
        (info("a", tarfile.LNKTYPE, "/etc/passwd"), "'a' is a hard link"),
        (info("a", tarfile.CHRTYPE), "'a' is a device"),
        (info("a", tarfile.FIFOTYPE), "'a' is a pipe"),
        (info("../d/", tarfile.DIRTYPE), r"has a part '\.' or '\.\.'"),
    ],
    ids=lambda each: each.name if isinstance(each, tarfile.TarInfo) else "",
)
def test_what_could_leave_the_folder_is_refused(tmp_path: Path, member: tarfile.TarInfo, why: str) -> None:
    with pytest.raises(BundleError, match=why):
        extract(tarred((info("ok.py"), b"1"), (member, b"")), tmp_path / "sub" / "code")
    assert list(tmp_path.rglob("*")) == [tmp_path / "sub"]


def test_a_path_in_a_pax_header_is_checked_too(tmp_path: Path) -> None:
    member = info("x")
    member.pax_headers = {"path": "../../x"}
    with pytest.raises(BundleError, match="has a part"):
        extract(tarred((member, b"1")), tmp_path / "code")


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_names_that_cannot_lie_together(tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(BundleError, match="twice, or this file system"):
        extract(tarred(*((info(name), b"1") for name in names)), tmp_path / "code")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_either_compressor")
@pytest.mark.parametrize("cut", [0, 5, 100, -1, -9])
def test_an_archive_cut_short(tmp_path: Path, cut: int) -> None:
    with pytest.raises(BundleError):
        extract(io.BytesIO(packed()[:cut]), tmp_path / "code")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_either_compressor")
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"PK\3\4" + data,
        lambda data: data[:-8] + bytes(8),
        lambda data: data[:5000] + bytes(100) + data[5100:],
        lambda data: data + b"more",
        lambda data: gzip.compress(gzip.decompress(data) + b"more"),
        lambda data: gzip.compress(gzip.decompress(data)[: -len(END)]),
        lambda data: gzip.compress(gzip.decompress(data)[:1540] + b"!" + gzip.decompress(data)[1541:]),
        lambda data: b"",
    ],
    ids=["zip", "crc", "middle", "after gzip", "after tar", "no end", "header", "empty"],
)
def test_a_damaged_archive(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BundleError) as caught:
        extract(io.BytesIO(damage(packed())), tmp_path / "code")
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(files=4), "more than 4 files"),
        (Limits(total_bytes=2_000_000), "GiB in one bundle"),
        (Limits(ratio=1, ratio_from=1000), "more than 1 times"),
    ],
)
def test_limits(tmp_path: Path, limits: Limits, why: str) -> None:
    with pytest.raises(BundleError, match=why):
        extract(io.BytesIO(gzip.compress(gzip.decompress(packed()), 9)), tmp_path / "code", limits=limits)
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with gzip.open(out, "wb", compresslevel=9) as stream:
        stream.write(file_header("zeros", 2**36, executable=False))
        for _ in range(64):
            stream.write(bytes(1 << 20))
    with pytest.raises(BundleError, match="16 GiB"):
        extract(io.BytesIO(out.getvalue()), tmp_path / "code")
    with pytest.raises(BundleError, match="100 times"):
        extract(io.BytesIO(out.getvalue()), tmp_path / "code", limits=Limits(2, 2**40, 100, 1 << 22))


def test_headers_without_end_and_headers_that_want_memory() -> None:
    endless = gzip.compress(global_header("0" * 64, 1) * 1000 + END)
    with pytest.raises(BundleError, match="too many headers"):
        read_header(io.BytesIO(endless))
    huge = bytearray(global_header("0" * 64, 1))
    huge[124:136] = b"77777777777\0"
    huge[148:156] = b" " * 8
    huge[148:156] = b"%06o\0 " % sum(huge[:512])
    with pytest.raises(BundleError, match="a header of 8,589,934,591 bytes"):
        read_header(io.BytesIO(gzip.compress(bytes(huge))))


def test_a_negative_size_is_no_number() -> None:
    block = bytearray(file_header("a", 0, executable=False))
    block[124:136] = b"-0000000777\0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with pytest.raises(BundleError, match="a number in a header is none"):
        verify(io.BytesIO(gzip.compress(global_header("0" * 64, 1) + bytes(block) + END)))


def test_no_files_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="at least one file"):
        extract(tarred((info("d", tarfile.DIRTYPE), b"")), tmp_path / "code")
    assert list(tmp_path.iterdir()) == []


def test_no_such_archive(tmp_path: Path) -> None:
    for path in (tmp_path / "none.tar.gz", tmp_path):
        with pytest.raises(UsageError, match="cannot read the archive"):
            read_header(path)


def test_a_complete_folder_is_left_as_it_is(archive: Path, tmp_path: Path) -> None:
    into = tmp_path / "code"
    extract(archive, into)
    (into / "__pycache__").mkdir()
    inode = (into / "app.py").stat().st_ino
    assert extract(archive, into, MANIFEST.digest) == MANIFEST
    assert (into / "app.py").stat().st_ino == inode
    assert (into / "__pycache__").is_dir()


@pytest.mark.parametrize(
    "change",
    [
        lambda into: (into / "app.py").unlink(),
        lambda into: (into / "app.py").write_bytes(b"print(2)\n"),
        lambda into: (into / "app.py").chmod(0o755),
    ],
    ids=["missing", "content", "mode"],
)
def test_a_folder_with_something_else_is_a_conflict(
    archive: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    into = tmp_path / "code"
    extract(archive, into)
    change(into)
    before = held(into)
    with pytest.raises(ConflictError, match=r"is not this bundle: 'app\.py'"):
        extract(archive, into)
    assert held(into) == before
    assert nothing_beside(into)


def test_an_empty_folder_and_a_link_to_one_are_used(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    extract(archive, tmp_path / "link")
    assert held(tmp_path / "real") == CONTENTS
    assert (tmp_path / "link").is_symlink()


def test_a_file_in_the_way(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "code").write_bytes(b"")
    with pytest.raises(ConflictError, match="is not a folder"):
        extract(archive, tmp_path / "code")


def test_a_place_that_cannot_be_written(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotReadyError, match="cannot unpack into"):
        extract(archive, tmp_path / "file" / "code")


def test_a_full_disk(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(extract_module.os, "write", full)
    with pytest.raises(NotReadyError, match="No space left on device"):
        extract(archive, tmp_path / "code")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_too_long_here(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="too long a name"):
        extract(tarred((info("n" * 300), b"")), tmp_path / "code")


def _extract_and_say(archive: Path, into: Path, said: multiprocessing.Queue[tuple[int, str]]) -> None:
    digest = extract(archive, into, MANIFEST.digest).digest
    said.put(((into / "app.py").stat().st_ino, digest))


@pytest.mark.parametrize("lockable", [True, False])
def test_many_at_once(archive: Path, tmp_path: Path, lockable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not lockable:

        def refuse(file: int, operation: int) -> None:
            raise OSError(9, "Bad file descriptor")

        monkeypatch.setattr(extract_module.fcntl, "flock", refuse)
    context = multiprocessing.get_context("fork")
    said: multiprocessing.Queue[tuple[int, str]] = context.Queue()
    into = tmp_path / "code"
    processes = [context.Process(target=_extract_and_say, args=(archive, into, said)) for _ in range(6)]
    for process in processes:
        process.start()
    answers = {said.get(timeout=30) for _ in processes}
    for process in processes:
        process.join()
    said.close()
    said.join_thread()
    assert answers == {((into / "app.py").stat().st_ino, MANIFEST.digest)}
    assert held(into) == CONTENTS
    assert nothing_beside(into)


def test_a_killed_one_leaves_nothing_that_looks_complete(archive: Path, tmp_path: Path) -> None:
    program = f"""
import io, sys, time
from pathlib import Path
from flytectl_py.storage.extract import extract
class Stalls(io.FileIO):
    def read(self, size=-1):
        if self.tell() > 1_000_000:
            print("stalled", flush=True); time.sleep(60)
        return super().read(min(size, 100_000) if size > 0 else 100_000)
extract(Stalls({str(archive)!r}), Path({str(tmp_path / "code")!r}))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"stalled\n"
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "code").exists()
    assert len(list(tmp_path.iterdir())) == 1
    extract(archive, tmp_path / "code", MANIFEST.digest)
    assert held(tmp_path / "code") == CONTENTS
    assert nothing_beside(tmp_path / "code")


def test_the_umask_is_the_users(archive: Path, tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        extract(archive, tmp_path / "code")
    finally:
        os.umask(old)
    modes = {name: stat.S_IMODE((tmp_path / "code" / name).stat().st_mode) for name in ("", "app.py", "bin/run")}
    assert modes == {"": 0o750, "app.py": 0o640, "bin/run": 0o750}
