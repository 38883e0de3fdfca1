FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_source_file
COPY ["1-source-file/", "./"]

# 2: with_source_file
COPY ["2-source-file/", "/app/"]
