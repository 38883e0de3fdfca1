"""`flyte completion`: the scripts that it prints, and where it puts them."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from flytectl_py.cli.completion_scripts import FILES, SCRIPTS
from tests.support.process import run_process
from tests.support.project import Project
from tests.support.shells import needs_program

MakeProject = Callable[..., Project]
SHELLS = ("bash", "zsh", "fish")


@pytest.mark.parametrize("name", SHELLS)
def test_a_script_is_printed(project: MakeProject, name: str) -> None:
    made = project()
    assert made.flyte("completion", name).expect().out == SCRIPTS[name]
    assert made.flyte("completion", name, "--json").expect().json == {"shell": name, "script": SCRIPTS[name]}
    assert (Path(__file__).parents[2] / "completions" / FILES[name]).read_text() == SCRIPTS[name], (
        "run 'make completions'"
    )


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("bash", ".local/share/bash-completion/completions/flyte"),
        ("zsh", ".local/share/zsh/site-functions/_flyte"),
        ("fish", ".config/fish/completions/flyte.fish"),
    ],
)
def test_install_writes_once_and_never_over_what_is_not_ours(project: MakeProject, name: str, place: str) -> None:
    made = project()
    file = made.home / place
    planned = made.flyte("completion", "install", name, "--dry-run", "--json").expect().json
    assert (planned["path"], planned["state"], planned["dry_run"]) == (str(file), "to write", True)
    assert not file.exists()
    first = made.flyte("completion", "install", name).expect()
    assert first.out == f"{file}\n"
    assert "open a new" in first.err
    assert file.read_text() == SCRIPTS[name]
    assert made.flyte("completion", "install", name, "--json").expect().json["state"] == "current"
    file.write_text(SCRIPTS[name] + "# of an older version\n")
    again = ("completion", "install", name, "--json")
    assert made.flyte(*again, "--dry-run").expect().json["state"] == "to update"
    assert made.flyte(*again).expect().json["state"] == "updated"
    file.write_text("# mine\n")
    refused = made.flyte("completion", "install", name).expect(4)
    assert str(file) in refused.err
    assert file.read_text() == "# mine\n"


def test_install_follows_the_variables_and_the_shell(project: MakeProject, tmp_path: Path) -> None:
    made = project()
    given = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "conf"), "SHELL": "/bin/zsh"}
    for name, place in (("bash", "data/bash-completion"), ("zsh", "data/zsh"), ("fish", "conf/fish")):
        said = made.flyte("completion", "install", name, "--json", env=given).expect().json
        assert said["path"].startswith(str(tmp_path / place))
    assert made.flyte("completion", "install", "--dry-run", "--json", env=given).expect().json["shell"] == "zsh"
    bash = run_process(
        [needs_program("bash"), "-c", "flyte completion install --dry-run --json; true"],
        cwd=made.path,
        env=made.environment({"SHELL": "/bin/zsh"}),
    )
    assert bash.expect().json["shell"] == "bash"
    assert "which shell?" in made.flyte("completion", "install", env={"SHELL": "/bin/tcsh"}).expect(2).err
    assert "no shell 'tcsh'" in made.flyte("completion", "install", "tcsh").expect(2).err
    assert "no shell 'bsh'" in made.flyte("completion", "bsh").expect(2).err
    assert "bash, zsh, fish, install" in made.flyte("completion").expect(2).err
    assert made.flyte("completion", "bash", "--dry-run").expect(2)
    blocked = made.flyte("completion", "install", "bash", env={"XDG_DATA_HOME": str(made.path / "file")})
    assert blocked.code == 0
    (made.path / "taken").write_text("")
    assert made.flyte("completion", "install", "bash", env={"XDG_DATA_HOME": str(made.path / "taken")}).expect(3).err


def test_what_is_installed_is_readable_by_others_as_files_are(project: MakeProject) -> None:
    made = project()
    file = Path(made.flyte("completion", "install", "fish").expect().out.strip())
    assert stat.S_IMODE(file.stat().st_mode) & 0o600 == 0o600


@pytest.mark.parametrize("home", ["", "relative"])
@pytest.mark.parametrize("name", SHELLS)
def test_a_home_that_no_shell_would_find_is_refused(project: MakeProject, name: str, home: str) -> None:
    made = project()
    refused = made.flyte("completion", "install", name, env={"HOME": home}).expect(3).err
    assert refused.startswith(f"error: HOME is '{home}', which is no absolute path")
    assert not list(made.path.rglob("*flyte*"))


def test_variables_with_relative_paths_do_not_count(project: MakeProject) -> None:
    made = project()
    given = {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "conf"}
    for name in SHELLS:
        said = made.flyte("completion", "install", name, "--dry-run", "--json", env=given).expect().json
        assert said["path"].startswith(f"{made.home}/."), name
