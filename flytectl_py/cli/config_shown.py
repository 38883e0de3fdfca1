"""The settings as they are shown: as lines, with where each came from, or as one document; secrets never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flytectl_py.config.resolution import Settings


def as_text(settings: Settings, with_origin: bool) -> str:
    """Return the settings as lines, each with where its value came from if that is wanted."""
    rows = [(name, shown(value), settings.origin(name)) for name, value in values_of(settings).items()]
    lines = [f"file: {settings.source or 'none'}"]
    sent = _sent_org(settings)
    rows = [
        (name, f"{sent} (from the endpoint's host)" if name == "org" and sent else value, origin)
        for name, value, origin in rows
    ]
    if not with_origin:
        return "\n".join([*lines, *(f"{name}: {value}" for name, value, _ in rows)])
    width = max(len(f"{name}: {value}") for name, value, _ in rows)
    return "\n".join([*lines, *(f"{f'{name}: {value}':<{min(width, 60)}}  # {origin}" for name, value, origin in rows)])


def as_document(settings: Settings, with_origin: bool) -> dict[str, Any]:
    """Return what --json says of the settings."""
    values = values_of(settings)
    document: dict[str, Any] = {
        "file": str(settings.source) if settings.source else None,
        "settings": values,
        "warnings": list(settings.warnings),
    }
    if sent := _sent_org(settings):
        document["org_from_endpoint"] = sent
    if with_origin:
        document["origins"] = {name: settings.origin(name) for name in values}
    return document


def values_of(settings: Settings) -> dict[str, Any]:
    """Return every setting as plain JSON; a secret only as being there."""
    from flytectl_py.config.table import ROWS

    found: dict[str, Any] = {}
    for name, row in ROWS.items():
        value = getattr(settings, name)
        if row.secret:
            value = "(hidden)" if value else None
        elif name == "images":
            value = dict(value)
        elif isinstance(value, tuple):
            value = list(value)
        elif value is not None and not isinstance(value, (bool, int, str)):
            value = str(value)
        found[name] = without_password(value) if isinstance(value, str) else value
    return found


def _sent_org(settings: Settings) -> str:
    """Return the organisation that requests name although none is set, or an empty text."""
    if settings.org or not settings.endpoint:
        return ""
    from flytectl_py.engines.remote import organisation

    return organisation(settings)


def without_password(value: str) -> str:
    """Return a URL without the password in it, as a proxy's may have one."""
    from flytectl_py.controlplane.redaction import without_secrets

    return without_secrets(value) if "@" in value and "://" in value else value


def shown(value: Any) -> str:
    """Return a value as one line; a hyphen for none."""
    import json

    return "-" if value in (None, "") else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
