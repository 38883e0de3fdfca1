"""One file per claim; each has `measure(bench)`, which returns what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.bench import Bench
from benchmarks.cases import (
    a0,
    build,
    bundle,
    bundle_memory,
    cache,
    completion,
    data,
    deploy,
    fanout,
    file_help,
    image_tag,
    literals,
    loading,
    machine,
    progress,
    records,
    root_help,
    run,
)
from benchmarks.finding import Finding

CASES: Mapping[str, Callable[[Bench], list[Finding]]] = {
    "help": root_help.measure,
    "run": run.measure,
    "run-help": file_help.measure,
    "completion": completion.measure,
    "fanout": fanout.measure,
    "progress": progress.measure,
    "records": records.measure,
    "cache": cache.measure,
    "data": data.measure,
    "loading": loading.measure,
    "bundle": bundle.measure,
    "bundle-memory": bundle_memory.measure,
    "image-tag": image_tag.measure,
    "build": build.measure,
    "literals": literals.measure,
    "deploy": deploy.measure,
    "a0": a0.measure,
    "machine": machine.measure,
}
"""Name on the command line -> what measures it, in the order of the report."""
