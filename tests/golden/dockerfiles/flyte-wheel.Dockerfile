FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: from_debian_base
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=1-flyte-wheel-d915d00c5a92,target=/mnt/flyte \
    uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode '/mnt/flyte/flytectl_py-0.1.dev0-py3-none-any.whl[azure,gcs,s3]'
