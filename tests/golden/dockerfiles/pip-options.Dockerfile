FROM ghcr.io/astral-sh/uv:0.13.8 AS uv

FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_pip_packages
RUN --mount=type=cache,id=flyte-uv,target=/var/cache/uv \
    --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=without-flyte.txt,target=/mnt/flyte.without-flyte.txt \
    --mount=type=secret,id=token,required=true \
    --mount=type=secret,id=pip-netrc.dcb83ac7,target=/etc/flyte/secrets/pip/netrc,required=true \
    export TOKEN="$(cat /run/secrets/token)" && uv pip install --cache-dir /var/cache/uv --python /usr/local/bin/python --break-system-packages --no-python-downloads --link-mode copy --compile-bytecode --override /mnt/flyte.without-flyte.txt --default-index https://a.example/simple --index 'https://b.example/simple?x=1&y=2' --index https://c.example/simple --prerelease allow numpy --no-deps
