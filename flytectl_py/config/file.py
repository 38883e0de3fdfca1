"""Reads a configuration file, YAML or TOML, and checks it: unknown keys are warned of, wrong values refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flytectl_py.config import checks
from flytectl_py.config.table import ROWS, Row
from flytectl_py.errors import ConfigError, did_you_mean

# Sections and keys of the ecosystem's other programs that read the same file; they mean nothing here and are no
# mistake. The keys are those of flytectl's own reference of its configuration.
FOREIGN_SECTIONS = frozenset({"files", "local", "logger", "secrets", "storage", "union"})
FOREIGN_KEYS = {
    "admin": frozenset(
        [
            "audience",
            "authorizationHeader",
            "authorizationServerUrl",
            "consoleEndpoint",
            "defaultServiceConfig",
            "deviceFlowConfig",
            "maxBackoffDelay",
            "maxMessageSizeBytes",
            "maxRetries",
            "perRetryTimeout",
            "pkceConfig",
            "tokenRefreshWindow",
            "tokenUrl",
            "useAudienceFromAdmin",
            "useAuth",
        ]
    ),
    "console": frozenset(),
}
_FOREIGN = {section: frozenset(map(checks.plain, keys)) for section, keys in FOREIGN_KEYS.items()}

ROWS_OF_KEYS: dict[str, Row] = {row.key: row for row in ROWS.values() if row.key}
# Where a secret is, not what it is: both are plain texts.
_SECRET = Row(checks.text, secret=True)
ROWS_OF_KEYS.update({"admin.clientSecretEnvVar": _SECRET, "admin.clientSecretLocation": _SECRET})
# Keys are known however they are capitalised and hyphenated.
_KEYS: dict[str, dict[str, str]] = {}
for _full in ROWS_OF_KEYS:
    _section, _, _key = _full.partition(".")
    _KEYS.setdefault(_section, {})[checks.plain(_key)] = _key


@dataclass(frozen=True)
class Said:
    """What a file says: `values` by section and field of a `Config`, the line of each key (0: unknown), oddities."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ConfigFile:
    """A configuration file as it was read: `tables` as written, and the line of each ``section.key``, where known."""

    path: Path
    tables: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)

    def where(self, key: str) -> str:
        """Return ``path:line`` of a key."""
        line = self.lines.get(key, 0)
        return f"{self.path}:{line}" if line else str(self.path)

    def check(self, *, environ: Mapping[str, str] | None = None) -> Said:
        """Return what the file says, checked.

        :param environ: instead of the environment of the process, for ``admin.clientSecretEnvVar``.
        :raises ConfigError: a value is of the wrong type, or not one of those allowed.
        """
        said = Said()
        for section, table in self.tables.items():
            if section in FOREIGN_SECTIONS or table is None:
                continue
            if section not in _KEYS:
                said.warnings.append(_warning(self.where(section), f"unknown section '{section}'", section, _KEYS))
            elif isinstance(table, dict):
                self._check_section(section, table, said, os.environ if environ is None else environ)
            else:
                raise ConfigError(
                    f"{section}: {table!r} ({_kind(table)}) is not allowed; it takes a mapping of keys to values",
                    where=self.where(section),
                )
        return said

    def _check_section(self, section: str, table: dict[str, Any], said: Said, environ: Mapping[str, str]) -> None:
        known = _KEYS[section]
        secret_from: dict[str, str] = {}
        for written, value in table.items():
            full = f"{section}.{written}"
            key = known.get(checks.plain(written))
            if key is None and checks.plain(written) not in _FOREIGN.get(section, ()):
                said.warnings.append(_warning(self.where(full), f"unknown key '{full}'", written, known.values()))
            if key is None or value is None:
                continue
            row = ROWS_OF_KEYS[f"{section}.{key}"]
            try:
                settled = row.check(value)
            except checks.Unfit as unfit:
                raise ConfigError(
                    f"{full}: {checks.presentable(value)!r} ({_kind(value)}) is not allowed; it takes {unfit.allowed}",
                    hint=unfit.suggestion,
                    where=self.where(full),
                ) from None
            if row.secret:
                secret_from[key] = str(settled)
                continue
            part, _, name = row.part.partition(".")
            # Lists and mappings stay as they are written; the settings freeze them.
            said.values.setdefault(part, {})[name] = value if isinstance(value, (list, dict)) else settled
            said.lines[row.key] = self.lines.get(full, 0)
        if secret_from:
            self._take_secret(secret_from, said, environ)

    def _take_secret(self, secret_from: dict[str, str], said: Said, environ: Mapping[str, str]) -> None:
        """Take the client's secret from the variable, else from the file (relative: to this file's folder).

        Having neither is only warned of: it matters to a log-in and to nothing else.
        """
        variable, location = secret_from.get("clientSecretEnvVar", ""), secret_from.get("clientSecretLocation", "")
        secret = environ.get(variable, "") if variable else ""
        if not secret and location:
            try:
                secret = self.path.parent.joinpath(location).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                said.warnings.append(f"{self.path}: admin.clientSecretLocation: {location} cannot be read: {reason}")
        elif not secret:
            said.warnings.append(f"{self.path}: admin.clientSecretEnvVar: {variable} is not set")
        if secret:
            said.values.setdefault("platform", {})["client_credentials_secret"] = secret
            said.lines["admin.clientSecretLocation"] = 0


