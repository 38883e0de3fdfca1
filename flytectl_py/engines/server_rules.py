"""Refuses what a cluster would refuse, before anything is built or sent: names, lengths, labels and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytectl_py.errors import DeclarationError, UsageError
from flytectl_py.model.kubernetes import is_name, wrong_annotation, wrong_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytectl_py.wire.run_request import Launch

Message = Any
"""A message of the protocol. It is made and read in `wire/`, and only handed on here."""

_SHOWN: Final = 60
_CALLED: Final = {
    "name": "the name",
    "version": "the version",
    "project": "the project",
    "domain": "the domain",
    "org": "the organisation",
}


def check_rules(message: Message, of: str, where: str = "") -> None:
    """Refuse a message that breaks the rules that servers read from its declaration.

    :param of: what it is about, for people: ``the task etl.load``.
    :raises UsageError: it does.
    """
    from flytectl_py.wire.rules import broken_rules

    for path, value, _, most in broken_rules(message):
        field = path.rpartition(".")[2]
        if field == "org" and not value:
            continue  # The endpoint names it, and a plan may be made without one.
        called = f"{_CALLED.get(field, path)} of {of}"
        if not value:
            raise UsageError(f"{called} is empty, and a cluster wants one", where=where)
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        raise UsageError(f"{called}, '{shown}', has {len(value)} characters, and a cluster takes {most}", where=where)


def check_launch(launch: Launch) -> None:
    """Refuse a run that a cluster would not start, whatever its task is.

    :raises UsageError: its name or its project are too long.
    :raises DeclarationError: a label, an annotation or the service account cannot be one of Kubernetes.
    """
    from flytectl_py.wire.run_request import run_id

    check_words(launch.labels, launch.annotations, launch.service_account, launch.queue)
    if launch.name:
        check_rules(run_id(launch.scope, launch.name), "the run")


def check_words(
    labels: Mapping[str, str], annotations: Mapping[str, str], service_account: str = "", queue: str = ""
) -> None:
    """Refuse what no cluster takes of what a run says of itself; empty means that it says nothing.

    :raises DeclarationError: a label, an annotation or the service account cannot be one of Kubernetes, or the queue's
        name is none.
    """
    for what, wrong in (
        ("label of the run", wrong_label(labels)),
        ("annotation of the run", wrong_annotation(annotations)),
    ):
        if wrong is not None:
            raise DeclarationError(what, wrong[0], wrong[1])
    if service_account and not is_name(service_account):
        raise DeclarationError(
            "service account", service_account, "Kubernetes takes lower-case letters, digits, '-' and '.'"
        )
    if queue and not (queue.isprintable() and queue == queue.strip()):
        raise DeclarationError("queue", queue, "a name has no spaces around it, and nothing that cannot be seen")
