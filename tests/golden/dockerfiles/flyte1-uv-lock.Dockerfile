FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_env_vars
ENV PYTHONPATH="/root"

# 2: with_uv_project
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=3-uv-project-1d7852059f14,target=/mnt/flyte \
    cd /mnt/flyte && UV_PROJECT_ENVIRONMENT=/usr/local uv sync --cache-dir /var/cache/uv --python /usr/local/bin/python --inexact --no-python-downloads --link-mode copy --compile-bytecode --locked --no-install-project --no-install-package app --no-install-package flyte

# 3: from_debian_base
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode 'flytectl-py[azure,gcs,s3]==1.2.0'

# 4: with_env_vars
ENV _F_IMG_ID="Z1nULKKE1JY7LmodEQJEyw"
