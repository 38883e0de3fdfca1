"""The configuration file that `flyte config init` writes: every key that a file can have, each with what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

HEAD: Final = """\
# Settings of flyte for this folder and those below it, up to the top of the git working tree.
# Options win over FLYTE_* variables, and those over this file; 'flyte config show --origin' says what is in force.
# A line that begins with '# key =' is an example: take the '# ' away to set it, or type 'flyte config set KEY VALUE'.
"""

SECTIONS: Final = {
    "admin": "The control plane. Without an endpoint everything runs on this machine.",
    "console": "Where a browser shows runs, if not at the endpoint.",
    "task": "Where runs and tasks belong on the control plane.",
    "image": "Who builds container images, and where they go.",
}

KEYS: Final[Mapping[str, tuple[str, Any]]] = {
    "admin.endpoint": (
        "Where it answers: host, host:port, dns:///host:port, http://host or https://host.",
        "dns:///flyte.example.com",
    ),
    "admin.insecure": ("Reach it without encryption and without logging in.", True),
    "admin.insecureSkipVerify": ("Encrypt, and believe any certificate.", True),
    "admin.caCertFilePath": ("Certificates to believe besides the usual ones.", "/etc/ssl/company.pem"),
    "admin.authType": ("How to log in: Pkce, ClientSecret, DeviceFlow or ExternalCommand.", "DeviceFlow"),
    "admin.command": ("With ExternalCommand: the command that prints a token.", ["gcloud", "auth", "print-token"]),
    "admin.proxyCommand": ("A command that prints a token for a proxy on the way.", ["print-proxy-token"]),
    "admin.clientId": ("With ClientSecret: who logs in.", "my-program"),
    "admin.clientSecretEnvVar": ("With ClientSecret: the variable that holds the secret. Never the secret.", "SECRET"),
    "admin.clientSecretLocation": ("With ClientSecret: the file that holds the secret.", "/run/secrets/flyte"),
    "admin.scopes": ("What to ask for when logging in.", ["all"]),
    "admin.rpcRetries": ("How often a call is made again that failed for a moment.", 3),
    "admin.httpProxyURL": ("The proxy on the way to it.", "http://proxy.example.com:3128"),
    "admin.disableKeyring": ("Keep tokens in a file of one's own, not in the system's keyring.", True),
    "console.endpoint": ("Its address.", "https://console.example.com"),
    "task.org": ("The organisation; by default the first part of the endpoint's host.", "acme"),
    "task.project": ("The project; 'default' by default.", "flytesnacks"),
    "task.domain": ("The domain; 'development' by default.", "development"),
    "image.builder": ("What builds: local (docker, else podman), docker, podman, environment or dockerfile.", "local"),
    "image.registry": ("Where images are pushed that name no registry.", "ghcr.io/acme"),
    "image.base_registry": ("Where the Debian base comes from: a mirror.", "mirror.example.com"),
    "image.uv_image": ("The image that holds uv: a mirror.", "mirror.example.com/uv:latest"),
    "image.micromamba_image": ("The image that holds micromamba: a mirror.", "mirror.example.com/micromamba:latest"),
    "image.image_refs": ("Images that have names: Image.from_ref_name(…).", {"default": "ghcr.io/acme/base:1"}),
}


def new_file(values: Mapping[str, Any]) -> str:
    """Return a whole file with `values` set, by ``section.key``; the others stand in it as examples."""
    lines = [HEAD]
    for section, about in SECTIONS.items():
        lines.append(f"# {about}\n[{section}]")
        for key, (meaning, example) in KEYS.items():
            if key.partition(".")[0] != section:
                continue
            name = key.partition(".")[2]
            given = f"{name} = {toml_text(values[key])}" if key in values else f"# {name} = {toml_text(example)}"
            lines.append(f"# {meaning}\n{given}")
        lines.append("")
    return "\n".join(lines)


def toml_text(value: Any) -> str:
    """Return a value as TOML writes it, on one line."""
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return str(table.as_string())
    return str(tomlkit.item(value).as_string())
