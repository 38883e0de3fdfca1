"""Virtual environments made by the real uv, of packages that lie in a folder."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from flytectl_py.builders.api import BuildRequest, Existence
from flytectl_py.builders.environment import EnvironmentBuilder
from flytectl_py.errors import ImageBuildError
from flytectl_py.plan.image import ContextFile, ImagePlan, PlannedLayer
from flytectl_py.plan.image_sources import made_file
from flytectl_py.plan.virtual_environment import RECORD, Environment, Place, commands, notes

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
BASE = f"python:{MINOR}-slim-bookworm"


def wheel(folder: Path, name: str, version: str = "1.0") -> Path:
    """Write a wheel with one module, which knows its version."""
    info = f"{name}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return made


def pip(folder: Path, *packages: str) -> PlannedLayer:
    fields = {"packages": list(packages), "extra_args": f"--no-index --find-links {folder}"}
    return PlannedLayer("pip", "with_pip_packages", fields, hashlib.md5(repr(fields).encode()).hexdigest())


def plan(*layers: PlannedLayer, tag: str = "1", files: tuple[ContextFile, ...] = ()) -> ImagePlan:
    everything = (made_file("without-flyte.txt", b"flyte ; sys_platform == 'none'\n"), *files)
    dockerfile = f"FROM {BASE}\nWORKDIR /root\n"
    return ImagePlan(
        f"flyte:{tag}", tag=tag, base=BASE, python=MINOR, layers=layers, dockerfile=dockerfile, files=everything
    )


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EnvironmentBuilder:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return EnvironmentBuilder(tmp_path / "environments")


def test_what_images_of_flyte_1_have_besides_is_left_out_and_said() -> None:
    layers = [
        PlannedLayer("user", "ImageSpec(base_image=…)", {"user": "root"}, "1"),
        PlannedLayer("python", "ImageSpec(python_version=…)", {"python": MINOR}, "2"),
        PlannedLayer("conda", "ImageSpec(conda_packages=…)", {"packages": ["xz", "zlib"], "channels": []}, "3"),
        PlannedLayer("entrypoint", "ImageSpec(entrypoint=…)", {"words": ["sh"]}, "4"),
    ]
    made = commands(plan(*layers), Place("uv", "/context", "/made", "/made/bin/python"))
    assert [each.layer for each in made] == ["venv"]
    assert "ImageSpec(conda_packages=…): not installed: xz zlib" in notes(plan(*layers))


def _run(tmp_path: Path, tag: str, code: str) -> str:
    python = tmp_path / "environments" / tag / "bin" / "python"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_an_environment_has_the_packages_of_its_image(builder: EnvironmentBuilder, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "salad", "1.5")
    made = plan(pip(tmp_path / "wheels", "salad"))
    assert builder.exists(made.uri).existence is Existence.ABSENT
    result = builder.build(BuildRequest(made))
    assert builder.exists(made.uri).existence is Existence.EXISTS
    assert _run(tmp_path, "1", "import salad; print(salad.version)") == "1.5"
    assert "no layer of it installs flyte" in result.notes[0]
    assert _run(tmp_path, "1", "import flytectl_py; print(flytectl_py.__name__)") == "flytectl_py"


def test_what_cannot_be_installed_is_said_and_leaves_no_environment(
    builder: EnvironmentBuilder, tmp_path: Path
) -> None:
    made = plan(pip(tmp_path, "nowhere-to-be-found"))
    with pytest.raises(ImageBuildError, match=r"with_pip_packages:(.|\n)*nowhere-to-be-found"):
        builder.build(BuildRequest(made))
    assert builder.exists(made.uri).existence is Existence.ABSENT


def test_one_that_was_half_made_is_made_anew(builder: EnvironmentBuilder, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "salad")
    made = plan(pip(tmp_path / "wheels", "salad"))
    builder.build(BuildRequest(made))
    folder = tmp_path / "environments" / "1"
    (folder / RECORD).unlink()
    (folder / "bin" / "python").unlink()
    assert builder.exists(made.uri).existence is Existence.ABSENT
    builder.build(BuildRequest(made))
    assert _run(tmp_path, "1", "import salad; print(salad.version)") == "1.0"


def test_files_of_the_image_lie_in_its_working_folder(builder: EnvironmentBuilder, tmp_path: Path) -> None:
    files = (made_file("2-source-folder/a/b.txt", b"b"), made_file("3-source-file/c.txt", b"c"))
    layers = (
        PlannedLayer("workdir", "with_workdir", {"workdir": "/srv/app"}, "0"),
        PlannedLayer("source-folder", "with_source_folder", {"folder": "data"}, "1", files[:1]),
        PlannedLayer("source-file", "with_source_file", {"folder": "/opt"}, "2", files[1:]),
        PlannedLayer("env", "with_env_vars", {"variables": {"LEVEL": "debug"}}, "3"),
        PlannedLayer("apt", "with_apt_packages", {"packages": ["git", "gcc"], "secrets": []}, "4"),
        PlannedLayer("commands", "with_commands", {"commands": ["make all"], "secrets": []}, "5"),
    )
    result = builder.build(BuildRequest(plan(*layers, files=files)))
    folder = tmp_path / "environments" / "1"
    assert {path.relative_to(folder / "files").as_posix() for path in (folder / "files").rglob("*.txt")} == {
        "data/a/b.txt"
    }
    record = Environment.from_text((folder / RECORD).read_text())
    assert record is not None
    assert record.variables == {"LEVEL": "debug"}
    said = "\n".join(result.notes)
    for part in ("not installed: git gcc", "not run: make all", "its files in /opt are not there"):
        assert part in said


def test_a_dockerfile_is_not_carried_out(builder: EnvironmentBuilder, tmp_path: Path) -> None:
    layer = PlannedLayer("dockerfile", "from_dockerfile", {}, "0")
    made = ImagePlan("own:7", tag="7", layers=(layer,), dockerfile="FROM scratch\n")
    notes = builder.build(BuildRequest(made)).notes
    assert "its Dockerfile is not carried out" in notes[0]
    record = Environment.from_text((tmp_path / "environments" / "7" / RECORD).read_text())
    assert record is not None
    assert record.python == sys.executable


def test_it_never_pushes(builder: EnvironmentBuilder) -> None:
    assert builder.refusals(BuildRequest(plan(), push=True))
