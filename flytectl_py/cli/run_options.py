"""`flyte run` and `flyte rerun` as data: their options, what those mean that take pairs or name a place, their help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.options import GENERAL, Option
from flytectl_py.errors import DeclarationError, UnknownNameError, UsageError, did_you_mean

if TYPE_CHECKING:
    from flytectl_py.engines.remote import Remote
    from flytectl_py.wire.run_request import Launch

ENGINES = ("local", "process", "docker", "cluster")
MODES = ("local", "remote", "hybrid")
COPY_STYLES = ("loaded_modules", "all", "none")

_RUN, _INPUTS, _CODE, _CLUSTER, _SCREEN = "The run", "Inputs", "Code", "On a cluster", "Screen"

OWN_OPTIONS: Mapping[str, Option] = {
    "local": Option(("--local",), "Here, also where an endpoint is configured.", kind="flag", group=_RUN),
    "engine": Option(
        ("--engine",), "local, process, docker or cluster.", "NAME", group=_RUN, values=ENGINES,
        more="local: here as it is; process: here with its bundle in the environment of its image; docker: here in its "
        "image; cluster: at the endpoint.",
    ),
    "mode": Option(
        ("--mode",), "local, remote, or hybrid: only its calls there.", "MODE", group=_RUN, values=MODES,
        more="hybrid: the task runs here, the tasks that it calls on the cluster.",
    ),
    "dry_run": Option(
        ("--dry-run",), "Show what would run, travel and be sent; run nothing.", kind="flag", group=_RUN
    ),
    "follow": Option(
        ("--follow", "-f"), "On a cluster: wait for it, with its logs.", kind="flag", group=_RUN,
        more="The command ends as the run ends.",
    ),
    "name": Option(("--name",), "Name of the run.", "NAME", group=_RUN, default="a random one"),
    "project": Option(("--project", "-p"), "Project of the run.", "NAME", group=_RUN, env="FLYTE_PROJECT"),
    "domain": Option(
        ("--domain", "-d"), "Domain of the run.", "NAME", group=_RUN, env="FLYTE_DOMAIN",
        more="flyte.current_domain() gives it.",
    ),
    "raw_data_path": Option(("--raw-data-path",), "Where files, folders and tables go.", "URI", group=_RUN),
    "inputs": Option(
        ("--inputs",), "JSON of inputs by name; - is stdin.", "FILE", group=_INPUTS, more="Options win over it."
    ),
    "env_vars": Option(("--env", "-e"), "Variable of every task. Repeatable.", "KEY=VALUE", "texts", group=_INPUTS),
    "overwrite_cache": Option(
        ("--overwrite-cache",), "Run what is cached all the same, and keep it.", kind="flag", group=_INPUTS
    ),
    "root_dir": Option(
        ("--root-dir",), "Root of the project.", "DIR", group=_CODE, env="FLYTE_ROOT_DIR",
        more="Modules are named from there.",
    ),
    "copy_style": Option(
        ("--copy-style",), "What travels: loaded_modules, all, none.", "STYLE", group=_CODE, values=COPY_STYLES,
        more="A run on this machine takes the code where it is.",
    ),
    "version": Option(("--version",), "Version of the code.", "TEXT", group=_CODE, default="of its content"),
    "image": Option(
        ("--image",), "URI of a declared image. Repeatable.", "NAME=URI", "texts", group=_CODE, env="FLYTE_IMAGES",
        more="Declared by Image.from_ref_name('NAME'); without a name, the one of image='auto'.",
    ),
    "keep_code": Option(
        ("--keep-code",), "Keep the code as a bundle, for 'flyte rerun'.", kind="flag", group=_CODE
    ),
    "run_base_dir": Option(("--run-base-dir",), "Where outputs of the run's actions go.", "URI", group=_CLUSTER),
    "service_account": Option(("--service-account",), "Kubernetes service account.", "NAME", group=_CLUSTER),
    "labels": Option(("--label",), "Label of the run. Repeatable.", "KEY=VALUE", "texts", group=_CLUSTER),
    "annotations": Option(
        ("--annotation",), "Annotation of the run. Repeatable.", "KEY=VALUE", "texts", group=_CLUSTER
    ),
    "queue": Option(("--queue",), "Queue that takes the run.", "NAME", group=_CLUSTER),
    "interruptible": Option(
        ("--interruptible",), "Machines may be taken away while it runs.", kind="flag", group=_CLUSTER
    ),
    "open": Option(("--open",), "Open the first report in a browser.", kind="flag", group=_SCREEN),
    "progress": Option(
        ("--progress",), "Say what it is at also where nobody watches.", kind="flag", group=_SCREEN,
        more="A line a second at most.",
    ),
}  # fmt: skip
RUN_OPTIONS: Mapping[str, Option] = {**OWN_OPTIONS, **GENERAL}
"""What `flyte run` and `flyte rerun` take."""

RUN_HELP = """Run a task of a Python file, and print what it returns.

