"""`flyte build` with a real daemon and a real registry: what is built, and that what was built works."""

from __future__ import annotations

import http.client
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES
from tests.support.docker.parts import DockerParts
from tests.support.process import FLYTE, Result
from tests.support.project import Project
from tests.support.terminal import left_on_screen

pytestmark = pytest.mark.docker

Build = Callable[..., Result]

APP = """
import flyte

env = flyte.TaskEnvironment(
    name="app",
    image=flyte.Image.from_debian_base(install_flyte=False).with_pip_packages("idna==3.10").with_code_bundle(),
)


@env.task
def main(x: int) -> int:
    return x + 1
"""


@pytest.fixture
def around(docker: DockerParts) -> dict[str, str | None]:
    """What the command finds around it: the daemon, and the mirror that has the base image."""
    return {
        **docker.environment,
        "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
        "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
    }


@pytest.fixture
def repository(docker: DockerParts) -> str:
    return docker.repository()


@pytest.fixture
def app(project: Callable[..., Project]) -> Project:
    return project({"app.py": APP, "pyproject.toml": "[project]\nname = 'app'\nversion = '0'\n"})


def _build(project: Project, around: dict[str, str | None], *words: str | Path, code: int = 0) -> Result:
    return project.flyte("build", *words, "--platform", "linux/amd64", env=around, timeout=300).expect(code)


def _image(result: Result, environment: str) -> dict[str, object]:
    return next(each for each in result.json["images"] if environment in each["environments"])


def test_a_second_build_elsewhere_does_nothing(
    app: Project, project: Callable[..., Project], around: dict[str, str | None], repository: str, docker: DockerParts
) -> None:
    first = _image(_build(app, around, "app.py", "--json", "--registry", repository), "app")
    assert (first["state"], first["platforms"]) == ("built", ["linux/amd64"])
    uri = str(first["uri"])
    assert uri.startswith(f"{repository}/flyte:")
    docker.run("rmi", "-f", uri)
    # Another machine's folder, home and daemon: the registry says that it is there.
    other = project({"app.py": APP, "pyproject.toml": "[project]\nname = 'app'\nversion = '0'\n"}, name="elsewhere")
    nowhere = {**around, "DOCKER_HOST": "unix:///nowhere.sock"}
    second = _build(other, nowhere, "app.py", "--json", "--registry", repository, "--builder", "docker")
    assert (_image(second, "app")["state"], _image(second, "app")["uri"]) == ("present", uri)
    docker.run("run", "--rm", uri, "python", "-c", "import idna")


def test_a_comment_changes_nothing_and_a_package_does(
    app: Project, around: dict[str, str | None], repository: str
) -> None:
    words = ("app.py", "--json", "--registry", repository)
    first = _image(_build(app, around, *words), "app")
    app.write({"app.py": APP + "\n# a remark\n"})
    assert _image(_build(app, around, *words), "app")["state"] == "present"
    app.write({"app.py": APP.replace("idna==3.10", "idna==3.9")})
    third = _image(_build(app, around, *words), "app")
    assert third["state"] == "built"
    assert third["uri"] != first["uri"]


def test_force_builds_what_is_there(app: Project, around: dict[str, str | None], repository: str) -> None:
    words = ("app.py", "--json", "--registry", repository)
    _build(app, around, *words)
    assert _image(_build(app, around, *words, "--force"), "app")["state"] == "built"


def test_code_is_baked_in_with_copy_style_none(
    app: Project, around: dict[str, str | None], repository: str, docker: DockerParts
) -> None:
    words = ("app.py", "--json", "--registry", repository)
    fast = _image(_build(app, around, *words, "--dry-run"), "app")["uri"]
    baked = _image(_build(app, around, *words, "--copy-style", "none"), "app")["uri"]
    assert fast != baked
    docker.run("run", "--rm", str(baked), "python", "-c", "import ast; ast.parse(open('app.py').read()); import idna")
    app.write({"app.py": APP + "\n# a remark\n"})
    assert _image(_build(app, around, *words, "--copy-style", "none", "--dry-run"), "app")["uri"] != baked


def test_without_a_registry_the_daemon_keeps_it(
    app: Project, around: dict[str, str | None], docker: DockerParts
) -> None:
    built = app.flyte("build", "app.py", "--json", env=around, timeout=300).expect()
    uri = str(_image(built, "app")["uri"])
    try:
        assert uri.startswith("flyte:")
        docker.run("run", "--rm", uri, "python", "-c", "import idna")
        again = app.flyte("build", "app.py", "--json", env=around, timeout=300).expect()
        assert _image(again, "app")["state"] == "present"
    finally:
        docker.run("rmi", "-f", uri)


def test_a_step_that_fails(app: Project, around: dict[str, str | None], repository: str) -> None:
    broken = APP.replace(".with_code_bundle()", ".with_commands(['echo so far; ls /no/such'])")
    app.write({"app.py": broken})
    failed = _build(app, around, "app.py", "--json", "--registry", repository, code=1)
    error = failed.json["error"]
    assert "with_commands (layer 2 of 2)" in error["message"]
    assert "cannot access '/no/such'" in error["message"]
    assert error["where"].startswith("Dockerfile:")


