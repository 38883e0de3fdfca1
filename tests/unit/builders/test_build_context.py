"""The tar stream that a build reads."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from flytectl_py.builders.build_context import write_context
from flytectl_py.errors import FileChangedError
from flytectl_py.plan.image import ContextFile, ImagePlan


def _file(path: str, location: Path, content: bytes, *, executable: bool = False) -> ContextFile:
    return ContextFile(path, executable, len(content), hashlib.sha256(content).hexdigest(), str(location))


def _written(plan: ImagePlan) -> bytes:
    stream = io.BytesIO()
    write_context(plan, stream)
    return stream.getvalue()


def _members(data: bytes) -> dict[str, tuple[bytes, int]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {m.name: (archive.extractfile(m).read(), m.mode) for m in archive}  # type: ignore[union-attr]


def test_exactly_the_files_of_the_plan(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"a = 1")
    (tmp_path / "other.py").write_bytes(b"b = 1")
    made = ContextFile("b.txt", False, 2, hashlib.sha256(b"hi").hexdigest(), content=b"hi")
    files = (_file("src/a.py", tmp_path / "a.py", b"a = 1", executable=True), made)
    data = _written(ImagePlan("app:v1", dockerfile="FROM x\n", files=files))
    assert _members(data) == {
        "Dockerfile": (b"FROM x\n", 0o644),
        "src/a.py": (b"a = 1", 0o755),
        "b.txt": (b"hi", 0o644),
    }


def test_nothing_of_the_machine_gets_in(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"a = 1")
    plan = ImagePlan("app:v1", dockerfile="FROM x\n", files=(_file("a.py", file, b"a = 1"),))
    first = _written(plan)
    file.chmod(0o600)
    import os

    os.utime(file, (1, 1))
    assert _written(plan) == first


def test_a_dockerfile_of_the_user_is_not_written_twice(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(b"FROM y\n")
    plan = ImagePlan("app:v1", dockerfile="FROM y\n", files=(_file("Dockerfile", file, b"FROM y\n"),))
    assert list(_members(_written(plan))) == ["Dockerfile"]


@pytest.mark.parametrize("now", [b"a = 2", b"a = 11", b"a", None])
def test_a_file_that_changed_is_refused(tmp_path: Path, now: bytes | None) -> None:
    file = tmp_path / "a.py"
    plan = ImagePlan("app:v1", dockerfile="FROM x\n", files=(_file("a.py", file, b"a = 1"),))
    if now is not None:
        file.write_bytes(now)
    with pytest.raises(FileChangedError, match=r"a\.py"):
        _written(plan)


def test_a_reader_that_goes_away_is_not_a_changed_file(tmp_path: Path) -> None:
    class Gone(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            raise BrokenPipeError

    file = tmp_path / "a.py"
    file.write_bytes(b"a" * 100_000)
    plan = ImagePlan("app:v1", dockerfile="FROM x\n", files=(_file("a.py", file, b"a" * 100_000),))
    with pytest.raises(BrokenPipeError):
        write_context(plan, Gone())  # type: ignore[arg-type]
