"""The text of a Dockerfile, from the base and the fields of the layers alone: one recipe has one text.

Written for what every BuildKit and Buildah understands, so there is no ``# syntax`` line, and no image is fetched but
the base and uv's. Nothing that only the build needs stays in the image: uv, caches, project files and secrets are
mounted for the step that uses them.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flytectl_py.plan.image import BuildSecret
from flytectl_py.plan.image_sources import Resolved

WITHOUT_FLYTE = "without-flyte.txt"
"""A file of the context that keeps the distribution `flyte` out, also where another package needs it; for uv."""

WITHOUT_FLYTE_TEXT = "flyte ; sys_platform == 'none'\n"

_MOUNTED = "/mnt/flyte"
_UV_CACHE = "/var/cache/uv"
POETRY = "poetry>=2,<3"
BASE_USER = "FLYTE_BASE_USER"
"""The argument of the build that says as whom the base's programs run; by default as root."""

_ROOT = "0"  # A base need not have a name for it.
_AS_ROOT = f"USER {_ROOT}"
_MAMBA_ROOT = "/opt/micromamba"
_ENVIRONMENTS = {"python": "/opt/venv", "conda": f"{_MAMBA_ROOT}/envs/runtime"}
"""Where layers that bring a Python put it, by their kind. Flyte 1 has its interpreters in the same places."""


class Base(NamedTuple):
    """What the image starts from.

    :param uri: as the build finds it, mirrors included. :param is_debian: Python's own image, on Debian.
    :param environment: the folder of an environment that a layer made, which then stands for the base's own Python.
    """

    uri: str
    is_debian: bool
    environment: str = ""

    @property
    def python(self) -> str:
        """The interpreter for which packages are installed, as a word of the shell."""
        if self.environment:
            return f"{self.environment}/bin/python"
        return "/usr/local/bin/python" if self.is_debian else '"$(command -v python3 || command -v python)"'

    @property
    def prefix(self) -> str:
        """Where that interpreter keeps its packages, as a word of the shell."""
        if self.environment:
            return self.environment
        return "/usr/local" if self.is_debian else f"\"$({self.python} -c 'import sys; print(sys.prefix)')\""


class Step(NamedTuple):
    """A layer and the folder of the context that holds its files."""

    layer: Resolved
    folder: str


class Dockerfile(NamedTuple):
    """The text; for each step its first and last line, from 1, (0, 0) for none.

    :param restores_user: it wants the argument `BASE_USER`.
    """

    text: str
    lines: tuple[tuple[int, int], ...]
    uses_uv: bool
    uses_micromamba: bool = False
    restores_user: bool = False


def render(base: Base, uv_image: str, steps: Sequence[Step], micromamba_image: str = "") -> Dockerfile:
    """Return the Dockerfile that puts `steps` on `base`, in this order."""
    bodies = []
    here = base
    for step in steps:
        bodies.append(_Layer(here, step).instructions())
        here = here._replace(environment=_ENVIRONMENTS.get(step.layer.kind, here.environment))
    restores_user = _restores_user(base, steps, bodies)
    if restores_user:
        bodies = [_for_base_user(step, body) for step, body in zip(steps, bodies, strict=True)]
    uses_uv = any("from=uv," in line for body in bodies for line in body)
    uses_micromamba = any("from=micromamba," in line for body in bodies for line in body)
    lines = [f"FROM {uv_image} AS uv", ""] if uses_uv else []
    lines += [f"FROM {micromamba_image} AS micromamba", ""] if uses_micromamba else []
    lines.append(f"FROM {base.uri}")
    if base.is_debian:
        lines.append("WORKDIR /root")
    if restores_user:
        lines += [_AS_ROOT, f"ARG {BASE_USER}={_ROOT}"]
    places = []
    for number, (step, body) in enumerate(zip(steps, bodies, strict=True), start=1):
        if not body:
            places.append((0, 0))
            continue
        lines += ["", f"# {number}: {step.layer.declared_by}"]
        first = len(lines)
        lines += [line for instruction in body for line in instruction.split("\n")]
        places.append((first, len(lines)))
    if restores_user:
        lines += ["", f"USER ${{{BASE_USER}}}"]
    return Dockerfile("\n".join(lines) + "\n", tuple(places), uses_uv, uses_micromamba, restores_user)


