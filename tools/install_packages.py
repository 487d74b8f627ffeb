"""Install the program into the environment of this Python; uv first, for it is faster.

Usage: .venv/bin/python tools/install_packages.py TARGET   (such as ".[dev]"; edits show at once)

What the machine tells pip (indexes, folders of wheels, certificates, constraints) is told to uv
too. Where uv cannot be had or gives up, pip installs.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
# pip's name: uv's variable and what stands between several values
SETTINGS = {
    "index_url": ("UV_DEFAULT_INDEX", " "),
    "extra_index_url": ("UV_INDEX", " "),
    "find_links": ("UV_FIND_LINKS", ","),
    "trusted_host": ("UV_INSECURE_HOST", " "),
    "constraint": ("UV_CONSTRAINT", " "),
    "default_timeout": ("UV_HTTP_TIMEOUT", " "),
    "cert": ("SSL_CERT_FILE", " "),
}


def read_settings(listing: str) -> dict[str, str]:
    """Return pip's settings by name from what `pip config list` prints.

    Lines read `section.name='value'`; a variable (`:env:`) goes before the section `install`,
    that before `global`.
    """
    settings: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        for line in listing.splitlines():
            name, _, value = line.removeprefix(section).partition("=")
            if line.startswith(section):
                settings[name.replace("-", "_")] = str(ast.literal_eval(value))
    return settings


def translate_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return uv's variables for pip's settings; those that only pip knows are left out."""
    return {
        SETTINGS[name][0]: SETTINGS[name][1].join(value.split())
        for name, value in settings.items()
        if name in SETTINGS and value.split()
    }


def install_quickly(target: str) -> bool:
    """Install `target` by uv and return whether it did."""
    if subprocess.run([*PIP, "install", "--quiet", "uv"], check=False).returncode:
        return False
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False)
    environment = translate_settings(read_settings(listing.stdout)) | os.environ
    # As pip does: of all indexes the newest that fits
    command = ["uv", "pip", "install", "--index-strategy", "unsafe-best-match"]
    command += ["--python", sys.executable, "--editable", target]
    return not subprocess.run(
        [sys.executable, "-m", *command], env=environment, check=False
    ).returncode


def main(target: str) -> int:
    """Install `target` by uv, else by pip; return the exit status."""
    if install_quickly(target):
        return 0
    print("install: uv could not; pip goes on", file=sys.stderr)
    # Python compiles what it imports, a tenth of all that comes
    command = [*PIP, "install", "--no-compile", "--editable", target]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
