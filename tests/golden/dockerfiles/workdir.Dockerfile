FROM python:3.12-slim-bookworm
WORKDIR /root

# 1: with_workdir
WORKDIR /srv/my \$app
