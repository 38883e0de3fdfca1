"""The settings of the process: who wins, what init() changes, and what threads and blocks see."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import flytectl_py.config.settings as config
from flytectl_py.config.declared import Config, ImageConfig, PlatformConfig, TaskConfig
from flytectl_py.errors import ConfigError, DeclarationError, InitializationError, UnknownNameError


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    with config.isolated():
        yield


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without any configuration, and a home of its own."""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_is_set_until_init() -> None:
    assert config.settings() is None
    for ask in (config.require, config.current_domain, config.current_project):
        with pytest.raises(InitializationError) as raised:
            ask()
        assert raised.value.kind == "user"
        assert raised.value.code == "NotInitialized"
        assert raised.value.exit_code == 2
        for advice in ("flyte.init()", "flyte.init_from_config()", "flyte run -d DOMAIN"):
            assert advice in str(raised.value)


def test_defaults_after_a_bare_init() -> None:
    settings = config.init(environ={})
    assert (settings.org, settings.project, settings.domain) == ("", "default", "development")
    assert settings.endpoint is None
    assert config.current_domain() == "development"
    assert config.current_project() == "default"
    assert settings.origin("domain") == "default"
    assert config.settings() is config.require() is settings


def test_last_init_wins_as_a_whole() -> None:
    config.init(project="a", domain="staging", environ={})
    config.init(project="b", environ={})
    assert (config.current_project(), config.current_domain()) == ("b", "development")


def test_init_fills_gaps_of_flags_and_environment_only() -> None:
    config.set_flags(domain="flagged", environ={"HOME": "/nonexistent"})
    settings = config.init(domain="inited", project="inited", org="inited", environ={"FLYTE_PROJECT": "environed"})
    assert (settings.domain, settings.project, settings.org) == ("flagged", "environed", "inited")
    assert settings.origin("domain") == "--domain"
    assert settings.origin("project") == "FLYTE_PROJECT"
    assert settings.origin("org") == "init(org=…)"


def test_a_refused_init_changes_nothing() -> None:
    before = config.init(domain="staging", environ={})
    with pytest.raises(DeclarationError):
        config.init(domain="no such\tdomain", environ={})
    assert config.settings() is before
    assert config.init(environ={}).domain == "development"


def test_environment_of_the_process_is_read_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    config.init()
    monkeypatch.setenv("FLYTE_DOMAIN", "late")
    assert config.current_domain() == "development"
    assert config.init().domain == "late"


@pytest.mark.parametrize(
    ("variable", "written", "name", "value"),
    [
        ("FLYTE_ENDPOINT", "dns:///a.b:443", "endpoint", "dns:///a.b:443"),
        ("FLYTE_INSECURE", "Yes", "insecure", True),
        ("FLYTE_INSECURE", "0", "insecure", False),
        ("FLYTE_ORG", "acme", "org", "acme"),
        ("FLYTE_PROJECT", "p", "project", "p"),
        ("FLYTE_DOMAIN", "d", "domain", "d"),
        ("FLYTE_ROOT_DIR", "/src/../app", "root_dir", Path("/app")),
        ("FLYTE_IMAGE_BUILDER", "remote", "image_builder", "remote"),
        ("FLYTE_IMAGE_REGISTRY", "ghcr.io/x", "image_registry", "ghcr.io/x"),
        ("FLYTE_LOG_LEVEL", "DEBUG", "log_level", 10),
        ("FLYTE_LOG_LEVEL", "25", "log_level", 25),
        ("FLYTE_API_KEY", "k", "api_key", "k"),
        ("FLYTE_INSECURE_SKIP_VERIFY", "on", "insecure_skip_verify", True),
        ("FLYTE_HEADLESS", "true", "headless", True),
        ("FLYTE_DISABLE_KEYRING", "true", "disable_keyring", True),
        ("FLYTE_RPC_RETRIES", "0", "rpc_retries", 0),
        ("FLYTE_BATCH_SIZE", "50", "batch_size", 50),
        ("FLYTE_AUTH_TYPE", "device-flow", "auth_type", "DeviceFlow"),
        ("FLYTE_COMMAND", "get 'a token' a,b", "command", ("get", "a token", "a,b")),
        ("FLYTE_SCOPES", "all,offline profile", "scopes", ("all", "offline", "profile")),
        ("FLYTE_IMAGES", "a:1,gpu=b:2", "images", (("default", "a:1"), ("gpu", "b:2"))),
        ("FLYTE_CONSOLE_ENDPOINT", "https://c", "console_endpoint", "https://c"),
    ],
)
def test_environment_variables(variable: str, written: str, name: str, value: object) -> None:
    settings = config.resolve(environ={variable: written})
    assert getattr(settings, name) == value
    assert settings.origin(name) == variable


