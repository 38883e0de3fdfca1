FROM nvcr.io/nvidia/pytorch:24.05-py3
USER 0
ARG FLYTE_BASE_USER=0

# 1: with_workdir
RUN test -d /first || { mkdir -p /first && chown "$FLYTE_BASE_USER" /first; }
WORKDIR /first

# 2: with_apt_packages
RUN --mount=type=cache,id=flyte-apt-nvcr.io-nvidia-pytorch-24.05-py3,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=flyte-apt-lists-nvcr.io-nvidia-pytorch-24.05-py3,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends git

# 3: with_workdir
RUN test -d /work || { mkdir -p /work && chown "$FLYTE_BASE_USER" /work; }
WORKDIR /work

# 4: with_source_file
COPY ["4-source-file-a906cae211da/", "./"]

# 5: with_commands
RUN id

USER ${FLYTE_BASE_USER}
