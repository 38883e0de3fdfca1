FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_env_vars
ENV EMPTY="" \
    PLAIN="1" \
    QUOTED="a \"b\" \$HOME \\ #c"