def test_without_docker_it_says_what_was_tried(app: Project, around: dict[str, str | None], tmp_path: Path) -> None:
    nothing = {**around, "PATH": str(tmp_path), "DOCKER_HOST": None}
    error = app.flyte("build", "app.py", "--json", env=nothing).expect(3).json["error"]
    assert "docker is not on the PATH" in error["message"]
    assert "--emit-dockerfile" in error["hint"]
    app.flyte("build", "app.py", "--emit-dockerfile", "out", env=nothing).expect()
    assert "idna==3.10" in app.read("out/Dockerfile")


def test_an_emitted_folder_builds_elsewhere(
    app: Project, around: dict[str, str | None], docker: DockerParts, repository: str
) -> None:
    app.flyte("build", "app.py", "--emit-dockerfile", "out", env=around).expect()
    docker.run("buildx", "build", "--load", "-t", f"{repository}:v1", str(app.path / "out"))
    docker.run("run", "--rm", f"{repository}:v1", "python", "-c", "import idna")


def test_on_a_terminal_the_step_under_way_is_drawn_and_cleared_away(
    app: Project, around: dict[str, str | None], repository: str
) -> None:
    app.write({"app.py": APP.replace(".with_code_bundle()", f".with_commands(['echo {repository}; sleep 2'])")})
    words = ["build", "app.py", "--registry", repository, "--platform", "linux/amd64"]
    with app.flyte_on_terminal(*words, env={**around, "CI": None}) as terminal:
        terminal.expect(r"\d\.\d s  .*app.*RUN echo", timeout=120)
        result = terminal.finish()
    assert result.code == 0
    left = left_on_screen(result.out)
    assert any(line.startswith("flyte: app: built in ") for line in left)
    assert not any("RUN echo" in line for line in left)


def test_ctrl_c_leaves_nothing_behind(
    app: Project, around: dict[str, str | None], repository: str, docker: DockerParts
) -> None:
    slow = APP.replace(".with_code_bundle()", f".with_commands(['echo {repository}; echo under way; sleep 60'])")
    app.write({"app.py": slow})
    words = ["app.py", "--registry", repository, "--platform", "linux/amd64"]
    process = subprocess.Popen(
        [FLYTE, "build", *words],
        cwd=app.path,
        env=app.environment(around),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if line.rstrip().endswith("under way") and "echo" not in line:
            process.send_signal(signal.SIGINT)
            break
    _, rest = process.communicate(timeout=50)  # before the command in the image would end by itself
    assert process.returncode == 130, said + rest
    assert "Traceback" not in said + rest
    assert docker.run("images", "-q", repository + "/flyte").strip() == ""
    host, _, path = repository.partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", f"/v2/{path}/flyte/tags/list")
    assert connection.getresponse().status == 404
    connection.close()


class TestMonorepos:
    @pytest.fixture
    def examples(self, project: Callable[..., Project]) -> Project:
        made = project()
        shutil.copytree(EXAMPLES, made.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        return made

    @pytest.mark.parametrize("style", ["loaded_modules", "none"])
    def test_sibling_packages(
        self, examples: Project, around: dict[str, str | None], repository: str, docker: DockerParts, style: str
    ) -> None:
        file = "monorepo_siblings/my_app/src/my_app/main.py"
        words = (file, "--json", "--registry", repository, "--copy-style", style)
        uri = str(_image(_build(examples, around, *words), "my_app")["uri"])
        wanted = "import flyte, my_lib.stats as s; assert s.mean([1.0, 3.0]) == 2.0"
        if style == "none":
            wanted += "; import my_app.main as m; print(m.env.name)"
        docker.run("run", "--rm", uri, "python", "-c", wanted)

    def test_one_lock_file_for_all(
        self, examples: Project, around: dict[str, str | None], repository: str, docker: DockerParts
    ) -> None:
        file = "monorepo_shared_lock/src/workspace_app/main.py"
        words = (file, "--json", "--registry", repository, "--copy-style", "none")
        built = _build(examples, around, *words)
        # They are built side by side, so each line says whose it is.
        assert "flyte: etl: [" in built.err
        assert "flyte: ml: [" in built.err
        # Each environment has its own dependency group, and both have the code.
        for environment, has, lacks in (("etl", "pandas", "sklearn"), ("ml", "sklearn", "pandas")):
            uri = str(_image(built, environment)["uri"])
            checks = f"import {has}, importlib.util as u; assert u.find_spec({lacks!r}) is None"
            docker.run("run", "--rm", uri, "python", "-c", f"{checks}; import workspace_app.main")

    def test_a_folder_that_is_copied(
        self, examples: Project, around: dict[str, str | None], repository: str, docker: DockerParts
    ) -> None:
        words = ("packaging/full_build/full_build.py", "--json", "--registry", repository)
        uri = str(_image(_build(examples, around, *words), "full_build")["uri"])
        docker.run("run", "--rm", uri, "python", "-c", "import full_build, numpy")
