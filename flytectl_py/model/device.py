"""Accelerators: which there are, how many of each one machine has, and how each is partitioned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from flytectl_py.errors import DeclarationError, did_you_mean

DeviceClass = Literal["GPU", "TPU", "NEURON", "AMD_GPU", "HABANA_GAUDI", "APPLE_SILICON"]
CLASSES: tuple[str, ...] = ("GPU", "TPU", "NEURON", "AMD_GPU", "HABANA_GAUDI", "APPLE_SILICON")

_ONE_TO_EIGHT = tuple(range(1, 9))
_GPUS: dict[str, tuple[int, ...]] = {
    "A2": (1,),
    "A10": _ONE_TO_EIGHT,
    "A10G": _ONE_TO_EIGHT,
    "A100": _ONE_TO_EIGHT,
    "A100_80G": _ONE_TO_EIGHT,
    "B200": _ONE_TO_EIGHT,
    "GB10": (1,),
    "H100": _ONE_TO_EIGHT,
    "H200": _ONE_TO_EIGHT,
    "L4": _ONE_TO_EIGHT,
    "L40s": _ONE_TO_EIGHT,
    "RTX_PRO_4500": (1,),
    "RTX_PRO_6000": (1, 2),
    "T4": _ONE_TO_EIGHT,
    "V100": _ONE_TO_EIGHT,
    "T4 shared": (1,),
    "L4 shared": (1,),
    "A10 shared": (1,),
    "A10G shared": (1,),
    "L40S shared": (1,),
}
_OLDER_NAMES = {"A100 80G": "A100_80G"}
_TRAINIUM = (1, 4, 8, 16)
_OTHERS: dict[str, tuple[DeviceClass, tuple[int, ...]]] = {
    **dict.fromkeys(("Trn1", "Trn1n", "Trn2", "Trn2u"), ("NEURON", _TRAINIUM)),
    "Inf1": ("NEURON", tuple(range(1, 17))),
    "Inf2": ("NEURON", tuple(range(1, 13))),
    **dict.fromkeys(
        ("MI100", "MI210", "MI250", "MI250X", "MI300A", "MI300X", "MI325X", "MI350X", "MI355X"), ("AMD_GPU", (1,))
    ),
    "Gaudi1": ("HABANA_GAUDI", (1,)),
    "AppleSilicon": ("APPLE_SILICON", (1,)),
}
# Multi-instance profiles by NVIDIA's MIG user guide; a card that is not here may have some that are not known here.
_GPU_PARTITIONS: dict[str, tuple[str, ...]] = {
    "A100": ("1g.5gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"),
    "A100_80G": ("1g.10gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"),
    "H100": ("1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"),
    "H200": ("1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb"),
    "RTX_PRO_6000": ("1g.24gb", "2g.48gb", "4g.96gb"),
    **dict.fromkeys(("A2", "A10", "A10G", "L4", "L40s", "T4", "V100"), ()),
    **dict.fromkeys((name for name in _GPUS if name.endswith(" shared")), ()),
}
_SQUARE_SLICES = ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16")
_TPU_PARTITIONS: dict[str, tuple[str, ...]] = {
    "V5E": _SQUARE_SLICES,
    "V5P": (
        *("2x2x1", "2x2x2", "2x4x4", "4x4x4", "4x4x8", "4x8x8"),
        *("8x8x8", "8x8x16", "8x16x16", "16x16x16", "16x16x24"),
    ),
    "V6E": _SQUARE_SLICES,
}


@dataclass(frozen=True)
class Device:
    """A number of accelerators of one kind.

    :param quantity: how many, 1 or more.
    :param device: which, such as ``T4`` or ``A100``; None is any. A name that is not known here is left to the cluster.
    :param partition: a part of one device: ``1g.5gb``, … for GPUs, ``1x1``, … for TPUs.
    :raises DeclarationError: a value that is not allowed, or a partition that the device does not have.
    """

    quantity: int
    device: str | None = None
    partition: str | None = None
    device_class: DeviceClass = field(default="GPU", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.quantity, int) or isinstance(self.quantity, bool) or self.quantity < 1:
            raise DeclarationError("Device(quantity=…)", self.quantity, "give a number of devices, 1 or more")
        if self.device_class not in CLASSES:
            raise _unknown("Device(device_class=…)", self.device_class, CLASSES)
        name = _OLDER_NAMES.get(self.device, self.device) if self.device else None
        object.__setattr__(self, "device", name)
        if self.partition is None:
            return
        if not isinstance(self.partition, str) or not self.partition:
            raise DeclarationError("Device(partition=…)", self.partition, "give a partition's name, or None")
        table = {"GPU": _GPU_PARTITIONS, "TPU": _TPU_PARTITIONS}.get(self.device_class, {})
        if name in table:
            _check_partition(f"{self.device_class}('{name}', partition=…)", self.partition, table[name])


def GPU(device: str, quantity: int, partition: str | None = None) -> Device:  # noqa: N802 (the public API's name)
    """Return NVIDIA GPUs: ``GPU("A100", 1, "1g.5gb")``.

    :param device: ``T4``, ``L4``, ``A100``, ``A100 80G``, ``H100``, …
    :param quantity: how many of one machine.
    :param partition: a part of one GPU, by its MIG profile.
    :raises DeclarationError: a name, number or partition that is not allowed.
    """
    name = _OLDER_NAMES.get(device, device) if isinstance(device, str) else device
    if name not in _GPUS:
        raise _unknown("GPU(device=…)", device, _GPUS)
    if quantity not in _GPUS[name] or isinstance(quantity, bool):
        raise DeclarationError(f"GPU('{name}', quantity=…)", quantity, f"one machine has {_numbers(_GPUS[name])}")
    return Device(quantity, name, partition)


def TPU(device: str, partition: str | None = None) -> Device:  # noqa: N802 (the public API's name)
    """Return a slice of a TPU: ``TPU("V5P", "2x2x1")``.

    :param device: ``V5E``, ``V5P`` or ``V6E``.
    :param partition: the slice's topology.
    :raises DeclarationError: a name or a slice that is not allowed.
    """
    if device not in _TPU_PARTITIONS:
        raise _unknown("TPU(device=…)", device, _TPU_PARTITIONS)
    return Device(1, device, partition, device_class="TPU")


def device_of(parameter: str, text: str) -> Device:
    """Return what ``"A100:1"`` names.

    :param parameter: as the user writes it, for the error.
    :raises DeclarationError: a device that is not known, or a number of them that no machine has.
    """
    name, colon, number = text.partition(":")
    name = _OLDER_NAMES.get(name, name)
    found: tuple[DeviceClass, tuple[int, ...]] | None = ("GPU", _GPUS[name]) if name in _GPUS else _OTHERS.get(name)
    if found is None:
        known = [f"{each}:1" for each in (*_GPUS, *_OLDER_NAMES, *_OTHERS)]
        raise DeclarationError(
            parameter,
            text,
            f"write DEVICE:NUMBER, with one of {', '.join((*_GPUS, *_OTHERS))}",
            suggestion=did_you_mean(text if colon else f"{text}:1", known),
        )
    kind, quantities = found
    if not colon and name != "AppleSilicon":
        raise DeclarationError(parameter, text, "write DEVICE:NUMBER", suggestion=f"did you mean '{name}:1'?")
    if colon and (not number.isascii() or not number.isdecimal() or int(number) not in quantities):
        raise DeclarationError(
            parameter,
            text,
            f"one machine has {_numbers(quantities)} of them",
            suggestion=_nearest(name, number, quantities),
        )
    return Device(int(number or 1), name, device_class=kind)


def _check_partition(parameter: str, partition: str, allowed: tuple[str, ...]) -> None:
    if partition in allowed:
        return
    if not allowed:
        raise DeclarationError(parameter, partition, "this device has no partitions; leave it out")
    raise _unknown(parameter, partition, allowed)


def _unknown(
    parameter: str, value: object, allowed: tuple[str, ...] | dict[str, tuple[int, ...]] | dict[str, tuple[str, ...]]
) -> DeclarationError:
    suggestion = did_you_mean(value, allowed) if isinstance(value, str) else ""
    return DeclarationError(parameter, value, f"give one of {', '.join(allowed)}", suggestion=suggestion)


def _numbers(quantities: tuple[int, ...]) -> str:
    if len(quantities) > 2 and quantities == tuple(range(quantities[0], quantities[-1] + 1)):
        return f"{quantities[0]} to {quantities[-1]}"
    return ", ".join(str(each) for each in quantities)


def _nearest(name: str, number: str, quantities: tuple[int, ...]) -> str:
    if not number.isascii() or not number.isdecimal():
        return f"did you mean '{name}:1'?"
    return f"did you mean '{name}:{min(quantities, key=lambda each: abs(each - int(number[:9])))}'?"