def _restores_user(base: Base, steps: Iterable[Step], bodies: Iterable[list[str]]) -> bool:
    """Whether programs run in the build, as root, and the image is then to run as its base does."""
    runs = any(line.startswith("RUN ") for body in bodies for line in body)
    return runs and not base.is_debian and all(step.layer.kind != "user" for step in steps)


def _for_base_user(step: Step, body: list[str]) -> list[str]:
    """Return the instructions of a layer, by which a working directory that is new is the base's user's own.

    Tasks write there. BuildKit makes it so by itself, Buildah does not.
    """
    if step.layer.kind != "workdir":
        return body
    place = shlex.quote(str(step.layer.fields["workdir"]))
    command = f'test -d {place} || {{ mkdir -p {place} && chown "${BASE_USER}" {place}; }}'
    return [_run_line(command), *body]


def secrets_of_steps(steps: Iterable[Step]) -> tuple[BuildSecret, ...]:
    """Return the secrets that the text mounts, each once."""
    found = {secret_id(each.group, each.key): each for step in steps for each in step.layer.secrets}
    return tuple(BuildSecret(name, secret) for name, secret in sorted(found.items()))


def secret_id(group: str | None, key: str) -> str:
    """Return the name that a secret has in the Dockerfile; no two secrets have the same."""
    import hashlib

    if group is None and re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return key
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{group}-{key}" if group else key)
    return f"{readable}.{hashlib.sha256(json.dumps([group, key]).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class _Layer:
    """Writes the instructions of one layer."""

    base: Base
    step: Step

    def instructions(self) -> list[str]:
        fields: Mapping[str, Any] = self.step.layer.fields
        kind = self.step.layer.kind
        if kind in ("source-file", "source-folder", "code-bundle"):
            if not self.step.layer.files:
                return []
            return [f"COPY {self._words(self.step.folder + '/', self._folder(fields['folder']))}"]
        if kind == "entrypoint":
            return [f"ENTRYPOINT {json.dumps(fields['words'], ensure_ascii=False)}"]
        if kind == "env":
            pairs = [f"{name}={_env_value(value)}" for name, value in sorted(fields["variables"].items())]
            return ["ENV " + " \\\n    ".join(pairs)] if pairs else []
        if kind == "user":
            return [_AS_ROOT]
        if kind == "workdir":
            return [f"WORKDIR {_escaped(fields['workdir'])}"]
        if kind == "commands":
            return [self._command(each, fields) for each in fields["commands"]]
        if kind == "apt":
            return [self._apt(fields)] if fields["packages"] else []
        return self._python(kind, fields)

    def _python(self, kind: str, fields: Mapping[str, Any]) -> list[str]:
        if kind in _ENVIRONMENTS:
            place = _ENVIRONMENTS[kind]
            return [self._venv(fields) if kind == "python" else self._conda(fields), f'ENV PATH="{place}/bin:$PATH"']
        if kind == "uv-project":
            return [self._uv_project(fields)]
        if kind == "poetry-project":
            return [self._poetry(fields)]
        if kind == "flyte":
            what = [shlex.quote(f"{fields['distribution']}[{','.join(fields['extras'])}]=={fields['version']}")]
        elif kind == "flyte-wheel":
            extras = ",".join(fields["extras"])
            what = [shlex.quote(f"{_MOUNTED}/{each.path}[{extras}]") for each in self.step.layer.files]
        elif kind == "pip":
            what = [shlex.quote(each) for each in fields["packages"]]
        elif kind == "requirements":
            what = ["--requirements", shlex.quote(f"{_MOUNTED}/{fields['file']}")]
        else:
            what = ["--requirements", f"{_MOUNTED}/pyproject.toml"]
        if not what and not fields.get("extra_args"):
            return []
        ours = kind in ("flyte", "flyte-wheel")
        override = f"{_MOUNTED}.{WITHOUT_FLYTE}"
        mounts = [*self._uv(), *self._files()]
        if not ours:
            mounts.append(f"type=bind,source={WITHOUT_FLYTE},target={override}")
        options = [*(() if ours else ("--override", override)), *_index_options(fields), *what]
        return [self._run(mounts, f"{self._uv_pip()} {' '.join(options)}{_extra(fields)}", fields)]

    def _uv_pip(self) -> str:
        return (
            f"uv pip install --cache-dir {_UV_CACHE} --python {self.base.python} --break-system-packages "
            "--no-python-downloads --link-mode copy --compile-bytecode"
        )

    def _venv(self, fields: Mapping[str, Any]) -> str:
        # Not in the home folder, which may be a volume: a Python that is fetched stays in the image.
        command = (
            "UV_PYTHON_INSTALL_DIR=/opt/python "
            f"uv venv --cache-dir {_UV_CACHE} --python {shlex.quote(fields['python'])} "
            f"--system-site-packages --no-project --allow-existing {_ENVIRONMENTS['python']}"
        )
        return self._run(self._uv(), command, fields)

    def _conda(self, fields: Mapping[str, Any]) -> str:
        mounts = [
            f"type=cache,id=flyte-micromamba,target={_MAMBA_ROOT}/pkgs,sharing=locked",
            "type=bind,from=micromamba,source=/usr/bin/micromamba,target=/usr/local/bin/micromamba",
        ]
        # A base may have the environment already, from another image of this kind.
        verb = f"$(test -d {_ENVIRONMENTS['conda']}/conda-meta && echo install || echo create)"
        channels = "".join(f"--channel {shlex.quote(each)} " for each in fields["channels"])
        packages = " ".join(shlex.quote(each) for each in (f"python={fields['python']}", *fields["packages"]))
        command = f"micromamba {verb} --yes --root-prefix {_MAMBA_ROOT} --name runtime {channels}{packages}"
        return self._run(mounts, command, fields)

    def _uv_project(self, fields: Mapping[str, Any]) -> str:
        whole = fields["mode"] == "install_project"
        options = ["--inexact", "--no-python-downloads", "--link-mode", "copy", "--compile-bytecode"]
        options += ["--locked"] if fields["locked"] else []
        options += ["--package", shlex.quote(fields["package"])] if fields["package"] else []
        options += ["--no-editable"] if whole else ["--no-install-project"]
        options += [f"--no-install-package {shlex.quote(each)}" for each in fields["without"]]
        options += _index_options(fields)
        command = (
            f"cd {self._mounted(fields['folder'])} && UV_PROJECT_ENVIRONMENT={self.base.prefix} uv sync "
            f"--cache-dir {_UV_CACHE} --python {self.base.python} {' '.join(options)}{_extra(fields)}"
        )
        return self._run([*self._uv(), *self._files(writable=whole or not fields["locked"])], command, fields)

    def _poetry(self, fields: Mapping[str, Any]) -> str:
        prefix, whole = self.base.prefix, fields["mode"] == "install_project"
        command = (
            f"cd {_MOUNTED} && VIRTUAL_ENV={prefix} POETRY_CACHE_DIR=/var/cache/poetry uv tool run "
            f"--cache-dir {_UV_CACHE} --python {self.base.python} --no-python-downloads --from '{POETRY}' "
            f"poetry install --no-interaction --no-root --no-directory{_extra(fields)}"
            f" && uv pip uninstall --python {self.base.python} --break-system-packages flyte"
        )
        if whole:
            command += f" && {self._uv_pip()} --no-deps {_MOUNTED}"
        mounts = [*self._uv(), "type=cache,id=flyte-poetry,target=/var/cache/poetry"]
        return self._run([*mounts, *self._files(writable=whole or not fields["locked"])], command, fields)

    def _apt(self, fields: Mapping[str, Any]) -> str:
        # Lists of one release are of no use to another, so each base has caches of its own.
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", self.base.uri)
        mounts = [
            f"type=cache,id=flyte-apt-{name},target=/var/cache/apt,sharing=locked",
            f"type=cache,id=flyte-apt-lists-{name},target=/var/lib/apt,sharing=locked",
        ]
        packages = " ".join(shlex.quote(each) for each in fields["packages"])
        command = (
            "rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && "
            f"DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {packages}"
        )
        return self._run(mounts, command, fields)

    def _command(self, command: str, fields: Mapping[str, Any]) -> str:
        # Who writes `uv pip install …` as a command gets the same uv as the layers have.
        mounts = self._uv() if re.search(r"\buvx?\b", command) else []
        return self._run(mounts, command, fields)

    def _uv(self) -> list[str]:
        return [
            f"type=cache,id=flyte-uv,target={_UV_CACHE}",
            "type=bind,from=uv,source=/uv,target=/usr/local/bin/uv",
        ]

    def _files(self, *, writable: bool = False) -> list[str]:
        if not self.step.layer.files:
            return []
        return [f"type=bind,source={self.step.folder},target={_MOUNTED}{',rw' if writable else ''}"]

    def _mounted(self, folder: str) -> str:
        return _MOUNTED if folder == "." else shlex.quote(f"{_MOUNTED}/{folder}")

    def _folder(self, folder: str) -> str:
        return folder if folder.endswith("/") else f"{folder}/"

    def _words(self, *words: str) -> str:
        """Return paths as the arguments of COPY; in the form of a list, so that any character may be in them."""
        return json.dumps([_escaped(each) for each in words], ensure_ascii=False)

    def _run(self, mounts: list[str], command: str, fields: Mapping[str, Any]) -> str:
        exports = []
        for each in fields.get("secrets", ()):
            name = secret_id(each["group"], each["key"])
            if each["mount"]:
                place = "/".join(
                    part for part in (each["mount"].rstrip("/"), each["group"], each["key"]) if part is not None
                )
                mounts = [*mounts, f"type=secret,id={name},target={place},required=true"]
            else:
                mounts = [*mounts, f"type=secret,id={name},required=true"]
            if each["variable"]:
                place = place if each["mount"] else f"/run/secrets/{name}"
                exports.append(f'export {each["variable"]}="$(cat {shlex.quote(place)})"')
        command = " && ".join([*exports, command])
        flags = "".join(f"--mount={each} \\\n    " for each in dict.fromkeys(mounts))
        return _run_line(command, flags)


def _run_line(command: str, flags: str = "") -> str:
    if _needs_list(command):
        command = json.dumps(["/bin/sh", "-c", command], ensure_ascii=False)
    return f"RUN {flags}{command}"


def _needs_list(command: str) -> bool:
    """Whether the parser of Dockerfiles would take a command for something else: several lines, flags, a list …"""
    return (
        any(each in command for each in ("\n", "\r", "<<"))
        or command.rstrip().endswith("\\")
        or command.lstrip()[:1] in ("[", "-", "#")
        or command != command.strip()
    )


def _index_options(fields: Mapping[str, Any]) -> list[str]:
    options = [f"--default-index {shlex.quote(fields['index_url'])}"] if fields.get("index_url") else []
    options += [f"--index {shlex.quote(each)}" for each in fields.get("extra_index_urls", ())]
    return [*options, "--prerelease allow"] if fields.get("pre") else options


def _extra(fields: Mapping[str, Any]) -> str:
    extra = fields.get("extra_args")
    return f" {extra}" if extra else ""


def _env_value(value: str) -> str:
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def _escaped(text: str) -> str:
    """Return text in which the parser of Dockerfiles finds no variable and no quote of its own."""
    return re.sub(r"([\\$'\"])", r"\\\1", text)
