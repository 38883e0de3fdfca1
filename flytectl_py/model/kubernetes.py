"""What Kubernetes takes as the name of an object, a label or an annotation.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set and
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

MOST_OF_ANNOTATIONS: Final = 256 << 10
"""Bytes of all annotations of an object, names and values."""

_MOST_OF_A_NAME: Final = 253
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_WORD = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_OF_WORDS = "letters, digits, '-', '_' and '.', with a letter or a digit at both ends"


def is_name(text: str) -> bool:
    """Whether an object, such as a service account, can have that name."""
    return len(text) <= _MOST_OF_A_NAME and _NAME.fullmatch(text) is not None


def wrong_label(labels: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the first label that cannot be, as ``key=value``, and what is allowed; None where all can."""
    for key, value in labels.items():
        allowed = _wrong_key(key)
        if not allowed and value and not _WORD.fullmatch(value):
            allowed = f"a label's value has at most 63 characters: {_OF_WORDS}"
        if allowed:
            return f"{key}={value}", allowed
    return None


def wrong_annotation(annotations: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the first annotation that cannot be, as ``key=value``, and what is allowed; None where all can."""
    size = 0
    for key, value in annotations.items():
        size += len(key.encode()) + len(value.encode())
        allowed = _wrong_key(key)
        if not allowed and size > MOST_OF_ANNOTATIONS:
            allowed = f"all annotations together have at most {MOST_OF_ANNOTATIONS >> 10} KiB"
        if allowed:
            return f"{key}={value[:40]}", allowed
    return None


def _wrong_key(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if slash and not is_name(prefix):
        return f"what stands before '/' is a DNS name in lower case, of at most {_MOST_OF_A_NAME} characters"
    if not _WORD.fullmatch(name):
        return f"a name has 1 to 63 characters: {_OF_WORDS}; a DNS name and '/' may stand before it"
    return ""