Examples:
  flyte run app.py --help  which tasks are there?
  flyte run app.py main --help  which inputs does it take?
  flyte run app.py main --x 1 --name first
  flyte run --follow app.py main --x 1  on a cluster, with its logs
  flyte run --engine docker app.py main  here, in its image
  flyte run deployed-task env.main --x 1  what a cluster holds

Options may stand anywhere; after TASK an input of the same name comes first.
"""
DEPLOYED = "deployed-task"
_OF_CODE = ("local", "engine", "mode", "root_dir", "copy_style", "version", "image", "keep_code", "open", "progress",
            "no_progress")  # fmt: skip
DEPLOYED_OPTIONS = {key: option for key, option in OWN_OPTIONS.items() if key not in _OF_CODE}
"""Without those of code, which is what it was deployed with, and of runs on this machine."""
RUN_DESCRIPTION = Description(
    "run",
    RUN_HELP,
    "FILE TASK [INPUTS]...",
    OWN_OPTIONS,
    {DEPLOYED: Word("ENV.TASK[:VERSION] [INPUTS]...", "Run a task that a cluster holds.", DEPLOYED_OPTIONS)},
    "It runs on this machine, or, where an endpoint is configured, on the cluster there: then its page is printed. "
    "FILE may be a folder: then the tasks of all its Python files can be run.",
)

RERUN_HELP = """Run once more what was run, here or on the cluster, with the same inputs unless others are given.

Examples:
  flyte rerun RUN  the same inputs
  flyte rerun RUN --x 2  another x
  flyte rerun RUN --help  which inputs does it take?

'flyte get run' lists the names. The code is what was kept by 'flyte run --keep-code', else as it is now.
"""
RERUN_DESCRIPTION = Description(
    "rerun",
    RERUN_HELP,
    "RUN [INPUTS]...",
    OWN_OPTIONS,
    more="A name that no run of this project on this machine has is looked for on the cluster, where an endpoint is "
    "configured; it runs there again with the code that it had.",
)


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


def engine_of(options: Mapping[str, Any]) -> str:
    """Return the engine that the options choose; empty where the settings decide.

    :raises UnknownNameError: there is none of that name. :raises UsageError: --local says something else.
    """
    engine = str(options.get("engine") or "")
    if "engine" in options and engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES, where="--engine")
    if engine and options.get("mode"):
        raise UsageError(f"--mode {options['mode']} and --engine {engine} exclude each other", hint="give one of them")
    if options.get("local"):
        if engine not in ("", "local"):
            raise UsageError(f"--local and --engine {engine} exclude each other", hint="give one of them")
        return "local"
    return engine


_FOR_A_CLUSTER = ("follow", "service_account", "labels", "annotations", "queue", "interruptible", "image", "version",
                  "copy_style")  # fmt: skip


def without_effect(options: Mapping[str, Any]) -> str:
    """Return what a run on this machine does not do of what the options ask for; empty where it does all."""
    keeps_code = bool(options.get("keep_code"))
    names = [key for key in _FOR_A_CLUSTER if options.get(key) and not (keeps_code and key == "copy_style")]
    if not names:
        return ""
    listed = ", ".join(OWN_OPTIONS[key].names[0] for key in names)
    return f"{listed}: without effect in a run on this machine"


_WITHOUT = {
    "version": "it follows from the content then",
    "raw_data_path": "it is a folder of the run's own then",
    "run_base_dir": "the cluster chooses one then",
    "service_account": "the cluster chooses one then",
    "queue": "the cluster chooses one then",
    "inputs": "inputs are options then",
}
"""What an option means that is left out, of those that mean something else where they are empty."""


def nothing_empty(options: Mapping[str, Any]) -> None:
    """Refuse a value that is empty, as of a variable that is not set: it is not the same as none.

    :raises UsageError: one is.
    """
    for key, otherwise in _WITHOUT.items():
        if key in options and not options[key].strip():
            name = f"--{key.replace('_', '-')}"
            raise UsageError(f"{name}: it is empty", hint=f"give one, or leave {name} out: {otherwise}", where=name)


def run_context(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options say of a run, by the parameters of `Runner`."""
    from flytectl_py.config import checks

    nothing_empty(options)
    labels = pairs("--label", options.get("labels", []), "team=search")
    annotations = pairs("--annotation", options.get("annotations", []), "owner=me")
    account, queue = options.get("service_account"), options.get("queue")
    if labels or annotations or account or queue:
        from flytectl_py.engines.server_rules import check_words

        check_words(labels, annotations, account or "", queue or "")
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
        "labels": labels,
        "annotations": annotations,
        "images": images,
        "service_account": account,
        "queue": queue,
        "interruptible": True if options.get("interruptible") else None,
        "overwrite_cache": bool(options.get("overwrite_cache")),
    }


def run_mode(options: Mapping[str, Any]) -> Any:
    """Return where the run is to go, or None where nobody says.

    :raises UsageError: there is no such mode, or ``--local`` says another.
    """
    given = options.get("mode")
    if given is not None:
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
