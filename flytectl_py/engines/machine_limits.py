"""What a task asks for and this machine does not have; its run goes on all the same."""

from __future__ import annotations

import os
import shutil

from flytectl_py.model.quantity import cpu_millicores, memory_bytes
from flytectl_py.model.resources import Resources


def beyond_this_machine(environment: str, resources: Resources) -> list[str]:
    """Return one sentence for each request of `resources` that is more than this machine has."""
    found = []
    if resources.cpu_range is not None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0
        wanted = resources.cpu_range[0]
        if cores and cpu_millicores("cpu", wanted) > 1000 * cores:
            found.append(f"{environment} asks for {wanted} CPU cores, and this machine has {cores}")
    if resources.memory_range is not None:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        wanted = resources.memory_range[0]
        if memory_bytes("memory", wanted) > memory:
            found.append(f"{environment} asks for {wanted} of memory, and this machine has {memory / 2**30:.1f} GiB")
    if resources.disk_range is not None:
        free = shutil.disk_usage(".").free
        wanted = resources.disk_range[0]
        if memory_bytes("disk", wanted) > free:
            found.append(f"{environment} asks for {wanted} of disk, and {free / 2**30:.1f} GiB are free here")
    device = resources.get_device()
    if device is not None and not _has_accelerator():
        found.append(f"{environment} asks for {device.quantity} {device.device or 'GPU'}, and this machine has none")
    return found


def _has_accelerator() -> bool:
    """Whether there is a device file of NVIDIA's, AMD's or Google's drivers, or a Mac's own GPU."""
    places = ("/dev/nvidiactl", "/dev/kfd", "/dev/accel0", "/dev/vfio")
    return any(os.path.exists(each) for each in places) or os.uname().sysname == "Darwin"
