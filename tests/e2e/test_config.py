"""`flyte config show`, and what wins: options, variables, the file."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.project import Project

MakeProject = Callable[..., Project]

FILE = """
admin:
  endpoint: dns:///acme.example.com
  clientSecretEnvVar: SECRET
  httpProxyURL: http://user:pr0xy-s3cr3t@proxy:3128
  colour: red
console:
  endpoint: https://console.example.com
task:
  project: flytesnacks
  domain: staging
"""


def test_every_setting_says_where_it_came_from(project: MakeProject) -> None:
    made = project({".flyte/config.yaml": FILE})
    env = {"SECRET": "cl1ent-s3cr3t", "FLYTE_DOMAIN": "production", "FLYTE_API_KEY": "k3y-s3cr3t"}
    result = made.flyte("config", "show", "--origin", "--org", "acme", env=env).expect()
    path = made.path / ".flyte/config.yaml"
    assert f"file: {path}" in result.out
    lines = {line.partition(":")[0]: " ".join(line.split()) for line in result.out.splitlines()}
    assert lines["endpoint"] == f"endpoint: dns:///acme.example.com # {path}: admin.endpoint"
    assert lines["project"] == f"project: flytesnacks # {path}: task.project"
    assert lines["domain"] == "domain: production # FLYTE_DOMAIN"
    assert lines["org"] == "org: acme # --org"
    assert lines["batch_size"] == "batch_size: 1000 # default"
    assert lines["api_key"] == "api_key: (hidden) # FLYTE_API_KEY"
    assert "s3cr3t" not in result.out + result.err
    assert f"{path}:5: unknown key 'admin.colour' is ignored" in result.err


def test_as_json(project: MakeProject) -> None:
    made = project({"other.toml": '[admin]\nendpoint = "https://x"\nrpcRetries = 7\n[task]\nproject = "p"\n'})
    result = made.flyte("-c", "other.toml", "config", "show", "--json").expect()
    assert result.json["file"] == "other.toml"
    assert result.json["settings"]["endpoint"] == "https://x"
    assert result.json["settings"]["rpc_retries"] == 7
    assert "origins" not in result.json
    with_origin = made.flyte("config", "show", "--json", "--origin", "--config", "other.toml").expect()
    assert with_origin.json["origins"]["project"] == "other.toml: task.project"


def test_the_organisation_that_is_sent_is_named(project: MakeProject) -> None:
    made = project({})
    shown = made.flyte("config", "show", "--endpoint", "acme.example.com").expect().out
    assert "org: acme (from the endpoint's host)" in shown
    said = made.flyte("config", "show", "--endpoint", "acme.example.com", "--json").expect().json
    assert said["org_from_endpoint"] == "acme"


def test_two_files_in_one_place(project: MakeProject) -> None:
    made = project({".flyte/config.yaml": FILE, ".flyte/config.toml": ""})
    result = made.flyte("config", "show")
    assert result.code == 2
    assert f"{made.path}/.flyte/config.toml and {made.path}/.flyte/config.yaml" in result.err
    made.flyte("config", "show", "-c", ".flyte/config.yaml", env={"SECRET": "x"}).expect()


def test_a_file_that_is_not_there(project: MakeProject) -> None:
    result = project().flyte("-c", "none.yaml", "config", "show")
    assert result.code == 2
    assert "no such configuration file: none.yaml" in result.err


def test_what_is_wrong_is_found_from_where_settings_come(project: MakeProject) -> None:
    made = project({".flyte/config.toml": "[admin\n"})
    path, env = made.path / ".flyte/config.toml", {"FLYTE_INSECURE": "maybe", "FLYTE_DOMAIN": "d"}
    broken = made.flyte("config", "show", env=env).expect(2).err
    assert f"configuration files: {path}\n" in broken
    assert "variables that are set: FLYTE_INSECURE, FLYTE_DOMAIN\n" in broken
    assert "hint: mend that line; a text stands in quotes" in broken
    assert made.flyte("config", "path", env=env).expect().out == f"{path}\n"
    made.write({".flyte/config.yaml": ""})
    assert (
        f"configuration files: {path}, {made.path}/.flyte/config.yaml\n" in made.flyte("config", "show").expect(2).err
    )


def test_what_else_is_typed(project: MakeProject) -> None:
    made = project()
    assert "flyte config needs one of show, " in made.flyte("config").err
    assert "did you mean 'show'?" in made.flyte("config", "shw").err
    assert made.flyte("config", "show", "x").code == 2


def test_options_for_the_control_plane_may_stand_before_the_command(project: MakeProject) -> None:
    shown = project().flyte("--endpoint", "a.b:1", "--insecure", "config", "show", "--json", "--origin").expect().json
    assert shown["settings"]["endpoint"] == "a.b:1"
    assert shown["settings"]["insecure"] is True
    assert shown["origins"]["insecure"] == "--insecure"
