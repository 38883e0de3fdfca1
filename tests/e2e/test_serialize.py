"""`flyte serialize`: what Flyte 1 registers, compared field by field with what flytekit writes for the same program."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import errors_pb2, literals_pb2
from google.protobuf.json_format import MessageToDict

from tests.support.docker.parts import DockerParts
from tests.support.project import Project

MakeProject = Callable[..., Project]
RECORDED = json.loads(
    (Path(__file__).parents[1] / "golden" / "flytekit_v1" / "entities.json").read_text(encoding="utf-8")
)
KINDS = {"1": task_pb2.TaskSpec, "2": workflow_pb2.WorkflowSpec, "3": launch_plan_pb2.LaunchPlan}

# The program of tests/oracle, with `import flyte`.
PROGRAM = '''
import datetime
import enum
import typing

import flyte
from flytectl_py.compat.flytekit_v1.cache import Cache


class Color(enum.Enum):
    red = "red"


class Policy:
    def get_version(self, salt, params):
        return f"{salt}:{params.func.__name__}"


big = flyte.TaskEnvironment(
    "big",
    image="ghcr.io/a/b:2",
    resources=flyte.Resources(cpu=1, memory="1Gi"),
    secrets=flyte.Secret("k", group="g"),
    env_vars={"Z": "1"},
    pod_template="template",
    interruptible=True,
)
env = flyte.TaskEnvironment("plain")


@big.task(retries=3, timeout=90)
def heavy(
    a: int, b: float = 1.5, c: str | None = None, d: str | None = "d", e: list[int] = [1, 2]
) -> tuple[int, str]:
    """Do much.

    Args:
        a: how much
    """
    return a, "x"


@env.task(cache=Cache(salt="s", policies=Policy(), ignored_inputs="y", serialize=True))
def cached(x: int, y: str = "q") -> int:
    return x


@env.task
def types(
    a: list[int], b: dict[str, float], c: Color, d: datetime.datetime, e: datetime.timedelta, f: bool
) -> bool:
    return f


@env.task
async def nothing() -> None: ...
'''
FILES = {"oldpkg/__init__.py": "", "oldpkg/w.py": PROGRAM}
WORDS = ("serialize", "--pkgs", "oldpkg", "--image", "ghcr.io/x/y:1", "-f", "out")


def entities(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what files hold, by the name without its number."""
    return {
        file.stem.partition("_")[2]: MessageToDict(
            KINDS[file.stem[-1]].FromString(file.read_bytes()), preserving_proto_field_name=True
        )
        for file in folder.glob("*.pb")
    }


def recorded(way: str) -> dict[str, Any]:
    """Return what flytekit wrote, its workflows by the names of the tasks that they run."""
    text = json.dumps({name.partition("_")[2].removesuffix(".pb"): each for name, each in RECORDED[way].items()})
    return dict(json.loads(text.replace("oldpkg.w.wf_", "oldpkg.w.")))


@pytest.mark.parametrize(("way", "words"), [("default", ()), ("fast", ("fast", "workflows"))])
def test_every_field_is_flytekits(project: MakeProject, way: str, words: tuple[str, ...]) -> None:
    made = project(FILES)
    made.flyte("serialize", *words, *WORDS[1:], "--env", "A=b").expect()
    ours, theirs = entities(made.path / "out"), recorded(way)
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        assert ours[name] == expected, name


def test_files_are_numbered_task_by_task(project: MakeProject) -> None:
    made = project(FILES)
    result = made.flyte(*WORDS, "--json").expect().json
    names = [Path(each["file"]).name for each in result["entities"]]
    assert names == sorted(names)
    assert names[:4] == [
        "00_oldpkg.w.heavy_1.pb",
        "01_oldpkg.w.heavy_2.pb",
        "02_oldpkg.w.heavy_3.pb",
        "03_oldpkg.w.cached_1.pb",
    ]
    assert [each["kind"] for each in result["entities"]][:3] == ["task", "workflow", "launch plan"]


def test_an_archive_is_the_same_each_time(project: MakeProject) -> None:
    made = project(FILES)
    made.flyte(*WORDS, "--archive").expect()
    archive = made.path / "out" / "flyte-package.tgz"
    before = archive.read_bytes()
    made.flyte(*WORDS, "--archive").expect()
    assert archive.read_bytes() == before
    with tarfile.open(archive) as tar:
        assert sorted(tar.getnames()) == sorted(each.name for each in archive.parent.glob("*.pb"))


