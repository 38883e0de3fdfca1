"""`flyte deploy`: the plan, what is sent to a control plane, and what a second deployment does."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.plane.faults import DoneThenLost, Late, Refuse
from tests.support.process import FLYTE
from tests.support.project import Project

if TYPE_CHECKING:
    from tests.support.control_plane import ControlPlaneServer

MakeProject = Callable[..., Project]

APP = """
import flyte

from helper import double

base = flyte.TaskEnvironment("base", image="ghcr.io/acme/base:1")
env = flyte.TaskEnvironment("app", image="ghcr.io/acme/app:1", depends_on=[base])


@base.task
def child(x: int) -> int:
    return double(x)


@env.task
async def main(x: int, n: int = 3) -> int:
    return x * n
"""
HELPER = "def double(x):\n    return 2 * x\n"
FILES = {"app.py": APP, "helper.py": HELPER}


@pytest.fixture
def app(project: MakeProject) -> Project:
    return project(FILES)


@pytest.fixture
def remote(project: MakeProject, plane: ControlPlaneServer) -> Project:
    """The same, with a control plane that is configured."""
    return project({**FILES, ".flyte/config.yaml": plane.config})


def _env(project: Project, *words: str | Path, code: int = 0) -> Any:
    return project.flyte("deploy", *words, "--json").expect(code).json


def _version(project: Project, *words: str | Path) -> str:
    return str(_env(project, *words, "--dry-run")["version"])


def test_a_dry_run_needs_nothing_and_shows_everything(app: Project) -> None:
    said = _env(app, "app.py", "--dry-run")
    assert re.fullmatch("[0-9a-f]{32}", said["version"])
    assert [each["name"] for each in said["environments"]] == ["base", "app"]
    assert said["environments"][1]["depends_on"] == ["base"]
    assert said["environments"][1]["tasks"] == ["app.main"]
    assert {each["uri"] for each in said["images"]} == {"ghcr.io/acme/base:1", "ghcr.io/acme/app:1"}
    assert [each["path"] for each in said["bundle"]["files"]] == ["app.py", "helper.py"]
    assert [each["method"] for each in said["requests"]] == ["TaskService.DeployTask"] * 2
    main = said["requests"][1]["request"]
    assert main["task_id"] == {
        "project": "default", "domain": "development", "name": "app.main", "version": said["version"],
    }  # fmt: skip
    arguments = main["spec"]["task_template"]["container"]["args"]
    assert arguments[arguments.index("--tgz") + 1] == said["bundle"]["digest"] + ".tar.gz"
    assert arguments[-4:] == ["mod", "app", "instance", "main"]


def test_a_dry_run_for_a_person_is_tables(app: Project) -> None:
    out = app.flyte("deploy", "app.py", "--dry-run").expect().out
    assert re.search(r"^version +[0-9a-f]{32}$", out, re.MULTILINE)
    assert re.search(r"^app\.main +app +ghcr\.io/acme/app:1$", out, re.MULTILINE)
    assert "given by its URI" in out


def test_dependencies_alone_are_not_deployed_with_what_does_not_need_them(app: Project) -> None:
    said = _env(app, "app.py", "base", "--dry-run")
    assert [each["name"] for each in said["environments"]] == ["base"]
    assert len(said["requests"]) == 1


def test_an_environment_goes_by_its_variable(app: Project) -> None:
    assert len(_env(app, "app.py", "env", "--dry-run")["requests"]) == 2


def test_the_version_follows_from_the_content(app: Project, project: MakeProject) -> None:
    first = _version(app, "app.py")
    assert _version(app, "app.py") == first
    elsewhere = project(FILES, name="another/checkout")
    assert _version(elsewhere, "app.py", "--project", "other", "--domain", "production") == first
    app.write({"helper.py": HELPER.replace("2", "31")})
    assert _version(app, "app.py") != first
    app.write({**FILES, "app.py": APP.replace('"app", image', '"app", env_vars={"A": "1"}, image')})
    assert _version(app, "app.py") != first


def test_python_plans_the_same_as_the_command(app: Project) -> None:
    program = APP + (
        "\nif __name__ == '__main__':\n"
        "    done = flyte.deploy(env, dryrun=True)\n"
        "    print(done[0].version, done[0].bundle, [each.state for each in done[0].tasks])\n"
    )
    app.write({"app.py": program})
    planned = _env(app, "app.py", "env", "--dry-run")
    said = app.python("app.py").expect().out
    assert said.split(" ", 2) == [planned["version"], planned["bundle"]["digest"], "['planned', 'planned']\n"]


def test_what_was_deployed_is_known_to_runs_and_sent_again_by_deployments(
    remote: Project, plane: ControlPlaneServer
) -> None:
    first, again = (_env(remote, "app.py")["bundle"] for _ in range(2))
    assert (first["uploaded"], again["uploaded"]) == (
        True,
        True,
    )  # A store may have lost it, and deployments are for long.
    assert len(plane.asked("PUT")) == 2
    ran = remote.flyte("run", "app.py", "child", "--x", "1").expect()
    assert "it was uploaded before" in ran.err


def test_what_is_planned_is_sent(remote: Project, plane: ControlPlaneServer) -> None:
    planned = _env(remote, "app.py", "--dry-run")
    assert plane.methods() == []
    done = _env(remote, "app.py")
    assert {each["task"]: each["state"] for each in done["tasks"]} == {"app.main": "created", "base.child": "created"}
    assert done["bundle"]["uploaded"]
    uri = done["bundle"]["archive"]["uri"]
    name = planned["bundle"]["digest"] + ".tar.gz"
    assert uri.endswith(name)

    def at(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: at(each) for key, each in value.items()}
        if isinstance(value, list):
            return [at(each) for each in value]
        return uri if value == name else value

    sent = {call.json["task_id"]["name"]: call.json for call in plane.asked("TaskService.DeployTask")}
    assert sent == {each["request"]["task_id"]["name"]: at(each["request"]) for each in planned["requests"]}
    assert not any(call.violations for call in plane.calls)
    assert len(plane.asked("PUT")) == 1


def test_deploying_the_same_again_changes_nothing(remote: Project, plane: ControlPlaneServer) -> None:
    _env(remote, "app.py")
    again = _env(remote, "app.py")
    assert {each["state"] for each in again["tasks"]} == {"unchanged"}
    assert len(plane.tasks) == 2
    assert len(plane.blobs) == 1
    assert len(plane.asked("TaskService.GetTaskDetails")) == 2  # asked only where the version was there


def test_another_content_under_the_same_version_is_a_conflict(remote: Project, plane: ControlPlaneServer) -> None:
    _env(remote, "app.py", "--version", "v1")
    assert plane.asked("TaskService.GetTaskDetails") == []
    remote.write({"app.py": APP.replace("n: int = 3", "n: int = 40")})
    error = _env(remote, "app.py", "--version", "v1", code=4)["error"]
    assert error["code"] == "ConflictError"
    assert (
        "app.main: differs in default_inputs[0].parameter.default.scalar.primitive.integer, task_template.metadata"
        in (error["message"])
    )
    assert "base.child: differs in task_template.metadata.code_bundle_uri" in error["message"]
    assert "--version" in error["hint"]
    by_task = {each["task"]: each for each in error["tasks"]}
    assert {each["state"] for each in by_task.values()} == {"conflict"}
    assert by_task["base.child"]["differing"] == ["task_template.metadata.code_bundle_uri"]


def test_some_tasks_that_are_refused_stop_no_others(remote: Project, plane: ControlPlaneServer) -> None:
    from connectrpc.code import Code

    plane.fail("TaskService.DeployTask", Refuse(Code.INVALID_ARGUMENT, "not this one"))
    failed = remote.flyte("deploy", "app.py").expect(1)
    assert "1 of 2 tasks are deployed" in failed.err
    assert "not this one" in failed.err
    plane.fail(
        "TaskService.DeployTask", Refuse(Code.INVALID_ARGUMENT, "nor this"), Refuse(Code.INVALID_ARGUMENT, "nor this")
    )
    told = _env(remote, "app.py", code=1)["error"]
    assert sorted(each["task"] for each in told["tasks"]) == ["app.main", "base.child"]
    for each in told["tasks"]:
        assert each["state"] == "failed"
        assert each["error"]["code"] == "RefusedError"
        assert "nor this" in each["error"]["message"]
    again = _env(remote, "app.py")
    assert sorted(each["state"] for each in again["tasks"]) == ["created", "unchanged"]


def test_a_name_that_no_cluster_takes_is_said_before_anything_is_sent(
    project: MakeProject, plane: ControlPlaneServer
) -> None:
    name = "t" * 260
    code = (
        f'import flyte\nenv = flyte.TaskEnvironment("e", image="a/b:1")\n@env.task(short_name="s")\ndef {name}(): ...\n'
    )
    made = project({"app.py": code, ".flyte/config.yaml": plane.config})
    error = _env(made, "app.py", code=2)["error"]
    assert "has 262 characters, and a cluster takes 255" in error["message"]
    assert error["where"].endswith("app.py:3")
    assert plane.calls == []


def test_an_interrupt_says_what_is_stored_and_that_it_can_be_repeated(
    remote: Project, plane: ControlPlaneServer
) -> None:
    plane.fail("TaskService.DeployTask", Late(30))
    process = subprocess.Popen(
        [FLYTE, "deploy", "app.py", "--version", "v1"],
        cwd=remote.path,
        env=remote.environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    while " created\n" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=20)
    assert process.returncode == 130, rest
    assert "1 of 2 tasks is known to be stored as version v1; deploying again" in rest
    again = _env(remote, "app.py", "--version", "v1")
    assert "unchanged" in {each["state"] for each in again["tasks"]}


def test_an_answer_that_is_lost_is_no_conflict(remote: Project, plane: ControlPlaneServer) -> None:
    plane.fail("TaskService.DeployTask", DoneThenLost())
    done = _env(remote, "app.py")
    assert sorted(each["state"] for each in done["tasks"]) == ["created", "unchanged"]


def test_without_an_endpoint_it_says_what_to_do(app: Project) -> None:
    error = _env(app, "app.py", code=3)["error"]
    assert "no endpoint" in error["message"]
    assert "FLYTE_ENDPOINT" in error["hint"]


def test_an_endpoint_that_does_not_answer_is_said_with_its_name(app: Project) -> None:
    env = {"FLYTE_ENDPOINT": "dns:///127.0.0.1:9", "FLYTE_INSECURE": "true", "FLYTE_RPC_RETRIES": "0"}
    error = app.flyte("deploy", "app.py", "--json", env=env).expect(3).json["error"]
    assert "127.0.0.1:9" in error["message"] + error["where"]


def test_a_log_in_that_ends_on_the_way_stops_the_rest(remote: Project, plane: ControlPlaneServer) -> None:
    from connectrpc.code import Code

    plane.fail("TaskService.DeployTask", *[Refuse(Code.PERMISSION_DENIED, "not yours")] * 2)
    failed = remote.flyte("deploy", "app.py").expect(3)
    assert "0 of 2 tasks are deployed" in failed.err
    assert "not yours" in failed.err


def test_code_that_no_image_holds_is_said_before_anything_is_sent(remote: Project, plane: ControlPlaneServer) -> None:
    remote.write({"app.py": APP.replace('image="ghcr.io/acme/app:1", ', "")})
    error = _env(remote, "app.py", "--copy-style", "none", "--version", "v1", code=2)["error"]
    assert "with_code_bundle()" in error["hint"]
    assert plane.methods() == []


def test_copy_style_none_sends_no_code(remote: Project, plane: ControlPlaneServer) -> None:
    done = remote.flyte("deploy", "app.py", "--copy-style", "none", "--version", "1.2.3", "--json").expect()
    assert "without a version" not in done.err
    assert done.json["version"] == "1.2.3"
    assert done.json["bundle"] is None
    assert "PUT" not in plane.methods()
    for call in plane.asked("TaskService.DeployTask"):
        template = call.json["spec"]["task_template"]
        assert "--tgz" not in template["container"]["args"]
        assert "code_bundle_uri" not in template["metadata"]


def test_copy_style_none_without_a_version_offers_the_commit(app: Project) -> None:
    assert "give --version NAME" in app.flyte("deploy", "app.py", "--copy-style", "none", "--dry-run").expect().err
    sha = _commit(app.path)
    said = app.flyte("deploy", "app.py", "--copy-style", "none", "--dry-run").expect()
    assert f"--version {sha[:12]}, the commit that is checked out" in said.err


def test_documentation_links_to_the_commit(app: Project) -> None:
    sha = _commit(app.path)
    request = _env(app, "app.py", "--dry-run")["requests"][1]["request"]
    link = f"https://github.com/acme/flows/blob/{sha}/app.py"
    assert request["spec"]["documentation"]["source_code"]["link"] == link


def test_the_commit_is_no_part_of_the_version(app: Project) -> None:
    before = _version(app, "app.py")
    _commit(app.path)
    assert _version(app, "app.py") == before


def _commit(folder: Path) -> str:
    def git(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(["git", *who, "-C", folder, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    git("remote", "add", "origin", "https://token:x-secret@github.com/acme/flows.git")
    git("add", "app.py", "helper.py")
    git("commit", "-qm", "first")
    return git("rev-parse", "HEAD")


def test_images_by_name_come_from_the_command_line(project: MakeProject) -> None:
    app = project(
        {
            "app.py": """
            import flyte

            env = flyte.TaskEnvironment("app", image=flyte.Image.from_ref_name("my-app-image"))
            plain = flyte.TaskEnvironment("plain")

            @env.task
            def process(x: int) -> int:
                return x

            @plain.task
            def other(x: int) -> int:
                return x
            """
        }
    )
    words = ("--image", "my-app-image=registry.example.com/app:v1", "--image", "registry.example.com/base:2")
    said = _env(app, "app.py", *words, "--dry-run")
    uris = {each["name"]: each["image"] for each in said["environments"]}
    assert uris == {"app": "registry.example.com/app:v1", "plain": "registry.example.com/base:2"}
    images = [each["request"]["spec"]["task_template"]["container"]["image"] for each in said["requests"]]
    assert images == ["registry.example.com/app:v1", "registry.example.com/base:2"]
    unknown = _env(app, "app.py", "--image", "my-app=registry.example.com/app:v1", "--dry-run", code=2)["error"]
    assert "my-app-image" in unknown["message"]


def test_a_folder_is_deployed_whole_only_if_asked(project: MakeProject) -> None:
    def task(name: str) -> str:
        return (
            f'import flyte\n\nenv = flyte.TaskEnvironment("{name}", image="ghcr.io/acme/base:1")\n\n\n'
            "@env.task\ndef main() -> int:\n    return 1\n"
        )

    app = project({"top.py": task("top"), "deep/er/low.py": task("low"), "deep/__init__.py": ""})
    names = [each["name"] for each in _env(app, ".", "--dry-run")["environments"]]
    assert names == ["top"]
    deep = _env(app, "--recursive", "--all", ".", "--dry-run")
    assert {each["name"] for each in deep["environments"]} == {"top", "low"}
    modules = [each["request"]["spec"]["task_template"]["container"]["args"][-3] for each in deep["requests"]]
    assert sorted(modules) == ["deep.er.low", "top"]
    nothing = _env(app, "deep/er/..", "--dry-run", code=2)["error"]
    assert "no environment" in nothing["message"]


def test_a_task_that_no_variable_holds_is_refused(project: MakeProject) -> None:
    app = project(
        {
            "app.py": """
            import flyte

            env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1")

            def make():
                @env.task
                def hidden() -> int:
                    return 1

            make()
            """
        }
    )
    error = _env(app, "app.py", "--dry-run", code=2)["error"]
    assert "app.hidden" in error["message"]
    assert error["where"].endswith("app.py:6")


def test_dependencies_in_a_circle_name_their_path(project: MakeProject) -> None:
    app = project(
        {
            "app.py": """
            import flyte

            a = flyte.TaskEnvironment("a", image="ghcr.io/acme/base:1")
            b = flyte.TaskEnvironment("b", image="ghcr.io/acme/base:1", depends_on=[a])
            c = flyte.TaskEnvironment("c", image="ghcr.io/acme/base:1", depends_on=[b])
            a.add_dependency(c)

            @a.task
            def main() -> int:
                return 1
            """
        }
    )
    error = _env(app, "app.py", "--dry-run", code=2)["error"]
    assert "a → c → b → a" in error["message"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which file?"),
        (("app.py", "app", "--all"), "--all and app"),
        (("app.py", "nosuch"), "no environment 'nosuch'"),
        (("app.py", "--version", "a b"), "--version"),
        (("app.py", "--version", "v" * 64), "63"),
        (("app.py", "--copy-style", "some"), "no copy style 'some'"),
        (("app.py", "--builder", "dockerfile"), "builds nothing"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(app: Project, words: tuple[str, ...], said: str) -> None:
    error = _env(app, *words, code=2)["error"]
    assert said in error["message"]


def test_deploying_from_python(remote: Project, plane: ControlPlaneServer) -> None:
    remote.write(
        {
            "program.py": """
            import asyncio

            import flyte
            from app import env

            flyte.init_from_config()
            print([each.state for each in flyte.deploy(env, version="v1")[0].tasks])
            print([each.state for each in asyncio.run(flyte.deploy.aio(env, version="v1"))[0].tasks])
            """
        }
    )
    out = remote.python("program.py").expect().out.splitlines()
    assert out == ["['created', 'created']", "['unchanged', 'unchanged']"]
    assert {call.json["task_id"]["version"] for call in plane.asked("TaskService.DeployTask")} == {"v1"}


def test_images_without_a_registry_are_warned_of_once(project: MakeProject) -> None:
    lines = [
        f'e{at} = flyte.TaskEnvironment("e{at}")\n@e{at}.task\ndef t{at}() -> int:\n    return {at}\n'
        for at in range(5)
    ]
    app = project({"app.py": "import flyte\n" + "\n".join(lines)})
    said = app.flyte("deploy", "app.py", "--dry-run").expect().err
    assert said.count("go to no registry (e0, e1, e2 and 2 more)") == 1
    assert "no registry" not in app.flyte("deploy", "app.py", "--dry-run", "--registry", "ghcr.io/acme").expect().err
    here = app.flyte("deploy", "app.py", "--dry-run", "--endpoint", "http://localhost:1").expect().err
    assert "no registry" not in here
    alone = app.flyte("deploy", "app.py", "e0", "--dry-run", "--endpoint", "dns:///acme.example.com").expect().err
    assert "an image goes to no registry (e0), so only a cluster on this machine can run it;" in alone


def test_the_projects_of_the_guides_can_be_planned(example: Callable[[str], Project]) -> None:
    shared = example("monorepo_shared_lock")
    words = ("--copy-style", "none", "--version", "1.0.0", "--dry-run")
    said = shared.flyte("deploy", "src/workspace_app/main.py", "etl", *words, "--json").expect().json
    assert said["bundle"] is None
    assert {each["request"]["task_id"]["version"] for each in said["requests"]} == {"1.0.0"}
    arguments = said["requests"][0]["request"]["spec"]["task_template"]["container"]["args"]
    assert arguments[-4:] == ["mod", "workspace_app.tasks.etl_tasks", "instance", "load_data"]
    siblings = example("monorepo_siblings")
    said = siblings.flyte("deploy", "my_app/src/my_app/main.py", "--dry-run", "--json").expect().json
    assert [each["path"] for each in said["bundle"]["files"]] == [
        "my_app/env.py", "my_app/main.py", "my_app/tasks.py",
    ]  # fmt: skip
    assert [each["name"] for each in said["environments"]] == ["my_app"]
