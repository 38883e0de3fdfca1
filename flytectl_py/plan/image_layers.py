"""What each layer of an image becomes once its files are known: the fields of its tag and the files of its context."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flytectl_py.digest.framing import Value
from flytectl_py.digest.image_tag import secret_fields
from flytectl_py.model.layers import (
    AptPackages,
    CodeBundle,
    CodeStyle,
    Commands,
    DockerIgnore,
    EnvVars,
    FlyteInstall,
    Layer,
    LocalFlyteInstall,
    PipPackages,
    PoetryProject,
    Requirements,
    SourceFile,
    SourceFolder,
    UvProject,
    UvScript,
    WorkDir,
)
from flytectl_py.model.ported_layers import (
    CondaPackages,
    CopiedPath,
    CopiedSource,
    Entrypoint,
    PythonVenv,
    RegistryLogins,
    RootUser,
)
from flytectl_py.plan.image import ContextFile
from flytectl_py.plan.image_sources import FaultyLayer, Resolved, Sources, digest_of, made_file
from flytectl_py.plan.requirement import FLYTE, asks_for_flyte, name_of, read_lines
from flytectl_py.plan.script_header import allows_python, read_header
from flytectl_py.plan.uv_project import dependencies, moved_to, read_toml, relative, resolve_uv_project

OWN_NAME = "flytectl-py"
OWN_EXTRAS = ("azure", "gcs", "s3")
"""What a container needs besides: its code and data are in whichever store the cluster has."""


Code = Callable[[CodeStyle], tuple[ContextFile, ...]]
"""Gives the user's code by style, where it is to be baked in."""

_VARIABLE = re.compile(r"[^\s=\"'$\\]+")


