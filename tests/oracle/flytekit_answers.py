"""Asks flytekit 1.16 for the names that it gives, and writes them into a folder of vectors.

Runs in an environment that has flytekit and not this project (``make oracle``). What is asked is made from a fixed
seed, so that only a change of flytekit's changes the answers.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from flytekit import ImageSpec
from flytekit.constants import CopyFileDetection
from flytekit.core.cache import Cache, VersionParameters
from flytekit.tools.fast_registration import FastPackageOptions, fast_package

SEED = 20250325

# A project: what the fields of specs refer to is in here.
TREE = {
    "a.py": "x = 1\n",
    "src/pkg/__init__.py": "",
    "src/pkg/m.py": "y = 2\n",
    "src/pkg/__pycache__/m.cpython-311.pyc": "compiled",
    "src/x.pyc": "compiled",
    "src/.cache": "cached",
    "deep/.cache/z": "kept",
    "src/é ü.txt": "named",
    "src/data.csv": "1,2\n",
    "src/empty.txt": "",
    "requirements.txt": "\nidna==3.10\n\n",
    "ignored/.dockerignore": "*.csv\n!sub/kept.csv\nnode_modules\n",
    "ignored/a.csv": "left out",
    "ignored/sub/kept.csv": "kept",
    "ignored/node_modules/m.js": "left out",
    "ignored/b.txt": "b",
    "own/.flyteignore": "*.log\n",
    "own/x.log": "left out",
    "own/y.txt": "y",
    "own/x.pyc": "compiled",
}
VALUES: dict[str, list[Any]] = {
    "name": ["Flyte", "a-b", "with.dots"],
    "python_version": ["3.11", "3.9"],
    "builder": ["envd", "docker"],
    "source_root": ["src", "ignored"],
    "env": [{"A": "1", "B": "é"}, {}],
    "registry": ["ghcr.io/a", "localhost:30000"],
    "packages": [["a"], [], ["x==1", '"q"', "it's"]],
    "conda_packages": [["c"]],
    "conda_channels": [["conda-forge"]],
    "requirements": ["requirements.txt"],
    "apt_packages": [["git", "curl"]],
    "cuda": ["12.1"],
    "cudnn": ["8"],
    "base_image": ["python:3.11", {"name": "base", "packages": ["q"]}, {"copy": ["a.py"], "registry": "ghcr.io/b"}],
    "platform": ["linux/arm64"],
    "pip_index": ["https://index.example/simple"],
    "pip_extra_index_url": [["https://more.example/simple"]],
    "pip_secret_mounts": [[["source", "target"]]],
    "pip_extra_args": ["--no-deps"],
    "registry_config": ["config.json"],
    "entrypoint": [[], ["/bin/sh", "-c"]],
    "commands": [["one", "two"]],
    "tag_format": ["v1-{spec_hash}"],
    "source_copy_mode": ["ALL", "NO_COPY"],
    "copy": [["src"], ["a.py", "own"], ["missing"]],
    "python_exec": ["/usr/bin/python3"],
}


def spec_of(fields: dict[str, Any]) -> Any:
    """Return the spec that JSON fields stand for."""
    given = dict(fields)
    if isinstance(given.get("base_image"), dict):
        given["base_image"] = spec_of(given["base_image"])
    if "source_copy_mode" in given:
        given["source_copy_mode"] = CopyFileDetection[given["source_copy_mode"]]
    if "pip_secret_mounts" in given:
        given["pip_secret_mounts"] = [tuple(each) for each in given["pip_secret_mounts"]]
    return ImageSpec(**given)


def image_specs() -> list[dict[str, Any]]:
    """Return fields with the id, tag and name of their image; null where flytekit refuses them."""
    chance = random.Random(SEED)
    made: list[dict[str, Any]] = [{}]
    made += [{name: value} for name, values in VALUES.items() for value in values]
    made += [
        {name: chance.choice(values) for name, values in VALUES.items() if chance.random() < share}
        for share in (0.1, 0.25, 0.5)
        for _ in range(80)
    ]
    found = []
    for fields in made:
        try:
            spec = spec_of(fields)
            answer = {"id": spec.id, "tag": spec.tag, "name": spec.image_name()}
        except Exception:  # whatever it is that flytekit refuses with
            answer = None
        found.append({"fields": fields, "answer": answer})
    return found


class Says:
    """A policy that is a format."""

    def __init__(self, form: str) -> None:
        self.form = form

    def get_version(self, salt: str, params: Any) -> str:
        """Return the format, filled in."""
        return self.form.format(salt=salt, func=params.func.__name__, image=params.container_image)


def main_function() -> None:
    """Be the function of a task."""


def caches() -> list[dict[str, Any]]:
    """Return arguments of a cache with the version that it gives."""
    chance = random.Random(SEED)
    forms = ["{salt}", "{func}", "{image}", "{salt}-{func}-{image}", "", "é"]
    found = []
    for _ in range(80):
        policies = [chance.choice(forms) for _ in range(chance.randint(0, 3))]
        fields: dict[str, Any] = {"salt": chance.choice(["", "salt", "ü"]), "policies": policies}
        if not policies or chance.random() < 0.2:
            fields["version"] = chance.choice(["1", "v2", ""])
        image = chance.choice([None, "ghcr.io/a/b:1"])
        cache = Cache(**{**fields, "policies": [Says(form) for form in policies]})
        version = cache.get_version(VersionParameters(func=main_function, container_image=image))
        found.append({"fields": fields, "image": image, "version": version})
    return found


def packages(top: Path) -> list[dict[str, Any]]:
    """Return folders with the digests of their archives, as flytekit names them."""
    found = []
    for folder in ("src", "ignored", "own"):
        for default_ignores, style in ((True, "ALL"), (False, "ALL"), (True, "NO_COPY"), (False, "NO_COPY")):
            options = FastPackageOptions([], keep_default_ignores=default_ignores, copy_style=CopyFileDetection[style])
            with tempfile.TemporaryDirectory() as out:
                made = fast_package(top / folder, out, deref_symlinks=False, options=options)
            found.append(
                {
                    "folder": folder,
                    "keep_default_ignores": default_ignores,
                    "copy_style": style,
                    "name": Path(made).name,
                }
            )
    return found


# Each workflow runs one task with the workflow's own inputs: what this project makes of every task.
PROGRAM = '''
import datetime
import enum
import typing

from flytekit import Resources, Secret, task, workflow
from flytekit.core.cache import Cache


class Color(enum.Enum):
    red = "red"


class Policy:
    def get_version(self, salt, params):
        return f"{salt}:{params.func.__name__}"


@task(
    retries=3,
    timeout=datetime.timedelta(seconds=90),
    requests=Resources(cpu="1", mem="1Gi"),
    secret_requests=[Secret(key="k", group="g", env_var="G_K", mount_requirement=Secret.MountType.ENV_VAR)],
    interruptible=True,
    container_image="ghcr.io/a/b:2",
    pod_template_name="template",
    environment={"Z": "1"},
)
def heavy(
    a: int, b: float = 1.5, c: typing.Optional[str] = None, d: typing.Optional[str] = "d", e: typing.List[int] = [1, 2]
) -> typing.Tuple[int, str]:
    """Do much.

    Args:
        a: how much
    """
    return a, "x"


@task(cache=Cache(salt="s", policies=Policy(), ignored_inputs="y", serialize=True))
def cached(x: int, y: str = "q") -> int:
    return x


@task
def types(
    a: typing.List[int], b: typing.Dict[str, float], c: Color, d: datetime.datetime, e: datetime.timedelta, f: bool
) -> bool:
    return f


@task
def nothing() -> None: ...


@workflow
def wf_heavy(
    a: int, b: float = 1.5, c: typing.Optional[str] = None, d: typing.Optional[str] = "d", e: typing.List[int] = [1, 2]
) -> typing.Tuple[int, str]:
    """Do much.

    Args:
        a: how much
    """
    return heavy(a=a, b=b, c=c, d=d, e=e)


@workflow
def wf_cached(x: int, y: str = "q") -> int:
    return cached(x=x, y=y)


@workflow
def wf_types(
    a: typing.List[int], b: typing.Dict[str, float], c: Color, d: datetime.datetime, e: datetime.timedelta, f: bool
) -> bool:
    return types(a=a, b=b, c=c, d=d, e=e, f=f)


@workflow
def wf_nothing() -> None:
    nothing()
'''


def entities(place: Path, fast: bool) -> dict[str, Any]:
    """Return what flytekit serializes of `PROGRAM`, as JSON by file name."""
    from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
    from flytekit.clis.sdk_in_container.serialize import SerializationMode, serialize_all
    from flytekit.configuration import ImageConfig
    from google.protobuf.json_format import MessageToDict

    kinds = {"1": task_pb2.TaskSpec, "2": workflow_pb2.WorkflowSpec, "3": launch_plan_pb2.LaunchPlan}
    images = ImageConfig.from_images("ghcr.io/x/y:1")
    mode = SerializationMode.FAST if fast else SerializationMode.DEFAULT
    out = place / f"out-{fast}"
    out.mkdir()
    root = "/opt/venv"
    serialize_all(["oldpkg"], str(place), str(out), mode, images, root, f"{root}/bin/python3", env={"A": "b"})
    found = {}
    for file in sorted(out.iterdir()):
        message = kinds[file.stem[-1]].FromString(file.read_bytes())
        found[file.name] = MessageToDict(message, preserving_proto_field_name=True)
    return found


def serialized() -> dict[str, Any]:
    """Return the entities of `PROGRAM`, with the code in the image and besides it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "oldpkg").mkdir()
        (place / "oldpkg" / "__init__.py").write_text("")
        (place / "oldpkg" / "w.py").write_text(PROGRAM)
        sys.path.insert(0, folder)
        os.chdir(folder)
        found = {"default": entities(place, fast=False), "fast": entities(place, fast=True)}
        os.chdir("/")
    return found


