"""What every builder of images does: builds for real, whatever is declared, and the image works."""

from __future__ import annotations

import gzip
import shlex
import tarfile
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from flytectl_py.builders.api import Builder, BuildRequest, Existence
from flytectl_py.builders.registry_api import RegistryApi
from flytectl_py.builders.registry_exchange import Exchange
from flytectl_py.errors import FileChangedError, FlyteError, ImageBuildError, NotReadyError
from flytectl_py.model.image import Image
from flytectl_py.model.secret import Secret
from flytectl_py.plan.image import ImagePlan
from flytectl_py.plan.image_plan import ImageOptions, plan_image
from flytectl_py.project.image_files import ImageFiles
from flytectl_py.storage.hashing import hash_files
from tests.support.docker.base_image import BASE
from tests.support.docker.parts import DockerParts

PURE = Image.from_debian_base(install_flyte=False)
HUSH = b"hunter2-but-longer"

FILES = {
    "requirements.txt": "idna==3.10\n",
    "script.py": """\
        # /// script
        # requires-python = ">=3.11"
        # dependencies = ["idna==3.10"]
        # ///
        import idna
        """,
    "src/m.py": "X = 1\n",
    "src/run.sh": "#!/bin/sh\necho ran\n",
    "src/.dockerignore": "*.log\n",
    "src/big.log": "left out\n",
    "app/pyproject.toml": """\
        [project]
        name = "demo-app"
        version = "0.1.0"
        requires-python = ">=3.11"
        dependencies = ["idna==3.10", "flyte>=2.0"]
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        """,
    "app/src/demo_app/__init__.py": "X = 1\n",
    "poetry/pyproject.toml": """\
        [tool.poetry]
        name = "demo-poetry"
        version = "0.1.0"
        description = ""
        authors = []
        packages = [{include = "demo_poetry"}]
        [tool.poetry.dependencies]
        python = ">=3.11"
        idna = "3.10"
        [build-system]
        requires = ["poetry-core"]
        build-backend = "poetry.core.masonry.api"
        """,
    "poetry/demo_poetry/__init__.py": "X = 1\n",
    # As Poetry wrote it.
    "poetry/poetry.lock": """\
        [[package]]
        name = "idna"
        version = "3.10"
        description = "Internationalized Domain Names in Applications (IDNA)"
        optional = false
        python-versions = ">=3.6"
        groups = ["main"]
        files = [
            {file = "idna-3.10-py3-none-any.whl", hash = "sha256:@WHEEL@"},
            {file = "idna-3.10.tar.gz", hash = "sha256:@SDIST@"},
        ]

        [package.extras]
        all = ["flake8 (>=7.1.1)", "mypy (>=1.11.2)", "pytest (>=8.3.2)", "ruff (>=0.6.2)"]

        [metadata]
        lock-version = "2.1"
        python-versions = ">=3.11"
        content-hash = "92394a47c936e2f09728f8742cda37a06c72d54c8d844d754e3f846b6b1e8ba0"
        """.replace("@WHEEL@", "946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3").replace(
        "@SDIST@", "12f65c9b470abda6dc35cf8e63cc574b1c52b11df2c86030af0ac09b01b13ea9"
    ),
    "own/Dockerfile": "FROM @BASE@\nCOPY note.txt /note.txt\nRUN test -s /note.txt\n",
    "own/note.txt": "mine\n",
}

Planned = Callable[..., ImagePlan]


