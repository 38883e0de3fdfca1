"""Files that look like credentials, by their names and by what is in them."""

from __future__ import annotations

import os
import re

# Compiled when they are first needed: most projects have nothing to ask about.
_NAMES = r"""
    \.env(?:\..+)? | .*\.env | env\.(?:prod|production|staging|local|dev)
    | \.(?:netrc|pgpass|pypirc|htpasswd|git-credentials|dockercfg|boto|s3cfg)
    | _netrc
    | id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?(?:[.-](?:bak|old|\d+))?
    | .*\.(?:ppk|p12|pfx|jks|keystore|kdbx)
    | kubeconfig(?:\..+)?
    | (?:application_default_)?credentials(?:\.(?:json|csv|ini|toml|ya?ml))?
    | client_secrets?(?:[._-].*)?\.json
    | service[-_]?account(?:[._-].*)?\.json
    """
_EXAMPLES = (".example", ".sample", ".template", ".dist", ".pub")
_FOLDERS = {".aws", ".kube", ".ssh", ".gnupg", ".azure", ".gcloud", ".docker"}

LARGEST_READ = 64 * 1024
"""Bytes; the content of larger files is not looked at."""
_READ_ENDINGS = (
    *(".asc", ".bak", ".cfg", ".conf", ".crt", ".csv", ".env", ".ini", ".ipynb", ".json", ".key", ".log", ".md"),
    *(".npmrc", ".old", ".orig", ".p8", ".pem", ".properties", ".sh", ".tfstate", ".tfvars", ".toml", ".txt", ".xml"),
    *(".yaml", ".yml", ".1", ".2"),
)
"""Not those of code: a key in there is the author's, and reading all code would cost more than hashing it."""
# Each begins with plain characters: an expression that does is found many times faster.
_CONTENTS = (
    (rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----", "a private key"),
    (rb'"private_key"\s*:\s*"', "a service account's key"),
    (rb"_(?i:(?<=aws_)secret_access_key)\s*[=:]\s*\S{16,}", "an AWS secret key"),
    (rb"_authToken\s*=\s*(?!\$\{)\S+", "a registry token"),
    (rb"gh(?<!\wgh)[pousr]_[A-Za-z0-9]{36}\b", "a GitHub token"),
    (rb"xox[abpr]-[A-Za-z0-9-]{20,}", "a Slack token"),
    (rb"client-key-data\s*:\s*\S{16,}", "a cluster's key"),
)


def named_like_credentials(path: str) -> str:
    """Return why the name of `path` (POSIX, relative) says credentials, or an empty string."""
    folder, _, name = path.rpartition("/")
    if name.endswith(_EXAMPLES):
        return ""
    if re.fullmatch(_NAMES, name, re.VERBOSE | re.IGNORECASE):
        return f"named {name}"
    if folder and (found := _FOLDERS.intersection(folder.split("/"))):
        return f"in {min(found)}"
    return ""


def worth_reading(path: str, size: int) -> bool:
    """Whether `path` may hold credentials by its name and its size in bytes, and is to be read."""
    if not 0 < size <= LARGEST_READ:
        return False
    name = path.rpartition("/")[2]
    return name.endswith(_READ_ENDINGS) or "." not in name.lstrip(".")


def holds_credentials(location: str) -> str:
    """Return what the file at `location` seems to hold, or an empty string; one that cannot be read holds nothing."""
    try:
        with open(location, "rb", buffering=0) as file:
            text = os.read(file.fileno(), LARGEST_READ)
    except OSError:
        return ""  # Hashing it says why.
    return next((what for pattern, what in _CONTENTS if re.search(pattern, text)), "")
