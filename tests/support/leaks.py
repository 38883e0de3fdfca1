"""What one test could leave behind for the next: a picture of the process before and after, compared."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass

PYTESTS_OWN = ("PYTEST_CURRENT_TEST",)
OURS = ("flytectl_py", "flyte", "tests")
THREAD_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class ProcessState:
    """The parts of a process that tests share."""

    environ: dict[str, str]
    cwd: str
    sys_path: list[str]
    finders: list[object]
    main: object
    threads: frozenset[threading.Thread]

    @classmethod
    def now(cls) -> ProcessState:
        environ = {name: value for name, value in os.environ.items() if name not in PYTESTS_OWN}
        return cls(
            environ,
            os.getcwd(),
            list(sys.path),
            _our_finders(),
            sys.modules.get("__main__"),
            frozenset(threading.enumerate()),
        )

    def restore(self) -> None:
        """Put everything but the threads back, so that one leak fails one test and not all that follow."""
        for name in set(os.environ) - set(self.environ) - set(PYTESTS_OWN):
            del os.environ[name]
        os.environ.update(self.environ)
        os.chdir(self.cwd)
        sys.path[:] = self.sys_path
        for finder in _our_finders():
            if finder not in self.finders:
                sys.meta_path.remove(finder)  # type: ignore[arg-type]  # it was found there
        if self.main is not None:
            sys.modules["__main__"] = self.main  # type: ignore[assignment]  # what was there before


def _our_finders() -> list[object]:
    # Some distributions (six, setuptools) add finders when they are imported, and need them from then on.
    return [finder for finder in sys.meta_path if type(finder).__module__.partition(".")[0] in OURS]


def leaks(before: ProcessState, after: ProcessState) -> list[str]:
    """Return one line for each thing that differs. Threads that end within a short grace are no leak."""
    found = []
    for name in sorted(set(before.environ) | set(after.environ)):
        old, new = before.environ.get(name), after.environ.get(name)
        if old != new:
            found.append(f"environment variable {name}: {old!r} -> {new!r}")
    if before.cwd != after.cwd:
        found.append(f"current folder: {before.cwd} -> {after.cwd}")
    if before.sys_path != after.sys_path:
        found.append(f"sys.path: {before.sys_path} -> {after.sys_path}")
    if before.finders != after.finders:
        found.append(f"sys.meta_path: {before.finders} -> {after.finders}")
    if before.main is not after.main:
        found.append(f"sys.modules['__main__']: {before.main} -> {after.main}")
    found.extend(f"thread still alive: {thread.name}" for thread in _left_alive(after.threads - before.threads))
    return found


def _left_alive(threads: frozenset[threading.Thread]) -> list[threading.Thread]:
    # Daemon threads are left out: the process does not wait for them either, and an abandoned attempt is one.
    waited_for = [thread for thread in threads if not thread.daemon]
    deadline = time.monotonic() + THREAD_GRACE_SECONDS
    for thread in waited_for:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread for thread in waited_for if thread.is_alive()]
