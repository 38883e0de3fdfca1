"""An image as a virtual environment: the commands of uv that make it, the files beside it, and what it cannot have."""

from __future__ import annotations

import json
import posixpath
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from flytectl_py.model.image import debian_base
from flytectl_py.plan.dockerfile import POETRY, WITHOUT_FLYTE, secret_id
from flytectl_py.plan.image import ImagePlan, PlannedLayer, layer_folder
from flytectl_py.plan.image_layout import COPIES, DEBIAN_WORKDIR

RECIPE: Final = 1
"""Counts up when an environment that was made before is not what would be made now."""

RECORD: Final = "environment.json"
"""Written last, so that an environment without it is none."""

FILES: Final = "files"
"""The folder of an environment with what the image has in its working folder."""

_OURS = ("flyte", "flyte-wheel")
_NOT_PYTHON = ("apt", "commands", "env", "workdir", "dockerfile", "python", "conda", "entrypoint", "user", *COPIES)
_SHOWN = 60


class Place(NamedTuple):
    """Where an environment is made: all paths absolute.

    :param uv: the program. :param context: the folder with the files of the image's plan. :param folder: of the
        environment. :param python: its interpreter.
    """

    uv: str
    context: str
    folder: str
    python: str


class Command(NamedTuple):
    """A command that makes a part of an environment.

    :param folder: in which it runs. :param secrets: the variables that it needs, with the ids of their secrets.
    """

    layer: str
    words: tuple[str, ...]
    folder: str
    variables: Mapping[str, str]
    secrets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Environment:
    """What is known of an environment that was made.

    :param python: its interpreter, absolute. :param variables: that the image sets.
    :param notes: what of the image it does not have, one sentence each.
    """

    image: str
    python: str
    variables: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_text(self) -> str:
        """Return its record."""
        return json.dumps({"recipe": RECIPE, **self.__dict__}, indent=1) + "\n"

    @staticmethod
    def from_text(text: str) -> Environment | None:
        """Return what a record says; None where another recipe wrote it, or it is damaged."""
        try:
            said = json.loads(text)
            if said["recipe"] != RECIPE:
                return None
            return Environment(said["image"], said["python"], said["variables"], tuple(said["notes"]))
        except (ValueError, KeyError, TypeError):
            return None


def environments_folder(environ: Mapping[str, str], home: str) -> str:
    """Return where environments are kept: ``flyte/environments`` in the user's cache."""
    return posixpath.join(environ.get("XDG_CACHE_HOME") or posixpath.join(home, ".cache"), "flyte", "environments")


def environment_name(uri: str) -> str:
    """Return the name of an image's environment, which is its tag; empty where the URI has none."""
    name, colon, tag = uri.rpartition("/")[2].partition(":")
    return tag if name and colon and "@" not in tag and tag not in (".", "..") else ""


def has_environment(plan: ImagePlan) -> bool:
    """Whether an image is known layer by layer, so that an environment can be made of it."""
    return not plan.given and all(each.kind != "dockerfile" for each in plan.layers)


def brings_flyte(plan: ImagePlan) -> bool:
    """Whether a layer of the image installs this project."""
    return any(each.kind in _OURS for each in plan.layers)


def commands(plan: ImagePlan, place: Place) -> list[Command]:
    """Return what makes the environment, in order: an empty one, the user's packages, then this project."""
    venv = Command("venv", (place.uv, "venv", "--quiet", "--python", plan.python, place.folder), place.context, {})
    numbered = list(enumerate(plan.layers, start=1))
    numbered.sort(key=lambda each: each[1].kind in _OURS)
    made = [_Installing(layer, number, place) for number, layer in numbered if layer.kind not in _NOT_PYTHON]
    return [venv, *(command for each in made for command in each.commands())]


def variables(plan: ImagePlan) -> dict[str, str]:
    """Return the environment variables that the image sets."""
    found: dict[str, str] = {}
    for each in plan.layers:
        if each.kind == "env":
            fields: Mapping[str, Any] = each.fields
            found.update(fields["variables"])
    return found


def placed(plan: ImagePlan) -> dict[str, str]:
    """Return the files that the image has in its working folder, below it: there -> in the context."""
    workdir, copied = _copied(plan)
    return {
        posixpath.relpath(path, workdir or "."): source for path, source in copied.items() if _is_below(path, workdir)
    }


def notes(plan: ImagePlan) -> tuple[str, ...]:
    """Return what of the image an environment does not have, one sentence each."""
    return tuple(dict.fromkeys(_notes(plan)))


def _notes(plan: ImagePlan) -> Iterator[str]:
    if not has_environment(plan):
        yield "its Dockerfile is not carried out: the Python that runs flyte runs its tasks"
        return
    if plan.base and not _on_debian(plan):
        yield f"its base {plan.base} is not used, only Python {plan.python}"
    for layer in plan.layers:
        fields: Mapping[str, Any] = layer.fields
        if layer.kind == "apt" and fields["packages"]:
            yield f"{layer.declared_by}: not installed: {_short(' '.join(fields['packages']))}"
        if layer.kind == "conda":
            yield f"{layer.declared_by}: not installed: {_short(' '.join(fields['packages']))}"
        for each in fields["commands"] if layer.kind == "commands" else ():
            yield f"{layer.declared_by}: not run: {_short(each)}"
        for each in fields.get("secrets", ()) if layer.kind not in _NOT_PYTHON else ():
            if each["mount"]:
                yield f"{layer.declared_by}: the secret '{each['key']}' is not mounted at {each['mount']}"
    workdir, copied = _copied(plan)
    for path in copied:
        if not _is_below(path, workdir):
            yield f"its files in {posixpath.dirname(path)} are not there: that is outside its working folder {workdir}"
    if not brings_flyte(plan):
        yield "no layer of it installs flyte: that of this machine is used, with all that is installed beside it"


