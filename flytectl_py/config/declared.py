"""A configuration as Python objects: what a file says, or what a program builds by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from flytectl_py.config import discovery
from flytectl_py.config.file import ConfigFile, read

_SECRETS = frozenset({"client_credentials_secret"})


class _ShortRepr:
    """Shows only what differs from the default; lists always; secrets as ``***``."""

    def __repr__(self) -> str:
        shown = []
        for each in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, each.name)
            if each.repr and (value != each.default or isinstance(value, list)) and value is not None:
                shown.append(f"{each.name}={'***' if each.name in _SECRETS else repr(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class PlatformConfig(_ShortRepr):
    """Where the control plane is and how to log in there: the section ``admin`` of a file."""

    endpoint: str | None = None
    insecure: bool = False
    insecure_skip_verify: bool = False
    ca_cert_file_path: str | None = None
    command: list[str] | None = None
    proxy_command: list[str] | None = None
    client_id: str | None = None
    client_credentials_secret: str | None = None
    scopes: list[str] = field(default_factory=list)
    auth_mode: str = "Pkce"
    rpc_retries: int = 3
    http_proxy_url: str | None = None
    console_endpoint: str | None = None
    disable_keyring: bool = False


@dataclass(frozen=True, repr=False)
class TaskConfig(_ShortRepr):
    """Where runs and tasks belong: the section ``task`` of a file."""

    org: str | None = None
    project: str | None = None
    domain: str | None = None


@dataclass(frozen=True, repr=False)
class ImageConfig(_ShortRepr):
    """Who builds images, where they go, and the images that have names: the section ``image`` of a file.

    `base_registry` is where the Debian base comes from, `uv_image` and `micromamba_image` the images that hold uv and
    micromamba: mirrors, for all.
    """

    builder: str | None = None
    image_refs: dict[str, str] | None = None
    registry: str | None = None
    base_registry: str | None = None
    uv_image: str | None = None
    micromamba_image: str | None = None


@dataclass(frozen=True, repr=False)
class Config(_ShortRepr):
    """A whole configuration.

    `source` is the file that it was read from, `lines` where each key stands in it (0 where that is unknown), and
    `warnings` what was odd in it, such as keys that nobody knows.
    """

    platform: PlatformConfig = field(default=PlatformConfig())
    task: TaskConfig = field(default=TaskConfig())
    image: ImageConfig = field(default=ImageConfig())
    source: Path | None = None
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    warnings: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def auto(cls, config_file: str | Path | ConfigFile | None = None) -> Config:
        """Return the configuration of `config_file`, else of the file in the usual places, else an empty one.

        :raises ConfigError: the file is missing, broken or wrong.
        """
        return auto(config_file)

    def with_params(
        self, platform: PlatformConfig | None = None, task: TaskConfig | None = None, image: ImageConfig | None = None
    ) -> Config:
        """Return a copy with other sections; None keeps what is there."""
        sections: dict[str, Any] = {"platform": platform, "task": task, "image": image}
        return replace(self, **{name: section for name, section in sections.items() if section is not None})


_SECTIONS = {"platform": PlatformConfig, "task": TaskConfig, "image": ImageConfig}


def auto(config_file: str | Path | ConfigFile | None = None, *, environ: Mapping[str, str] | None = None) -> Config:
    """As `Config.auto`.

    :param environ: instead of the environment of the process: names a file, a home, and perhaps the client's secret.
    """
    file = get_config_file(config_file, environ=environ)
    if file is None:
        return Config()
    said = file.check(environ=environ)
    sections: dict[str, Any] = {name: make(**said.values.get(name, {})) for name, make in _SECTIONS.items()}
    return Config(**sections, source=file.path, lines=said.lines, warnings=tuple(said.warnings))


def get_config_file(
    c: str | Path | ConfigFile | None, *, environ: Mapping[str, str] | None = None
) -> ConfigFile | None:
    """Return the file `c`, read; for None the one in the usual places, or None where there is none.

    :raises ConfigError: the file is missing or broken.
    """
    if isinstance(c, ConfigFile):
        return c
    path = discovery.find(environ=environ) if c is None else Path(c)
    return None if path is None else read(path)


def set_if_exists(d: dict[str, Any], k: str, val: Any) -> dict[str, Any]:
    """Put `val` under `k` into `d` unless it is empty (False is not), and return `d`."""
    if val or val is False:
        d[k] = val
    return d


def config_from_root(path: Path | str = ".flyte/config.yaml") -> Config | None:
    """Return the configuration at `path` under the top of the git working tree that holds the working directory.

    None outside git and where the file is missing: `flyte.init_from_config(None)` then searches the usual places.
    Git is not run.

    :raises ConfigError: the file is broken or wrong.
    """
    top = discovery.git_top(Path.cwd())
    if top is None or not (top / path).is_file():
        return None
    return auto(top / path)