def test_files_of_others_stay(project: MakeProject) -> None:
    made = project({**FILES, "out/mine.txt": "mine"})
    assert "out holds mine.txt" in made.flyte(*WORDS).expect(4).err
    assert not list((made.path / "out").glob("*.pb"))
    made.flyte(*WORDS, "--force").expect()
    assert (made.path / "out" / "mine.txt").read_text() == "mine"


def test_files_of_tasks_that_are_gone_go(project: MakeProject) -> None:
    made = project(FILES)
    made.flyte(*WORDS).expect()
    made.write({"oldpkg/w.py": PROGRAM.replace("async def nothing", "async def something")})
    made.flyte(*WORDS).expect()
    names = {each.stem.partition("_")[2][:-2] for each in (made.path / "out").glob("*.pb")}
    assert "oldpkg.w.something" in names
    assert "oldpkg.w.nothing" not in names


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("serialize", "-f", "out"), 2, "which packages?"),
        ((*WORDS, "--local-source-root", ""), 2, "--local-source-root: it is empty"),
        (("serialize",), 2, "hint: --pkgs NAME, once for each, and -f DIR for where the files go"),
        (("serialize", "--pkgs", "", *WORDS[3:]), 2, "'' is no name of a package"),
        (("serialize", "--pkgs", "./oldpkg/w.py", *WORDS[3:]), 2, "did you mean 'oldpkg.w'?"),
        (("serialize", "--pkgs", "oldpkg"), 2, "where to?"),
        (("serialize", "fat", "--pkgs", "oldpkg", "-f", "out"), 2, "workflows or fast workflows"),
        (("serialize", "--pkgs", "missing", "-f", "out"), 2, "no package 'missing'"),
        (("serialize", "--pkgs", "empty", "-f", "out"), 2, "no task in empty"),
        (("serialize", "--pkgs", "broken", "-f", "out"), 1, "division by zero"),
        (("serialize", "--pkgs", "oldpkg", "-f", "out"), 2, "the tasks of 'plain' name no image"),
        ((*WORDS[:-4], "--image", "no-tag", "-f", "out"), 2, "has no tag and no digest"),
        ((*WORDS, "--env", "A"), 2, "it takes KEY=VALUE"),
        (("serialize", "--pkgs", "inner", *WORDS[3:]), 2, "cannot be found in a container"),
        (("serialize", "--pkgs", "pods", *WORDS[3:]), 2, "takes the name of a pod template"),
    ],
)
def test_what_cannot_be_serialized(project: MakeProject, words: tuple[str, ...], code: int, said: str) -> None:
    files = {
        "empty.py": "",
        "broken.py": "1 / 0",
        "inner.py": "import flyte\nenv = flyte.TaskEnvironment('e')\ndef f():\n  @env.task\n  def g(): ...\nf()\n",
        "pods.py": "import flyte\nenv = flyte.TaskEnvironment('e', pod_template=flyte.PodTemplate(pod_spec={}))\n"
        "@env.task\ndef g(): ...\n",
    }
    result = project({**FILES, **files}).flyte(*words).expect(code)
    assert said in result.err
    assert "Traceback" not in result.err or code == 1


def test_two_tasks_that_are_one_function_are_refused(project: MakeProject) -> None:
    twice = "import flyte\na = flyte.TaskEnvironment('a')\nb = flyte.TaskEnvironment('b')\n"
    twice += "@a.task\ndef same(): ...\nsame = b.task(same)\n"
    result = project({"twice.py": twice}).flyte("serialize", "--pkgs", "twice", *WORDS[3:]).expect(4)
    assert "a.same and b.same are both twice.same" in result.err


