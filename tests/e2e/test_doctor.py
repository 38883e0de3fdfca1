"""`flyte doctor`: on a bare machine, with what is configured, for files and images, and when nobody answers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.docker.base_image import BASE
from tests.support.docker.scripted_registry import ScriptedRegistry, Told, scripted_registry
from tests.support.oauth_server import oauth_server
from tests.support.process import SCRIPTS, Result
from tests.support.project import Project

if TYPE_CHECKING:
    from tests.support.control_plane import ControlPlaneServer
    from tests.support.docker.parts import DockerParts

MakeProject = Callable[..., Project]
BARE = {"PATH": str(SCRIPTS)}
"""No docker and no podman."""

APP = """
import flyte

env = flyte.TaskEnvironment("etl", image={image})

@env.task
def load(x: int) -> int:
    return x
"""
OURS = APP.format(image='flyte.Image.from_debian_base(registry="r.io", name="x").with_pip_packages("httpx")')
GIVEN = APP.format(image='"busybox:1"')


def found(result: Result) -> dict[str, dict[str, Any]]:
    """Return the findings by name; the first of each."""
    said: dict[str, dict[str, Any]] = {}
    for each in result.json["findings"]:
        said.setdefault(each["check"], each)
    return said


def states(result: Result) -> dict[str, str]:
    return {name: each["state"] for name, each in found(result).items()}


def test_a_bare_machine_lacks_nothing_that_is_needed(project: MakeProject) -> None:
    made = project()
    said = states(made.flyte("doctor", "--json", env=BARE).expect())
    assert (said["config"], said["docker"], said["podman"], said["endpoint"]) == ("note",) * 4
    assert (said["python"], said["flyte"]) == ("ok", "ok")
    assert "missing" not in said.values()
    text = made.flyte("doctor", env=BARE).expect().out
    assert (
        "\nnote     docker: docker is not on the PATH\n           -> https://docs.docker.com/engine/install/\n" in text
    )
    assert "\nok       python: Python 3." in text
    assert not list(made.path.iterdir())  # It leaves nothing behind.


def test_a_home_that_cannot_be_written_to_is_a_warning(project: MakeProject) -> None:
    said = found(project().flyte("doctor", "--json", env={**BARE, "HOME": os.devnull}).expect())
    assert said["space (tokens)"]["state"] == "warning"
    assert "cannot be written to" in said["space (tokens)"]["text"]


def test_without_a_folder_for_temporary_files(project: MakeProject) -> None:
    made = project({"tmp": "a file"})
    said = found(made.flyte("doctor", "--json", env={**BARE, "TMPDIR": str(made.path / "tmp")}).expect())
    assert said["space (temporary)"]["state"] == "ok"  # The next usual place.


def test_another_distribution_that_owns_flyte(project: MakeProject, tmp_path: Path) -> None:
    made = project()
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    info = site / "flyte-2.12.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flyte\nVersion: 2.12.1\n")
    (info / "RECORD").write_text("flyte/__init__.py,,\nflyte-2.12.1.dist-info/METADATA,,\n")
    (site / "flyte").mkdir()
    (site / "flyte" / "__init__.py").write_text("")
    ours = [str(Path(__file__).parents[2]), *(each for each in sys.path if each.endswith("site-packages"))]
    (site / "ours.pth").write_text("\n".join(ours))
    done = subprocess.run(
        [str(venv / "bin/python"), "-m", "flytectl_py", "doctor"],
        cwd=made.path, env=made.environment(BARE), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert "MISSING  flyte: flyte 2.12.1 owns 'flyte' as well" in done.stdout
    assert "-> pip uninstall flyte && pip install --force-reinstall flytectl-py" in done.stdout
    shutil.rmtree(info)
    done = subprocess.run(
        [str(venv / "bin/python"), "-m", "flytectl_py", "doctor"],
        cwd=made.path, env=made.environment(BARE), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f"'import flyte' leads to {site}/flyte/__init__.py, which is not this project" in done.stdout


def test_which_configuration_won_and_what_it_shadows(project: MakeProject) -> None:
    made = project({".flyte/config.toml": ""})
    (made.home / ".flyte").mkdir()
    (made.home / ".flyte/config.yaml").write_text("")
    said = found(made.flyte("doctor", "--json", env={**BARE, "FLYTE_DOMAIN": "x"}).expect())["config"]
    path = made.path / ".flyte/config.toml"
    assert said["text"] == f"{path}; set in the environment: FLYTE_DOMAIN; it shadows {made.home}/.flyte/config.yaml"
    made.write({".flyte/config.yaml": ""})
    broken = made.flyte("doctor", "--json", env=BARE).expect(3)
    assert found(broken)["config"]["state"] == "missing"
    assert "two configurations in one place" in found(broken)["config"]["text"]
    assert states(broken)["python"] == "ok"
    made.write({".flyte/config.yaml": "admin: 3\n"})
    (made.path / ".flyte/config.toml").unlink()
    assert "takes a mapping" in found(made.flyte("doctor", "--json", env=BARE).expect(3))["config"]["text"]


def test_the_endpoint_that_is_configured(project: MakeProject, plane: ControlPlaneServer) -> None:
    made = project({".flyte/config.yaml": plane.config})
    said = found(made.flyte("doctor", "--json", env=BARE).expect())["endpoint"]
    assert said["state"] == "ok"
    assert "answers (not encrypted); it knows you as " in said["text"]
    refused = found(made.flyte("doctor", "--endpoint", "http://127.0.0.1:1", "--json", env=BARE).expect(3))["endpoint"]
    assert (refused["state"], "127.0.0.1:1" in refused["text"]) == ("missing", True)
    assert "flyte config show --origin" in refused["fix"]


def test_a_log_in_that_is_wanted_is_told_and_nobody_is_asked(project: MakeProject, plane: ControlPlaneServer) -> None:
    with oauth_server() as server:
        server.announce(plane)
        result = project().flyte("doctor", "--endpoint", plane.url, "--json", env=BARE).expect(3)
    said = found(result)["endpoint"]
    assert (said["state"], said["fix"]) == ("missing", "flyte whoami")
    assert "wants a log-in" in said["text"]


def test_nobody_who_answers_holds_it_up(project: MakeProject, tmp_path: Path) -> None:
    made = project({"app.py": OURS.replace("r.io", "SILENT")})
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    docker.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:  # It takes connections, and never answers.
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        made.write({"app.py": OURS.replace("r.io", host)})
        env = {"PATH": f"{docker.parent}:{SCRIPTS}"}
        words = ("--endpoint", f"http://{host}", "--json")
        result = made.flyte("doctor", "app.py", *words, env=env, timeout=240).expect(3)
    said = found(result)
    assert "docker did not answer within" in said["docker"]["text"]
    assert "does not answer within" in said["endpoint"]["text"]
    assert "no answer in time" in said[f"registry {host}/x"]["text"]
    assert [said[each]["state"] for each in ("docker", "endpoint", f"registry {host}/x")] == ["missing"] * 3


def test_a_file_whose_code_would_not_arrive(project: MakeProject) -> None:
    image = APP.format(image="flyte.Image.from_debian_base(install_flyte=False)")
    made = project({"src/app.py": "import shared\n" + image, "lib/shared.py": ""})
    env = {**BARE, "PYTHONPATH": f"{made.environment()['PYTHONPATH']}:{made.path / 'lib'}"}
    said = found(made.flyte("doctor", "src/app.py", "--json", env=env).expect(3))
    assert said["root"]["text"] == f"{made.path}/src (folder of app.py)"
    assert said["imports"]["state"] == "missing"
    assert "shared" in said["imports"]["text"]
    assert said["imports"]["fix"]


def test_a_module_that_is_imported_late_and_stays_behind_is_a_warning(project: MakeProject) -> None:
    late = GIVEN.replace("return x", "import later\n    return later.f(x)")
    made = project({"app.py": late, "later.py": "def f(x):\n    return x\n", ".flyteignore": "later.py\n"})
    result = made.flyte("doctor", "app.py", "--json", env=BARE).expect()
    warnings = [each for each in result.json["findings"] if (each["check"], each["state"]) == ("imports", "warning")]
    assert any("later" in each["text"] for each in warnings)


@pytest.mark.parametrize(
    ("style", "state", "code"), [("none", "missing", 3), ("auto", "warning", 0)], ids=["none", "auto"]
)
def test_an_image_whose_layout_is_not_that_of_the_root(project: MakeProject, style: str, state: str, code: int) -> None:
    folder = 'with_source_folder("my_project", copy_contents_only=False)'
    image = f"flyte.Image.from_debian_base(install_flyte=False).{folder}"
    made = project({"top/my_project/app.py": APP.format(image=image), "top/my_project/pyproject.toml": ""})
    made.write(
        {"top/my_project/app.py": APP.format(image=image.replace('"my_project"', "__file__.rpartition('/')[0]"))}
    )
    words = ("doctor", "top/my_project/app.py", "--copy-style", style, "--json")
    # With the project itself as the root modules are named without it, and the image has them below its name.
    result = made.flyte(*words, env={**BARE, "FLYTE_IMAGE_BUILDER": "environment"}).expect(code)
    said = found(result)["layout"]
    assert said["state"] == state
    assert "the image has it at /root/my_project/app.py, and it is imported from /root/app.py" in said["text"]
    agreeing = made.flyte(*words, "--root-dir", "top", env={**BARE, "FLYTE_IMAGE_BUILDER": "environment"}).expect()
    assert found(agreeing)["layout"]["state"] == "ok"


def test_a_file_that_cannot_be_loaded_is_what_was_found(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\nraise RuntimeError('no')\n"})
    said = made.flyte("doctor", "app.py", "--json", env=BARE).expect(3)
    assert found(said)["load"]["text"] == "cannot load app.py: RuntimeError: no"
    assert states(said)["python"] == "ok"
    assert "none.py" in found(made.flyte("doctor", "none.py", "--json", env=BARE).expect(3))["load"]["text"]


def test_a_file_that_declares_an_image_needs_something_to_build_it(project: MakeProject) -> None:
    with scripted_registry(ScriptedRegistry({"POST /v2/x/blobs/uploads/": Told(202)})) as registry:
        made = project({"app.py": OURS.replace("r.io", registry.host), "given.py": GIVEN})
        said = found(made.flyte("doctor", "app.py", "--json", env=BARE).expect(3))
        assert said["docker"]["state"] == "missing"
        assert "(app.py declares an image to build)" in said["docker"]["text"]
        made.write({"only/app.py": OURS.replace("r.io", registry.host)})
        whole = found(made.flyte("doctor", ".", "--json", env=BARE, cwd="only").expect(3))
        assert "(only declares an image to build)" in whole["docker"]["text"]
        assert said[f"registry {registry.host}/x"]["state"] == "ok"
        registry.answers.clear()
        registry.login = ("me", "secret")
        said = found(made.flyte("doctor", "app.py", "--json", env=BARE).expect(3))
        refused = said[f"registry {registry.host}/x"]
        assert (refused["state"], refused["fix"]) == ("missing", f"docker login {registry.host}")
        configured = {**BARE, "FLYTE_IMAGE_REGISTRY": f"{registry.host}/team"}
        for words, env in (((), configured), (("--registry", f"{registry.host}/team"), BARE)):
            said_of = states(made.flyte("doctor", *words, "--json", env=env).expect(3))
            assert said_of[f"registry {registry.host}/team/flyte"] == "missing"
    made.flyte("doctor", "given.py", env=BARE).expect()


def test_stores(project: MakeProject) -> None:
    made = project({"file": ""})
    good, bad = f"file://{made.path}/store", f"file://{made.path}/file/x"
    words = ("doctor", "--store", good, "--store", bad, "--store", "s4://x", "--json")
    said = found(made.flyte(*words, env=BARE).expect(3))
    assert [said[f"store {each}"]["state"] for each in (good, bad, "s4://x")] == ["ok", "missing", "missing"]
    assert not list((made.path / "store").iterdir())
    assert "--registry: '' is not allowed" in made.flyte("doctor", "--registry", "").expect(2).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.py", "b.py"], "flyte doctor takes FILE|DIR|IMAGE"),
        (["no image"], "is no reference to an image"),
        (["--copy-style", "nne"], "did you mean 'none'?"),
        (["busybox", "--copy-style", "none"], "--copy-style is about a FILE"),
    ],
)
def test_what_is_typed_wrong(project: MakeProject, words: list[str], said: str) -> None:
    assert said in project().flyte("doctor", *words, env=BARE).expect(2).err


@pytest.mark.docker
def test_with_docker_and_a_registry(project: MakeProject, docker: DockerParts, tmp_path: Path) -> None:
    base = f"{docker.registry}/{BASE}"
    made = project({"app.py": APP.format(image=f'"{base}"'), "pushed.py": OURS.replace("r.io", docker.repository())})
    said = found(made.flyte("doctor", base, "--json", env=docker.environment, timeout=300).expect(3))
    assert (said["docker"]["state"], said["buildx"]["state"]) == ("ok", "ok")
    lacking = said[f"image {base}"]
    assert lacking["text"] == "it has no command a0, so no task can be started in it"

    tag = f"flytectl-py-doctor-{uuid.uuid4().hex[:12]}:1"
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {base}\nCOPY --chmod=755 a0 /usr/local/bin/a0\n")
    (context / "a0").write_text('#!/bin/sh\nexec test "$*" = --help\n')
    docker.run("buildx", "build", "--load", "-t", tag, str(context))
    try:
        result = made.flyte("doctor", tag, "--json", env=docker.environment, timeout=300).expect()
        assert found(result)[f"image {tag}"]["text"] == "it has the command a0"
    finally:
        docker.run("image", "rm", "-f", tag)

    of_file = found(made.flyte("doctor", "app.py", "--json", env=docker.environment, timeout=300).expect(3))
    assert of_file[f"image {base}"]["text"] == lacking["text"]  # It is here by now, and was asked for nothing.
    pushed = made.flyte("doctor", "pushed.py", "--json", env=docker.environment, timeout=300).expect()
    assert [each["state"] for each in pushed.json["findings"] if each["check"].startswith("registry")] == ["ok"]
    gone = made.flyte("doctor", f"{docker.registry}/none:1", "--json", env=docker.environment, timeout=300).expect(3)
    assert "it cannot be fetched" in found(gone)[f"image {docker.registry}/none:1"]["text"]
