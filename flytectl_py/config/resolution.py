"""Settings: one frozen value settled from flags, environment, init() and file, that knows where each part came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from flytectl_py.config import checks
from flytectl_py.config.table import ROWS, SETTING_NAMES
from flytectl_py.errors import ConfigError, DeclarationError, UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

    from flytectl_py.config.declared import Config


class Settings(NamedTuple):  # A frozen dataclass of that many fields takes more than a millisecond to make.
    """Everything that can be set for a process, settled. `origin` says where each value came from.

    Left out anywhere, a value is the default below: project ``default``, domain ``development``, no organisation, and
    no endpoint, which means that everything runs here.
    `log_level` is a number of the standard `logging`, or None to leave it alone; `rpc_retries` counts the attempts
    after the first; `images` are (name, URI) pairs sorted by name; `source` is the configuration file, if one was read,
    and `warnings` what was odd in it.
    """

    endpoint: str | None = None
    insecure: bool = False
    insecure_skip_verify: bool = False
    ca_cert_file_path: str | None = None
    auth_type: str = "Pkce"
    command: tuple[str, ...] | None = None
    proxy_command: tuple[str, ...] | None = None
    api_key: str | None = None
    client_id: str | None = None
    client_credentials_secret: str | None = None
    auth_client_config: object | None = None
    scopes: tuple[str, ...] = ()
    rpc_retries: int = 3
    http_proxy_url: str | None = None
    console_endpoint: str | None = None
    disable_keyring: bool = False
    headless: bool = False
    org: str = ""
    project: str = "default"
    domain: str = "development"
    root_dir: Path | None = None
    log_level: int | None = None
    storage: object | None = None
    batch_size: int = 1000
    image_builder: str = "local"
    image_registry: str | None = None
    image_base_registry: str | None = None
    image_uv_image: str | None = None
    image_micromamba_image: str | None = None
    images: tuple[tuple[str, str], ...] = ()
    source: Path | None = None
    warnings: tuple[str, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()

    def __eq__(self, other: object) -> bool:
        """Whether the values are the same, wherever they came from."""
        return self[:-2] == other[:-2] if isinstance(other, Settings) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:-2])

    def __repr__(self) -> str:
        said = ", ".join(
            f"{name}={'***' if ROWS[name].secret else repr(getattr(self, name))}"
            for name, _ in self.origins
            if name in ROWS
        )
        return f"Settings({said})"

    def origin(self, name: str) -> str:
        """Return where a value came from, as a person would look for it.

        ``--domain``, ``FLYTE_DOMAIN``, ``init(domain=…)``, ``/x/.flyte/config.yaml: task.domain`` or ``default``.
        One image is ``images.NAME``.

        :raises UnknownNameError: no such setting.
        """
        found = dict(self.origins).get(name)
        if found is None and name.partition(".")[0] not in SETTING_NAMES:
            raise UnknownNameError("setting", name, SETTING_NAMES)
        return found or "default"


def resolve(
    flags: Mapping[str, object] | None = None,
    init: Mapping[str, object] | None = None,
    file: Config | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings that follow from four sources; the first to speak wins: flags, environment, init, file.

    In `flags` and `init`, None means that nothing was said; an environment variable that is empty says nothing.
    `images` are merged, name by name.

    :raises UnknownNameError: `flags` or `init` hold something that is no setting.
    :raises DeclarationError: a flag, a variable or a parameter of init() has a value that it cannot take.
    :raises ConfigError: the file has.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if file is not None:
        _take_file(file, values, origins)
    for name, value in _known(init or {}):
        _settle(name, value, f"init({name}=…)", values, origins)
    for name, row in ROWS.items():
        written = (environ or {}).get(row.variable, "") if row.variable else ""
        if written:
            _settle(name, checks.of_text(row.check, written), row.variable, values, origins)
    for name, value in _known(flags or {}):
        _settle(name, value, ROWS[name].option or "--" + name.replace("_", "-"), values, origins)
    if values.get("api_key"):
        _take_api_key(values, origins)
    return Settings(**values, origins=tuple(sorted(origins.items())))


def _take_api_key(values: dict[str, Any], origins: dict[str, str]) -> None:
    """Take the endpoint and the organisation that the key is for, where nobody says others."""
    from flytectl_py.config.api_key import read_api_key

    key = read_api_key(values["api_key"])
    for name, said in (("endpoint", key.endpoint), ("org", key.org)) if key is not None else ():
        if said and name not in values:
            _settle(name, said, origins["api_key"], values, origins)


def _known(given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in given.items():
        if name not in ROWS:
            raise UnknownNameError("setting", name, SETTING_NAMES)
        if value is not None:
            yield name, value


def _settle(name: str, value: object, origin: str, values: dict[str, Any], origins: dict[str, str]) -> None:
    row = ROWS[name]
    try:
        settled = row.check(value)
    except checks.Unfit as unfit:
        shown = "(hidden)" if row.secret else checks.presentable(value)
        raise DeclarationError(origin, shown, f"it takes {unfit.allowed}", suggestion=unfit.suggestion) from None
    _put(name, settled, origin, values, origins)


def _put(name: str, settled: Any, origin: str, values: dict[str, Any], origins: dict[str, str]) -> None:
    if name == "images":
        origins.update({f"images.{image}": origin for image, _ in settled})
        settled = tuple(sorted({**dict(values.get(name, ())), **dict(settled)}.items()))
    values[name] = settled
    origins[name] = origin


def _take_file(file: Config, values: dict[str, Any], origins: dict[str, str]) -> None:
    """Take what a `Config` says. What was made by hand is checked here as what was read is checked where it is read."""
    values["source"] = file.source
    values["warnings"] = file.warnings
    for name, row in ROWS.items():
        section, _, part = row.part.partition(".")
        if not section:
            continue
        value = getattr(getattr(file, section), part)
        if (
            value is None
            or (row.key not in file.lines and value == _DEFAULTS[name])
            or (name == "scopes" and not value)
        ):
            continue
        origin = f"{file.source}: {row.key}" if file.source else f"Config({section}.{part}=…)"
        try:
            _put(name, row.check(value), origin, values, origins)
        except checks.Unfit as unfit:
            shown = "(hidden)" if row.secret else repr(checks.presentable(value))
            raise ConfigError(
                f"{row.key}: {shown} is not allowed; it takes {unfit.allowed}",
                hint=unfit.suggestion,
                where=str(file.source or ""),
            ) from None


_DEFAULTS = Settings._field_defaults
