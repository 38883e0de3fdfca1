"""The pipelines in docs/ci: what one job builds and pushes, the next one deploys, and it builds nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.docker.parts import DockerParts
from tests.support.docs import TOP, Page, run_command
from tests.support.process import PYTHON, SCRIPTS
from tests.support.project import Project

if TYPE_CHECKING:
    from tests.support.control_plane import ControlPlaneServer

APP = """
import flyte

image = flyte.Image.from_debian_base(name="shop", install_flyte=False, platform=("linux/amd64",))
env = flyte.TaskEnvironment("shop", image=image.with_env_vars({{"FOR": "{unique}"}}))


@env.task
def main(x: int) -> int:
    return x
"""
PROJECT = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = []\n'
KEY = "opaque-t0ken"

Jobs = Mapping[str, tuple[list[str], dict[str, str]]]


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((TOP / "docs/ci" / name).read_text(encoding="utf-8"))
    return found


def github(values: Mapping[str, str]) -> Jobs:
    """Return the scripts of each job and the variables that they see, as GitHub would."""

    def filled(variables: Mapping[str, str]) -> dict[str, str]:
        return {
            key: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], text) for key, text in variables.items()
        }

    document = example("github.yml")
    assert document["jobs"]["deploy"]["needs"] == "build"
    jobs = {}
    for name, job in document["jobs"].items():
        steps = [step for step in job["steps"] if "run" in step]
        own = {key: text for step in steps for key, text in step.get("env", {}).items()}
        jobs[name] = ([step["run"] for step in steps], filled({**document["env"], **own}))
    return jobs


def gitlab(values: Mapping[str, str]) -> Jobs:
    """Return the scripts of each job and the variables that they see, as GitLab would."""
    document = example("gitlab.yml")
    assert document["stages"] == ["build", "deploy"]
    own = {key: re.sub(r"\$(\w+)", lambda found: values[found[1]], text) for key, text in document["variables"].items()}
    given = {key: text for key, text in values.items() if re.fullmatch(r"[A-Z_]+", key)}
    before = document["default"]["before_script"]
    return {name: ([*before, *document[name]["script"]], {**given, **own}) for name in document["stages"]}


@pytest.fixture
def around(project: Callable[..., Project], docker: DockerParts, plane: ControlPlaneServer) -> dict[str, Any]:
    """A project under git with a lock, a registry that nobody has used, and a control plane that wants an API key."""
    plane.accepted_tokens = {KEY}
    repository = docker.repository()
    made = project(
        {"src/jobs.py": APP.format(unique=repository), "pyproject.toml": PROJECT, ".gitignore": "*.json\n.*/"}
    )
    path = os.pathsep.join([str(SCRIPTS), docker.environment["PATH"]])
    # Nothing is to be fetched: the project depends on nothing, and `uv run` finds `flyte` on the PATH.
    env = {**docker.environment, "PATH": path, "UV_OFFLINE": "1", "UV_PYTHON": PYTHON, "CI": "true"}
    env |= {"FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry, "DOCKER_CONFIG": str(made.home / "docker")}
    docker.config(made.home / "docker", {})
    run_command(made, "uv lock -q && git init -q && git add -A && git -c user.name=a -c user.email=b commit -qm 1", env)
    values = {
        "vars.FLYTE_ENDPOINT": plane.url, "secrets.FLYTE_API_KEY": KEY, "secrets.GITHUB_TOKEN": "t",
        "github.actor": "ada", "github.repository_owner": "acme",
        "FLYTE_ENDPOINT": plane.url, "FLYTE_API_KEY": KEY, "CI_REGISTRY": docker.registry, "CI_REGISTRY_USER": "ada",
        "CI_REGISTRY_PASSWORD": "t", "CI_REGISTRY_IMAGE": repository, "CI_PROJECT_DIR": str(made.path),
    }  # fmt: skip
    return {"made": made, "env": env, "values": values, "repository": repository}


@pytest.mark.docker
@pytest.mark.parametrize("jobs_of", [github, gitlab])
def test_the_second_job_deploys_what_the_first_has_built(
    around: dict[str, Any], docker: DockerParts, plane: ControlPlaneServer, jobs_of: Callable[[Mapping[str, str]], Jobs]
) -> None:
    made, repository = around["made"], around["repository"]
    jobs = jobs_of(around["values"])
    # ghcr.io is the registry of the tests here.
    ours = {"FLYTE_IMAGE_REGISTRY": repository, "REGISTRY": docker.registry}

    def run(job: str) -> None:
        scripts, variables = jobs[job]
        for script in scripts:
            run_command(made, f"set -eo pipefail\n{script}", {**around["env"], **variables, **ours}).expect()

    run("build")
    (built,) = json.loads(made.read("images.json"))["images"]
    assert built["state"] == "built"
    assert built["uri"].startswith(f"{repository}/shop:")
    assert plane.methods() == []
    docker.run("rmi", "-f", built["uri"])  # The next job's machine is another one.
    run("deploy")
    deployed = json.loads(made.read("deployed.json"))
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=made.path, capture_output=True, text=True, check=True)
    assert deployed["version"] == commit.stdout[:12]
    assert [(each["uri"], each["state"]) for each in deployed["images"]] == [(built["uri"], "present")]
    assert docker.run("images", "-q", built["uri"]) == ""
    (call,) = plane.asked("TaskService.DeployTask")
    assert call.json["spec"]["task_template"]["container"]["image"] == built["uri"]
    assert call.headers["authorization"] == f"Bearer {KEY}"


def test_the_page_names_every_secret_and_variable() -> None:
    said = Page("docs/ci.md").text
    wanted = set(re.findall(r"(?:secrets|vars)\.(\w+)", (TOP / "docs/ci/github.yml").read_text(encoding="utf-8")))
    wanted |= {"FLYTE_API_KEY", "FLYTE_ENDPOINT"}
    assert {name for name in wanted if f"`{name}`" not in said} == set()
