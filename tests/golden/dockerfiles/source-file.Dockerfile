FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_source_file
COPY ["1-source-file-a906cae211da/", "./"]

# 2: with_source_file
COPY ["2-source-file-a1c38b23ebc7/", "/app/"]
