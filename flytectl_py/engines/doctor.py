"""Checks the surroundings, all at once and each for a bounded time; what hangs is one line like all others."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from flytectl_py.config.resolution import Settings
from flytectl_py.plan.diagnosis import Finding

Asks = Callable[[], list[Finding]]
BUILD_HERE: Final = ("local", "docker", "podman", "local-docker", "local-podman")
"""Builders that need docker or podman."""


class Check(NamedTuple):
    """Something to look at. `needed`: that nothing answers is a fault. `seconds`: how long it may take."""

    name: str
    ask: Asks
    needed: bool = True
    seconds: float = 30.0


def carry_out(checks: Sequence[Check]) -> list[Finding]:
    """Return what all checks find, in their order. What does not end in time is left behind, as a finding."""
    found: dict[int, list[Finding] | BaseException] = {}
    began = time.monotonic()

    def work(number: int, check: Check) -> None:
        try:
            found[number] = check.ask()
        except BaseException as error:  # noqa: BLE001  it is raised again in the calling thread
            found[number] = error

    threads = [threading.Thread(target=work, args=each, daemon=True) for each in enumerate(checks)]
    for thread in threads:
        thread.start()
    findings: list[Finding] = []
    for number, (check, thread) in enumerate(zip(checks, threads, strict=True)):
        thread.join(max(0.0, began + check.seconds - time.monotonic()))
        outcome = found.get(number)
        if isinstance(outcome, BaseException):
            raise outcome
        findings += outcome if outcome is not None else [_late(check)]
    return findings


def _late(check: Check) -> Finding:
    text = f"no answer within {check.seconds:.0f} s"
    return Finding(check.name, "missing" if check.needed else "warning", text, "flyte doctor -v, when it answers again")


def surroundings(
    settings: Settings, root: Path, *, build_for: str, pushes: Sequence[str], stores: Sequence[str]
) -> Iterator[Check]:
    """Yield the checks of this machine and of what is configured.

    :param root: of the project. :param build_for: why something has to build images; empty where nothing has.
    :param pushes: URIs of images that are to be pushed. :param stores: URIs of stores that are to be written to.
    """
    yield Check("python", _python)
    yield Check("flyte", _owners)
    yield Check("docker", lambda: _builders(build_for), needed=bool(build_for))
    for uri in pushes:
        yield _registry(uri)
    for uri in stores:
        yield _store(uri, settings)
    if settings.endpoint:
        yield Check("endpoint", lambda: _endpoint(settings))
    else:
        yield Check("endpoint", _no_endpoint)
    yield Check("space", lambda: _space(root))


def why_build(settings: Settings, *, images: bool, declared: str) -> str:
    """Return why images have to be built here, as a phrase; empty where they need not be.

    :param images: FILE has images to build. :param declared: who declares one of its own, rather than the usual one.
    """
    if settings.image_builder not in BUILD_HERE:
        return ""
    origin = settings.origin("image_builder")
    if origin != "default":
        return f"{origin} says {settings.image_builder}"
    if declared:
        return f"{declared} declares an image to build"
    return f"images have to be built for {settings.endpoint}" if images and settings.endpoint else ""


def configured_push(given: str, settings: Settings) -> list[str]:
    """Return an image of the registry that is given, or configured, if one is."""
    registry = given or settings.image_registry
    return [f"{registry.rstrip('/')}/flyte"] if registry else []


def start_checks(images: Sequence[str], *, fetch: bool) -> Iterator[Check]:
    """Yield the checks whether tasks can be started in images.

    :param fetch: also those that are not on this machine.
    """
    from flytectl_py.builders.diagnosis import PULL_SECONDS

    for image in images:
        yield Check(f"image {image}", _starts(image, fetch=fetch), seconds=2 * PULL_SECONDS + 60)


def _starts(image: str, *, fetch: bool) -> Asks:
    def ask() -> list[Finding]:
        from flytectl_py.builders import diagnosis
        from flytectl_py.plan.image_diagnosis import a0_finding

        program = next((name for name in ("docker", "podman") if getattr(diagnosis, name)().works), "")
        if not program:
            text = "neither docker nor podman can run it here"
            return [Finding(f"image {image}", "missing" if fetch else "note", text, "docker version")]
        if not fetch and not diagnosis.is_here(program, image):
            return [Finding(f"image {image}", "note", "it is not on this machine, so nothing was started in it")]
        return [a0_finding(image, diagnosis.start_a0(program, image), needed=fetch)]

    return ask


def _python() -> list[Finding]:
    from flytectl_py.plan.diagnosis import python_finding
    from flytectl_py.project.diagnosis import interpreter

    return [python_finding(interpreter())]


def _owners() -> list[Finding]:
    from flytectl_py.plan.diagnosis import owners_finding
    from flytectl_py.project.diagnosis import imported_flyte, other_owners

    imported, ours = imported_flyte()
    return [owners_finding(other_owners(), imported, ours=ours)]


def _builders(needed: str) -> list[Finding]:
    from flytectl_py.builders.diagnosis import buildx, docker, podman
    from flytectl_py.plan.image_diagnosis import Program, builder_findings

    daemon = docker()
    return builder_findings(daemon, buildx() if daemon.works else Program(), podman(), needed)


def _registry(uri: str) -> Check:
    from flytectl_py.builders.reference import parse

    reference = parse(uri)
    where = f"{reference.registry}/{reference.repository}"

    def ask() -> list[Finding]:
        from flytectl_py.builders.api import Existence
        from flytectl_py.builders.diagnosis import push_answer
        from flytectl_py.plan.image_diagnosis import registry_finding

        answer = push_answer(uri)
        yes = answer.existence is Existence.EXISTS
        return [registry_finding(where, may_push=yes, message=answer.message, hint=answer.hint)]

    return Check(f"registry {where}", ask, seconds=45.0)


def _store(uri: str, settings: Settings) -> Check:
    def ask() -> list[Finding]:
        from flytectl_py.data.providers import options_for
        from flytectl_py.storage.diagnosis import store_finding
        from flytectl_py.storage.registry import is_uri

        scheme = uri.partition(":")[0].lower() if is_uri(uri) else "file"
        return [store_finding(uri, options_for(scheme, settings.storage))]

    return Check(f"store {uri}", ask)


def _endpoint(settings: Settings) -> list[Finding]:
    from flytectl_py.bridge import run_sync
    from flytectl_py.controlplane.diagnosis import endpoint_finding

    return [run_sync(lambda: endpoint_finding(settings))]


def _no_endpoint() -> list[Finding]:
    text = "none is configured: everything runs on this machine"
    return [Finding("endpoint", "note", text, "flyte config set endpoint HOST")]


def _space(root: Path) -> list[Finding]:
    import tempfile

    from flytectl_py.plan.diagnosis import space_finding
    from flytectl_py.project.diagnosis import room_in
    from flytectl_py.project.state import state_folder

    folders = {"project": (root, False), "state and cache": (state_folder(root), True)}
    folders["tokens"] = (Path(os.path.expanduser("~")) / ".flyte", False)
    findings = []
    for what, (folder, needed) in folders.items():
        free, writable = room_in(folder)
        findings.append(space_finding(what, str(folder), free, writable=writable, needed=needed))
    try:
        temporary = tempfile.gettempdir()
    except FileNotFoundError as error:
        return [
            *findings,
            Finding("space (temporary)", "missing", error.strerror or str(error), "set TMPDIR to a folder"),
        ]
    free, writable = room_in(Path(temporary))
    return [*findings, space_finding("temporary", temporary, free, writable=writable)]
