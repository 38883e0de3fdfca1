FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_requirements
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=1-requirements-2bc269a090a9,target=/mnt/flyte \
    --mount=type=bind,source=without-flyte.txt,target=/mnt/flyte.without-flyte.txt \
    uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode --override /mnt/flyte.without-flyte.txt --requirements /mnt/flyte/requirements.txt
