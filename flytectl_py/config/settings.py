"""The settings of this process: who may set them, who may ask for them, and the one global that holds them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from flytectl_py.config.resolution import Settings, resolve
from flytectl_py.errors import ConfigError, InitializationError

if TYPE_CHECKING:
    from pathlib import Path

    from flytectl_py.config.declared import Config

__all__ = [
    "NAME_AN_ENDPOINT",
    "Settings",
    "current_domain",
    "current_project",
    "init",
    "init_from_config",
    "isolated",
    "led_to",
    "require",
    "resolve",
    "set_flags",
    "set_scope",
    "settings",
]

NAME_AN_ENDPOINT = "give --endpoint, set FLYTE_ENDPOINT, or 'flyte config set endpoint URL'"
"""What to do where a command needs a cluster."""


_OF_REACHING = (
    "insecure_skip_verify", "ca_cert_file_path", "auth_type", "command", "proxy_command", "api_key", "client_id",
    "client_credentials_secret", "auth_client_config", "scopes", "http_proxy_url", "console_endpoint",
    "disable_keyring", "headless",
)  # fmt: skip
"""The settings that are about one control plane, besides its endpoint."""


class _Said(NamedTuple):
    """What was said so far and what follows. `chosen` is the file of the command line, `config` the one in force."""

    flags: Mapping[str, object] = {}
    init: Mapping[str, object] = {}
    config: Config | None = None
    chosen: Config | None = None
    pinned: bool = False
    settings: Settings | None = None


class _Cell:
    """Holds what was said. It changes by one assignment, so that no thread sees half of it."""

    __slots__ = ("said",)

    def __init__(self) -> None:
        self.said = _Said()


# The default is one object, so every thread and every context of the process sees the same cell, also those started
# before init() was called; a ContextVar that init() set itself would be seen by its own thread only.
# `isolated` puts another cell in place for one context.
current_cell: ContextVar[_Cell] = ContextVar("flyte_settings", default=_Cell())  # noqa: B039 - shared on purpose


def init(*, environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Say what the program itself wants; flags and the environment win over it. The last call replaces earlier ones.

    Reads no file: only the file of the command line stays in force. None means that nothing is said of a setting;
    anything else counts, so hand on only what the caller wrote. Safe to call from any thread.

    :param environ: instead of the environment of the process.
    :raises UnknownNameError, DeclarationError: as `resolve`.
    """
    said = current_cell.get().said
    return _store(said._replace(init=given, config=said.chosen), environ)


def init_from_config(
    path_or_config: str | Path | Config | None = None, *, environ: Mapping[str, str] | None = None, **given: object
) -> Settings:
    """As `init`, over a configuration file: the one given, else that of the command line, else the one found.

    A file that the command line names with ``--config`` stays in force.

    :raises ConfigError: the file is missing, broken or wrong.
    """
    said = current_cell.get().said
    keep = said.pinned or (path_or_config is None and said.chosen is not None)
    config = said.chosen if keep else _config(path_or_config, environ)
    return _store(said._replace(init=given, config=config), environ)


def set_flags(
    config: str | Path | None = None, *, environ: Mapping[str, str] | None = None, **given: object
) -> Settings:
    """Say what the command line says, which wins over everything; what init() said before is dropped.

    :param config: ``--config``; without it the usual places are searched.
    :raises UnknownNameError, DeclarationError, ConfigError: as `resolve`.
    """
    if config == "":
        raise ConfigError("--config: it is empty", hint="name a file, or leave --config out", where="--config")
    found = _config(config, environ)
    return _store(_Said(flags=given, config=found, chosen=found, pinned=config is not None), environ)


def set_scope(*, project: str, domain: str, org: str) -> Settings:
    """Say what a container was started for, which wins over everything. Reads no file; what is empty is not said."""
    given = {"project": project, "domain": domain, "org": org}
    return _store(_Said(flags={name: value for name, value in given.items() if value}), None)


def _config(path_or_config: str | Path | Config | None, environ: Mapping[str, str] | None) -> Config | None:
    """Return the configuration, or None where there is none; without one, nothing that reads files is imported."""
    if path_or_config is None:
        from flytectl_py.config.discovery import find

        path_or_config = find(environ=environ)
        if path_or_config is None:
            return None
    from flytectl_py.config.declared import Config, auto

    return path_or_config if isinstance(path_or_config, Config) else auto(path_or_config, environ=environ)


def _store(said: _Said, environ: Mapping[str, str] | None) -> Settings:
    """Resolve first, so that a refused value changes nothing."""
    settled = resolve(said.flags, said.init, said.config, os.environ if environ is None else environ)
    current_cell.get().said = said._replace(settings=settled)
    if settled.log_level is not None:
        from flytectl_py.config.logs import set_log_level

        set_log_level(settled.log_level)
    return settled


@contextmanager
def led_to(endpoint: str) -> Iterator[Settings]:
    """Lead to a control plane of this machine in the block, whatever is said elsewhere of one and of how to log in."""
    cell = current_cell.get()
    before = cell.said
    now = before.settings or resolve(environ=os.environ)
    plain = Settings()
    unsaid = {name: getattr(plain, name) for name in _OF_REACHING}
    settled = now._replace(**{**unsaid, "endpoint": endpoint, "insecure": True})
    cell.said = before._replace(settings=settled)
    try:
        yield settled
    finally:
        cell.said = before


def settings() -> Settings | None:
    """Return the settings, or None where nothing has been initialised."""
    return current_cell.get().said.settings


def require() -> Settings:
    """Return the settings.

    :raises InitializationError: nothing has been initialised.
    """
    found = settings()
    if found is None:
        raise InitializationError(
            "NotInitialized",
            "user",
            "flyte is not initialised yet: call flyte.init() or flyte.init_from_config() first, "
            "or start the program with `flyte run -d DOMAIN FILE TASK`",
        )
    return found


def current_domain() -> str:
    """Return the domain, ``development`` unless something else was set.

    :raises InitializationError: nothing has been initialised.
    """
    return require().domain


def current_project() -> str:
    """Return the project, ``default`` unless something else was set.

    :raises InitializationError: nothing has been initialised.
    """
    return require().project


@contextmanager
def isolated() -> Iterator[None]:
    """Start from nothing in the block, and forget in its end what was set in it.

    Holds for the current context: threads of the block see it if they run in a copy of it, as `asyncio.to_thread` does.
    """
    token = current_cell.set(_Cell())
    try:
        yield
    finally:
        current_cell.reset(token)
