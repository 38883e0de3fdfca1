"""What an attempt inherits of the environment of the control plane: little, so that it runs alike anywhere."""

from __future__ import annotations

from collections.abc import Mapping

_OF_THE_MACHINE = ("LANG", "LC_ALL", "TZ", "HOME", "USER", "LOGNAME", "SSL_CERT_FILE", "SSL_CERT_DIR")
_OF_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_OF_STORES = ("AWS_", "FLYTE_AWS_", "GOOGLE_", "CLOUDSDK_", "STORAGE_EMULATOR_HOST", "AZURE_")


def of_processes(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what a process of this machine inherits."""
    named = (*_OF_THE_MACHINE, *_OF_PROXIES)
    return {name: value for name, value in ours.items() if name in named or name.startswith(_OF_STORES)}


def of_stores(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what leads to the store, and lets in, also from within a container."""
    return {name: value for name, value in ours.items() if name in _OF_PROXIES or name.startswith(_OF_STORES)}
