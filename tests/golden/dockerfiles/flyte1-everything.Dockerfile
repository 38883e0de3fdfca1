FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_apt_packages
RUN --mount=type=cache,id=flyte-apt-python-3.12-slim-bookworm,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=flyte-apt-lists-python-3.12-slim-bookworm,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends git

# 2: with_env_vars
ENV A="b" \
    PYTHONPATH="/root"

# 3: with_requirements
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=4-requirements-f2004856ea3e,target=/mnt/flyte \
    --mount=type=bind,source=without-flyte.txt,target=/mnt/flyte.without-flyte.txt \
    --mount=type=secret,id=root-netrc.77cc2c68,target=/root/.netrc,required=true \
    uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode --override /mnt/flyte.without-flyte.txt --default-index https://a.example/simple --index https://b.example/simple --requirements /mnt/flyte/requirements.txt --pre

# 4: with_pip_packages
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=without-flyte.txt,target=/mnt/flyte.without-flyte.txt \
    --mount=type=secret,id=root-netrc.77cc2c68,target=/root/.netrc,required=true \
    uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode --override /mnt/flyte.without-flyte.txt --default-index https://a.example/simple --index https://b.example/simple numpy --pre

# 5: from_debian_base
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode 'flytectl-py[azure,gcs,s3]==1.2.0'

# 6: ImageSpec(entrypoint=…)
ENTRYPOINT ["/bin/bash", "-c"]

# 7: ImageSpec(source_root=…)
COPY ["7-source-folder-2ff078a1a8c9/", "/root/"]

# 8: ImageSpec(copy=…)
COPY ["8-source-folder-8a6865db9624/", "/root/data/"]

# 9: ImageSpec(copy=…)
COPY ["9-source-file-0efa2d19982d/", "/root/"]

# 10: with_workdir
WORKDIR /

# 11: with_commands
RUN echo 1
RUN echo 2

# 12: with_workdir
WORKDIR /root

# 13: with_env_vars
ENV _F_IMG_ID="VxVmgOrBzJMJannQdpQ6-g"
