FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_commands
RUN mkdir -p /data && chmod 777 /data
RUN ["/bin/sh", "-c", "printf 'two\nlines'"]
RUN ["/bin/sh", "-c", "[ -d /data ]"]
RUN ["/bin/sh", "-c", "cat <<EOF"]
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    uv --version