def test_an_empty_variable_says_nothing() -> None:
    settings = config.resolve(environ={"FLYTE_DOMAIN": ""}, init={"domain": "d"})
    assert settings.domain == "d"


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("endpoint", "htps://host", "did you mean 'https'?"),
        ("endpoint", "dns://host:443", "did you mean 'dns:///host:443'?"),
        ("endpoint", "host:99999", ""),
        ("endpoint", "host:port", ""),
        ("endpoint", "a b", ""),
        ("endpoint", "", ""),
        ("endpoint", "dns:///", ""),
        ("endpoint", "[::1", ""),
        ("endpoint", "[zz]:1", ""),
        ("endpoint", "ho\x1bst", ""),
        ("http_proxy_url", "socks5://proxy:1080", ""),
        ("http_proxy_url", "htp://proxy:1080", "did you mean 'http'?"),
        ("http_proxy_url", "proxy:x", ""),
        ("http_proxy_url", "http://", ""),
        ("http_proxy_url", 3128, ""),
        ("insecure", "true", ""),
        ("domain", "", ""),
        ("domain", 3, ""),
        ("project", "a/b", ""),
        ("org", 1, ""),
        ("image_builder", "remot", "did you mean 'remote'?"),
        ("auth_type", "pkc", "did you mean 'Pkce'?"),
        ("log_level", "debgu", "did you mean 'debug'?"),
        ("log_level", True, ""),
        ("log_level", -1, ""),
        ("rpc_retries", -1, ""),
        ("rpc_retries", "3", ""),
        ("batch_size", 0, ""),
        ("command", "ls -l", ""),
        ("command", [1], ""),
        ("images", "a=b", ""),
        ("images", {"a": 1}, ""),
        ("images", ["a="], ""),
        ("root_dir", 3, ""),
    ],
)
def test_wrong_values_are_refused_where_they_were_said(name: str, value: object, hint: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        config.resolve(init={name: value})
    assert str(raised.value).startswith(f"init({name}=…): {value!r} is not allowed")
    assert raised.value.hint == hint
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("endpoint", "https://me:pa55w0rd@host:1", "https://***@host:1"),
        ("endpoint", "pa55w0rd@host", "***@host"),
        ("endpoint", "https://host/x?sig=pa55w0rd", "https://host/x?***"),
        ("endpoint", "https://host/#pa55w0rd", "https://host/?***"),
        ("http_proxy_url", "me:pa55w0rd@proxy:x", "***@proxy:x"),
        ("http_proxy_url", "ftp://me:pa55w0rd@proxy", "ftp://***@proxy"),
        ("image_registry", "https://me:pa55w0rd@ghcr.io/team", "https://***@ghcr.io/team"),
        ("api_key", "pa55w0rd\nX-Header: 1", "(hidden)"),
    ],
)
def test_a_value_that_is_refused_shows_no_secret(name: str, value: str, shown: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        config.resolve(init={name: value})
    assert str(raised.value).startswith(f"init({name}=…): {shown!r} is not allowed")
    assert "pa55w0rd" not in str(raised.value)


@pytest.mark.parametrize("value", ["http://proxy:3128", "http://me:pw@proxy", "proxy:3128", "https://[::1]:3128/"])
def test_forms_of_a_proxy(value: str) -> None:
    assert config.resolve(init={"http_proxy_url": value}).http_proxy_url == value


def test_the_line_break_of_a_file_is_no_part_of_a_key() -> None:
    assert config.resolve(environ={"FLYTE_API_KEY": "opaque-key\r\n"}).api_key == "opaque-key"


def test_errors_name_the_option_or_the_variable() -> None:
    with pytest.raises(DeclarationError, match=r"^--image-builder: 'x' "):
        config.resolve(flags={"image_builder": "x"})
    with pytest.raises(DeclarationError, match=r"^FLYTE_INSECURE: 'maybe' is not allowed; it takes true or false"):
        config.resolve(environ={"FLYTE_INSECURE": "maybe"})


@pytest.mark.parametrize(
    "endpoint", ["host", "host:80", "dns:///host", "dns:///host:443", "http://h:1/x", "https://h", "[::1]:80"]
)
def test_endpoint_forms(endpoint: str) -> None:
    assert config.resolve(init={"endpoint": endpoint}).endpoint == endpoint


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("client-secret", "ClientSecret"),
        ("CLIENT_SECRET", "ClientSecret"),
        ("headless", "DeviceFlow"),
        ("command", "ExternalCommand"),
    ],
)
def test_names_of_log_ins(written: str, meant: str) -> None:
    assert config.resolve(init={"auth_type": written}).auth_type == meant


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="no setting 'domian'") as raised:
        config.init(domian="x")
    assert "did you mean 'domain'?" in raised.value.hint
    with pytest.raises(UnknownNameError):
        config.resolve().origin("domian")


