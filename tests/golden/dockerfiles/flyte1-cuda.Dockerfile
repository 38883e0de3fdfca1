FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM nvidia/cuda:12.1.0-cudnn8-runtime-ubuntu22.04

# 1: ImageSpec(base_image=…)
USER 0

# 2: with_workdir
WORKDIR /root

# 3: ImageSpec(python_version=…)
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    UV_PYTHON_INSTALL_DIR=/opt/python uv venv --cache-dir /var/cache/uv --python 3.12 --system-site-packages --no-project --allow-existing /opt/venv
ENV PATH="/opt/venv/bin:$PATH"

# 4: with_env_vars
ENV PYTHONPATH="/root"

# 5: with_pip_packages
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=without-flyte.txt,target=/mnt/flyte.without-flyte.txt \
    uv pip install --cache-dir /var/cache/uv --python /opt/venv/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode --override /mnt/flyte.without-flyte.txt torch

# 6: from_debian_base
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    uv pip install --cache-dir /var/cache/uv --python /opt/venv/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode 'flytectl-py[azure,gcs,s3]==1.2.0'

# 7: with_env_vars
ENV _F_IMG_ID="zX9NBT3wENS0h_f_tG9mGQ"