def settings() -> list[dict[str, Any]]:
    """Return settings in their JSON form, and what a task asks for that asks for nothing itself."""
    from collections import OrderedDict

    from flytekit import Resources, task
    from flytekit.configuration import FastSerializationSettings, ImageConfig, SerializationSettings
    from flytekit.core.resources import ResourceSpec
    from flytekit.tools.translator import get_serializable
    from google.protobuf.json_format import MessageToDict

    images = ImageConfig.from_images("ghcr.io/x/y:1", {"other": "ghcr.io/x/z@sha256:0000"})
    fast = FastSerializationSettings(enabled=True, destination_dir="/root", distribution_location="s3://b/fast.tar.gz")
    both = ResourceSpec(
        requests=Resources(cpu="2", mem="1Gi", gpu="1", ephemeral_storage="5Gi"),
        limits=Resources(cpu="500m", mem="1024"),
    )
    given: list[dict[str, Any]] = [
        {},
        {"project": "p", "domain": "d", "version": "v", "env": {"A": "é"}, "git_repo": "https://x.example/y"},
        {"default_resources": both, "python_interpreter": "/usr/bin/python3", "source_root": "/src"},
        {"fast_serialization_settings": fast, "flytekit_virtualenv_root": "/opt/other"},
    ]
    found = []
    for fields in given:
        made = SerializationSettings(image_config=images, **fields)
        container = get_serializable(OrderedDict(), made, task(main_function)).template.container.to_flyte_idl()
        found.append({"json": made.to_json(), "resources": MessageToDict(container.resources)})
    return found


def main(folder: Path) -> None:
    """Write every file of vectors."""
    logging.disable(logging.CRITICAL)
    folder = folder.resolve()
    with tempfile.TemporaryDirectory() as place:
        for name, text in TREE.items():
            (Path(place) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(place) / name).write_text(text, encoding="utf-8")
        os.chdir(place)
        answers = {
            "image_specs": {"tree": TREE, "cases": image_specs()},
            "caches": {"cases": caches()},
            "packages": {"tree": TREE, "cases": packages(Path(place))},
        }
        os.chdir("/")
    answers["entities"] = serialized()
    answers["settings"] = {"cases": settings()}
    for name, answer in answers.items():
        text = json.dumps(answer, ensure_ascii=False, indent=1)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
