FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM nvcr.io/nvidia/pytorch:24.05-py3
USER 0
ARG FLYTE_BASE_USER=0

# 1: with_pip_packages
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=without-flyte.txt,target=/mnt/flyte.without-flyte.txt \
    uv pip install --cache-dir /var/cache/uv --python "$(command -v python3 || command -v python)" --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode --override /mnt/flyte.without-flyte.txt numpy

# 2: with_uv_project
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=2-uv-project-27d644324726,target=/mnt/flyte \
    cd /mnt/flyte && UV_PROJECT_ENVIRONMENT="$("$(command -v python3 || command -v python)" -c 'import sys; print(sys.prefix)')" uv sync --cache-dir /var/cache/uv --python "$(command -v python3 || command -v python)" --inexact --no-python-downloads --link-mode copy --compile-bytecode --locked --no-install-project --no-install-package app --no-install-package flyte

USER ${FLYTE_BASE_USER}
