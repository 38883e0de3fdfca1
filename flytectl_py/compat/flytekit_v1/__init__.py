"""Flyte 1: `flytekit.core.cache` and `flytekit.clis.sdk_in_container.serialize`, over this project."""
