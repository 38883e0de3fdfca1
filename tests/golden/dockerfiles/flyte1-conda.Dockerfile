FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM mambaorg/micromamba:2 AS micromamba

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: ImageSpec(conda_packages=…)
RUN --mount=type=cache,id=flyte-micromamba,target=/opt/micromamba/pkgs,sharing=locked \
    --mount=type=bind,from=micromamba,source=/usr/bin/micromamba,target=/usr/local/bin/micromamba \
    micromamba $(test -d /opt/micromamba/envs/runtime/conda-meta && echo install || echo create) --yes --root-prefix /opt/micromamba --name runtime --channel conda-forge --channel pytorch python=3.12 'xz>=5'
ENV PATH="/opt/micromamba/envs/runtime/bin:$PATH"

# 2: with_env_vars
ENV PYTHONPATH="/root"

# 3: with_pip_packages
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=without-flyte.txt,target=/mnt/flyte.without-flyte.txt \
    uv pip install --cache-dir /var/cache/uv --python /opt/micromamba/envs/runtime/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode --override /mnt/flyte.without-flyte.txt numpy

# 4: from_debian_base
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    uv pip install --cache-dir /var/cache/uv --python /opt/micromamba/envs/runtime/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode 'flytectl-py[azure,gcs,s3]==1.2.0'

# 5: with_env_vars
ENV _F_IMG_ID="heQr0wl4uCYj-owkYilB4g"