class BuilderContract:
    """A subclass has a fixture `builder`, and `runs`: how an image that it built is run, by its own tool."""

    @pytest.fixture
    def folder(self, tmp_path: Path, docker: DockerParts) -> Path:
        for name, text in FILES.items():
            file = tmp_path / "project" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).replace("@BASE@", f"{docker.base_registry}/{BASE}"))
        (tmp_path / "project" / "src" / "run.sh").chmod(0o755)
        return tmp_path / "project"

    @pytest.fixture
    def planned(self, folder: Path, docker: DockerParts) -> Planned:
        def plan(image: Image, *, registry: str = "", platforms: tuple[str, ...] = ("linux/amd64",)) -> ImagePlan:
            options = ImageOptions(
                registry=registry or docker.repository(),
                base_registry=docker.base_registry,
                uv_image=docker.uv_image,
                platforms=platforms,  # type: ignore[arg-type]  # as a test names them
            )
            return plan_image(image, ImageFiles([str(folder)], hash_files), options)

        return plan

    @pytest.mark.parametrize(
        ("image", "command", "prints"),
        [
            (PURE.with_apt_packages("tree"), "tree --version", "tree v"),
            (PURE.with_pip_packages("idna==3.10"), "python -c 'import idna; print(idna.__version__)'", "3.10"),
            (PURE.with_requirements("requirements.txt"), "python -c 'import idna; print(idna.__version__)'", "3.10"),
            (Image.from_uv_script("script.py", name="script"), "python -c 'import idna, flyte; print(1)'", "1"),
            (PURE.with_commands(["echo one > /one", "cp /one /two"]), "cat /two", "one"),
            (
                PURE.with_env_vars({"A": 'b "c" $d \\e'}),
                "python -c 'import os; print(os.environ[\"A\"])'",
                'b "c" $d \\e',
            ),
            (PURE.with_workdir("/some where"), "pwd", "/some where"),
            (PURE.with_source_file("src/m.py"), "python -c 'import m; print(m.X)'", "1"),
            (PURE.with_source_folder("src"), "ls src", "m.py\nrun.sh"),
            (PURE.with_source_folder("src", copy_contents_only=True), "./run.sh", "ran"),
            (Image.from_debian_base(), "python -c 'import flyte; print(flyte.__name__)'", "flyte"),
            (PURE.with_local_v2(), "flyte --version", "flyte "),
            (PURE.with_code_bundle(), "ls", ""),
        ],
        ids=lambda value: value.layers[-1].declared_by if isinstance(value, Image) else "",
    )
    def test_each_layer(
        self, builder: Builder, planned: Planned, runs: Callable[..., str], image: Image, command: str, prints: str
    ) -> None:
        plan = planned(image)
        result = builder.build(BuildRequest(plan))
        assert (result.state, result.uri, result.platforms) == ("built", plan.uri, ("linux/amd64",))
        assert runs(plan.uri, *shlex.split(command)).strip().startswith(prints.strip())

    def test_a_changed_file_that_a_step_uses_makes_it_run_again(
        self, builder: Builder, planned: Planned, runs: Callable[..., str], folder: Path
    ) -> None:
        shown = []
        for version in ("3.10", "3.9"):
            (folder / "requirements.txt").write_text(f"idna=={version}\n")
            plan = planned(PURE.with_requirements("requirements.txt"))
            builder.build(BuildRequest(plan))
            shown.append(runs(plan.uri, "python", "-c", "import idna; print(idna.__version__)").strip())
        assert shown == ["3.10", "3.9"]

    def test_the_dependencies_of_a_uv_project(
        self, builder: Builder, planned: Planned, runs: Callable[..., str]
    ) -> None:
        plan = planned(PURE.with_uv_project("app/pyproject.toml"))
        builder.build(BuildRequest(plan))
        # The distribution `flyte` that it asks for is ours.
        said = "import idna, flyte, importlib.metadata as m; print(m.version('flytectl-py'), idna.__version__)"
        assert runs(plan.uri, "python", "-c", said).split()[1] == "3.10"
        names = "[d.name for d in m.distributions()]"
        gone = f"import importlib.util as u, importlib.metadata as m; print(u.find_spec('demo_app'), {names})"
        shown = runs(plan.uri, "python", "-c", gone)
        assert shown.startswith("None")
        assert "'flyte'" not in shown

    def test_a_uv_project_that_is_installed(self, builder: Builder, planned: Planned, runs: Callable[..., str]) -> None:
        plan = planned(PURE.with_uv_project("app/pyproject.toml", project_install_mode="install_project"))
        builder.build(BuildRequest(plan))
        assert runs(plan.uri, "python", "-c", "import idna, demo_app; print(demo_app.X)").strip() == "1"

    @pytest.mark.parametrize("mode", ["dependencies_only", "install_project"])
    def test_a_poetry_project(self, builder: Builder, planned: Planned, runs: Callable[..., str], mode: str) -> None:
        image = PURE.with_poetry_project("poetry/pyproject.toml", project_install_mode=mode)  # type: ignore[arg-type]  # one of the two
        plan = planned(image)
        builder.build(BuildRequest(plan))
        said = "import idna, importlib.util as u; print(idna.__version__, u.find_spec('demo_poetry') is not None)"
        assert runs(plan.uri, "python", "-c", said).split() == ["3.10", str(mode == "install_project")]

    def test_a_poetry_project_with_a_stale_lock_is_refused_by_poetry(
        self, builder: Builder, planned: Planned, folder: Path
    ) -> None:
        pyproject = folder / "poetry" / "pyproject.toml"
        pyproject.write_text(pyproject.read_text().replace('idna = "3.10"', 'idna = "3.9"'))
        with pytest.raises(ImageBuildError, match=r"pyproject\.toml changed significantly") as failed:
            builder.build(BuildRequest(planned(PURE.with_poetry_project("poetry/pyproject.toml"))))
        assert failed.value.hint == "the lock file is stale: poetry lock"

    def test_a_base_whose_user_is_not_root(
        self, builder: Builder, planned: Planned, runs: Callable[..., str], docker: DockerParts, folder: Path
    ) -> None:
        base = f"{docker.repository()}/base:1"
        (folder / "own" / "Dockerfile").write_text(
            f"FROM {docker.base_registry}/{BASE}\nRUN useradd --create-home app\nUSER app\nWORKDIR /home/app\n"
        )
        docker.run("buildx", "build", "--push", "--provenance=false", "-t", base, str(folder / "own"))
        image = (
            Image.from_base(base)
            .with_apt_packages("tree")
            .with_pip_packages("idna==3.10")
            .with_commands(["id -un > /who"])
            .with_workdir("/app/here")
            .with_source_file("src/m.py")
            .with_commands(["touch /usr/local/after"])
        )
        plan = planned(image)
        result = builder.build(BuildRequest(plan))
        assert result.notes == ()
        said = "tree --version | cut -c1-4; python -c 'import idna, m; print(idna.__version__, m.X)'; cat /who"
        assert runs(plan.uri, "sh", "-c", said).split() == ["tree", "3.10", "1", "root"]
        # It runs as the base does, and may write where it is.
        mine = "touch mine && stat -c %U mine m.py && pwd && id -un"
        assert runs(plan.uri, "sh", "-c", mine).split() == ["app", "root", "/app/here", "app"]

    def test_a_dockerfile_of_the_user(
        self, builder: Builder, planned: Planned, runs: Callable[..., str], docker: DockerParts
    ) -> None:
        plan = planned(Image.from_dockerfile("own/Dockerfile", docker.repository(), "own"))
        builder.build(BuildRequest(plan))
        assert runs(plan.uri, "cat", "/note.txt").strip() == "mine"

    def test_code_that_is_baked_in(
        self, builder: Builder, folder: Path, docker: DockerParts, runs: Callable[..., str]
    ) -> None:
        sources = ImageFiles([str(folder)], hash_files)
        options = ImageOptions(
            registry=docker.repository(),
            base_registry=docker.base_registry,
            uv_image=docker.uv_image,
            platforms=("linux/amd64",),
            code=lambda _: sources.folder(str(folder / "src")),
        )
        plan = plan_image(PURE.with_code_bundle(), sources, options)
        builder.build(BuildRequest(plan))
        assert runs(plan.uri, "python", "-c", "import m; print(m.X)").strip() == "1"

    def test_a_secret_is_seen_by_its_step_and_nowhere_else(
        self, builder: Builder, planned: Planned, saved: Callable[..., Path]
    ) -> None:
        secret = Secret("token", as_env_var="TOKEN")
        image = PURE.with_commands(
            ['test ${#TOKEN} = 18 && echo "it is $TOKEN" && echo seen > /seen'], secret_mounts=[secret]
        ).with_pip_packages("idna==3.10", secret_mounts=[Secret("token", mount="/etc/flyte/secrets")])
        plan = planned(image)
        lines: list[str] = []
        values = {each.id: HUSH for each in plan.secrets}
        builder.build(BuildRequest(plan, secrets=values, progress=lines.append, no_cache=True))
        everything = _bytes_of(saved(plan.uri))
        assert b"seen\n" in everything
        assert HUSH not in everything
        assert HUSH.decode() not in plan.dockerfile
        assert not any(HUSH.decode() in line for line in lines)

    def test_nothing_is_built_without_its_secret(self, builder: Builder, planned: Planned) -> None:
        plan = planned(PURE.with_commands(["true"], secret_mounts=[Secret("to-ken", "group")]))
        with pytest.raises(NotReadyError, match=r"'group/to-ken': set GROUP_TO_KEN"):
            builder.build(BuildRequest(plan))

    def test_a_secret_without_a_value_stops_what_would_be_built(self, builder: Builder, planned: Planned) -> None:
        plan = planned(PURE.with_commands(["true"], secret_mounts=[Secret("to-ken", "group")]))
        assert builder.refusals(BuildRequest(plan)) == []
        with pytest.raises(
            NotReadyError, match=r"'group/to-ken': set GROUP_TO_KEN, or write it to .flyte/secrets/group"
        ):
            builder.prepare(BuildRequest(plan))

    def test_a_step_that_fails_is_shown_with_its_layer(self, builder: Builder, planned: Planned) -> None:
        image = PURE.with_env_vars({"A": "1"}).with_commands(["echo fine", "echo working on it; exit 7"])
        with pytest.raises(ImageBuildError) as failed:
            builder.build(BuildRequest(planned(image)))
        for said in ("with_commands (layer 2 of 2)", "working on it", "exit"):
            assert said in failed.value.message
        assert "7" in failed.value.message

    def test_a_push_and_what_the_registry_says_then(self, builder: Builder, planned: Planned) -> None:
        plan = planned(PURE.with_env_vars({"A": "pushed"}))
        release = f"{plan.uri.rpartition(':')[0]}:v1.0.0"
        request = BuildRequest(plan, push=True, also=(release,))
        assert builder.exists(plan.uri).existence is Existence.NO_REPOSITORY
        builder.prepare(request)
        result = builder.build(request)
        answers = [builder.exists(uri) for uri in (plan.uri, release, f"{plan.uri}x")]
        assert [each.existence for each in answers] == [Existence.EXISTS, Existence.EXISTS, Existence.ABSENT]
        assert result.digest == answers[0].digest == answers[1].digest

    def test_without_a_registry_the_daemon_has_it(
        self, builder: Builder, planned: Planned, docker: DockerParts
    ) -> None:
        plan = planned(PURE.with_env_vars({"A": docker.repository()}))
        plan = ImagePlan(**{**vars(plan), "uri": f"flytectl-py-tests-{plan.tag}:v1", "registry": ""})
        assert builder.exists(plan.uri).existence is Existence.ABSENT
        builder.build(BuildRequest(plan))
        assert builder.exists(plan.uri).existence is Existence.EXISTS
        refused = builder.refusals(BuildRequest(plan, push=True))
        assert refused == [f"{plan.uri} names no registry to push to: give --registry, or --no-push"]

    def test_an_image_of_two_platforms_is_one_in_the_registry(
        self, builder: Builder, planned: Planned, docker: DockerParts
    ) -> None:
        both = ("linux/amd64", "linux/arm64")
        plan = planned(
            Image.from_base("scratch").with_env_vars({"A": "1"}).with_source_file("src/m.py"), platforms=both
        )
        assert not plan.runs_programs
        request = BuildRequest(plan, push=True)
        if builder.name == "docker" and "io.containerd" not in docker.run("info", "--format", "{{json .DriverStatus}}"):
            with pytest.raises(NotReadyError, match="one platform at a time"):
                builder.prepare(request)
            return
        builder.prepare(request)
        assert builder.build(request).platforms == both
        assert RegistryApi(Exchange()).platforms(plan.uri).platforms == both

    def test_a_platform_that_the_base_lacks_is_refused_before(self, builder: Builder, planned: Planned) -> None:
        plan = planned(PURE.with_env_vars({"A": "1"}), platforms=("linux/amd64", "linux/arm64"))
        with pytest.raises(FlyteError, match="is not there for linux/arm64: it has linux/amd64") as refused:
            builder.prepare(BuildRequest(plan, push=True))
        assert refused.value.hint == "build for less: --platform linux/amd64"

    def test_a_registry_that_cannot_be_pushed_to_is_refused_before(self, builder: Builder, planned: Planned) -> None:
        plan = planned(PURE.with_env_vars({"A": "1"}), registry="127.0.0.1:1/none")
        with pytest.raises(NotReadyError, match=r"cannot be pushed: the registry 127\.0\.0\.1:1 cannot be reached"):
            builder.prepare(BuildRequest(plan, push=True))

    def test_a_file_that_changed_since_is_refused(self, builder: Builder, planned: Planned, folder: Path) -> None:
        plan = planned(PURE.with_source_folder("src"))
        (folder / "src" / "m.py").write_text("X = 2\n")
        with pytest.raises(FileChangedError, match=r"m\.py"):
            builder.build(BuildRequest(plan))
        assert builder.exists(plan.uri).existence is Existence.NO_REPOSITORY

    def test_a_build_that_is_stopped_leaves_no_name(
        self, builder: Builder, planned: Planned, runs: Callable[..., str]
    ) -> None:
        plan = planned(PURE.with_commands(["echo running; sleep 60"]))

        def stop(line: str) -> None:
            if line.strip() == "running":
                threading.Thread(target=builder.cancel).start()

        with pytest.raises(FlyteError, match="was stopped"):
            builder.build(BuildRequest(plan, push=True, progress=stop))
        assert builder.exists(plan.uri).existence is Existence.NO_REPOSITORY


def _bytes_of(archive: Path) -> bytes:
    """Return all bytes in a saved image, its layers unpacked as far as they are compressed."""
    found = []
    with tarfile.open(archive) as tar:
        for member in tar:
            opened = tar.extractfile(member) if member.isfile() else None
            content = opened.read() if opened else b""
            found.append(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    return b"".join(found)
