FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: ImageSpec(python_version=…)
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    UV_PYTHON_INSTALL_DIR=/opt/python uv venv --cache-dir /var/cache/uv --python 3.12.4 --system-site-packages --no-project --allow-existing /opt/venv
ENV PATH="/opt/venv/bin:$PATH"

# 2: from_debian_base
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    uv pip install --cache-dir /var/cache/uv --python /opt/venv/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode 'flytectl-py[azure,gcs,s3]==1.2.0'

# 3: with_env_vars
ENV PYTHONPATH="/root"

# 4: with_env_vars
ENV _F_IMG_ID="ehPkpZgJgcmIEhD6MXqHLg"
