"""Resources: the CPU, memory, accelerators and disk that a task asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flytectl_py.errors import DeclarationError
from flytectl_py.model.device import GPU, TPU, Device, DeviceClass, device_of
from flytectl_py.model.quantity import cpu_millicores, cpu_text, memory_bytes, memory_text

__all__ = ["GPU", "TPU", "Device", "DeviceClass", "Resources"]


@dataclass(frozen=True)
class Resources:
    """What a task asks for.

    Example::

        flyte.Resources(cpu=1, memory="1GiB", gpu="T4:1")
        flyte.Resources(cpu=(1, 2), memory="2GiB", gpu="A100:8", disk="10GiB")

    :param cpu: cores: ``2``, ``0.5``, ``"500m"``, or ``(request, limit)``.
    :param memory: a Kubernetes quantity such as ``"512Mi"`` or ``"2GiB"``, or ``(request, limit)``.
    :param gpu: ``"A100:8"``, a number of GPUs of any kind, or a `Device`, as `GPU` and `TPU` make them.
    :param disk: ephemeral storage, as for `memory`.
    :param shm: shared memory, a quantity, or ``"auto"`` for as much as the memory allows.
    :raises DeclarationError: a value that is not allowed, or a request above its limit.
    """

    cpu: int | float | str | tuple[int | float | str, int | float | str] | None = None
    memory: str | tuple[str, str] | None = None
    gpu: str | int | Device | None = None
    disk: str | tuple[str, str] | None = None
    shm: str | None = None

    def __post_init__(self) -> None:
        _check_range("Resources(cpu=…)", self.cpu, cpu_millicores)
        _check_range("Resources(memory=…)", self.memory, memory_bytes)
        _check_range("Resources(disk=…)", self.disk, memory_bytes)
        if self.shm is not None and self.shm != "auto":
            memory_bytes("Resources(shm=…)", self.shm)
        _device("Resources(gpu=…)", self.gpu)

    def get_device(self) -> Device | None:
        """Return the accelerators that are asked for, or None."""
        return _device("Resources(gpu=…)", self.gpu)

    def get_shared_memory(self) -> str | None:
        """Return the size of the shared memory, as Kubernetes spells it.

        An empty text is no size of its own (``"auto"``): it then shares the memory's limit. None is no request.
        """
        if self.shm is None:
            return None
        return "" if self.shm == "auto" else memory_text(self.shm)

    @property
    def cpu_range(self) -> tuple[str, str] | None:
        """Request and limit as Kubernetes spells them; the same where one value was given."""
        return _range(self.cpu, cpu_text)

    @property
    def memory_range(self) -> tuple[str, str] | None:
        """Request and limit as Kubernetes spells them; the same where one value was given."""
        return _range(self.memory, memory_text)

    @property
    def disk_range(self) -> tuple[str, str] | None:
        """Request and limit as Kubernetes spells them; the same where one value was given."""
        return _range(self.disk, memory_text)


def _check_range(parameter: str, value: Any, measure: Callable[[str, object], int]) -> None:
    if value is None:
        return
    if not isinstance(value, tuple):
        measure(parameter, value)
        return
    if len(value) != 2:
        raise DeclarationError(parameter, value, "give one value, or (request, limit)")
    request, limit = (measure(parameter, each) for each in value)
    if request > limit:
        swapped = f"did you mean {(value[1], value[0])!r}?"
        raise DeclarationError(parameter, value, "the request is above the limit", suggestion=swapped)


def _range(value: Any, spell: Callable[[Any], str]) -> tuple[str, str] | None:
    if value is None:
        return None
    request, limit = value if isinstance(value, tuple) else (value, value)
    return spell(request), spell(limit)


def _device(parameter: str, value: object) -> Device | None:
    if value is None or isinstance(value, Device):
        return value
    if isinstance(value, str):
        return device_of(parameter, value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DeclarationError(parameter, value, "give 'DEVICE:NUMBER', a number of GPUs, or a flyte.Device")
    return Device(value) if value else None
