FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_source_folder
COPY ["1-source-folder-7ad797723bef/", "/app/data/"]

# 2: with_source_folder
COPY ["2-source-folder-3f62f9b136b2/", "./"]
