"""`flyte serialize`: the tasks of packages as the files that Flyte 1 registers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.cli.output import counted
from flytectl_py.errors import ConflictError, NotReadyError, UsageError, did_you_mean

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.compat.flytekit_v1.configuration import SerializationSettings
    from flytectl_py.compat.flytekit_v1.packages import Packages
    from flytectl_py.compat.flytekit_v1.serialize import Written

WAYS = ("workflows", "fast workflows")

OPTIONS: Mapping[str, Option] = {
    "pkgs": Option(("--pkgs",), "Package or module of the tasks. Repeatable.", "NAME", "texts"),
    "local_source_root": Option(
        ("--local-source-root",), "The folder that packages are imported from.", "DIR", default="."
    ),
    "folder": Option(("--folder", "-f"), "Where the files go; made where it is missing.", "DIR"),
    "image": Option(("--image",), "Of tasks that name none; by name: NAME=URI.", "[NAME=]URI", "texts"),
    "env": Option(("--env",), "A variable of every task. Repeatable.", "KEY=VALUE", "texts"),
    "project": Option(("--project", "-p"), "The project, where it is to be in the files.", "NAME"),
    "domain": Option(("--domain", "-d"), "The domain, where it is to be in the files.", "NAME"),
    "version": Option(("--version",), "The version, where it is to be in the files.", "TEXT"),
    "archive": Option(("--archive",), "Also pack the files: flyte-package.tgz there.", kind="flag"),
    "build": Option(("--build",), "Build the images that are missing here.", kind="flag"),
    "force": Option(
        ("--force",), "Write into a folder that holds other files.", kind="flag", more="Old ones of its own go."
    ),
}

HELP = """Write each task of some packages as a task, a workflow and a launch plan of Flyte 1.

Examples:
  flyte serialize --pkgs app.tasks --image ghcr.io/acme/app:v1 -f out
  flyte serialize fast workflows --pkgs app.tasks --image ghcr.io/acme/app:v1 -f out --archive

