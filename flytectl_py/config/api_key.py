"""An API key: one text that says where a control plane is and how to log in there."""

from __future__ import annotations

from typing import NamedTuple


class ApiKey(NamedTuple):
    """What a key says; `endpoint` as a configuration has it."""

    endpoint: str
    client_id: str
    client_secret: str
    org: str


def read_api_key(key: str) -> ApiKey | None:
    """Return what `key` says, or None where it is of another kind: then it is sent as it is.

    The form is the ecosystem's own: base64 of ``endpoint:client id:client secret:organisation``.
    """
    import base64
    import binascii

    try:
        text = base64.b64decode(key.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    # The endpoint may have a scheme and a port, so what is read is read from the end.
    parts = text.rsplit(":", 3)
    if len(parts) != 4 or not all(parts[:3]) or not text.isprintable():
        return None
    return ApiKey(*(part if part != "None" else "" for part in parts))
