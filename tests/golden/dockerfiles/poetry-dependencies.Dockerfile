FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_poetry_project
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=cache,id=flyte-poetry,target=/var/cache/poetry \
    --mount=type=bind,source=1-poetry-project-d5c3f9dc2882,target=/mnt/flyte \
    cd /mnt/flyte && VIRTUAL_ENV=/usr/local POETRY_CACHE_DIR=/var/cache/poetry uv tool run --cache-dir /var/cache/uv --python /usr/local/bin/python --no-python-downloads --from 'poetry>=2,<3' poetry install --no-interaction --no-root --no-directory && uv pip uninstall --python /usr/local/bin/python --break-system-packages flyte
