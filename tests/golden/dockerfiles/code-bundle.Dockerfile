FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_code_bundle
COPY ["1-code-bundle-f0eeb6efbcf2/", "/app/"]

# 2: with_commands
RUN python -m compileall /app
