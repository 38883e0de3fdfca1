"""Resources as a cluster takes them: quantities of a container or a pod, accelerators and shared memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flyteidl2.core import tasks_pb2

from flytectl_py.model.device import Device
from flytectl_py.model.quantity import memory_text
from flytectl_py.model.resources import Resources

# Names of node labels of Google Kubernetes Engine, which Flyte 2 expects; a device that is not here goes by its own.
_NODE_LABELS: Final = {
    "A10": "nvidia-a10",
    "A10G": "nvidia-a10g",
    "A100": "nvidia-tesla-a100",
    "A100_80G": "nvidia-a100-80gb",
    "H100": "nvidia-tesla-h100",
    "L4": "nvidia-l4",
    "L40s": "nvidia-l40s",
    "RTX_PRO_4500": "nvidia-rtx-pro-4500",
    "RTX_PRO_6000": "nvidia-rtx-pro-6000",
    "T4": "nvidia-tesla-t4",
    "V100": "nvidia-tesla-v100",
    "V5E": "tpu-v5-lite-podslice",
    "V5P": "tpu-v5p-slice",
    "V6E": "tpu-v6e-slice",
}
_CLASSES: Final = {
    "GPU": tasks_pb2.GPUAccelerator.NVIDIA_GPU,
    "TPU": tasks_pb2.GPUAccelerator.GOOGLE_TPU,
    "NEURON": tasks_pb2.GPUAccelerator.AMAZON_NEURON,
    "AMD_GPU": tasks_pb2.GPUAccelerator.AMD_GPU,
    "HABANA_GAUDI": tasks_pb2.GPUAccelerator.HABANA_GAUDI,
    # A number, because flyteidl2 has a name for it since 2.0.53 only, and an image may hold an older one.
    "APPLE_SILICON": 5,
}
_NAMES: Final = tasks_pb2.Resources.ResourceName
_IN_PODS: Final = {
    _NAMES.Value("CPU"): "cpu",
    _NAMES.Value("MEMORY"): "memory",
    _NAMES.Value("GPU"): "gpu",
    _NAMES.Value("EPHEMERAL_STORAGE"): "ephemeral-storage",
}
SHARED_MEMORY_PATH: Final = "/dev/shm"  # noqa: S108  where Linux has it
SHARED_MEMORY_NAME: Final = "flyte-shm"

_Quantity = tuple["tasks_pb2.Resources.ResourceName.ValueType", str, str]


def container_resources(resources: Resources | None) -> tasks_pb2.Resources | None:
    """Return what a container asks for, or None where it asks for nothing."""
    quantities = list(_quantities(resources))
    if not quantities:
        return None
    made = tasks_pb2.Resources()
    for name, request, limit in quantities:
        made.requests.add(name=name, value=request)
        if limit:
            made.limits.add(name=name, value=limit)
    return made


def pod_resources(resources: Resources | None) -> dict[str, dict[str, str]]:
    """Return what the primary container of a pod asks for: ``requests`` and ``limits`` by Kubernetes' names."""
    quantities = list(_quantities(resources))
    return {
        "requests": {_IN_PODS[name]: request for name, request, _ in quantities},
        "limits": {_IN_PODS[name]: limit for name, _, limit in quantities if limit},
    }


def extended_resources(resources: Resources | None) -> tasks_pb2.ExtendedResources | None:
    """Return accelerators and shared memory, or None where neither is asked for."""
    device = resources.get_device() if resources is not None else None
    shared = resources.get_shared_memory() if resources is not None else None
    accelerator = _accelerator(device)
    if accelerator is None and shared is None:
        return None
    made = tasks_pb2.ExtendedResources(gpu_accelerator=accelerator)
    if shared is not None:
        made.shared_memory.mount_path = SHARED_MEMORY_PATH
        made.shared_memory.mount_name = SHARED_MEMORY_NAME
        made.shared_memory.size_limit = shared
    return made


def _quantities(resources: Resources | None) -> Iterator[_Quantity]:
    """Yield name, request and limit; the limit is empty where one value was given for both."""
    if resources is None:
        return
    if resources.cpu is not None:
        yield _NAMES.Value("CPU"), *_span(resources.cpu)
    if resources.memory is not None:
        yield _NAMES.Value("MEMORY"), *map(memory_text, _span(resources.memory))
    device = resources.get_device()
    if device is not None:
        yield _NAMES.Value("GPU"), str(device.quantity), ""
    if resources.disk is not None:
        yield _NAMES.Value("EPHEMERAL_STORAGE"), *map(memory_text, _span(resources.disk))


def _span(value: object) -> tuple[str, str]:
    request, limit = value if isinstance(value, tuple) else (value, "")
    return str(request), str(limit)


def _accelerator(device: Device | None) -> tasks_pb2.GPUAccelerator | None:
    if device is None or not device.device:
        return None
    made = tasks_pb2.GPUAccelerator(
        device=_NODE_LABELS.get(device.device, device.device), device_class=_CLASSES[device.device_class]
    )
    if device.partition:
        made.partition_size = device.partition
    return made
