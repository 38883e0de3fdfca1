"""Resources of containers and pods; what accelerators are called on a cluster."""

from __future__ import annotations

from typing import Any

import pytest

import flyte
from flytectl_py.wire.rendering import as_json
from flytectl_py.wire.resources import container_resources, extended_resources, pod_resources


def test_nothing_asked_for_is_nothing_said() -> None:
    for each in (None, flyte.Resources()):
        assert container_resources(each) is None
        assert extended_resources(each) is None
        assert pod_resources(each) == {"requests": {}, "limits": {}}


def test_ranges_and_single_values() -> None:
    asked = flyte.Resources(cpu=("500m", 2), memory="2GiB", gpu="T4:1", disk=("1Gi", "5Gi"))
    assert as_json(container_resources(asked)) == {
        "requests": [
            {"name": "CPU", "value": "500m"},
            {"name": "MEMORY", "value": "2Gi"},
            {"name": "GPU", "value": "1"},
            {"name": "EPHEMERAL_STORAGE", "value": "1Gi"},
        ],
        "limits": [{"name": "CPU", "value": "2"}, {"name": "EPHEMERAL_STORAGE", "value": "5Gi"}],
    }
    assert pod_resources(asked) == {
        "requests": {"cpu": "500m", "memory": "2Gi", "gpu": "1", "ephemeral-storage": "1Gi"},
        "limits": {"cpu": "2", "ephemeral-storage": "5Gi"},
    }


@pytest.mark.parametrize(
    ("gpu", "accelerator"),
    [
        ("A10G:1", {"device": "nvidia-a10g"}),
        ("A100 80G:1", {"device": "nvidia-a100-80gb"}),
        ("L40s:1", {"device": "nvidia-l40s"}),
        ("V100:1", {"device": "nvidia-tesla-v100"}),
        ("H200:1", {"device": "H200"}),
        ("Trn1:1", {"device": "Trn1", "device_class": "AMAZON_NEURON"}),
        ("MI300A:1", {"device": "MI300A", "device_class": "AMD_GPU"}),
        ("Gaudi1:1", {"device": "Gaudi1", "device_class": "HABANA_GAUDI"}),
        (flyte.TPU("V5E", "1x1"),
         {"device": "tpu-v5-lite-podslice", "device_class": "GOOGLE_TPU", "partition_size": "1x1"}),
        (flyte.TPU("V6E"), {"device": "tpu-v6e-slice", "device_class": "GOOGLE_TPU"}),
        (flyte.GPU("A100", 1, "1g.5gb"), {"device": "nvidia-tesla-a100", "partition_size": "1g.5gb"}),
    ],
)  # fmt: skip
def test_accelerators(gpu: Any, accelerator: dict[str, str]) -> None:
    assert as_json(extended_resources(flyte.Resources(gpu=gpu))) == {"gpu_accelerator": accelerator}


def test_any_gpu_names_no_accelerator() -> None:
    assert extended_resources(flyte.Resources(gpu=2)) is None
    assert as_json(container_resources(flyte.Resources(gpu=2))) == {"requests": [{"name": "GPU", "value": "2"}]}


def test_shared_memory_beside_an_accelerator() -> None:
    assert as_json(extended_resources(flyte.Resources(gpu="T4:1", shm="2GiB"))) == {
        "gpu_accelerator": {"device": "nvidia-tesla-t4"},
        "shared_memory": {"mount_path": "/dev/shm", "mount_name": "flyte-shm", "size_limit": "2Gi"},
    }
