"""Writes configuration files in TOML: one key, with every comment kept, or a new file; whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flytectl_py.config import checks
from flytectl_py.config.file import ROWS_OF_KEYS, read
from flytectl_py.config.layout import same_key, with_example_of, with_room_for
from flytectl_py.config.table import ROWS
from flytectl_py.errors import (
    ConfigError,
    ConflictError,
    DeclarationError,
    FlyteError,
    NotReadyError,
    UnknownNameError,
    UsageError,
)

SUFFIX = ".toml"


def setting_of(word: str) -> str:
    """Return the name of the setting that `word` stands for: its name, its key, or the end of one, however spelled.

    :raises UnknownNameError: there is no such setting and no such key.
    """
    name = _setting(word)
    if name is None and (key := _key(word)):
        # A secret has two keys, which both say where it is.
        name = next((name for name, row in ROWS.items() if row.key == key), "client_credentials_secret")
    if name is None:
        raise UnknownNameError("setting", word, ROWS_OF_KEYS if "." in word else ROWS, where=word)
    return name


def key_of(word: str) -> str:
    """Return the key of a file, ``section.key``, that `word` stands for, as `setting_of` takes it.

    :raises UnknownNameError: there is no such setting and no such key.
    :raises UsageError: the setting has no place in a file, or is a secret.
    """
    name = _setting(word)
    if name is None:
        key = _key(word)
        if key is None:
            names = [name for name, row in ROWS.items() if row.key and not row.secret]
            raise UnknownNameError("setting", word, ROWS_OF_KEYS if "." in word else names, where=word)
        return key
    row = ROWS[name]
    if row.secret:
        raise UsageError(
            f"{word} is a secret, and secrets do not belong into a configuration file",
            hint=f"set {row.variable}"
            + (", or admin.clientSecretLocation to the file that holds it" if row.key else " where it is needed"),
            where=word,
        )
    if not row.key:
        said = f"set {row.variable}, or give it to flyte.init()" if row.variable else "give it to flyte.init()"
        raise UsageError(f"{word} has no place in a configuration file", hint=said, where=word)
    return row.key


def _setting(word: str) -> str | None:
    return next((name for name in ROWS if same_key(name, word)), None)


def _key(word: str) -> str | None:
    """Return the key that is spelled so, else the only one that ends so."""
    whole = [key for key in ROWS_OF_KEYS if same_key(key, word)]
    ends = [key for key in ROWS_OF_KEYS if same_key(key.partition(".")[2], word)]
    return whole[0] if whole else ends[0] if len(ends) == 1 else None


def value_of(key: str, text: str) -> Any:
    """Return what `text` means as the value of a key, in a form that TOML has.

    :raises DeclarationError: the key cannot take it.
    """
    row = ROWS_OF_KEYS[key]
    try:
        settled = row.check(checks.of_text(row.check, text))
    except checks.Unfit as unfit:
        raise DeclarationError(
            key, checks.presentable(text), f"it takes {unfit.allowed}", suggestion=unfit.suggestion, where=key
        ) from None
    if row.check is checks.images:
        return dict(settled)  # type: ignore[call-overload]  # pairs, as that check says
    return list(settled) if isinstance(settled, tuple) else settled


def set_key(path: Path, key: str, value: Any) -> None:
    """Put `value` under `key` into the file at `path`, which is made if it is missing; all else in it stays.

    :raises UsageError: the file is no TOML. :raises ConfigError: it is broken.
    :raises NotReadyError: it cannot be written; it is then as it was.
    """
    _refuse_yaml(path, key, value)
    section, _, name = key.partition(".")

    def change(document: Any) -> bool:
        table = _table(document, section, path)
        spelled = [each for each in table if same_key(each, name)]
        for surplus in spelled[1:]:
            del table[surplus]
        table[spelled[0] if spelled else name] = value
        return True

    _edit(path, change, before=lambda text: with_room_for(text, section, name))


def unset_key(path: Path, key: str) -> bool:
    """Take `key` out of the file, and return whether it was there. Raises as `set_key`."""
    _refuse_yaml(path, key, None)
    section, _, name = key.partition(".")

    def change(document: Any) -> bool:
        table = _table(document, section, path) if section in document else {}
        spelled = [each for each in table if same_key(each, name)]
        for each in spelled:
            del table[each]
        return bool(spelled)

    return path.exists() and _edit(path, change, after=lambda text: with_example_of(text, key))


def write_new(path: Path, text: str, *, overwrite: bool) -> None:
    """Write a new file in TOML, which takes the place of one that is there only if `overwrite`.

    :raises UsageError: it would be none in TOML.
    :raises ConflictError: there is one, or one in YAML beside it. :raises NotReadyError: it cannot be written.
    """
    if path.suffix.lower() != SUFFIX:
        raise UsageError(f"{path} would be no TOML", hint="name a file that ends in .toml", where=str(path))
    with _held(path):
        for other in (path.with_suffix(each) for each in (".yaml", ".yml")):
            if other.exists():
                raise ConflictError(
                    f"{other} is there already, and two configurations in one place are an error",
                    hint=f"edit that one, or move it away: mv {other} {other}.old",
                    where=str(other),
                )
        if os.path.lexists(path) and not overwrite:
            raise ConflictError(
                f"{path} is there already; nothing was written",
                hint="'flyte config set KEY VALUE' changes a part of it, --force replaces all of it",
                where=str(path),
            )
        _replace(path, text.encode())


def yaml_lines(key: str, value: Any) -> str:
    """Return the lines that say the same in YAML."""
    import json

    section, _, name = key.partition(".")
    return f"{section}:\n  {name}: {json.dumps(value, ensure_ascii=False)}"  # JSON is YAML as well


def _refuse_yaml(path: Path, key: str, value: Any) -> None:
    if path.suffix.lower() == SUFFIX:
        return
    lines = yaml_lines(key, value) if value is not None else f"take {key} out"
    raise UsageError(
        f"{path} is YAML, which is only edited by hand: its comments would be lost",
        hint=f"write into it:\n{lines}" if value is not None else f"{lines} by hand",
        where=str(path),
    )


def _edit(
    path: Path,
    change: Callable[[Any], bool],
    *,
    before: Callable[[str], str] = str,
    after: Callable[[str], str] = str,
) -> bool:
    """Change the document of a file, and its text before and after; write it if `change` says so."""
    import tomllib

    import tomlkit

    with _held(path):
        raw = path.read_bytes() if _checked(path) else b""
        mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
        document = tomlkit.parse(before(raw.decode("utf-8-sig")))
        if not change(document):
            return False
        text = tomlkit.dumps(document)
        try:
            readable = tomllib.loads(text) == document.unwrap()
        except tomllib.TOMLDecodeError:
            readable = False
        if not readable:
            raise ConfigError(
                "this file is laid out in a way that cannot be edited here; it is as it was",
                hint="change it by hand",
                where=str(path),
            )
        _replace(path, mark + after(text).encode())
        return True


def _checked(path: Path) -> bool:
    """Whether there is a file.

    :raises ConfigError: there is, and it cannot be read.
    """
    if not os.path.lexists(path):
        return False
    read(path)
    return True


def _table(document: Any, section: str, path: Path) -> Any:
    import tomlkit

    if section not in document:
        if document.body and document.body[-1][1].as_string().strip():
            document.add(tomlkit.nl())  # A blank line between what was there and the new section.
        document.add(section, tomlkit.table())
    table = document[section]
    if not hasattr(table, "keys"):
        raise ConfigError(f"'{section}' is no section here", hint="mend it by hand", where=str(path))
    return table


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold the folder of a file, so that of two who change it the second sees what the first has written."""
    import fcntl

    folder = Path(os.path.realpath(path)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with contextlib.suppress(OSError):  # A file system without locks: the last one wins, as a whole.
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _replace(path: Path, content: bytes) -> None:
    """Let the file have `content`, or stay as it is. A link stays one; the mode of the file stays."""
    real = Path(os.path.realpath(path))
    growing = real.with_name(f".{real.name}.{os.urandom(8).hex()}")
    try:
        try:
            with growing.open("xb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            if real.exists():
                growing.chmod(real.stat().st_mode & 0o7777)
            growing.replace(real)
        finally:
            growing.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> FlyteError:
    return NotReadyError(
        f"cannot write {path}: {error.strerror or error}; nothing was changed",
        hint="make room or give leave to write there, or name another file with --config",
        where=str(path),
    )
