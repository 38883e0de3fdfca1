"""The options of `flyte run`, and what those mean that take pairs or name a place to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.options import GENERAL, Option
from flytectl_py.errors import DeclarationError, UnknownNameError, UsageError, did_you_mean

if TYPE_CHECKING:
    from flytectl_py.engines.remote import Remote
    from flytectl_py.wire.run_request import Launch

RUN_OPTIONS: Mapping[str, Option] = {
    "local": Option(("--local",), "Run on this machine, also where an endpoint is configured.", kind="flag"),
    "engine": Option(
        ("--engine",),
        "Where it runs: local, here as it is; process, here with its bundle in the environment of its image; docker, "
        "in its image; cluster, at the endpoint.",
        "NAME",
    ),
    "mode": Option(
        ("--mode",), "local, remote, or hybrid: the task here, what it calls on the cluster.", "local|remote|hybrid"
    ),
    "run_base_dir": Option(("--run-base-dir",), "Where the outputs of the run's actions go.", "URI"),
    "follow": Option(
        ("--follow", "-f"), "On a cluster: wait, and show phases and logs; ends as the run ends.", kind="flag"
    ),
    "name": Option(("--name",), "Name of the run, instead of a random one.", "NAME"),
    "inputs": Option(("--inputs",), "JSON file with inputs by name; - is stdin. Options win over it.", "FILE"),
    "env_vars": Option(
        ("--env", "-e"), "Set an environment variable for every task. Repeatable.", "KEY=VALUE", "texts"
    ),
    "project": Option(("--project", "-p"), "Project that the run belongs to.", "NAME"),
    "domain": Option(("--domain", "-d"), "Domain that the run belongs to; flyte.current_domain() gives it.", "NAME"),
    "root_dir": Option(("--root-dir",), "Root of the project, from which modules are named.", "DIR"),
    "copy_style": Option(
        ("--copy-style",), "Code that travels: loaded_modules, all or none. Here the code is where it is.", "STYLE"
    ),
    "version": Option(("--version",), "Version of the code; by default it follows from its content.", "TEXT"),
    "image": Option(
        ("--image",), "The URI of an image that is declared by name; no name: image='auto'.", "NAME=URI", "texts"
    ),
    "dry_run": Option(
        ("--dry-run",), "Show what would run, which code would travel and what would be sent; run nothing.", kind="flag"
    ),
    "raw_data_path": Option(("--raw-data-path",), "Where the data of files, folders and tables goes.", "URI"),
    "service_account": Option(("--service-account",), "Kubernetes service account of the run.", "NAME"),
    "labels": Option(("--label",), "Label of the run on the cluster. Repeatable.", "KEY=VALUE", "texts"),
    "annotations": Option(("--annotation",), "Annotation of the run there. Repeatable.", "KEY=VALUE", "texts"),
    "queue": Option(("--queue",), "Queue that takes the run on the cluster.", "NAME"),
    "interruptible": Option(("--interruptible",), "Machines may be taken away while it runs.", kind="flag"),
    "overwrite_cache": Option(
        ("--overwrite-cache",), "Run tasks that are cached all the same, and keep what they return.", kind="flag"
    ),
    "keep_code": Option(
        ("--keep-code",), "Keep the code that runs, as a bundle: flyte rerun uses it then.", kind="flag"
    ),
    "open": Option(("--open",), "Open the run's first report in a browser.", kind="flag"),
    "progress": Option(
        ("--progress",), "Say what the run is at also where nobody watches, a line a second at most.", kind="flag"
    ),
    "no_progress": Option(("--no-progress",), "Draw nothing while the run goes on.", kind="flag"),
    **GENERAL,
}


def pairs(option: str, given: Sequence[str], example: str) -> dict[str, str]:
    """Return texts of the form KEY=VALUE as a mapping.

    :param option: that took them, for errors.
    :raises UsageError: one of them has another form.
    """
    found = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"{option}: got '{pair}'; it takes KEY=VALUE, e.g. {option} {example}")
        found[name] = value
    return found


ENGINES = ("local", "process", "docker", "cluster")


def engine_of(options: Mapping[str, Any]) -> str:
    """Return the engine that the options choose; empty where the settings decide.

    :raises UnknownNameError: there is none of that name. :raises UsageError: --local says something else.
    """
    engine = str(options.get("engine") or "")
    if engine and engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES, where="--engine")
    if engine and options.get("mode"):
        raise UsageError(f"--mode {options['mode']} and --engine {engine} exclude each other", hint="give one of them")
    if options.get("local"):
        if engine not in ("", "local"):
            raise UsageError(f"--local and --engine {engine} exclude each other", hint="give one of them")
        return "local"
    return engine


def no_empty_version(options: Mapping[str, Any]) -> None:
    """Refuse a version that is empty, as of a variable that is not set: it is not the same as none.

    :raises UsageError: it is.
    """
    if options.get("version", "v").strip() == "":
        raise UsageError(
            "--version: it is empty",
            hint="give one, or leave --version out: it follows from the content then",
            where="--version",
        )


def run_context(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options say of a run, by the parameters of `Runner`."""
    from flytectl_py.config import checks

    no_empty_version(options)
    given = options.get("image", [])
    try:
        images = dict(checks.images(given))
    except checks.Unfit as error:
        raise DeclarationError("--image", " ".join(given), error.allowed, where="--image") from None
    return {
        "name": options.get("name"),
        "version": options.get("version"),
        "mode": run_mode(options),
        "raw_data_path": options.get("raw_data_path"),
        "run_base_dir": options.get("run_base_dir"),
        "env_vars": pairs("--env", options.get("env_vars", []), "LEVEL=debug"),
        "labels": pairs("--label", options.get("labels", []), "team=search"),
        "annotations": pairs("--annotation", options.get("annotations", []), "owner=me"),
        "images": images,
        "service_account": options.get("service_account"),
        "queue": options.get("queue"),
        "interruptible": True if options.get("interruptible") else None,
        "overwrite_cache": bool(options.get("overwrite_cache")),
    }


def run_mode(options: Mapping[str, Any]) -> Any:
    """Return where the run is to go, or None where nobody says.

    :raises UsageError: there is no such mode, or ``--local`` says another.
    """
    given = options.get("mode")
    if given is not None:
        from flytectl_py.engines.run_context import MODES

        if given not in MODES:
            close = did_you_mean(given, MODES)
            raise UsageError(f"--mode: got '{given}'; it is one of {', '.join(MODES)}", hint=close)
        if options.get("local") and given != "local":
            raise UsageError(f"--local and --mode {given} say two places", hint="leave one of them out")
    return "local" if options.get("local") else given


def launch_of(remote: Remote, name: str, options: Mapping[str, Any]) -> Launch:
    """Return how a run of a deployed task should go.

    :raises UsageError, DeclarationError: as `check_launch`.
    """
    from flytectl_py.engines.api import checked_run_name
    from flytectl_py.engines.server_rules import check_launch
    from flytectl_py.wire.run_request import Launch

    context = run_context(options)
    launch = Launch(
        scope=remote.scope,
        name=checked_run_name(name) if name else "",
        env_vars=context["env_vars"],
        labels=context["labels"],
        annotations=context["annotations"],
        interruptible=context["interruptible"],
        overwrite_cache=context["overwrite_cache"],
        service_account=context["service_account"] or "",
        queue=context["queue"] or "",
        raw_data_path=context["raw_data_path"] or "",
        run_base_dir=context["run_base_dir"] or "",
        log_level=remote.settings.log_level,
    )
    check_launch(launch)
    return launch
