"""Bring what waits to MLflow, in a process that may fail, warn or hang without harm."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from urllib.parse import urlsplit

from assay.apps.config import Config
from assay.apps.mirror.outbox import Entry, Outbox
from assay.model.errors import AssayError
from assay.runtime.environment import child_environment, interpreter
from assay.runtime.home import Home
from assay.runtime.redaction import redact_text

DEADLINE_S = 60.0
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "PYTHONWARNINGS": "ignore",
}  # fmt: skip
"""MLflow tells its makers who uses it, and waits minutes for a server, unless told otherwise."""
LINE = 300


def is_mirrored(config: Config) -> bool:
    """Say whether there is a mirror: MLflow is installed and not switched off."""
    return config.mlflow.enabled and find_spec("mlflow") is not None


def mirror(
    home: Home, config: Config, tell: Callable[[], Sequence[Entry]], note: Callable[[str], None]
) -> None:
    """Put what there is to tell into the outbox, and bring MLflow all that waits there.

    Whatever goes wrong is said in one line to `note`, and waits for the next time. Does nothing
    where MLflow is switched off or not installed.
    """
    if not is_mirrored(config):
        return
    try:
        Outbox(home).put(tell())
        why = _deliver(home)
    except (AssayError, OSError) as error:
        why = str(error)
    if why:
        waits = len(Outbox(home).paths())
        shown = redact_text(_hide(why, config.mlflow.tracking_uri))[:LINE]
        note(f"assay: MLflow was not told ({shown}); {waits} entries wait for the next command")


def _deliver(home: Home) -> str:
    """Return why not all was delivered; empty where all was."""
    try:
        done = subprocess.run(
            [interpreter(), "-m", "assay.apps.mirror.process", str(home.path)],
            env=child_environment(QUIET), capture_output=True, text=True, timeout=DEADLINE_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no answer within {DEADLINE_S:g} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit {done.returncode}"


def _hide(text: str, uri: str) -> str:
    """Return the text without what an address may hold beside its scheme and host."""
    if not uri:
        return text
    parts = urlsplit(uri)
    for secret in (uri, parts.netloc.rpartition("@")[0], parts.query):
        text = text.replace(secret, f"{parts.scheme}://{parts.hostname or ''}") if secret else text
    return text
