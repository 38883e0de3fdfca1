"""`flyte config init`, `set`, `unset`, `get` and `path`: what they write is what the settings read."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]
FILE = ".flyte/config.toml"


def test_what_is_written_is_in_force(project: MakeProject) -> None:
    made = project()
    path = str(made.path / FILE)
    given = ("--endpoint", "http://localhost:1", "--insecure", "--project", "web", "--domain", "d", "--org", "acme")
    made.flyte("config", "init", *given, "--builder", "podman", "--registry", "r.io/x", "--auth-type", "pkce").expect()
    shown = made.flyte("config", "show", "--json", "--origin").expect().json
    assert shown["file"] == path
    wanted = {
        "endpoint": "http://localhost:1", "insecure": True, "project": "web", "domain": "d", "org": "acme",
        "image_builder": "podman", "image_registry": "r.io/x", "auth_type": "Pkce",
    }  # fmt: skip
    assert {name: shown["settings"][name] for name in wanted} == wanted
    assert {name for name, origin in shown["origins"].items() if origin != "default"} == wanted.keys()
    assert made.flyte("config", "path").expect().out == f"{path}\n"

    said = made.flyte("config", "set", "rpc_retries", "7", "--json", env={"FLYTE_RPC_RETRIES": "8"}).expect()
    assert said.json == {"file": path, "key": "admin.rpcRetries", "value": 7}
    assert "FLYTE_RPC_RETRIES is set, and wins over the file" in said.err
    assert made.flyte("config", "get", "admin.rpcRetries").expect().out == "7\n"
    got = made.flyte("config", "get", "rpc_retries", "--json").expect().json
    assert got == {
        "setting": "rpc_retries",
        "key": "admin.rpcRetries",
        "value": 7,
        "origin": f"{path}: admin.rpcRetries",
    }
    assert made.flyte("config", "unset", "rpc_retries", "--json").expect().json["removed"] is True
    assert "was not set" in made.flyte("config", "unset", "rpc_retries").expect().err
    assert made.flyte("config", "get", "rpc_retries").expect().out == "3\n"


def test_what_get_prints_set_takes(project: MakeProject) -> None:
    made = project({FILE: '[admin]\ncommand = ["a b", "c"]\nscopes = ["x"]\n[image]\nimage_refs = {b = "r.io/b:1"}\n'})
    before = made.read(FILE)
    for name in ("command", "scopes", "images"):
        printed = made.flyte("config", "get", name).expect().out.strip()
        made.flyte("config", "unset", name).expect()
        made.flyte("config", "set", name, printed).expect()
    assert tomllib.loads(made.read(FILE)) == tomllib.loads(before)


def test_nothing_is_overwritten_unless_it_is_said(project: MakeProject) -> None:
    made = project({FILE: "# mine\n"})
    refused = made.flyte("config", "init", "--project", "x", "--json").expect(4)
    assert refused.json["error"]["where"] == FILE
    assert made.read(FILE) == "# mine\n"
    made.flyte("config", "init", "--project", "x", "--force").expect()
    assert tomllib.loads(made.read(FILE))["task"] == {"project": "x"}


def test_beside_yaml_nothing_is_written(project: MakeProject) -> None:
    made = project({".flyte/config.yaml": "# mine\n"})
    assert "config.yaml.old" in made.flyte("config", "init", "--force").expect(4).err
    refused = made.flyte("config", "set", "domain", "x").expect(2)
    assert 'write into it:\ntask:\n  domain: "x"' in refused.err
    assert made.read(".flyte/config.yaml") == "# mine\n"
    assert not (made.path / FILE).exists()


def test_the_file_that_is_named_or_in_force_is_changed(project: MakeProject) -> None:
    made = project({".git/": "", "sub/": "", FILE: "[task]\n"})
    made.flyte("config", "set", "domain", "x", cwd="sub").expect()
    assert tomllib.loads(made.read(FILE)) == {"task": {"domain": "x"}}
    made.flyte("-c", "other.toml", "config", "set", "domain", "y").expect()
    assert tomllib.loads(made.read("other.toml")) == {"task": {"domain": "y"}}
    made.flyte("config", "init", "-c", "third.toml", "--domain", "z").expect()
    assert made.flyte("config", "get", "domain", "-c", "third.toml").expect().out == "z\n"


def test_where_nothing_can_be_written(project: MakeProject) -> None:
    made = project({".flyte": "a file"})
    for words in (("init",), ("set", "domain", "x")):
        assert "cannot write" in made.flyte("config", *words).expect(3).err
    assert made.read(".flyte") == "a file"


def test_without_a_file(project: MakeProject) -> None:
    made = project()
    assert made.flyte("config", "path", "--json").expect().json == {"file": None}
    assert "flyte config init" in made.flyte("config", "path").expect().err
    made.flyte("config", "set", "domain", "x").expect()
    assert made.flyte("config", "get", "domain").expect().out == "x\n"


def test_a_setting_goes_by_many_spellings(project: MakeProject) -> None:
    made = project({FILE: ""})
    made.flyte("config", "set", "IMAGE-BUILDER", "docker").expect()
    for word in ("Image_Builder", "builder", "image.BUILDER", "Image.builder"):
        assert made.flyte("config", "get", word).expect().out == "docker\n"
    assert made.flyte("config", "get", "clientSecretEnvVar", "--json").expect().json["value"] is None


def test_what_can_be_had_is_listed(project: MakeProject) -> None:
    said = project().flyte("config", "get", "nope").expect(2).err
    assert "known: endpoint, insecure," in said
    assert "api_key" in said
    assert "root_dir" in said


def test_a_setting_without_a_value_is_printed_as_nothing(project: MakeProject) -> None:
    made = project()
    for name in ("endpoint", "org", "registry"):
        assert made.flyte("config", "get", name).expect().out == ""
    shown = made.flyte("config", "show").expect().out.splitlines()
    assert "endpoint: -" in shown
    assert "org: -" in shown


def test_what_is_not_set_is_taken_out_of_no_file(project: MakeProject) -> None:
    made = project()
    said = made.flyte("config", "unset", "project", "--json").expect()
    assert said.json == {"file": None, "key": "task.project", "removed": False}
    assert "there is no configuration file; task.project was not set" in said.err
    assert "there is no configuration file other.toml;" in made.flyte("-c", "other.toml", "config", "unset", "org").err
    assert list(made.path.iterdir()) == []


def test_a_file_elsewhere_is_in_force_where_it_is_named(project: MakeProject) -> None:
    said = project().flyte("config", "init", "-c", "new2.toml", "--project", "x").expect().err
    assert "'flyte -c new2.toml config show --origin' says what is in force with it" in said


def test_secrets_are_neither_written_nor_shown(project: MakeProject) -> None:
    made = project({FILE: ""})
    assert "FLYTE_API_KEY" in made.flyte("config", "set", "api_key", "s3cr3t").expect(2).err
    said = made.flyte("config", "set", "http_proxy_url", "http://u:s3cr3t@proxy").expect()
    assert "warning: there is a password in admin.httpProxyURL" in said.err
    shown = made.flyte("config", "get", "api_key", env={"FLYTE_API_KEY": "s3cr3t"}).expect()
    assert shown.out == "(hidden)\n"
    got = made.flyte("config", "get", "http_proxy_url").expect()
    assert "s3cr3t" not in said.err + shown.out + got.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["get"], "flyte config get takes KEY, got nothing"),
        (["set", "domain"], "flyte config set takes KEY VALUE, got domain"),
        (["path", "x"], "flyte config path takes no argument, got x"),
        (["get", "domian"], "did you mean 'domain'?"),
        (["set", "auth_type", "pcke"], "did you mean 'Pkce'?"),
        (["set", "domain", "x", "--force"], "flyte config set has no option --force"),
        (["init", "--builder", "dokcer"], "did you mean 'docker'?"),
    ],
)
def test_what_is_typed_wrong(project: MakeProject, words: list[str], said: str) -> None:
    assert said in project().flyte("config", *words).expect(2).err


def test_a_person_is_asked(project: MakeProject) -> None:
    made = project()
    with made.flyte_on_terminal("config", "init") as terminal:
        terminal.expect("endpoint of the control plane")
        terminal.send("ftp://x\n")
        terminal.expect("it takes host")
        terminal.expect("endpoint of the control plane")
        terminal.send("dns:///flyte.example.com\n")
        terminal.expect(r"project \[default\]")
        terminal.send("web\n")
        terminal.expect(r"domain \[development\]")
        terminal.send("\n")
        terminal.expect("what builds images")
        terminal.send("podman\n")
        terminal.expect("registry that images")
        terminal.send("\n")
        terminal.finish().expect()
    said = tomllib.loads(made.read(FILE))
    assert {section: table for section, table in said.items() if table} == {
        "admin": {"endpoint": "dns:///flyte.example.com"},
        "task": {"project": "web"},
        "image": {"builder": "podman"},
    }


def test_who_goes_away_while_asked_leaves_nothing(project: MakeProject) -> None:
    made = project()
    with made.flyte_on_terminal("config", "init") as terminal:
        terminal.expect("endpoint of the control plane")
        terminal.send("\x04")
        terminal.finish().expect(130)
    assert not (made.path / FILE).exists()
