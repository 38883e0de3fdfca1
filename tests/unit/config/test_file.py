"""What configuration files may say, and how their mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flytectl_py.config.declared import Config, auto
from flytectl_py.errors import ConfigError

EVERYTHING = """\
admin:
  endpoint: dns:///flyte.example.com:443
  insecure: true
  insecureSkipVerify: true
  disableKeyring: true
  caCertFilePath: /etc/ca.pem
  authType: ClientSecret
  clientId: me
  command: [get, token]
  proxyCommand: [get, proxy]
  rpcRetries: 7
  httpProxyURL: http://proxy:3128
  scopes: [all]
console: {endpoint: "https://console.example.com"}
task: {org: acme, project: flytesnacks, domain: staging}
image:
  builder: remote
  registry: ghcr.io/acme
  image_refs: {app: ghcr.io/acme/app:1}
  base_registry: mirror.acme/hub
  uvImage: mirror.acme/uv:1
  micromambaImage: mirror.acme/micromamba:2
"""


def config(tmp_path: Path, text: str, name: str = "config.yaml", **environ: str) -> Config:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return auto(tmp_path / name, environ=environ)


def test_every_key(tmp_path: Path) -> None:
    read = config(tmp_path, EVERYTHING)
    assert vars(read.platform) == {
        "endpoint": "dns:///flyte.example.com:443",
        "insecure": True,
        "insecure_skip_verify": True,
        "ca_cert_file_path": "/etc/ca.pem",
        "command": ["get", "token"],
        "proxy_command": ["get", "proxy"],
        "client_id": "me",
        "client_credentials_secret": None,
        "scopes": ["all"],
        "auth_mode": "ClientSecret",
        "rpc_retries": 7,
        "http_proxy_url": "http://proxy:3128",
        "console_endpoint": "https://console.example.com",
        "disable_keyring": True,
    }
    assert vars(read.task) == {"org": "acme", "project": "flytesnacks", "domain": "staging"}
    assert vars(read.image) == {
        "builder": "remote",
        "image_refs": {"app": "ghcr.io/acme/app:1"},
        "registry": "ghcr.io/acme",
        "base_registry": "mirror.acme/hub",
        "uv_image": "mirror.acme/uv:1",
        "micromamba_image": "mirror.acme/micromamba:2",
    }
    assert read.source == tmp_path / "config.yaml"
    assert read.warnings == ()
    assert read.lines["admin.rpcRetries"] == 11


def test_keys_may_be_spelled_otherwise(tmp_path: Path) -> None:
    read = config(tmp_path, "admin: {insecure_skip_verify: true, auth-type: pkce}\nimage: {imageRefs: {a: b}}\n")
    assert read.platform.insecure_skip_verify
    assert read.image.image_refs == {"a": "b"}
    assert read.warnings == ()


def test_toml(tmp_path: Path) -> None:
    read = config(tmp_path, '[admin]\nendpoint = "h:80"\n\n[task]\ndomain = "d"\n', "config.toml")
    assert (read.platform.endpoint, read.task.domain) == ("h:80", "d")
    assert read.lines == {"admin.endpoint": 2, "task.domain": 5}


@pytest.mark.parametrize("text", ["", "# nothing\n", "admin:\n", "task: {domain: }\n"])
def test_empty_files_say_nothing(tmp_path: Path, text: str) -> None:
    assert config(tmp_path, text) == Config(source=tmp_path / "config.yaml")


def test_sections_of_other_programs_are_no_mistake(tmp_path: Path) -> None:
    text = (
        "admin: {endpoint: h, useAuth: true, maxRetries: 3, pkceConfig: {timeout: 1m}}\n"
        "console: {endpoint: c}\nlogger: {level: 6}\nstorage: {type: stow}\nlocal: {persistence: true}\n"
    )
    assert config(tmp_path, text).warnings == ()


def test_unknown_sections_and_keys_are_told_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    text = "admn:\n  endpoint: h\ntask:\n  domain: d\n  domian: d\n  3: x\n"
    assert config(tmp_path, text).warnings == (
        f"{path}:1: unknown section 'admn' is ignored; did you mean 'admin'?",
        f"{path}:5: unknown key 'task.domian' is ignored; did you mean 'domain'?",
        f"{path}:6: unknown key 'task.3' is ignored",
    )
    (warning,) = config(tmp_path, '[task]\ndomian = "d"\n', "c.toml").warnings
    assert warning.startswith(f"{tmp_path / 'c.toml'}:2: ")


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("c.yaml", "admin: [\n", 2, "this is not YAML"),
        ("c.yaml", "admin:\n  a: b: c\n", 2, "this is not YAML"),
        ("c.yaml", "admin: !!python/name:os.system x\n", 1, "this is not YAML"),
        ("c.yaml", "- a\n", 1, "must hold sections, but is a list"),
        ("c.yaml", "task:\n  domain: a\n  domain: b\n", 3, "'task.domain' stands twice, first in line 2"),
        ("c.yaml", "\ntask: 3\n", 2, "task: 3 (a number) is not allowed; it takes a mapping of keys to values"),
        (
            "c.yaml",
            "admin:\n  insecure: 'yes'\n",
            2,
            "admin.insecure: 'yes' (a text) is not allowed; it takes true or false",
        ),
        ("c.yaml", "task:\n  project: 12\n", 2, "task.project: 12 (a number) is not allowed; it takes a name"),
        ("c.yaml", "admin:\n  command: ls\n", 2, "it takes a list of texts"),
        ("c.yaml", "image:\n  image_refs: [1]\n", 2, "it takes a mapping of names to image URIs"),
        ("c.yaml", "admin:\n  clientSecretLocation: 3\n", 2, "admin.clientSecretLocation: 3 (a number)"),
        ("c.toml", "[admin]\nendpoint = \n", 2, "this is not TOML"),
        ("c.toml", "[image]\n\nbuilder = 'remot'\n", 3, "image.builder: 'remot' (a text) is not allowed"),
    ],
)
def test_mistakes_have_a_line(tmp_path: Path, name: str, text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config(tmp_path, text, name)
    assert message in str(raised.value)
    assert raised.value.where == f"{tmp_path / name}:{line}"


def test_a_value_that_is_refused_shows_no_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"httpProxyURL: 'http://\*\*\*@proxy:x' \(a text\)"):
        config(tmp_path, "admin:\n  httpProxyURL: http://me:pa55w0rd@proxy:x\n")


def test_a_near_miss_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        config(tmp_path, "image: {builder: remot}\n")
    assert raised.value.hint == "did you mean 'remote'?"


@pytest.mark.parametrize("name", ["folder", "latin.yaml", "missing.yaml"])
def test_files_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin.yaml").write_bytes(b"task: {domain: \xe9}\n")
    with pytest.raises(ConfigError) as raised:
        auto(tmp_path / name)
    assert raised.value.where == str(tmp_path / name)


class TestClientSecret:
    """A file says where the client's secret is, never what it is."""

    TEXT = "admin:\n  clientSecretEnvVar: SECRET\n  clientSecretLocation: secret.txt\n"

    def secret(self, tmp_path: Path, text: str = TEXT, **environ: str) -> Any:
        return config(tmp_path, text, **environ).platform.client_credentials_secret

    def test_the_variable_wins_over_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "secret.txt").write_text("filed\n")
        assert self.secret(tmp_path) == "filed"
        assert self.secret(tmp_path, SECRET="environed") == "environed"

    @pytest.mark.parametrize(
        "text", [TEXT, "admin: {clientSecretLocation: /nope}\n", "admin: {clientSecretEnvVar: SECRET}\n"]
    )
    def test_having_none_is_only_a_warning(self, tmp_path: Path, text: str) -> None:
        read = config(tmp_path, text)
        assert read.platform.client_credentials_secret is None
        (warning,) = read.warnings
        assert "clientSecret" in warning