The files are protobuf messages of flyteidl; 'flytectl register files out/*' registers them. With 'fast' the code
travels besides the image, which flytectl then sends.
"""

WORDS: Mapping[str, Word] = {
    "workflows": Word("", "For registration as it is: the code is in the images."),
    "fast": Word("workflows", "For a registration that sends the code besides."),
}
DESCRIPTION = Description("serialize", HELP, "[workflows|fast workflows]", OPTIONS, WORDS)

_OURS = re.compile(r"\d+_.+_[123]\.pb")
ARCHIVE = "flyte-package.tgz"


def command() -> Any:
    """Return the command `serialize`."""
    return make_command(DESCRIPTION, _serialize)


def _meant(way: str) -> str:
    """Return which of the ways was meant: the one that it begins, else one that is spelled much like it."""
    begun = next((each for each in WAYS if each.startswith(way)), "")
    return f"did you mean '{begun}'?" if begun else did_you_mean(way, WAYS)


def _serialize(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    way = " ".join(words) or WAYS[0]
    if way not in WAYS:
        raise UsageError(
            f"flyte serialize takes {' or '.join(WAYS)}, got '{way}'",
            hint=_meant(way) or "packages are given by --pkgs",
        )
    if not options.get("pkgs"):
        to = "" if options.get("folder") else ", and -f DIR for where the files go"
        raise UsageError("which packages?", hint=f"--pkgs NAME, once for each{to}", where="--pkgs")
    if not options.get("folder"):
        raise UsageError("where to? -f DIR", where="--folder")
    if options.get("local_source_root") == "":
        raise UsageError("--local-source-root: it is empty", hint="give a folder", where="--local-source-root")
    try:
        from flytectl_py.compat.flytekit_v1.packages import load_packages
        from flytectl_py.compat.flytekit_v1.serialize import as_document, write_packages
    except ImportError as error:
        raise NotReadyError(
            f"what Flyte 1 needs is not installed: no module '{error.name}'", hint="pip install 'flytectl-py[v1]'"
        ) from error
    from flytectl_py.cli.start import user_code
    from flytectl_py.config import settings as config

    config.set_flags(options.get("config"), project=options.get("project"), domain=options.get("domain"))
    folder = Path(options["folder"])
    _check(folder, force=bool(options.get("force")))
    settings = _settings(options, fast=way.startswith("fast"))
    root = Path(options.get("local_source_root") or ".").resolve()
    with user_code():
        packages = load_packages(options["pkgs"], root)
        if options.get("build"):
            _build(packages, settings, output)
        written = write_packages(packages, settings, folder)
    _remove_old(folder, written)
    for each in written:
        output.detail(f"{each.kind} {each.name}: {each.path}")
    output.note(f"{counted(len(written) // 3, 'tasks')}, {counted(len(written), 'files')}")
    archive = str(_pack(folder, written)) if options.get("archive") else None
    document = {**as_document(written), "archive": archive}
    output.result("\n".join([*(str(each.path) for each in written), *filter(None, [archive])]), document)


def _settings(options: Mapping[str, Any], *, fast: bool) -> SerializationSettings:
    from flytectl_py.compat.flytekit_v1.configuration import FastSerializationSettings, SerializationSettings
    from flytectl_py.compat.flytekit_v1.image_config import ImageConfig
    from flytectl_py.compat.flytekit_v1.serialize import key_value_callback

    images = tuple(options.get("image") or ())
    # Without --image, an environment that names none is an error: flytekit's own image could not run its tasks.
    config = ImageConfig.validate_image(None, "--image", images) if images else ImageConfig.auto()
    if images and all("=" in each for each in images):
        config = ImageConfig.create_from(None, [each for each in config.images or () if each.name != "default"])
    return SerializationSettings(
        config,
        project=options.get("project"),
        domain=options.get("domain"),
        version=options.get("version"),
        env=key_value_callback(None, "--env", options.get("env") or ()),
        fast_serialization_settings=FastSerializationSettings(enabled=fast),
    )


def _check(folder: Path, *, force: bool) -> None:
    """Refuse a folder with files that are not of an earlier serialization.

    :raises ConflictError: it has some. :raises UsageError: it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", where="--folder")
    foreign = sorted(each.name for each in _entries(folder) if not _OURS.fullmatch(each.name) and each.name != ARCHIVE)
    if foreign and not force:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise ConflictError(
            f"{folder} holds {foreign[0]}{more}, which serialize did not write",
            hint="choose an empty folder, or --force",
            where="--folder",
        )


def _remove_old(folder: Path, written: list[Written]) -> None:
    new = {each.path.name for each in written}
    for each in _entries(folder):
        if (_OURS.fullmatch(each.name) and each.name not in new) or each.name == ARCHIVE:
            each.unlink()


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise NotReadyError(f"{folder} cannot be read: {error.strerror}", where="--folder") from error


def _pack(folder: Path, written: list[Written]) -> Path:
    """Pack the files; the same files give the same bytes."""
    import gzip
    import tarfile

    archive = folder / ARCHIVE
    try:
        with (
            archive.open("wb") as out,
            gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            for each in written:
                entry = tarfile.TarInfo(each.path.name)
                entry.size, entry.mode = each.path.stat().st_size, 0o644
                with each.path.open("rb") as content:
                    tar.addfile(entry, content)
    except OSError as error:
        raise NotReadyError(f"the archive cannot be written: {error.strerror}", where=str(archive)) from error
    return archive


def _build(packages: Packages, settings: SerializationSettings, output: Output) -> None:
    """Build the images of the tasks, those that are made here."""
    from flytectl_py.cli.build import tell_outcome
    from flytectl_py.cli.build_screen import watch_builds
    from flytectl_py.config.settings import require
    from flytectl_py.engines.image_building import BuildOptions, build_images
    from flytectl_py.engines.image_history import ImageHistory

    configured = require()
    images = packages.planned(settings.image_config, bake_code=not settings.should_fast_serialize())
    with watch_builds(output, several=len(images) > 1) as watch:
        building = BuildOptions(
            builder=configured.image_builder,
            where=configured.origin("image_builder"),
            secrets_dir=str(packages.root / ".flyte" / "secrets"),
            note=output.note,
            progress=watch,
        )
        outcomes = build_images(images, building, ImageHistory.of(packages.root))
    for each in outcomes:
        tell_outcome(each, output)
