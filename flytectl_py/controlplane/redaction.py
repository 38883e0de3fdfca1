"""Takes out of text what nobody should see: tokens, passwords, queries of URLs; and what a terminal would obey."""

from __future__ import annotations

import re

# A signed URL's right to act stands in its query; what else may stand there is never worth the risk.
_URL = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?:[^\s/@\"'<>]+@)?(?P<rest>[^\s?#\"'<>()]*)[?#][^\s\"'<>()]*", re.IGNORECASE
)
_USER = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@\"'<>]+@", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[^\s\"',;]{6,}", re.IGNORECASE)
_FIELD = re.compile(
    r"(?P<name>(?:access_|refresh_|id_)?token|client_secret|api_key|password|device_code|code_verifier|assertion)"
    r"(?P<is>[\"']?\s*[:=]\s*[\"']?)(?P<value>[^\s\"'&,;}]+)",
    re.IGNORECASE,
)
# Others write it, and a terminal obeys such characters: they could erase what stands there.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def without_secrets(text: str, *secrets: str | None) -> str:
    """Return `text` without the queries and passwords of URLs, tokens, each of `secrets`, and control characters."""
    text = _CONTROL.sub("", text)
    for secret in secrets:
        if secret and len(secret) > 3:
            text = text.replace(secret, "***")
    text = _URL.sub(lambda found: f"{found['scheme']}{found['rest']}?***", text)
    text = _USER.sub(r"\1***@", text)
    text = _BEARER.sub(r"\1 ***", text)
    return _FIELD.sub(lambda found: f"{found['name']}{found['is']}***", text)
