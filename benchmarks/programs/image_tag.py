"""Prints how many microseconds it takes to name an image of ten layers, one of them the folder ``tree``."""

import time
from pathlib import Path

import flyte

HERE = Path.cwd()
image = (
    flyte.Image.from_debian_base(registry="registry.example", name="bench")
    .with_apt_packages("git", "curl")
    .with_requirements(HERE / "requirements.txt")
    .with_env_vars({"LEVEL": "1", "MODE": "fast"})
    .with_workdir("/app")
    .with_commands(["mkdir -p /data", "chmod 777 /data"])
    .with_source_file(HERE / "config.yaml")
    .with_source_folder(HERE / "tree")
    .with_pip_packages("rich")
    .with_pip_packages("numpy", "pandas>=2")
)


def name(of: flyte.Image) -> str:
    """The flyte package knows the name as an attribute, this project as what a dry run returns."""
    return str(of.uri) if hasattr(of, "uri") else flyte.build(of, dry_run=True)


name(flyte.Image.from_debian_base(name="small"))  # imports what is imported late
began = time.perf_counter()
name(image)
print((time.perf_counter() - began) * 1e6)
