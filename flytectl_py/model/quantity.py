"""Kubernetes quantities: amounts of memory in bytes and of CPU in thousandths, exact, without floats.

The grammar is that of Kubernetes (`k8s.io/apimachinery/pkg/api/resource`); ``GiB`` and ``GB`` are taken as ``Gi``
and ``G``.
"""

from __future__ import annotations

import re

from flytectl_py.errors import DeclarationError

# Compiled on first use, by `re`: most programs declare no quantity.
_NUMBER = r"([0-9]{1,30})(?:\.([0-9]{0,30}))?(?:[eE]([+-]?[0-9]{1,2}))?([A-Za-z]*)"
_DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_BYTES = {**_DECIMAL, **_BINARY}

MEMORY_ALLOWED = "give a Kubernetes quantity above 0, such as '512Mi', '2Gi' or '2G'"
CPU_ALLOWED = "give a number of cores above 0, or thousandths such as '500m'"


def memory_bytes(parameter: str, value: object) -> int:
    """Return an amount of memory in bytes, rounded up as Kubernetes does: ``"1.5Gi"`` is 1610612736.

    :param parameter: as the user writes it, for the error.
    :raises DeclarationError: not a quantity, or not above 0.
    """
    if not isinstance(value, str):
        suggestion = f"did you mean '{value}Gi'?" if isinstance(value, int) and not isinstance(value, bool) else ""
        raise DeclarationError(parameter, value, MEMORY_ALLOWED, suggestion=suggestion)
    match = re.fullmatch(_NUMBER, value)
    suffix = _kubernetes_suffix(match[4]) if match else ""
    if match is None or suffix not in _BYTES:
        raise DeclarationError(parameter, value, MEMORY_ALLOWED, suggestion=_meant(value, match))
    return _positive(parameter, value, _scaled(match, _BYTES[suffix]), MEMORY_ALLOWED)


def memory_text(value: str) -> str:
    """Return a checked amount of memory as Kubernetes spells it: ``2Gi`` for ``2GiB``."""
    return value.removesuffix("B")


def cpu_millicores(parameter: str, value: object) -> int:
    """Return a number of cores in thousandths, rounded up as Kubernetes does: ``0.5`` and ``"500m"`` are 500.

    :param parameter: as the user writes it, for the error.
    :raises DeclarationError: not a number of cores, or not above 0.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise DeclarationError(parameter, value, CPU_ALLOWED)
    # The shortest text that reads back as this float is what the user wrote: 0.1 is a tenth, exactly.
    match = re.fullmatch(_NUMBER, str(value))
    if match is None or match[4] not in {"", "m"}:
        raise DeclarationError(parameter, value, CPU_ALLOWED)
    return _positive(parameter, value, _scaled(match, 1 if match[4] else 1000), CPU_ALLOWED)


def cpu_text(value: int | float | str) -> str:
    """Return a checked number of cores as Kubernetes spells it: ``1500m`` for ``1.5``."""
    return str(value) if isinstance(value, int | str) else f"{cpu_millicores('cpu', value)}m"


def _kubernetes_suffix(suffix: str) -> str:
    return suffix[:-1] if len(suffix) > 1 and suffix.endswith("B") else suffix


def _scaled(match: re.Match[str], unit: int) -> int:
    whole, fraction, exponent = match[1], match[2] or "", int(match[3] or 0)
    top: int = int(whole + fraction) * unit
    bottom: int = 10 ** len(fraction)
    if exponent >= 0:
        top *= 10**exponent
    else:
        bottom *= 10**-exponent
    return int(-(-top // bottom))


def _positive(parameter: str, value: object, amount: int, allowed: str) -> int:
    if amount <= 0:
        raise DeclarationError(parameter, value, allowed)
    return amount


def _meant(value: str, match: re.Match[str] | None) -> str:
    # `m` is a thousandth of a byte to Kubernetes and never what was meant.
    if match is None:
        return ""
    number, written = value[: len(value) - len(match[4])], match[4].lower().removesuffix("b")
    near = next((suffix for suffix in _BYTES if suffix and suffix.lower() == written), "")
    return f"did you mean '{number}{near}'?" if near else ""
