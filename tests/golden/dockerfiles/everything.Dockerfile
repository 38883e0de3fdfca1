FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_apt_packages
RUN --mount=type=cache,id=flyte-apt-python-3.12-slim-bookworm,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=flyte-apt-lists-python-3.12-slim-bookworm,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends git

# 2: with_requirements
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=3-requirements-2bc269a090a9,target=/mnt/flyte \
    --mount=type=bind,source=without-flyte.txt,target=/mnt/flyte.without-flyte.txt \
    uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode --override /mnt/flyte.without-flyte.txt --requirements /mnt/flyte/requirements.txt

# 3: with_uv_project
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=4-uv-project-27d644324726,target=/mnt/flyte \
    cd /mnt/flyte && UV_PROJECT_ENVIRONMENT=/usr/local uv sync --cache-dir /var/cache/uv --python /usr/local/bin/python --inexact --no-python-downloads --link-mode copy --compile-bytecode --locked --no-install-project --no-install-package app --no-install-package flyte

# 4: from_debian_base
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode 'flytectl-py[azure,gcs,s3]==1.2.0'

# 5: with_env_vars
ENV A="1"

# 6: with_source_folder
COPY ["6-source-folder-a83ea6844dd6/", "./data/"]

# 7: with_commands
RUN flyte --version