class TestExecute:
    """`pyflyte-execute`, as its layer starts it."""

    ARGUMENTS = ("--inputs", "in.pb", "--output-prefix", "out", "--raw-output-data-prefix", "raw")
    PLACE = ("--resolver", "flytekit.core.python_auto_container.default_task_resolver", "--", "task-module")

    def execute(self, made: Project, module: str, name: str, inputs: literals_pb2.LiteralMap) -> Path:
        (made.path / "in.pb").write_bytes(inputs.SerializeToString())
        module_of_ours = "flytectl_py.compat.flytekit_v1.execute"
        words = ("-m", module_of_ours, "execute", *self.ARGUMENTS, *self.PLACE, module, "task-name", name)
        made.python(*words).expect()
        return made.path / "out"

    def inputs(self, **values: int) -> literals_pb2.LiteralMap:
        made = literals_pb2.LiteralMap()
        for name, value in values.items():
            made.literals[name].scalar.primitive.integer = value
        return made

    def test_outputs(self, project: MakeProject) -> None:
        out = self.execute(project(FILES), "oldpkg.w", "heavy", self.inputs(a=7))
        found = literals_pb2.LiteralMap.FromString((out / "outputs.pb").read_bytes()).literals
        assert found["o0"].scalar.primitive.integer == 7
        assert found["o1"].scalar.primitive.string_value == "x"
        assert not (out / "error.pb").exists()

    @pytest.mark.parametrize(
        ("body", "code", "said"),
        [
            ("raise ValueError('bad luck')", "ValueError", "bad luck"),
            ("__import__('os').kill(__import__('os').getpid(), 9)", "TaskInterrupted", "signal 9"),
            ("import no_such_module", "ModuleNotFoundError", "no_such_module"),
        ],
    )
    def test_every_way_to_fail_leaves_an_error(self, project: MakeProject, body: str, code: str, said: str) -> None:
        text = f"import flyte\nenv = flyte.TaskEnvironment('e')\n@env.task\ndef main(a: int) -> int:\n    {body}\n"
        out = self.execute(project({"app.py": text}), "app", "main", self.inputs(a=1))
        error = errors_pb2.ErrorDocument.FromString((out / "error.pb").read_bytes()).error
        assert error.code == code
        assert said in error.message
        assert not (out / "outputs.pb").exists()

    def test_wrong_inputs(self, project: MakeProject) -> None:
        out = self.execute(project(FILES), "oldpkg.w", "heavy", self.inputs(zz=7))
        error = errors_pb2.ErrorDocument.FromString((out / "error.pb").read_bytes()).error
        assert "a" in error.message

    def test_code_that_travels_besides_the_image(self, project: MakeProject, tmp_path: Path) -> None:
        made = project(FILES)
        made.python(
            "-c",
            "from flytectl_py.compat.flytekit_v1.fast_registration import fast_package as f;"
            "f('.', 'dist').rename('dist/code.tar.gz')",
        ).expect()
        (tmp_path / "in.pb").write_bytes(self.inputs(a=3).SerializeToString())
        (tmp_path / "dest").mkdir()
        made.python(
            *("-m", "flytectl_py.compat.flytekit_v1.execute", "fast-execute"),
            *(
                "--additional-distribution",
                str(made.path / "dist" / "code.tar.gz"),
                "--dest-dir",
                str(tmp_path / "dest"),
            ),
            *("--", "pyflyte-execute", "--inputs", str(tmp_path / "in.pb"), "--output-prefix", str(tmp_path / "out")),
            *(*self.PLACE, "oldpkg.w", "task-name", "heavy"),
            cwd=tmp_path,
        ).expect()
        found = literals_pb2.LiteralMap.FromString((tmp_path / "out" / "outputs.pb").read_bytes()).literals
        assert found["o0"].scalar.primitive.integer == 3


@pytest.mark.docker
def test_a_task_runs_in_its_container(project: MakeProject, docker: DockerParts) -> None:
    app = """
import flyte

env = flyte.TaskEnvironment(
    "e", image=flyte.Image.from_debian_base(platform="linux/amd64").with_code_bundle()
)


@env.task
def main(x: int) -> int:
    return x + 1
"""
    made = project({"app.py": app, "pyproject.toml": "[project]\nname = 'p'\n"})
    around = {
        **docker.environment,
        "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
        "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
    }
    made.flyte("serialize", "--pkgs", "app", "-f", "out", "--build", env=around, timeout=300).expect()
    spec = entities(made.path / "out")["app.main_1"]
    container = spec["template"]["container"]
    inputs = literals_pb2.LiteralMap()
    inputs.literals["x"].scalar.primitive.integer = 41
    (made.path / "io").mkdir()
    (made.path / "io" / "inputs.pb").write_bytes(inputs.SerializeToString())
    filled = {"{{.input}}": "/io/inputs.pb", "{{.outputPrefix}}": "/io/out", "{{.rawOutputDataPrefix}}": "/io/raw"}
    arguments = [filled.get(each, "" if each.startswith("{{") else each) for each in container["args"]]
    docker.run("run", "--rm", "-v", f"{made.path / 'io'}:/io", container["image"], *arguments)
    outputs = literals_pb2.LiteralMap.FromString((made.path / "io" / "out" / "outputs.pb").read_bytes())
    assert outputs.literals["o0"].scalar.primitive.integer == 42
