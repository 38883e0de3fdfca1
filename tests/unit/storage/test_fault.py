"""What exceptions and statuses mean, and the errors that users see."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.storage.api import ObjectMissingError, StoreUnavailableError
from flytectl_py.storage.fault import Fault, Kind, disk_fault, error_of, network_fault, status_fault


def wrapped(inner: BaseException) -> Exception:
    """Return an exception of a library, raised because of `inner`, in the ways libraries keep it."""
    outer = RuntimeError("request failed")
    outer.kwargs = {"error": inner}  # type: ignore[attr-defined]
    return outer


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Kind.UNRESOLVABLE),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), Kind.REFUSED),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Kind.REFUSED),
        (ssl.SSLCertVerificationError("self-signed certificate"), Kind.TLS),
        (TimeoutError("timed out"), Kind.STALLED),
        (ConnectionResetError("reset"), Kind.DROPPED),
        (BrokenPipeError("pipe"), Kind.DROPPED),
    ],
)
def test_the_cause_of_a_broken_connection_is_found(inner: Exception, kind: Kind) -> None:
    for error in (inner, wrapped(inner)):
        fault = network_fault(error)
        assert fault is not None
        assert fault.kind is kind


def test_other_exceptions_are_no_faults_of_the_network() -> None:
    assert network_fault(ValueError("x")) is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "", Kind.DENIED),
        (403, "", Kind.DENIED),
        (403, "ExpiredToken", Kind.EXPIRED),
        (400, "ExpiredToken", Kind.EXPIRED),
        (404, "", Kind.MISSING),
        (408, "", Kind.SERVER),
        (413, "", Kind.TOO_LARGE),
        (429, "", Kind.THROTTLED),
        (500, "", Kind.SERVER),
        (503, "", Kind.SERVER),
        (400, "", Kind.OTHER),
        (302, "", Kind.OTHER),
    ],
)
def test_statuses(status: int, code: str, kind: Kind) -> None:
    assert status_fault(status, code).kind is kind


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, Kind.DISK_FULL), (errno.EROFS, Kind.READ_ONLY), (errno.EIO, Kind.OTHER)]
)
def test_the_disk(number: int, kind: Kind) -> None:
    assert disk_fault(OSError(number, "x")).kind is kind


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_an_error_with_place_and_reason(kind: Kind) -> None:
    error = error_of(Fault(kind, "what the\n server said"), doing="cannot upload", where="s3://b/x", hints={})
    wanted = {Kind.MISSING: ObjectMissingError, Kind.BAD_NAME: UsageError, Kind.TOO_LARGE: UsageError}
    assert type(error) is wanted.get(kind, StoreUnavailableError)
    assert str(error).startswith("cannot upload s3://b/x: ")
    assert "(what the server said)" in str(error)
    assert error.where == "s3://b/x"


def test_a_providers_advice_replaces_the_general_one() -> None:
    error = error_of(Fault(Kind.DENIED), doing="d", where="w", hints={Kind.DENIED: "log in"})
    assert error.hint == "log in"
