"""docs/bundle-format.md against the code, and both against a second, independent writer."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.digest.framing import encode_record
from flytectl_py.digest.manifest import RECIPE_VERSION, Manifest, encode_entry, file_entry
from flytectl_py.storage.archive import write_archive

DOC = (Path(__file__).parents[3] / "docs" / "bundle-format.md").read_text(encoding="utf-8")
VECTORS: list[dict[str, Any]] = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)]


def second_digest(vector: dict[str, Any]) -> str:
    """The page, read again: no code of the project."""

    def frame(tag: str, payload: bytes) -> bytes:
        return f"{tag}{len(payload)}:".encode() + payload

    def text(value: str) -> bytes:
        return frame("s", value.encode())

    data = frame("r", text("bundle") + text("recipe") + frame("i", b"1"))
    for file in sorted(vector["files"], key=lambda file: file["path"].encode()):
        content = file["text"].encode()
        data += frame(
            "r",
            text("file")
            + (text("executable") + frame("b", b"1" if file["executable"] else b"0"))
            + (text("path") + text(file["path"]))
            + (text("sha256") + text(hashlib.sha256(content).hexdigest()))
            + (text("size") + frame("i", str(len(content)).encode())),
        )
    return hashlib.sha256(data).hexdigest()


def second_tar(vector: dict[str, Any]) -> bytes:
    """The page, read again: no code of the project, and not tarfile."""

    def padded(data: bytes) -> bytes:
        return data + b"\0" * (-len(data) % 512)

    def header(name: bytes, size: int, kind: str, mode: int = 0o644, prefix: bytes = b"") -> bytes:
        block = bytearray(512)
        for at, field in (
            (0, name),
            (100, b"%07o" % mode),
            (108, b"0000000"),
            (116, b"0000000"),
            (124, b"%011o" % size),
            (136, b"%011o" % 315532800),
            (148, b" " * 8),
            (156, kind.encode()),
            (257, b"ustar\00000"),
            (329, b"0000000"),
            (337, b"0000000"),
            (345, prefix),
        ):
            block[at : at + len(field)] = field
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block)

    def pax(kind: str, name: bytes, records: list[tuple[str, str]]) -> bytes:
        data = b""
        for key, value in records:
            rest = f" {key}={value}\n".encode()
            data += next(b"%d" % n + rest for n in range(len(rest), 9999) if len(b"%d" % n + rest) == n)
        return header(name, len(data), kind) + padded(data)

    tar = pax(
        "g", b"pax_global_header", [("FLYTECTL.bundle-digest", vector["digest"]), ("FLYTECTL.bundle-recipe", "1")]
    )
    for file in sorted(vector["files"], key=lambda file: file["path"].encode()):
        path, content = file["path"].encode(), file["text"].encode()
        cuts = [i for i in range(1, 156) if path[i : i + 1] == b"/" and len(path) - i - 1 <= 100]
        prefix, name = (
            (b"", path) if len(path) <= 100 else (path[: cuts[0]], path[cuts[0] + 1 :]) if cuts else (b"", path[:100])
        )
        if (len(path) > 100 and not cuts) or not path.isascii():
            tar += pax("x", b"././@PaxHeader", [("path", file["path"])])
        tar += header(name, len(content), "0", 0o755 if file["executable"] else 0o644, prefix) + padded(content)
    return tar + b"\0" * 1024


def test_the_page_has_vectors() -> None:
    assert len(VECTORS) == 4


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_vector(vector: dict[str, Any]) -> None:
    contents = {file["path"]: file["text"].encode() for file in vector["files"]}
    manifest = Manifest(
        file_entry(file["path"], [contents[file["path"]]], executable=file["executable"]) for file in vector["files"]
    )
    out = io.BytesIO()
    info = write_archive(manifest, lambda path: io.BytesIO(contents[path]), out)
    tar = gzip.decompress(out.getvalue())
    assert manifest.digest == info.digest == second_digest(vector) == vector["digest"]
    assert tar == second_tar(vector)
    assert hashlib.sha256(tar).hexdigest() == vector["tar_sha256"]


def test_the_hashed_line_of_the_first_vector() -> None:
    line = re.search(r"```text\n(.*)\n```", DOC)
    entry = file_entry("app.py", [b"print(1)\n"])
    assert line
    assert line[1].encode() == encode_record("bundle", {"recipe": RECIPE_VERSION}) + encode_entry(entry)