def test_secrets_are_never_shown() -> None:
    settings = config.resolve(init={"api_key": "hush", "client_credentials_secret": "hush", "domain": "d"})
    assert repr(settings) == "Settings(api_key=***, client_credentials_secret=***, domain='d')"
    with pytest.raises(DeclarationError) as raised:
        config.resolve(init={"api_key": ["hush"]})
    assert "hush" not in str(raised.value)
    by_hand = Config(platform=PlatformConfig(client_credentials_secret="hush"))
    assert "hush" not in repr(by_hand)
    assert config.resolve(file=by_hand).client_credentials_secret == "hush"


def test_images_merge_by_name_and_know_their_origin() -> None:
    file = Config(image=ImageConfig(image_refs={"a": "file", "b": "file", "c": "file"}))
    settings = config.resolve(
        flags={"images": ["a=flag", "plain"]}, init={"images": {"a": "init", "b": "init"}}, file=file
    )
    assert settings.images == (("a", "flag"), ("b", "init"), ("c", "file"), ("default", "plain"))
    assert settings.origin("images.a") == settings.origin("images") == "--image"
    assert settings.origin("images.b") == "init(images=…)"
    assert settings.origin("images.c") == "Config(image.image_refs=…)"


def test_a_config_made_by_hand_is_checked() -> None:
    with pytest.raises(ConfigError, match=r"task\.domain: 3 is not allowed"):
        config.resolve(file=Config(task=TaskConfig(domain=3)))  # type: ignore[arg-type]


def test_threads_see_init_whenever_they_started() -> None:
    """init() of one thread holds for the process: those started before it, too. Says so of the process-wide cell."""
    seen: list[str | None] = []
    go = threading.Event()

    def look() -> None:
        go.wait(5)
        found = config.settings()
        seen.append(found.domain if found else None)

    def start() -> None:
        cell = config.current_cell.get()
        before = cell.said
        early = threading.Thread(target=look)
        early.start()
        try:
            initialiser = threading.Thread(target=lambda: config.init(domain="shared", environ={}))
            initialiser.start()
            initialiser.join()
            go.set()
            late = threading.Thread(target=look)
            late.start()
            early.join()
            late.join()
        finally:
            cell.said = before

    outside = threading.Thread(target=start)  # a new thread has an empty context: it is outside `isolated`
    outside.start()
    outside.join()
    assert seen == ["shared", "shared"]
    assert config.settings() is None