@dataclass(frozen=True)
class Resolver:
    """Resolves the layers of one image.

    :param python: of the image. :param ignore_files: what its folders leave out, beside the rules of each folder.
    :param code: where code is baked in; None where a bundle is sent with each run.
    """

    sources: Sources
    python: tuple[int, int]
    ignore_files: tuple[str, ...] = ()
    code: Code | None = None

    def resolved(self, layer: Layer) -> Resolved | None:
        """Return what a layer becomes; None where it adds nothing.

        :raises FaultyLayer: a file is missing or is not what it should be.
        """
        by = layer.declared_by
        match layer:
            case FlyteInstall(version=version):
                return self.own(by, version)
            case LocalFlyteInstall():
                return self.own(by, None, local=True)
            case AptPackages(packages=packages, secret_mounts=secrets):
                fields: dict[str, Value] = {"packages": list(packages), "secrets": secret_fields(secrets)}
                return Resolved("apt", by, fields, secrets=secrets)
            case Commands(commands=commands, secret_mounts=secrets):
                fields = {"commands": list(commands), "secrets": secret_fields(secrets)}
                return Resolved("commands", by, fields, secrets=secrets)
            case WorkDir(workdir=workdir):
                return Resolved("workdir", by, {"workdir": workdir})
            case EnvVars(env_vars=variables):
                return _env_vars(by, variables)
            case SourceFile() | SourceFolder():
                return self._source(layer)
            case CodeBundle():
                return self._code(layer)
            case DockerIgnore() | RegistryLogins():
                return None
        return self._ported(layer) or self._python(layer)

    def own(self, declared_by: str, version: str | None, *, local: bool = False) -> Resolved:
        """Return the layer that installs this project: by version if an index has it, else as the wheel made here."""
        running = self.sources.own_distribution()
        if version is None and not local and running.released:
            version = running.version
        if version is not None:
            fields = {"distribution": OWN_NAME, "extras": OWN_EXTRAS, "version": version}
            return Resolved("flyte", declared_by, fields, installs=True)
        files = (self.sources.own_wheel(),)
        fields = {"extras": OWN_EXTRAS, "files": digest_of(files)}
        return Resolved("flyte-wheel", declared_by, fields, files, installs=True)

    def _python(self, layer: Layer) -> Resolved:
        match layer:
            case PipPackages():
                return _pip(layer)
            case Requirements():
                return self._requirements(layer)
            case UvScript():
                return self._script(layer)
            case UvProject():
                return resolve_uv_project(layer, self.sources, _options(layer))
            case PoetryProject():
                return self._poetry(layer)
        raise FaultyLayer(layer.declared_by or "Image(…)", type(layer).__name__, "is a kind of layer that is not known")

    def _source(self, layer: SourceFile | SourceFolder) -> Resolved:
        if isinstance(layer, SourceFile):
            file = self.sources.file(layer.src)
            folder, _, name = layer.dst.rpartition("/")
            if layer.dst == "." or layer.dst.endswith("/"):
                folder, name = layer.dst, ""
            elif not folder:
                folder = "/" if layer.dst.startswith("/") else "."
            one = (moved_to(file, name or file.path),)
            return Resolved("source-file", layer.declared_by, {"files": digest_of(one), "folder": folder}, one)
        files = self.sources.folder(layer.src, ignore_files=self.ignore_files)
        name = "" if layer.copy_contents_only else os.path.basename(self.sources.absolute(layer.src))
        if not files:
            raise FaultyLayer(layer.declared_by, layer.src, "has no file that the ignore rules leave in")
        folder = f"{layer.dst.rstrip('/')}/{name}" if name else layer.dst
        return Resolved("source-folder", layer.declared_by, {"files": digest_of(files), "folder": folder}, files)

    def _ported(self, layer: Layer) -> Resolved | None:
        """Return what a layer of a Flyte 1 image becomes; None for others."""
        by = layer.declared_by
        match layer:
            case PythonVenv(python=python):
                return Resolved("python", by, {"python": python}, installs=True)
            case CondaPackages(packages=packages, channels=channels, python=python):
                fields: dict[str, Value] = {"channels": list(channels), "packages": list(packages), "python": python}
                return Resolved("conda", by, fields, installs=True)
            case Entrypoint(words=words):
                return Resolved("entrypoint", by, {"words": list(words)})
            case RootUser():
                return Resolved("user", by, {"user": "root"})
            case CopiedPath() | CopiedSource():
                return self._copied(layer)
        return None

    def _copied(self, layer: CopiedPath | CopiedSource) -> Resolved:
        if isinstance(layer, CopiedPath) and self.sources.is_file(layer.src):
            folder, _, name = layer.dst.rpartition("/")
            one = (moved_to(self.sources.file(layer.src), name),)
            return Resolved("source-file", layer.declared_by, {"files": digest_of(one), "folder": folder or "/"}, one)
        files = self.sources.copied(layer.src, layer.style if isinstance(layer, CopiedSource) else "all")
        if not files and isinstance(layer, CopiedPath):
            raise FaultyLayer(layer.declared_by, layer.src, "is a folder without any file")
        fields: dict[str, Value] = {"files": digest_of(files), "folder": layer.dst}
        return Resolved("source-folder", layer.declared_by, fields, files)

    def _code(self, layer: CodeBundle) -> Resolved | None:
        if self.code is None:
            return None
        files = self.code(layer.copy_style)
        return Resolved("code-bundle", layer.declared_by, {"files": digest_of(files), "folder": layer.dst}, files)

    def _requirements(self, layer: Requirements) -> Resolved:
        first = self.sources.absolute(layer.file)
        texts: dict[str, str] = {}
        waiting = [first]
        while waiting:
            path = waiting.pop()
            if path in texts:
                continue
            if path != first and not self.sources.is_file(path):
                raise FaultyLayer(layer.declared_by, path, f"does not exist, and {layer.file} leads to it")
            texts[path] = self._text(layer, path)
            for line in read_lines(texts[path]):
                if line.kind == "local":
                    raise FaultyLayer(
                        layer.declared_by,
                        f"{path}:{line.number}",
                        f"installs '{line.text}' from this machine; use with_uv_project(…, "
                        "project_install_mode='install_project') or with_source_folder(…)",
                    )
                if line.kind == "file" and "://" not in line.text:
                    waiting.append(os.path.normpath(os.path.join(os.path.dirname(path), line.text)))
        top = os.path.commonpath([os.path.dirname(each) for each in texts])
        files = tuple(
            sorted(
                (moved_to(self.sources.file(path), relative(path, top)) for path in texts), key=lambda each: each.path
            )
        )
        lines = [line.text for text in texts.values() for line in read_lines(text) if line.kind == "package"]
        fields: dict[str, Value] = {**_options(layer), "file": relative(first, top), "files": digest_of(files)}
        return _installing("requirements", layer, fields, files, wants=asks_for_flyte(lines))

    def _script(self, layer: UvScript) -> Resolved:
        try:
            header = read_header(self._text(layer, self.sources.absolute(layer.script)))
        except ValueError as error:
            raise FaultyLayer(layer.declared_by, layer.script, str(error)) from error
        if not allows_python(header.requires_python, self.python):
            raise FaultyLayer(
                layer.declared_by,
                layer.script,
                f"requires Python {header.requires_python}, and the image has {self.python[0]}.{self.python[1]}; "
                "give python_version=…",
            )
        tool = header.table.get("tool", {})
        for name, source in (tool.get("uv", {}).get("sources", {}) if isinstance(tool, dict) else {}).items():
            if isinstance(source, dict) and "path" in source:
                raise FaultyLayer(
                    layer.declared_by,
                    layer.script,
                    f"takes {name} from a path of this machine; make it a project and use with_uv_project(…)",
                )
        # Only the header: an edit of the code below it makes no other image.
        files = (made_file("pyproject.toml", header.as_pyproject().encode()),)
        fields: dict[str, Value] = {**_options(layer), "files": digest_of(files)}
        return _installing("uv-script", layer, fields, files, wants=asks_for_flyte(header.dependencies))

    def _poetry(self, layer: PoetryProject) -> Resolved:
        pyproject = self.sources.absolute(layer.pyproject)
        table = read_toml(layer.declared_by, pyproject, self.sources)
        project = os.path.dirname(pyproject)
        whole = layer.project_install_mode == "install_project"
        lock = os.path.join(project, "poetry.lock")
        if layer.poetry_lock is not None:
            lock = self.sources.absolute(layer.poetry_lock)
        found = {each.path: each for each in self.sources.folder(project, git=True)} if whole else {}
        found["pyproject.toml"] = self.sources.file(pyproject)
        locked = self.sources.is_file(lock)
        if locked:
            found["poetry.lock"] = moved_to(self.sources.file(lock), "poetry.lock")
        files = tuple(found[path] for path in sorted(found))
        poetry = _table(_table(_table(table, "tool"), "poetry"), "dependencies")
        asked = [*dependencies(table), *poetry]
        local = [name for name, each in poetry.items() if isinstance(each, dict) and "path" in each]
        fields: dict[str, Value] = {
            "extra_args": layer.extra_args,
            "files": digest_of(files),
            "locked": locked,
            "mode": layer.project_install_mode,
            "secrets": secret_fields(layer.secret_mounts),
        }
        warnings = [] if locked else [f"there is no poetry.lock beside {layer.pyproject}; run 'poetry lock'"]
        if local:
            warnings.append(
                f"{layer.pyproject} takes {', '.join(local)} from a path of this machine, which is not installed; "
                "add it with with_source_folder(…)"
            )
        return Resolved(
            "poetry-project",
            layer.declared_by,
            fields,
            files,
            layer.secret_mounts,
            wants_flyte=asks_for_flyte(asked),
            installs=True,
            warnings=tuple(f"{layer.declared_by}: {each}" for each in warnings),
        )

    def _text(self, layer: Layer, path: str) -> str:
        try:
            return self.sources.content(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FaultyLayer(layer.declared_by, path, f"is not UTF-8: {error}") from error


def _pip(layer: PipPackages) -> Resolved:
    kept = [each for each in layer.packages if name_of(each) != FLYTE]
    fields: dict[str, Value] = {**_options(layer), "packages": kept}
    return _installing("pip", layer, fields, wants=len(kept) < len(layer.packages))


def _installing(
    kind: str,
    layer: PipPackages | Requirements | UvScript,
    fields: Mapping[str, Value],
    files: tuple[ContextFile, ...] = (),
    *,
    wants: bool,
) -> Resolved:
    return Resolved(kind, layer.declared_by, fields, files, layer.secret_mounts, wants_flyte=wants, installs=True)


def _options(layer: PipPackages | Requirements | UvScript | UvProject) -> dict[str, Value]:
    """Return the fields that all layers of Python packages share."""
    return {
        "extra_args": layer.extra_args,
        "extra_index_urls": list(layer.extra_index_urls),
        "index_url": layer.index_url,
        "pre": layer.pre,
        "secrets": secret_fields(layer.secret_mounts),
    }


def _env_vars(declared_by: str, variables: tuple[tuple[str, str], ...]) -> Resolved:
    for name, value in variables:
        if not _VARIABLE.fullmatch(name):
            raise FaultyLayer(declared_by, repr(name), "cannot be the name of a variable in a Dockerfile")
        if "\n" in value or "\r" in value:
            raise FaultyLayer(declared_by, name, "has a line break in its value, which no Dockerfile can set")
    return Resolved("env", declared_by, {"variables": dict(variables)})


def _table(table: object, key: str) -> dict[str, object]:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, dict) else {}
