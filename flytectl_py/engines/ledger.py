"""What was built, sent and run under which names, a file for each subject: a hint, so that a change can be told."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from flytectl_py.project.state import state_folder, writable_state

Kind = Literal["image", "bundle", "version", "cache"]
By = Literal["build", "bundle", "deploy", "run"]

FORMAT: Final = 1
MOST_ENTRIES: Final = 1000
MOST_BYTES: Final = 32 << 20
"""Of one entry; what is larger is not kept."""
MOST_BYTES_IN_ALL: Final = 128 << 20
ABANDONED_SECONDS: Final = 3600.0
"""After which a file that is half written has been left by a process that was killed."""

_PARTIAL: Final = ".part"
_PASSWORD: Final = re.compile(r'://[^/\s"@]+@')


class Entry(NamedTuple):
    """One name and what went into it.

    :param name: a tag, a digest or a version. :param by: what made it. :param when: in seconds since 1970.
    """

    subject: str
    name: str
    by: str
    when: float
    parts: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """Return what --json says of it."""
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.when))
        return {"subject": self.subject, "name": self.name, "by": self.by, "when": when}


class Ledger:
    """A folder with the last entry of each subject.

    A file is only ever replaced as a whole, so that neither two processes nor one that is killed leave half of it; of
    two at once the later one counts. What was not used for longest goes first where there is too much.

    :param folder: None where nothing can be remembered.
    :param warnings: one sentence for each file that could not be read; it counts as missing.
    """

    def __init__(self, folder: Path | None, prepare: Callable[[], object] | None = None) -> None:
        self._folder = folder
        self._prepare = prepare
        self.warnings: list[str] = []

    @classmethod
    def of(cls, root: Path) -> Ledger:
        """Return the ledger of the project with that root."""
        return cls(state_folder(root) / "ledger", lambda: writable_state(root))

    def last(self, kind: Kind, subject: str) -> Entry | None:
        """Return the last entry of a subject, or None where none is known."""
        return None if self._folder is None else self._read(self._file(self._folder, kind, subject))

    def entries(self, kind: Kind) -> Iterator[Entry]:
        """Yield the entries of that kind, the one that was used last first."""
        files = [(when, path) for when, _, path in self._files() if os.path.basename(path).startswith(f"{kind}-")]
        for _, path in sorted(files, reverse=True):
            found = self._read(Path(path))
            if found is not None:
                yield found

    def keep(self, kind: Kind, subject: str, name: str, by: By, parts: Callable[[], Mapping[str, Any]]) -> None:
        """Take `name` as the last of its subject; its parts are only asked for if it is a new one.

        Where nothing can be written, nothing is remembered.
        """
        if self._folder is None:
            return
        file = self._file(self._folder, kind, subject)
        start = f'{{"format": {FORMAT}, "name": {json.dumps(name)}, '
        with contextlib.suppress(OSError):
            with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
                if opened.read(len(start)) == start.encode():
                    os.utime(file)
                    return
            said = {"by": by, "when": int(time.time()), "kind": kind, "subject": subject, "parts": parts()}
            content = (start + _without_passwords(json.dumps(said))[1:]).encode()
            if len(content) <= MOST_BYTES:
                self._write(file, content)

    def _write(self, file: Path, content: bytes) -> None:
        if self._prepare is not None:
            self._prepare()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        growing = file.with_name(f"{file.name}.{os.urandom(8).hex()}{_PARTIAL}")
        try:
            with open(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(content)
            growing.replace(file)
        finally:
            growing.unlink(missing_ok=True)
        self._clear()

    def _clear(self) -> None:
        """Take away what is too much, and what killed processes left."""
        count = size = 0
        for when, bytes_, path in sorted(self._files(), reverse=True):
            left = path.endswith(_PARTIAL)
            count, size = count + (not left), size + bytes_
            gone = time.time() - when > ABANDONED_SECONDS if left else count > MOST_ENTRIES or size > MOST_BYTES_IN_ALL
            if gone:
                Path(path).unlink(missing_ok=True)

    def _files(self) -> list[tuple[float, int, str]]:
        """Return time, size and path of every file."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder or "") as entries:
            for each in entries:
                with contextlib.suppress(OSError):
                    found.append((each.stat().st_mtime, each.stat().st_size, each.path))
        return found

    def _read(self, file: Path) -> Entry | None:
        try:
            read = json.loads(file.read_bytes())
            if read["format"] != FORMAT:
                self.warnings.append(f"{file} was written by another version of flyte, and is not read")
                return None
            return Entry(
                str(read["subject"]), str(read["name"]), str(read["by"]), float(read["when"]), dict(read["parts"])
            )
        except FileNotFoundError:
            return None
        except OSError as error:
            self.warnings.append(f"{file} cannot be read: {error.strerror or error}")
        except (ValueError, KeyError, TypeError, RecursionError):
            self.warnings.append(f"{file} is damaged, and is not read")
        return None

    @staticmethod
    def _file(folder: Path, kind: Kind, subject: str) -> Path:
        return folder / f"{kind}-{hashlib.sha256(subject.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"


def settled(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return parts as they are once they were kept and read: plain JSON, and no passwords of URLs."""
    found: dict[str, Any] = json.loads(_without_passwords(json.dumps(parts)))
    return found


def _without_passwords(text: str) -> str:
    return _PASSWORD.sub("://***@", text)