def test_isolated_blocks_forget() -> None:
    config.init(domain="outer", environ={})
    with config.isolated():
        assert config.settings() is None
        config.init(domain="inner", environ={})
        assert asyncio.run(asyncio.to_thread(config.current_domain)) == "inner"
    assert config.current_domain() == "outer"


def test_without_a_file_nothing_that_reads_files_is_imported(bare: Path) -> None:
    program = (
        "import sys; from flytectl_py.config.settings import set_flags; set_flags(domain='d');"
        "print(sorted({'yaml', 'tomllib', 'logging', 'flytectl_py.config.declared'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


class TestFiles:
    """Which file is in force."""

    def test_init_reads_no_file_and_init_from_config_does(self, bare: Path) -> None:
        file = write(bare / ".flyte/config.yaml", "task: {domain: filed}\n")
        assert config.init().domain == "development"
        settings = config.init_from_config(project="p")
        assert (settings.domain, settings.project, settings.source) == ("filed", "p", file)
        assert settings.origin("domain") == f"{file}: task.domain"
        assert config.init().domain == "development"

    def test_without_a_file_init_from_config_is_init(self, bare: Path) -> None:
        assert config.init_from_config().source is None
        assert config.current_domain() == "development"

    def test_a_missing_file_is_an_error(self, bare: Path) -> None:
        with pytest.raises(ConfigError, match=r"no such configuration file: nope\.yaml") as raised:
            config.init_from_config("nope.yaml")
        assert raised.value.where == "nope.yaml"
        assert config.settings() is None

    def test_a_config_object_is_taken_as_it_is(self, bare: Path) -> None:
        settings = config.init_from_config(Config(task=TaskConfig(domain="made")))
        assert settings.domain == "made"
        assert settings.origin("domain") == "Config(task.domain=…)"

    def test_the_command_line_finds_the_file_and_init_keeps_it(self, bare: Path) -> None:
        write(bare / ".flyte/config.yaml", "task: {domain: found}\n")
        config.set_flags(project="p")
        assert config.current_domain() == "found"
        assert config.init(org="o").domain == "found"
        assert config.init_from_config().domain == "found"
        other = write(bare / "other.yaml", "task: {domain: other}\n")
        assert config.init_from_config(other).domain == "other"
        assert config.init().domain == "found"

    def test_a_file_named_on_the_command_line_stays(self, bare: Path) -> None:
        named = write(bare / "named.yaml", "task: {domain: named}\n")
        other = write(bare / "other.yaml", "task: {domain: other}\n")
        config.set_flags(named)
        assert config.init_from_config(other).domain == "named"
        assert config.require().source == named

    def test_oddities_of_the_file_are_handed_on(self, bare: Path) -> None:
        write(bare / ".flyte/config.yaml", "task:\n  domian: d\n")
        (warning,) = config.set_flags().warnings
        assert warning.endswith("config.yaml:2: unknown key 'task.domian' is ignored; did you mean 'domain'?")


def test_an_api_key_says_where_and_whose() -> None:
    key = base64.b64encode(b"dns:///acme.example.com:443:id:secret:acme").decode()
    settings = config.resolve(environ={"FLYTE_API_KEY": key})
    assert (settings.endpoint, settings.org) == ("dns:///acme.example.com:443", "acme")
    assert settings.origin("endpoint") == "FLYTE_API_KEY"
    assert config.resolve(environ={"FLYTE_API_KEY": key}, init={"endpoint": "other"}).endpoint == "other"


@pytest.mark.parametrize("variable", ["FLYTE_RPC_RETRIES", "FLYTE_BATCH_SIZE"])
def test_a_variable_that_is_no_number_is_refused(variable: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{variable}: 'many' is not allowed; it takes a whole number"):
        config.resolve(environ={variable: "many"})
