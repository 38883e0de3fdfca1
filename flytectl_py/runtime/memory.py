"""What the kernel says of the container's memory: the limit, and how many processes it has ended for want of it."""

from __future__ import annotations

from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")
# Control groups of version 2, then of version 1; https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
_EVENTS = ("memory.events", "memory/memory.oom_control")
_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")


def processes_killed(group: Path = _GROUP) -> int:
    """Return how many processes of this container the kernel has ended because there was no memory left."""
    for name in _EVENTS:
        text = _read(group / name)
        for line in text.splitlines():
            key, _, count = line.partition(" ")
            if key == "oom_kill" and count.isdecimal():
                return int(count)
    return 0


def limit_in_words(group: Path = _GROUP) -> str:
    """Return `` (the limit is … MiB)``, or nothing where there is no limit."""
    for name in _LIMITS:
        text = _read(group / name).strip()
        if text.isdecimal() and int(text) < 1 << 60:  # version 1 says "no limit" with a number near 2**63
            return f" (the limit is {int(text) / (1 << 20):,.0f} MiB)"
    return ""


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""
