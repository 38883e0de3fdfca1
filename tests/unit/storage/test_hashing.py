"""Hashing real files, with and without the stat index."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flytectl_py.digest.manifest import FileEntry
from flytectl_py.errors import BundleError, FileChangedError, UsageError
from flytectl_py.storage import hashing
from flytectl_py.storage.hashing import hash_files
from flytectl_py.storage.stat_index import RACY_NS, StatIndex


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree whose files settled long ago, as far as the index can see (it compares with the clock, moved ahead)."""
    folder = tmp_path / "root"
    (folder / "pkg").mkdir(parents=True)
    (folder / "app.py").write_bytes(b"app")
    (folder / "pkg" / "é.py").write_bytes(b"")
    (folder / "run.sh").write_bytes(b"#!")
    (folder / "run.sh").chmod(0o755)
    return folder


PATHS = ["run.sh", "app.py", "pkg/é.py"]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads happen an hour after the files were written."""
    now = time.time_ns
    monkeypatch.setattr(hashing.time, "time_ns", lambda: now() + 3600 * 10**9)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were opened."""
    opened: list[str] = []
    real = os.open

    def spy(path: str, flags: int) -> int:
        opened.append(Path(path).name)
        return real(path, flags)

    monkeypatch.setattr(hashing.os, "open", spy)
    return opened


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}],
    ids=["ascii", "utf-8"],
)
def test_the_locale_changes_nothing(root: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    program = """
import io, os, sys
from pathlib import Path
from flytectl_py.storage.archive import opener, write_archive
from flytectl_py.storage.extract import extract
from flytectl_py.storage.hashing import hash_files
root, into = map(Path, sys.argv[1:])
paths = [os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names]
out = io.BytesIO()
write_archive(hash_files(root, paths), opener(root), out)
for _ in range(2):
    out.seek(0)
    print(extract(out, into).digest)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, root, tmp_path / "into"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [hash_files(root, PATHS).digest] * 2
    assert (tmp_path / "into" / "pkg" / "é.py").is_file()


def test_the_manifest_of_files(root: Path) -> None:
    assert hash_files(root, PATHS).entries == (
        FileEntry("app.py", False, 3, sha(b"app")),
        FileEntry("pkg/é.py", False, 0, sha(b"")),
        FileEntry("run.sh", True, 2, sha(b"#!")),
    )


def test_only_the_owners_executable_bit_counts(root: Path) -> None:
    before = hash_files(root, PATHS)
    (root / "app.py").chmod(0o611)
    (root / "run.sh").chmod(0o700)
    assert hash_files(root, PATHS) == before
    (root / "app.py").chmod(0o744)
    assert hash_files(root, PATHS) != before


def test_large_files_are_hashed_beside_each_other(root: Path) -> None:
    contents = {f"large{i}": bytes([i]) * (1_500_000 + i) for i in range(6)}
    for name, data in contents.items():
        (root / name).write_bytes(data)
    manifest = hash_files(root, [*contents, *PATHS])
    assert {entry.path: entry.sha256 for entry in manifest if entry.path in contents} == {
        name: sha(data) for name, data in contents.items()
    }


def test_links_are_followed(root: Path) -> None:
    (root / "link.py").symlink_to("app.py")
    assert hash_files(root, ["link.py"]).entries == (FileEntry("link.py", False, 3, sha(b"app")),)


def test_a_file_that_is_gone(root: Path) -> None:
    for path in ("gone.py", "app.py/x"):
        with pytest.raises(FileChangedError, match=f"'{path}' is gone"):
            hash_files(root, [path])


def test_what_is_no_file(root: Path) -> None:
    os.mkfifo(root / "pipe")
    for path in ("pipe", "pkg"):
        with pytest.raises(BundleError, match=f"'{path}' is not a regular file"):
            hash_files(root, [path])


def test_a_file_that_cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(hashing.os, "open", refuse)
    with pytest.raises(BundleError, match=r"cannot read 'app\.py': Permission denied"):
        hash_files(root, ["app.py"])


@pytest.mark.parametrize("change", [b"more", b""], ids=["longer", "touched"])
def test_a_file_that_changes_while_it_is_read(root: Path, monkeypatch: pytest.MonkeyPatch, change: bytes) -> None:
    real = os.read

    def meddle(file: int, size: int) -> bytes:
        with (root / "app.py").open("ab") as writer:
            writer.write(change)
        os.utime(root / "app.py", ns=(1, 1))
        return real(file, size)

    monkeypatch.setattr(hashing.os, "read", meddle)
    with pytest.raises(FileChangedError, match=r"'app\.py' changed while it was read"):
        hash_files(root, ["app.py"])


def test_a_name_that_is_not_utf_8(root: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    try:
        (root / name).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(UsageError, match="is not valid UTF-8"):
        hash_files(root, [name])


@pytest.mark.usefixtures("later")
def test_an_unchanged_tree_is_not_read_again(root: Path, tmp_path: Path, reads: list[str]) -> None:
    index = StatIndex.for_root(tmp_path / "cache", root)
    first = hash_files(root, PATHS, index)
    assert sorted(reads) == ["app.py", "run.sh", "é.py"]
    assert index.save()
    reads.clear()
    assert hash_files(root, PATHS, StatIndex.for_root(tmp_path / "cache", root)) == first
    assert reads == []


@pytest.mark.usefixtures("later")
def test_a_change_of_any_kind_is_seen(root: Path, tmp_path: Path) -> None:
    index = StatIndex(tmp_path / "index")
    hash_files(root, PATHS, index)
    app = root / "app.py"
    before = app.stat()
    app.write_bytes(b"bpp")
    os.utime(app, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same mtime
    assert hash_files(root, PATHS, index).entries[0].sha256 == sha(b"bpp")
    (root / "other").write_bytes(b"cpp")
    os.utime(root / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
    (root / "other").replace(app)
    assert hash_files(root, PATHS, index).entries[0].sha256 == sha(b"cpp")
    (root / "app.py").chmod(0o755)
    assert hash_files(root, PATHS, index).entries[0].executable


def test_a_file_that_changed_just_now_is_read_again(root: Path, tmp_path: Path, reads: list[str]) -> None:
    index = StatIndex(tmp_path / "index")
    old = time.time_ns() - 10 * RACY_NS
    for path in PATHS:  # an old mtime does not help: the inode changed just now
        os.utime(root / path, ns=(old, old))
    hash_files(root, PATHS, index)
    hash_files(root, PATHS, index)
    assert len(reads) == 2 * len(PATHS)
    assert len(index) == 0


@pytest.mark.usefixtures("later")
def test_what_became_racy_is_forgotten(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = StatIndex(tmp_path / "index")
    hash_files(root, PATHS, index)
    assert len(index) == 3
    monkeypatch.setattr(hashing.time, "time_ns", lambda: 0)
    (root / "app.py").write_bytes(b"new")
    hash_files(root, PATHS, index)
    assert len(index) == 2


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other", "folder"])
def test_a_damaged_index_is_made_anew(root: Path, tmp_path: Path, damage: str, reads: list[str]) -> None:
    file = tmp_path / "index"
    index = StatIndex(file)
    first = hash_files(root, PATHS, index)
    assert index.save()
    data = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        flipped = data[:-10] + bytes([data[-10] ^ 1]) + data[-9:]
        file.write_bytes({"empty": b"", "cut": data[:-1], "flipped": flipped, "other": b"SQLite format 3"}[damage])
    reads.clear()
    again = StatIndex(file)
    assert len(again) == 0
    assert hash_files(root, PATHS, again) == first
    assert len(reads) == 3
    assert again.save() is (damage != "folder")
    assert len(StatIndex(file)) == (0 if damage == "folder" else 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "root"]


@pytest.mark.usefixtures("later")
def test_an_index_that_cannot_be_written_is_no_error(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    index = StatIndex(tmp_path / "file" / "index")
    hash_files(root, PATHS, index)
    assert not index.save()


@pytest.mark.usefixtures("later")
def test_another_selection_keeps_what_is_known_of_the_rest(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "index"
    for paths in (PATHS[:1], PATHS[1:]):
        index = StatIndex(file)
        hash_files(root, paths, index)
        index.save()
    assert len(StatIndex(file)) == 3


def test_roots_do_not_share_an_index(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    for name in ("a", "b"):
        root = tmp_path / name
        root.mkdir()
        (root / "x").write_bytes(name.encode())
        index = StatIndex.for_root(folder, root)
        index.remember("x", None, "")
        index._changed = True
        assert index.save()
    assert len(list(folder.iterdir())) == 2


def _save_often(file: Path, root: Path) -> None:
    now = time.time_ns
    hashing.time.time_ns = lambda: now() + 3600 * 10**9  # type: ignore[attr-defined]
    for turn in range(30):
        index = StatIndex(file)
        hash_files(root, PATHS[: 1 + turn % 3], index)
        index._changed = True
        assert index.save()


def test_many_may_use_it_at_once(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "index"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_save_often, args=(file, root)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert 0 < len(StatIndex(file)) <= 3
    assert [path.name for path in file.parent.iterdir()] == ["index"]


def test_a_large_index_is_kept_whole(tmp_path: Path) -> None:
    file = tmp_path / "index"
    index = StatIndex(file)
    found = (tmp_path).stat()
    from flytectl_py.storage.stat_index import fingerprint

    for number in range(20_000):
        index.remember(f"package_{number % 100}/module_{number}.py", fingerprint(found), "0" * 64)
    assert index.save()
    assert len(StatIndex(file)) == 20_000
