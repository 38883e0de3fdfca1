FROM nvcr.io/nvidia/pytorch:24.05-py3

# 1: with_workdir
WORKDIR /first

# 2: with_apt_packages
USER 0
RUN --mount=type=cache,id=flyte-apt-nvcr.io-nvidia-pytorch-24.05-py3,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=flyte-apt-lists-nvcr.io-nvidia-pytorch-24.05-py3,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends git

# 3: with_workdir
ARG FLYTE_BASE_USER=0
USER ${FLYTE_BASE_USER}
WORKDIR /work

# 4: with_source_file
COPY ["4-source-file/", "./"]

# 5: with_commands
USER 0
RUN id

ARG FLYTE_BASE_USER=0
USER ${FLYTE_BASE_USER}
