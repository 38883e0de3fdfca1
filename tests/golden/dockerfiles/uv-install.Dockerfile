FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_uv_project
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=1-uv-project-3e0d6f455f26,target=/mnt/flyte,rw \
    cd /mnt/flyte && UV_PROJECT_ENVIRONMENT=/usr/local uv sync --cache-dir /var/cache/uv --python /usr/local/bin/python --inexact --no-python-downloads --link-mode copy --compile-bytecode --locked --no-editable --no-install-package flyte
