"""What files and folders do, wherever their data is; each place runs it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import io
from pathlib import Path

import pytest

from flyte.io import Dir, File
from flytectl_py.errors import UsageError
from tests.support.put_object import content

MIB = 1 << 20


class FileContract:
    """Every verb of File and Dir. `address` is a URI or path below which nothing is yet."""

    @pytest.fixture
    def address(self) -> str:
        raise NotImplementedError

    def test_what_is_written_is_read(self, address: str) -> None:
        file: File[bytes] = File(f"{address}/a folder/ünï.bin")
        assert not file.exists_sync()
        with file.open("wb") as out:
            assert out.write(b"one\n") == 4
            out.write(b"two\n")
        assert file.exists_sync()
        assert file.open().read() == b"one\ntwo\n"
        assert list(file.open("r")) == ["one\n", "two\n"]

    def test_coroutines_await_the_same(self, address: str) -> None:
        file: File[str] = File(f"{address}/text.txt")

        async def main() -> None:
            assert not await file.exists()
            async with file.open("w") as out:
                await out.write("grüß\n")
                await out.writelines(["b\n", "c\n"])
            assert await file.exists()
            async with file.open("r") as text:
                assert await text.read(4) == "grüß"
                assert [line async for line in text] == ["\n", "b\n", "c\n"]
            async with file.open() as data:
                await data.seek(-2, 2)
                assert await data.read() == b"c\n"

        asyncio.run(main())

    def test_parts_are_read_where_one_looks(self, address: str) -> None:
        data = content(3 * MIB)
        file: File[bytes] = File(f"{address}/parts")
        with file.open("wb") as out:
            out.write(data)
        for options in ({}, {"block_size": 64 << 10}, {"cache_type": "none"}):
            with file.open("rb", **options) as stream:
                assert stream.seek(2 * MIB) == 2 * MIB
                assert stream.read(10) == data[2 * MIB :][:10]
                assert stream.seek(-5, io.SEEK_END) == len(data) - 5
                assert stream.read() == data[-5:]
                assert stream.read(1) == b""
                stream.seek(0)
                assert stream.read() == data

    def test_nothing_appears_when_the_writer_fails(self, address: str) -> None:
        file: File[bytes] = File(f"{address}/half")

        async def half() -> None:
            async with file.open("wb") as out:
                await out.write(b"half")
                raise LookupError

        for _ in range(2):
            with contextlib.suppress(LookupError), file.open("wb") as out:
                out.write(b"half")
                raise LookupError
        with pytest.raises(LookupError):
            asyncio.run(half())
        assert not file.exists_sync()

    def test_written_anew(self, address: str) -> None:
        file: File[bytes] = File(f"{address}/anew")
        for text in (b"first and long", b"second", b""):
            with file.open("wb") as out:
                out.write(text)
            assert file.open().read() == text
        with pytest.raises(FileExistsError), file.open("xb") as out:
            out.write(b"x")

    def test_a_file_that_nothing_was_written_to(self, address: str) -> None:
        file: File[bytes] = File(f"{address}/empty")
        file.open("wb").close()
        assert file.open().read() == b""

    def test_compressed(self, address: str) -> None:
        file: File[str] = File(f"{address}/x.csv.gz")
        with file.open("w", compression="infer") as out:
            out.write("a,b\n" * 1000)
        assert gzip.decompress(file.open().read()) == b"a,b\n" * 1000
        with file.open("r", compression="gzip") as text:
            assert next(text) == "a,b\n"

    def test_hashed_on_the_way(self, address: str, tmp_path: Path) -> None:
        file: File[bytes] = File(f"{address}/hashed", hash_method=hashlib.sha256())
        with file.open("wb") as out:
            out.write(b"ab")
            out.write(b"c")
        assert file.hash == hashlib.sha256(b"abc").hexdigest()
        half: File[bytes] = File(f"{address}/half", hash_method=hashlib.sha256())
        with contextlib.suppress(LookupError), half.open("wb") as out:
            out.write(b"ab")
            raise LookupError
        assert half.hash is None
        with pytest.raises(UsageError, match="in place"):
            half.open("ab").write(b"x")
        (tmp_path / "here").write_bytes(b"abc")
        sent: File[bytes] = File.from_local_sync(tmp_path / "here", f"{address}/sent", hashlib.sha256())
        assert (sent.path, sent.name, sent.hash) == (f"{address}/sent", "here", file.hash)
        assert sent.open().read() == b"abc"

    def test_down_and_up(self, address: str, tmp_path: Path) -> None:
        data = content(MIB)
        (tmp_path / "big").write_bytes(data)

        async def main() -> None:
            file: File[bytes] = await File.from_local(tmp_path / "big", f"{address}/up/big")
            assert (await file.download(tmp_path / "other")) == str(tmp_path / "other")
            assert (tmp_path / "other").read_bytes() == data
            (tmp_path / "folder").mkdir()
            assert Path(await file.download(tmp_path / "folder")) == tmp_path / "folder" / "big"
            assert File(await file.download()).open().read() == data
            assert sorted(each.name for each in (tmp_path / "folder").iterdir()) == ["big"]

        asyncio.run(main())

    def test_a_file_that_is_not_there(self, address: str, tmp_path: Path) -> None:
        file: File[bytes] = File(f"{address}/nope")
        with pytest.raises(Exception, match="nope"):
            file.open().read()
        with pytest.raises(Exception, match="nope"):
            file.download_sync(tmp_path / "x")
        assert not (tmp_path / "x").exists()
        with pytest.raises(UsageError, match="is no file"):
            File.from_local_sync(tmp_path / "nope", f"{address}/x")

    def test_a_folder(self, address: str, tmp_path: Path) -> None:
        here = tmp_path / "tree"
        for name in ("a.txt", "b.csv", "in/c.txt", "in/deep/d.txt"):
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            (here / name).write_text(name)
        there: Dir[str] = Dir.from_local_sync(here, f"{address}/sent")
        assert there.name == "tree"
        assert there.exists_sync()
        assert not Dir(f"{address}/sen").exists_sync()

        def names(**how: object) -> list[str]:
            return [each.path.removeprefix(f"{address}/sent/") for each in there.walk_sync(**how)]  # type: ignore[arg-type]

        assert names() == ["a.txt", "b.csv", "in/c.txt", "in/deep/d.txt"]
        assert names(recursive=False) == names(max_depth=1) == ["a.txt", "b.csv"]
        assert names(max_depth=2) == ["a.txt", "b.csv", "in/c.txt"]
        assert names(file_pattern="*.txt") == ["a.txt", "in/c.txt", "in/deep/d.txt"]
        assert [each.name for each in there.list_files_sync()] == ["a.txt", "b.csv"]
        found = there.get_file_sync("in/c.txt")
        assert found is not None
        assert found.open("r").read() == "in/c.txt"
        assert there.get_file_sync("in/nope") is None
        assert there.get_file_sync("in") is None
        down = Path(there.download_sync(tmp_path / "down"))
        assert sorted(each.relative_to(down).as_posix() for each in down.rglob("*.*")) == names()
        assert list(Dir(f"{address}/nowhere").walk_sync()) == []

    def test_a_folder_for_coroutines(self, address: str, tmp_path: Path) -> None:
        (tmp_path / "here").mkdir()
        (tmp_path / "here" / "x").write_text("x")

        async def main() -> None:
            there: Dir[str] = await Dir.from_local(tmp_path / "here", f"{address}/async")
            assert await there.exists()
            assert [each.name async for each in there.walk()] == ["x"]
            assert [each.name for each in await there.list_files()] == ["x"]
            found = await there.get_file("x")
            assert found is not None
            assert (Path(await there.download(tmp_path / "down")) / "x").read_text() == "x"

        asyncio.run(main())


class StoreFileContract(FileContract):
    """What holds besides for a place that is a store."""

    def test_more_than_memory_holds_goes_in_parts(self, address: str) -> None:
        data = content(20 * MIB)
        file: File[bytes] = File(f"{address}/large")
        with file.open("wb") as out:
            for start in range(0, len(data), MIB):
                out.write(data[start : start + MIB])
        assert file.open().read() == data

    def test_not_changed_in_place(self, address: str) -> None:
        for mode in ("ab", "r+b"):
            with pytest.raises(UsageError, match="in place"):
                File(f"{address}/x").open(mode).read()

    def test_a_writer_that_is_forgotten_is_told_of(self, address: str) -> None:
        file: File[bytes] = File(f"{address}/forgotten")
        with pytest.warns(RuntimeWarning, match="never closed"):
            file.open("wb").write(b"x")
        assert not file.exists_sync()
