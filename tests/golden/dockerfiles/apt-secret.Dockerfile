FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_apt_packages
RUN --mount=type=cache,id=flyte-apt-python-3.12-slim-bookworm,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=flyte-apt-lists-python-3.12-slim-bookworm,target=/var/lib/apt,sharing=locked \
    --mount=type=secret,id=apt-token,required=true \
    export APT_TOKEN="$(cat /run/secrets/apt-token)" && rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends private-tool