class _Installing:
    """The commands of one layer of Python packages."""

    def __init__(self, layer: PlannedLayer, number: int, place: Place) -> None:
        self.layer = layer
        self.fields: Mapping[str, Any] = layer.fields
        self.place = place
        self.files = f"{place.context}/{layer_folder(number, layer.kind, layer.hash)}"

    def commands(self) -> list[Command]:
        kind, fields = self.layer.kind, self.fields
        if kind == "uv-project":
            return [self._uv_project()]
        if kind == "poetry-project":
            return self._poetry()
        if kind == "flyte":
            what = [f"{fields['distribution']}[{','.join(fields['extras'])}]=={fields['version']}"]
        elif kind == "flyte-wheel":
            extras = ",".join(fields["extras"])
            what = [f"{self.place.context}/{each.path}[{extras}]" for each in self.layer.files]
        elif kind == "pip":
            what = list(fields["packages"])
        elif kind == "requirements":
            what = ["--requirements", f"{self.files}/{fields['file']}"]
        else:
            what = ["--requirements", f"{self.files}/pyproject.toml"]
        if not what and not fields.get("extra_args"):
            return []
        ours = () if kind in _OURS else ("--override", f"{self.place.context}/{WITHOUT_FLYTE}")
        return [self._command(*self._uv_pip(), *ours, *_index_options(fields), *what, *_extra(fields))]

    def _uv_pip(self) -> tuple[str, ...]:
        return (self.place.uv, "pip", "install", "--quiet", "--python", self.place.python)

    def _uv_project(self) -> Command:
        fields = self.fields
        options = ["--inexact", *(["--locked"] if fields["locked"] else [])]
        options += ["--package", fields["package"]] if fields["package"] else []
        options += ["--no-editable"] if fields["mode"] == "install_project" else ["--no-install-project"]
        for each in fields["without"]:
            options += ["--no-install-package", each]
        words = [self.place.uv, "sync", "--quiet", "--python", self.place.python, *options]
        folder = self.files if fields["folder"] == "." else f"{self.files}/{fields['folder']}"
        return self._command(
            *words, *_index_options(fields), *_extra(fields), folder=folder, UV_PROJECT_ENVIRONMENT=self.place.folder
        )

    def _poetry(self) -> list[Command]:
        tool = [self.place.uv, "tool", "run", "--quiet", "--python", self.place.python, "--from", POETRY, "poetry"]
        options = ["install", "--no-interaction", "--no-root", "--no-directory", *_extra(self.fields)]
        pip = (self.place.uv, "pip", "uninstall", "--quiet", "--python", self.place.python, "flyte")
        made = [
            self._command(*tool, *options, folder=self.files, VIRTUAL_ENV=self.place.folder),
            self._command(*pip),
        ]
        if self.fields["mode"] == "install_project":
            made.append(self._command(*self._uv_pip(), "--no-deps", self.files))
        return made

    def _command(self, *words: str, folder: str = "", **given: str) -> Command:
        secrets = tuple(
            (each["variable"], secret_id(each["group"], each["key"]))
            for each in self.fields.get("secrets", ())
            if each["variable"]
        )
        return Command(self.layer.declared_by, words, folder or self.place.context, given, secrets)


def _copied(plan: ImagePlan) -> tuple[str, dict[str, str]]:
    """Return the last working folder (relative where the base's own is not known), and every file that is copied."""
    workdir = DEBIAN_WORKDIR if _on_debian(plan) else ""
    found: dict[str, str] = {}
    for layer in plan.layers:
        fields: Mapping[str, Any] = layer.fields
        if layer.kind == "workdir":
            workdir = posixpath.normpath(posixpath.join(workdir, fields["workdir"]))
        if layer.kind in COPIES:
            folder = posixpath.join(workdir, fields["folder"])
            for each in layer.files:
                found[posixpath.normpath(posixpath.join(folder, each.path.partition("/")[2]))] = each.path
    return workdir, found


def _is_below(path: str, workdir: str) -> bool:
    if not workdir:
        return not path.startswith(("/", "../"))
    return path.startswith(workdir.rstrip("/") + "/")


def _on_debian(plan: ImagePlan) -> bool:
    major, _, minor = plan.python.partition(".")
    return minor.isdecimal() and f"/{plan.base}".endswith(f"/{debian_base((int(major), int(minor)))}")


def _index_options(fields: Mapping[str, Any]) -> list[str]:
    options = ["--default-index", fields["index_url"]] if fields.get("index_url") else []
    for each in fields.get("extra_index_urls", ()):
        options += ["--index", each]
    return [*options, "--prerelease", "allow"] if fields.get("pre") else options


def _extra(fields: Mapping[str, Any]) -> list[str]:
    return shlex.split(fields.get("extra_args") or "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