def read(path: Path) -> ConfigFile:
    """Return the file as written: TOML by its suffix, YAML otherwise.

    :raises ConfigError: the file is missing, cannot be read, or is neither.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"no such configuration file: {path}", hint="check the path", where=str(path)) from None
    except OSError as error:
        raise ConfigError(f"cannot read the configuration file: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"the configuration file is not UTF-8 text: {error.reason}", where=str(path)) from None
    tables, lines = _toml(path, text) if path.suffix.lower() == ".toml" else _yaml(path, text)
    if tables is None:
        tables = {}
    if not isinstance(tables, dict):
        raise ConfigError(f"the configuration file must hold sections, but is {_kind(tables)}", where=f"{path}:1")
    return ConfigFile(path, {str(name): _text_keys(table) for name, table in tables.items()}, lines)


def _text_keys(table: Any) -> Any:
    """YAML has keys that are no text; they are unknown keys like others."""
    return {str(key): value for key, value in table.items()} if isinstance(table, dict) else table


def _yaml(path: Path, text: str) -> tuple[Any, dict[str, int]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        lines = _yaml_lines(path, node)
        return (None if node is None else loader.construct_document(node)), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = error.problem or error.context
        raise ConfigError(f"this is not YAML: {problem}", hint="mend that line", where=where) from None
    except (yaml.YAMLError, ValueError) as error:
        # PyYAML raises a bare ValueError for dates such as 2024-99-99.
        raise ConfigError(f"this is not YAML: {error}", where=str(path)) from None
    finally:
        loader.dispose()


def _yaml_lines(path: Path, node: Any, prefix: str = "") -> dict[str, int]:
    """Return the line of each key of the first two levels. A key that stands twice is refused: one would be lost."""
    lines: dict[str, int] = {}
    pairs = node.value if node is not None and node.id == "mapping" else []
    for key, value in pairs:
        if key.id != "scalar":
            continue
        name, line = f"{prefix}{key.value}", key.start_mark.line + 1
        if name in lines:
            raise ConfigError(f"'{name}' stands twice, first in line {lines[name]}", where=f"{path}:{line}")
        lines[name] = line
        if not prefix:
            lines.update(_yaml_lines(path, value, f"{name}."))
    return lines


def _toml(path: Path, text: str) -> tuple[Any, dict[str, int]]:
    import tomllib

    try:
        return tomllib.loads(text), _toml_lines(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise ConfigError(
            f"this is not TOML: {error}",
            hint='mend that line; a text stands in quotes: key = "value"',
            where=f"{path}:{at[1]}" if at else str(path),
        ) from None


def _toml_lines(text: str) -> dict[str, int]:
    """Return the line of each table and key, as far as lines that look like ``[table]`` and ``key =`` tell."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            table = header[1].replace('"', "")
            lines.setdefault(table, number)
        elif key := re.match(r"\s*([\w.\"-]+)\s*=", line):
            name = key[1].replace('"', "")
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines


def _warning(where: str, problem: str, name: str, known: Iterable[str]) -> str:
    return " ".join(part for part in (f"{where}: {problem} is ignored;", did_you_mean(name, known)) if part).rstrip(";")


def _kind(value: object) -> str:
    for kinds, words in (
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "a text"),
        (list, "a list"),
        (dict, "a mapping"),
    ):
        if isinstance(value, kinds):
            return words
    return "nothing" if value is None else f"a {type(value).__name__}"
