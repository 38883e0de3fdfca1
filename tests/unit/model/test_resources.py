"""Resources: what is taken, what is refused and with which suggestion, and what they come to."""

from __future__ import annotations

from typing import Any

import pytest

from flytectl_py.errors import DeclarationError
from flytectl_py.model.resources import GPU, TPU, Device, Resources


def test_the_examples_of_the_documentation() -> None:
    small = Resources(cpu=1, memory="1GiB", gpu="T4:1")
    large = Resources(cpu=(1, 2), memory="2GiB", gpu="A100:8", disk="10GiB")
    assert small.get_device() == Device(1, "T4")
    assert large.get_device() == Device(8, "A100")
    assert (large.cpu_range, large.memory_range, large.disk_range) == (("1", "2"), ("2Gi", "2Gi"), ("10Gi", "10Gi"))


def test_nothing_is_asked_for_by_default() -> None:
    none = Resources()
    assert (none.get_device(), none.get_shared_memory(), none.cpu_range, none.memory_range) == (None,) * 4
    assert none == Resources()
    assert hash(none) == hash(Resources())


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ({"gpu": "A1000:1"}, "Resources(gpu=…): 'A1000:1'", "did you mean 'A100:1'?"),
        ({"gpu": "A100"}, "DEVICE:NUMBER", "did you mean 'A100:1'?"),
        ({"gpu": "A100:9"}, "1 to 8", "did you mean 'A100:8'?"),
        ({"gpu": "Trn1:3"}, "1, 4, 8, 16", "did you mean 'Trn1:4'?"),
        ({"gpu": "A100:x"}, "1 to 8", "did you mean 'A100:1'?"),
        ({"gpu": "a100:1"}, "DEVICE:NUMBER", "did you mean 'A100:1'?"),
        ({"gpu": -1}, "-1", ""),
        ({"gpu": True}, "True", ""),
        ({"cpu": (2, 1)}, "above the limit", "did you mean (1, 2)?"),
        ({"cpu": ("1500m", 1)}, "above the limit", "did you mean (1, '1500m')?"),
        ({"memory": ("2Gi", "1Gi")}, "above the limit", "did you mean ('1Gi', '2Gi')?"),
        ({"memory": ("2Gi",)}, "(request, limit)", ""),
        ({"disk": "10gi"}, "Resources(disk=…)", "did you mean '10Gi'?"),
        ({"shm": "big"}, "Resources(shm=…)", ""),
    ],
)
def test_a_wrong_value_is_refused_where_it_is_written(given: dict[str, Any], said: str, hint: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        Resources(**given)
    assert said in caught.value.message
    assert caught.value.hint == hint
    assert caught.value.exit_code == 2


def test_a_range_is_compared_in_one_unit() -> None:
    assert Resources(memory=("1000Mi", "1Gi"), cpu=("500m", 0.5)).cpu_range == ("500m", "500m")


def test_any_gpu_by_number() -> None:
    assert Resources(gpu=0).get_device() is None
    assert Resources(gpu=2).get_device() == Device(2)


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("A100 80G:2", Device(2, "A100_80G")),
        ("A100_80G:2", Device(2, "A100_80G")),
        ("T4 shared:1", Device(1, "T4 shared")),
        ("Trn1:16", Device(16, "Trn1", device_class="NEURON")),
        ("MI300X:1", Device(1, "MI300X", device_class="AMD_GPU")),
        ("Gaudi1:1", Device(1, "Gaudi1", device_class="HABANA_GAUDI")),
        ("AppleSilicon", Device(1, "AppleSilicon", device_class="APPLE_SILICON")),
    ],
)
def test_devices_by_text(text: str, device: Device) -> None:
    assert Resources(gpu=text).get_device() == device


def test_shared_memory() -> None:
    assert Resources(shm="auto").get_shared_memory() == ""
    assert Resources(shm="1GiB").get_shared_memory() == "1Gi"


def test_partitions() -> None:
    assert GPU("A100", 1, "1g.5gb") == Device(1, "A100", "1g.5gb")
    assert GPU("A100 80G", 1, "1g.10gb") == GPU("A100_80G", 1, "1g.10gb")
    assert TPU("V5P", "2x2x1") == Device(1, "V5P", "2x2x1", device_class="TPU")
    assert TPU("V6E", "1x1").device_class == "TPU"
    assert Device(1, "Z9", "half").partition == "half"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: GPU("A100", 1, "1g.10gb"), "1g.5gb, 2g.10gb, 3g.20gb, 4g.20gb, 7g.40gb"),
        (lambda: GPU("H100", 1, "1g.5gb"), "7g.80gb"),
        (lambda: GPU("H200", 1, "1g.5gb"), "7g.141gb"),
        (lambda: GPU("T4", 1, "1g.5gb"), "no partitions"),
        (lambda: GPU("T4", 9), "1 to 8"),
        (lambda: GPU("T4", 0), "1 to 8"),
        (lambda: GPU("H1000", 1), "did you mean 'H100'"),
        (lambda: TPU("V5P", "1x1"), "16x16x24"),
        (lambda: TPU("V6E", "2x2x1"), "did you mean '2x2'"),
        (lambda: TPU("V4"), "V5E, V5P, V6E"),
        (lambda: Device(0), "1 or more"),
        (lambda: Device(1, device_class="GPUS"), "did you mean 'GPU'"),  # type: ignore[arg-type]
        (lambda: Device(1, "T4", ""), "partition"),
    ],
)
def test_a_device_that_there_is_not(make: Any, said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        make()
    assert said in str(caught.value)
