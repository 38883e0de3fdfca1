"""Warm containers, as a cluster takes them: the kind of task, its policy, and what names the set of containers."""

from __future__ import annotations

import hashlib
from typing import Final

from flyteidl2.core import tasks_pb2
from google.protobuf import struct_pb2

from flytectl_py.digest.framing import Value, encode_record
from flytectl_py.model.environment import TaskEnvironment
from flytectl_py.model.reuse import ReusePolicy

TASK_TYPE: Final = "actor"
"""The type of a task that runs in warm containers."""

_DIGITS: Final = 15  # of the hash, as Flyte 2 has it


def reuse_policy(policy: ReusePolicy) -> tasks_pb2.ReusePolicy:
    """Return the policy."""
    made = tasks_pb2.ReusePolicy(
        min_replicas=policy.min_replicas,
        max_replicas=policy.max_replicas,
        concurrency=policy.concurrency,
        scope=tasks_pb2.ReusePolicy.RUN if policy.scope == "run" else tasks_pb2.ReusePolicy.GLOBAL,
    )
    made.idle_ttl.FromTimedelta(policy.ttl)
    made.scaledown_ttl.FromTimedelta(policy.get_scaledown_ttl())
    return made


def containers(
    environment: TaskEnvironment, policy: ReusePolicy, image: str, code: str, pod: bytes
) -> struct_pb2.Struct:
    """Return what describes a set of containers: two tasks share containers if their descriptions are equal.

    :param code: what names the code in them: a bundle's file, or a version.
    :param pod: what else makes one container differ from another, encoded.
    """
    identity: dict[str, Value] = {
        "name": environment.name,
        "image": image,
        "code": code,
        "pod": pod,
        "replicas": [policy.min_replicas, policy.max_replicas],
        "concurrency": policy.concurrency,
        "ttl": int(policy.ttl.total_seconds()),
        "scaledown": int(policy.get_scaledown_ttl().total_seconds()),
        "scope": policy.scope,
    }
    made = struct_pb2.Struct()
    made.update(
        {
            "name": environment.name,
            "version": hashlib.sha256(encode_record("containers", identity)).hexdigest()[:_DIGITS],
            "type": TASK_TYPE,
            "spec": {
                "container_image": image,
                "backlog_length": None,
                "parallelism": policy.concurrency,
                "min_replica_count": policy.min_replicas,
                "replica_count": policy.max_replicas,
                "ttl_seconds": policy.ttl.total_seconds(),
                "scaledown_ttl_seconds": policy.get_scaledown_ttl().total_seconds(),
            },
        }
    )
    return made
